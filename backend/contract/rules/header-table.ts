// Headers that a setting adds to requests: which names and values HTTP allows (RFC 9110, 5.1 and 5.5), and which names
// a setting must not use.

/** Headers about the message or the connection itself, which only the sender can set. In lower case. */
const RESERVED = [
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
];

const MOST = 32;
const LONGEST = 8192;

/** What is allowed, to follow "must be". */
export const HEADERS_ALLOWED = `a table of at most ${MOST} header names, each with a text on one line, as in {"X-Api-Key": "…"}; these Hearth sets itself: ${RESERVED.join(', ')}`;

const NAME = /^[a-z\d][\w!#$%&'*+.^`|~-]{0,255}$/i;
// Node sends no others: bytes without control characters (RFC 9110, 5.5).
const VALUE = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;

/** Trims names and values. */
export function spelledHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.trim(), value.trim()]));
}

/** Whether headers from `spelledHeaders` may be sent. Names that differ only in case count as the same. */
export function areHeaders(headers: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  return (
    names.length <= MOST &&
    new Set(names).size === names.length &&
    names.every((name) => NAME.test(name) && !RESERVED.includes(name)) &&
    Object.values(headers).every((value) => value.length <= LONGEST && VALUE.test(value))
  );
}
