// The meaning of a path to its most lenient reader: decoded, without doubled slashes, without dots. Where a rule of
// Hearth depends on a path that is handed on, the rule must hold for every spelling that Ollama might treat as the same
// (net/http decodes a path before it is routed).
import type { IncomingMessage } from 'node:http';

/** The raw path of a request, without the query: a query may carry what does not belong into a log. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/**
 * A target in absolute form names its host itself and overrides the Host header (RFC 9112, 3.2.2). This rewrites the
 * request to the usual form.
 */
export function toOriginForm(req: IncomingMessage): void {
  const { url = '/' } = req;
  if (url.startsWith('/')) return;
  const [, host, path = ''] = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)(.*)$/is.exec(url) ?? [];
  if (host === undefined) return;
  req.headers.host = host;
  // Change the raw headers too: remembered requests are compared by them.
  const at = req.rawHeaders.findIndex((name, place) => place % 2 === 0 && name.toLowerCase() === 'host');
  if (at === -1) req.rawHeaders.push('Host', host);
  else req.rawHeaders[at + 1] = host;
  req.url = path.startsWith('/') ? path : `/${path}`;
}

/**
 * The path of a request's address in one spelling: `//api/%70ull/?x` and `/v1/../api/pull` both become `/api/pull`.
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
