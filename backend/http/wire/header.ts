// One header of a request. Which headers mean what is read where it matters.
import type { IncomingMessage } from 'node:http';

/** A header that must be single: its value, or undefined. */
export function header(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * A header as it came, the first of its name in lower case. Node makes `req.headers` when it is asked for; the way of a
 * kept answer need not wait for that.
 */
export function rawHeader({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const came = rawHeaders[at];
    if (came?.length === name.length && came.toLowerCase() === name) return rawHeaders[at + 1];
  }
  return undefined;
}
