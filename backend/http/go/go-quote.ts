// Quotes a byte as Go's error messages do (scanner.go quoteChar, strconv.Quote). Pure.

/** Quotes a byte as the character with that code, as Go does. */
export function quotedByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === "'") return String.raw`'\''`;
  if (character === '"') return `'"'`;
  const named = NAMED[character];
  if (named !== undefined) return `'${named}'`;
  const code = byte.toString(16).padStart(2, '0');
  if (byte < 0x20 || byte === 0x7f) return String.raw`'\x${code}'`;
  // Characters that are not printable: control characters from 0x80 on, the no-break space, the soft hyphen.
  return (byte >= 0x80 && byte <= 0xa0) || byte === 0xad ? String.raw`'\u00${code}'` : `'${character}'`;
}

const NAMED: Readonly<Record<string, string>> = {
  '\u0007': String.raw`\a`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\v': String.raw`\v`,
  '\\': String.raw`\\`,
};
