// Sentences that quote a caller's input, in two forms: the caller may read it, the log may not (prompts are private).
import { jsonText } from './go/exact-json.ts';

/** Longest quoted part of a caller's input. Characters. */
const LONGEST = 60;

/** A sentence, or a part of one. */
export class Sentence {
  readonly told: string;
  /** With type and length in place of the quoted input. */
  readonly logged: string;

  constructor(told: string, logged: string) {
    this.told = told;
    this.logged = logged;
  }
}

/** A template for sentences: quoted input goes into each form in its own way. */
export function sentence(texts: TemplateStringsArray, ...pieces: readonly (Sentence | string | number)[]): Sentence {
  const form = (of: 'told' | 'logged'): string =>
    texts.reduce((all, text, i) => {
      const piece = pieces[i - 1] ?? '';
      return `${all}${piece instanceof Sentence ? piece[of] : String(piece)}${text}`;
    });
  return new Sentence(form('told'), form('logged'));
}

/** A value, quoted as JSON. */
export function quotation(value: unknown): Sentence {
  const text = jsonText(value);
  return new Sentence(text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`, described(value));
}

/** Names that a caller invented. */
export function namesOf(names: readonly string[]): Sentence {
  return new Sentence(names.join(', '), described(names.join(', ')));
}

/** "a text of 6 characters" */
function described(value: unknown): string {
  if (typeof value === 'string') return counted('a text of', value.length, 'character');
  if (Array.isArray(value)) return counted('a list of', value.length, 'item');
  if (typeof value !== 'object') return `a ${typeof value}`;
  return value === null ? 'null' : counted('an object of', Object.keys(value).length, 'field');
}

function counted(what: string, count: number, unit: string): string {
  return `${what} ${count} ${unit}${count === 1 ? '' : 's'}`;
}

/**
 * Words of another program, which may quote anything: the log gets them up to the first quotation. Only encoding/json
 * quotes numbers.
 */
export function foreign(words: string): Sentence {
  const withoutNumbers = words.replaceAll(/\bnumber [-+.\deE]+/g, 'number');
  const [open = ''] = /^[^"'`{\n]*/.exec(withoutNumbers) ?? [];
  const cut = open.length < withoutNumbers.length;
  return new Sentence(words, cut ? `${open}… (${counted('in all', words.length, 'character')})` : withoutNumbers);
}
