// Reads JSON text as Go's encoding/json does (scanner.go, decode.go): the slow and exact reader, for bodies that
// JSON.parse would read differently, and for syntax errors in Go's words. Pure. It knows no fields.
import { isUtf8 } from 'node:buffer';
import { GoRefusal } from '../../contract/go/go-type.ts';
import { quotedByte } from './go-quote.ts';

/** Maximum nesting depth of Go (scanner.go maxNestingDepth). */
export const MOST_LEVELS = 10_000;

/** A number in its original spelling: whether Go accepts `1.0` or 2^63 depends on the type it is read into. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Names and values of an object in their original order, repeated names included. */
export type Members = readonly (readonly [name: string, value: unknown])[];

/**
 * Members of objects of the exact reader whose JavaScript form lost names or their order, here or in a nested value.
 */
const members = new WeakMap<object, Members>();

/**
 * The members of an object in order. Most objects have them as they are; for those from JSON.parse no more is known.
 */
export function membersOf(value: object): Members {
  return members.get(value) ?? Object.entries(value);
}

/**
 * The names of an object in the order of their first occurrence; undefined if JavaScript's own order is right
 * throughout.
 */
export function namesAsWritten(value: object): readonly string[] | undefined {
  const all = members.get(value);
  return all === undefined ? undefined : [...new Set(all.map(([name]) => name))];
}

/** Sets a property of any name: assigning to `__proto__` would not create one. */
export function put(target: Record<string, unknown>, name: string | number, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  } else target[name] = value;
}

/** A list or an object whose end was not reached. */
interface Open {
  readonly value: unknown[] | Record<string, unknown>;
  readonly members: [string, unknown][] | undefined;
  name: string;
  /** Whether it or a nested value has repeated names, or an order that JavaScript does not keep. */
  odd: boolean;
}

/**
 * The first JSON value of a body, its numbers as NumberText. Text behind it is ignored, as by Go's Decoder, or with
 * `alone` refused, as by Unmarshal. Throws GoRefusal in Go's words.
 */
export function readExactly(bytes: Buffer, alone = false): unknown {
  return new Scanner(bytes, alone).value();
}

class Scanner {
  readonly #bytes: Buffer;
  readonly #alone: boolean;
  readonly #open: Open[] = [];
  #at = 0;

  constructor(bytes: Buffer, alone: boolean) {
    this.#bytes = bytes;
    this.#alone = alone;
  }

  value(): unknown {
    for (;;) {
      let value = this.#begin();
      // A started list or object continues with its content; a finished one is a value like any other.
      while (value !== BEGUN) {
        const outer = this.#open.at(-1);
        if (outer === undefined) {
          if (this.#alone && this.#space() !== undefined) throw this.#wrong('after top-level value');
          return value;
        }
        add(outer, value);
        value = this.#next(outer);
      }
    }
  }

  /** Reads a value; BEGUN for the start of a list or an object. */
  #begin(): unknown {
    const byte = this.#space();
    switch (byte) {
      case OPEN_LIST:
        return this.#enter({ value: [], members: undefined, name: '', odd: false }, CLOSE_LIST);
      case OPEN_OBJECT:
        return this.#enter({ value: {}, members: [], name: '', odd: false }, CLOSE_OBJECT);
      case QUOTE:
        return this.#text();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        if (byte === MINUS || isDigit(byte)) return this.#number();
        throw this.#wrong('looking for beginning of value');
    }
  }

  #enter(opened: Open, end: number): unknown {
    this.#at++;
    this.#open.push(opened);
    if (this.#open.length > MOST_LEVELS) throw new GoRefusal('exceeded max depth');
    if (this.#space() === end) return this.#leave();
    if (end === CLOSE_OBJECT) this.#name(opened);
    return BEGUN;
  }

  #leave(): unknown {
    this.#at++;
    const { value, members: all, odd } = this.#open.pop() as Open;
    if (!odd && (all === undefined || saysAll(value, all))) return value;
    if (all !== undefined) members.set(value, all);
    const outer = this.#open.at(-1);
    if (outer !== undefined) outer.odd = true;
    return value;
  }

  /** Reads what follows a value: another value, or the end of its list or object. */
  #next(outer: Open): unknown {
    const byte = this.#space();
    if (byte === (outer.members === undefined ? CLOSE_LIST : CLOSE_OBJECT)) return this.#leave();
    if (byte !== COMMA)
      throw this.#wrong(outer.members === undefined ? 'after array element' : 'after object key:value pair');
    this.#at++;
    if (outer.members !== undefined) {
      this.#space();
      this.#name(outer);
    }
    return BEGUN;
  }

  #name(opened: Open): void {
    if (this.#bytes[this.#at] !== QUOTE) throw this.#wrong('looking for beginning of object key string');
    opened.name = this.#text();
    if (this.#space() !== COLON) throw this.#wrong('after object key');
    this.#at++;
  }

  /** Skips white space; returns the byte after it, undefined at the end. */
  #space(): number | undefined {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#at++;
    }
  }

  #word<T>(word: string, value: T): T {
    for (let i = 1; i < word.length; i++) {
      this.#at++;
      if (this.#bytes[this.#at] !== word.charCodeAt(i)) {
        throw this.#wrong(`in literal ${word} (expecting ${quotedByte(word.charCodeAt(i))})`);
      }
    }
    this.#at++;
    return value;
  }

  #number(): NumberText {
    const from = this.#at;
    if (this.#bytes[this.#at] === MINUS) this.#at++;
    if (this.#bytes[this.#at] === 0x30) this.#at++;
    else this.#digits('in numeric literal');
    if (this.#bytes[this.#at] === 0x2e) {
      this.#at++;
      this.#digits('after decimal point in numeric literal');
    }
    if (((this.#bytes[this.#at] ?? 0) | 0x20) === 0x65) {
      this.#at++;
      const sign = this.#bytes[this.#at];
      if (sign === 0x2b || sign === MINUS) this.#at++;
      this.#digits('in exponent of numeric literal');
    }
    return new NumberText(this.#bytes.toString('latin1', from, this.#at));
  }

  #digits(where: string): void {
    if (!isDigit(this.#bytes[this.#at])) throw this.#wrong(where);
    while (isDigit(this.#bytes[this.#at])) this.#at++;
  }

  #text(): string {
    const from = ++this.#at;
    let escaped = false;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === QUOTE) break;
      if (byte === undefined || byte < 0x20) throw this.#wrong('in string literal');
      this.#at++;
      if (byte === BACKSLASH) {
        escaped = true;
        this.#escape();
      }
    }
    const text = textOf(this.#bytes.subarray(from, this.#at++));
    // A lone surrogate is not a character (decode.go unquoteBytes).
    return escaped ? wellFormed(JSON.parse(`"${text}"`) as string) : text;
  }

  #escape(): void {
    const byte = this.#bytes[this.#at];
    if (byte === undefined || !ESCAPES.has(byte)) throw this.#wrong('in string escape code');
    this.#at++;
    if (byte !== 0x75) return;
    for (let i = 0; i < 4; i++, this.#at++) {
      if (!isHex(this.#bytes[this.#at])) throw this.#wrong(String.raw`in \u hexadecimal character escape`);
    }
  }

  /** The refusal of the character at this position, or of the end of the body. */
  #wrong(where: string): GoRefusal {
    const byte = this.#bytes[this.#at];
    if (byte !== undefined) return new GoRefusal(`invalid character ${quotedByte(byte)} ${where}`);
    if (this.#alone) return new GoRefusal('unexpected end of JSON input');
    return new GoRefusal(this.#bytes.toString('latin1').trim() === '' ? 'EOF' : 'unexpected EOF');
  }
}

/** Marks a list or an object that continues. */
const BEGUN = Symbol('begun');

const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ESCAPES = new Set(Buffer.from(String.raw`"\/bfnrtu`));

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
const isHex = (byte: number | undefined): boolean =>
  isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);

function add({ value, members: all, name }: Open, item: unknown): void {
  if (Array.isArray(value)) value.push(item);
  else {
    all?.push([name, item]);
    put(value, name, item);
  }
}

/** Whether an object has each name once and in order: a WeakMap of a million objects is slow. */
function saysAll(value: object, all: Members): boolean {
  const names = Object.keys(value);
  return names.length === all.length && names.every((name, i) => name === all[i]?.[0]);
}

/** A lone surrogate. */
export const HALF = /\p{Surrogate}/u;

function wellFormed(text: string): string {
  return text.replaceAll(new RegExp(HALF, 'gu'), '\ufffd');
}

/** Decodes bytes. Each invalid byte becomes its own U+FFFD, where Node replaces several by one. */
function textOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = characterAt(bytes, at);
    text += length === 0 ? '\ufffd' : bytes.toString('utf8', at, at + length);
    at += length || 1;
  }
  return text;
}

/** Length in bytes of the character that begins here; 0 if none does. */
function characterAt(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
