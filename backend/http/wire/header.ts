// One header of a request. Which headers mean what is read where it matters.
import type { IncomingMessage } from 'node:http';

/** A header that must be single: its value, or undefined. */
export function header(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
