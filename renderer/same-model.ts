// When two names mean one model. Ollama adds `:latest` and does not mind the case. Pure.

export function sameModel(a: string, b: string): boolean {
  const plain = (name: string): string => name.toLowerCase().replace(/:latest$/, '');
  return plain(a) === plain(b);
}
