// Writes values as JSON text: also numbers and orders of names that JavaScript cannot keep, and any depth. It knows no
// fields; http/go/go-read.ts reads text.

/**
 * A piece of JSON that is kept as text, since a JavaScript value would change it: a whole number beyond 2^53, or an
 * object whose names look like numbers and would be reordered.
 */
export class ExactJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The nearest number, for code that only compares. */
  valueOf(): number {
    return Number(this.text);
  }

  toString(): string {
    return this.text;
  }

  /** The nearest value, for JSON.stringify, as in a log. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/** Characters that JSON must escape, lone surrogates included (well-formed JSON.stringify). */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** JSON.stringify for a string; most need no escape, and checking is much cheaper than escaping. */
export function quoted(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** The names of an object to write, in order; `under` is the name of the object itself. */
export type NamesOf = (value: object, under: string) => readonly string[];

/** A list or an object that is being written. */
interface Open {
  readonly value: object;
  /** Undefined for a list. */
  readonly names: readonly string[] | undefined;
  readonly length: number;
  at: number;
  written: boolean;
}

/** The JSON of a value, as JSON.stringify writes it. */
export function jsonText(value: unknown): string {
  return writeJson(value, Object.keys);
}

/** JSON.stringify, which is faster than jsonText, with jsonText for values that are nested too deeply for it. */
export function anyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return jsonText(value);
    throw error;
  }
}

/** Writes JSON in a given order of names. Without recursion: a value may be nested as deeply as Go reads. */
export function writeJson(value: unknown, namesOf: NamesOf): string {
  const open: Open[] = [];
  let out = '';
  const begin = (item: unknown, under: string): void => {
    if (typeof item === 'string') out += quoted(item);
    else if (typeof item !== 'object' || item === null) out += JSON.stringify(item) ?? 'null';
    else if (item instanceof ExactJson) out += item.text;
    else {
      const names = Array.isArray(item) ? undefined : namesOf(item, under);
      out += names === undefined ? '[' : '{';
      open.push({ value: item, names, length: names?.length ?? (item as unknown[]).length, at: 0, written: false });
    }
  };
  begin(value, '');
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    if (top.at === top.length) {
      out += top.names === undefined ? ']' : '}';
      open.pop();
      continue;
    }
    const at = top.at++;
    const name = top.names?.[at];
    const item: unknown = name === undefined ? (top.value as unknown[])[at] : Reflect.get(top.value, name);
    if (name !== undefined && item === undefined) continue;
    if (top.written) out += ',';
    top.written = true;
    if (name !== undefined) out += `${quoted(name)}:`;
    begin(item, name ?? '');
  }
  return out;
}
