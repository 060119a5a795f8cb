// What is said of Ollama's address: the part that people know, and whose it is. Pure.

/** The part of an address that people know it by. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** Whether an address is this machine's own. */
export function isHere(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host);
}

/** Whether it is Ollama's default address; any other is worth naming. */
export function isUsual(host: string): boolean {
  return isHere(host) && host.endsWith(':11434');
}
