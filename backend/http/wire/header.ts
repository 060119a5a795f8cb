// Reads one header of a request. The callers give headers their meaning.
import type { IncomingMessage } from 'node:http';

/** The value of a header that must be single, or undefined. */
export function header(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * The first raw header of that name (given in lower case). Node builds `req.headers` on first use; a cached answer need
 * not wait for that.
 */
export function rawHeader({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const came = rawHeaders[at];
    if (came?.length === name.length && came.toLowerCase() === name) return rawHeaders[at + 1];
  }
  return undefined;
}
