// Texts with places for values, in the syntax of ICU MessageFormat: `{name}`, `plural`, `selectordinal` and `select`, `#` for
// the number in a plural, and apostrophes as quotes (unicode-org.github.io/icu, "Formatting Messages"). What is hard about
// them, which languages have which plurals, Intl knows; the syntax takes less code than loading a library for it takes time.

/** A piece of a text: as it stands, a value, the number of the plural around it, or a choice. */
type Piece = string | { readonly value: string } | { readonly number: true } | Choice;

interface Choice {
  readonly value: string;
  readonly by: 'plural' | 'selectordinal' | 'select';
  /** By the name of the case: `one`, `=0`, `other`; `other` is always there. */
  readonly cases: Readonly<Record<string, Message>>;
}

/** A text that was read. */
export type Message = readonly Piece[];

/** Reads a text. Throws an Error that says what is wrong in it, and where. */
export function readMessage(text: string): Message {
  const reader = new Reader(text);
  const message = reader.message(false);
  if (!reader.isDone) reader.fail('There is a } too many');
  return message;
}

const KINDS: readonly string[] = ['plural', 'selectordinal', 'select'];

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isDone(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Up to the end, or to the } of the case that this is in. */
  message(inPlural: boolean): Message {
    const pieces: Piece[] = [];
    let plain = '';
    const piece = (next: Piece): void => {
      if (plain !== '') pieces.push(plain);
      plain = '';
      pieces.push(next);
    };
    for (; !this.isDone && this.#text[this.#at] !== '}';) {
      const char = this.#text[this.#at] ?? '';
      if (char === '{') piece(this.#placeholder());
      else if (char === '#' && inPlural) {
        this.#at++;
        piece({ number: true });
      } else if (char === "'") plain += this.#quoted(inPlural);
      else {
        plain += char;
        this.#at++;
      }
    }
    if (plain !== '') pieces.push(plain);
    return pieces;
  }

  fail(what: string): never {
    throw new Error(`${what} at ${this.#at} in: ${this.#text}`);
  }

  /** Two apostrophes are one. Before { and }, and in a plural #, one begins what is not read, up to the next; else it is itself. */
  #quoted(inPlural: boolean): string {
    this.#at++;
    const next = this.#text[this.#at] ?? '';
    if (next === "'") {
      this.#at++;
      return "'";
    }
    if (next !== '{' && next !== '}' && !(next === '#' && inPlural)) return "'";
    let text = '';
    for (; !this.isDone; this.#at++) {
      if (this.#text[this.#at] !== "'") text += this.#text[this.#at];
      else if (this.#text[this.#at + 1] === "'") text += this.#text[this.#at++];
      else break;
    }
    this.#at++;
    return text;
  }

  #placeholder(): Piece {
    this.#expect('{');
    const value = this.#word();
    if (this.#next() === '}') {
      this.#at++;
      return { value };
    }
    this.#expect(',');
    const by = this.#word();
    if (!isKind(by)) this.fail(`"${by}" is none of ${KINDS.join(', ')}`);
    this.#expect(',');
    const cases: Record<string, Message> = {};
    while (this.#next() !== '}') {
      const name = this.#word();
      this.#expect('{');
      cases[name] = this.message(by !== 'select');
      this.#expect('}');
    }
    this.#expect('}');
    if (cases['other'] === undefined) this.fail('There is no case "other"');
    return { value, by, cases };
  }

  /** The next character that is no space; empty at the end. */
  #next(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#text[this.#at] ?? '';
  }

  #expect(char: string): void {
    if (this.#next() !== char) this.fail(`${char} is missing`);
    this.#at++;
  }

  #word(): string {
    this.#next();
    const [word = ''] = /^=?[\w-]+/.exec(this.#text.slice(this.#at)) ?? [];
    if (word === '') this.fail('A name is missing');
    this.#at += word.length;
    return word;
  }
}

function isKind(by: string): by is Choice['by'] {
  return KINDS.includes(by);
}

/** What Intl knows of a language, made when it is first needed: that takes some milliseconds. */
export class Grammar {
  readonly #language: string;
  #plural: Intl.PluralRules | undefined;
  #ordinal: Intl.PluralRules | undefined;
  #number: Intl.NumberFormat | undefined;

  constructor(language: string) {
    this.#language = language;
  }

  caseOf(by: 'plural' | 'selectordinal', value: number): string {
    this.#plural ??= new Intl.PluralRules(this.#language);
    if (by === 'plural') return this.#plural.select(value);
    this.#ordinal ??= new Intl.PluralRules(this.#language, { type: 'ordinal' });
    return this.#ordinal.select(value);
  }

  /** 48210 → "48,210" or "48.210" */
  number(value: number): string {
    this.#number ??= new Intl.NumberFormat(this.#language);
    return this.#number.format(value);
  }
}

/**
 * The text with its values, as pieces in their order: values that are no text and no number stay as they are. Throws when a
 * value is missing.
 */
export function fill<Value>(
  message: Message,
  values: Readonly<Record<string, Value>>,
  grammar: Grammar,
  number = 0,
): (string | Value)[] {
  return message.flatMap((piece): (string | Value)[] => {
    if (typeof piece === 'string') return [piece];
    if ('number' in piece) return [grammar.number(number)];
    const value = values[piece.value];
    if (value === undefined) throw new Error(`The value "${piece.value}" of a text is missing.`);
    if (!('by' in piece)) return [value];
    const { by, cases } = piece;
    const amount = Number(value);
    const found = by === 'select' ? cases[String(value)] : (cases[`=${amount}`] ?? cases[grammar.caseOf(by, amount)]);
    return fill(found ?? cases['other'] ?? [], values, grammar, by === 'select' ? number : amount);
  });
}

/** The names of all values that a text has a place for. */
export function valuesOf(message: Message): string[] {
  const names = message.flatMap((piece) => {
    if (typeof piece === 'string' || 'number' in piece) return [];
    return 'by' in piece ? [piece.value, ...Object.values(piece.cases).flatMap(valuesOf)] : [piece.value];
  });
  return [...new Set(names)].toSorted();
}
