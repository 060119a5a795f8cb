// Edits one thing in a TOML text: comments, order and spelling are kept. Pure. It may go wrong in a file with an
// unusual layout, so the caller parses the result (config-edit.ts).
import { stringify as tomlOf } from 'smol-toml';
import type { ApiKey } from '../../contract/rules/api-key.ts';
import type { FieldInfo } from '../../contract/config/config.ts';

/** Writes keys as tables at the end of the file, so that they do not split another table. */
export function withKeyTables(old: string, keys: readonly ApiKey[]): string {
  const kept: string[] = [];
  let isKey = false;
  for (const line of old.split('\n')) {
    if (/^\s*\[/.test(line)) isKey = /^\s*\[\[\s*server\s*\.\s*api_keys\s*\]\]/.test(line);
    // A comment or an empty line after a key may belong to what follows.
    if (!isKey || /^\s*(?:#|$)/.test(line)) kept.push(line);
  }
  const rest = kept
    .join('\n')
    .replaceAll(/^[ \t]*api_keys[ \t]*=[ \t]*\[[ \t]*\][ \t]*(?:#.*)?\r?\n/gm, '')
    .trimEnd();
  return joined(old, [rest, ...keys.map((key) => `[[server.api_keys]]\n${tomlOf(key)}`.trimEnd())]);
}

/** Replaces the old value, or else appends to its section, or else appends a section to the file. */
export function* withSetting(old: string, field: FieldInfo, value: unknown): Generator<string, void, undefined> {
  const { section, key } = field;
  // A whole section, such as `models`, is a table of tables: users format those in their own way.
  if (key === undefined) return;
  const lines = old.split('\n');
  const header = new RegExp(`^\\s*\\[\\s*${section}\\s*\\]`);
  const begins = lines.findIndex((line) => header.test(line));
  const next = lines.findIndex((line, at) => at > begins && /^\s*\[/.test(line));
  const ends = begins < 0 ? lines.length : next < 0 ? lines.length : next;
  const isKey = new RegExp(begins < 0 ? `^\\s*${section}\\s*\\.\\s*${key}\\s*=` : `^\\s*${key}\\s*=`);
  const at = lines.findIndex((line, i) => i > begins && i < ends && isKey.test(line));
  const end = old.includes('\r\n') ? '\r' : '';
  if (at >= 0) {
    const name = /^[^=]*=\s*/.exec(lines[at] ?? '')?.[0] ?? '';
    const comment = /\s+#[^"'\r]*(?=\r?$)/.exec(lines[at] ?? '')?.[0] ?? '';
    // A value may span several lines: try each possible end until the rest parses as before.
    for (let after = at + 1; after <= ends; after++) {
      for (const behind of [comment, '']) {
        yield [...lines.slice(0, at), `${name}${literal(value)}${behind}${end}`, ...lines.slice(after)].join('\n');
      }
    }
  } else if (begins >= 0) {
    let last = ends;
    while (last > begins + 1 && (lines[last - 1] ?? '').trim() === '') last--;
    yield [...lines.slice(0, last), `${key} = ${literal(value)}${end}`, ...lines.slice(last)].join('\n');
  } else {
    yield joined(old, [old.trimEnd(), `[${section}]\n${key} = ${literal(value)}`]);
  }
}

/** Joins parts with an empty line between them, with the file's line ends. */
function joined(old: string, [rest = '', ...added]: readonly string[]): string {
  const end = old.includes('\r\n') ? '\r\n' : '\n';
  const parts = [rest, ...added.map((part) => part.replaceAll('\n', end))];
  return `${parts.filter((part) => part !== '').join(end + end)}${end}`;
}

/** A value on one line. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    return `{ ${Object.entries(value)
      .map(([name, each]) => `${JSON.stringify(name)} = ${literal(each)}`)
      .join(', ')} }`;
  }
  return tomlOf({ it: value })
    .trim()
    .replace(/^it = /, '');
}
