// Normalizes a model's name as Ollama does, so that two spellings of the same model are equal. Pure.

/**
 * Lower case, without the default registry and namespace, with the tag written out (ollama server/routes.go:1218,
 * types/model/name.go).
 */
export function canonicalName(name: string): string {
  const lower = name
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/^registry\.ollama\.ai\//, '')
    .replace(/^library\//, '');
  const lastPart = lower.slice(lower.lastIndexOf('/') + 1);
  return lastPart.includes(':') ? lower : `${lower}:latest`;
}
