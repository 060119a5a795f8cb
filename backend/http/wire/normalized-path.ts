// What a path means to whoever reads it most generously: decoded, without doubled slashes, without dots. Where a rule of
// ours hangs on a path that is handed on, it must hold for every spelling that Ollama might take for the same
// (net/http decodes a path before it is routed).

/**
 * The path of a request's address in one spelling: `//api/%70ull/?x` and `/v1/../api/pull` both are `/api/pull`.
 * Undefined for what has no such spelling, which no rule may let pass.
 */
export function normalizedPath(address: string): string | undefined {
  const [raw = ''] = address.split(/[?#]/, 1);
  if (/^[\w/:.@-]*$/.test(raw) && !/\/\/|\/\./.test(raw)) return trimmed(raw);
  try {
    const decoded = decodeURIComponent(raw);
    const parts: string[] = [];
    for (const part of decoded.split(/[/\\]+/)) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    return `/${parts.join('/')}`;
  } catch {
    return undefined;
  }
}

function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
