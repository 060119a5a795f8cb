// Hearth's texts by their keys, in the language that is set. Each language is one file beside this; English is the one that
// has every text, and what another lacks is said in English.
import { LANGUAGES, type Language } from '../backend/contract/languages.ts';
import { IntlMessageFormat } from 'intl-messageformat';
import de from './de.json' with { type: 'json' };
import en from './en.json' with { type: 'json' };

/** `queue.moves_up`: the room, then the text's own name, as the files have them. */
export type TextKey = Paths<typeof en>;
type Paths<Tree> = { [K in keyof Tree & string]: Tree[K] extends string ? K : `${K}.${Paths<Tree[K]>}` }[keyof Tree &
  string];

/** A file of texts: nested by room. */
interface Tree {
  readonly [key: string]: string | Tree;
}
const FILES: Readonly<Record<Language, Tree>> = { en, de };

/** Texts by language and key: each is read when it is first said, and kept; one without places as what it says. */
const read = new Map<string, IntlMessageFormat | readonly [string]>();
/** The kind of a piece that stands as it is, as the parser numbers them. */
const LITERAL = 0;
let now: Language = 'en';

/** The language in which all texts are said. */
export function language(): Language {
  return now;
}

/** From here on texts are said in this language. What has been said stays as it is. */
export function setLanguage(language: Language): void {
  now = language;
}

/**
 * The language of a setting; with "auto" the first that Hearth speaks of those that somebody would like, as "de-AT", else
 * English.
 */
export function languageFor(setting: Language | 'auto', wishes: readonly string[]): Language {
  if (setting !== 'auto') return setting;
  const found = wishes.map((wish) => wish.toLowerCase().split(/[-_]/)[0] ?? '').find(isLanguage);
  return found ?? 'en';
}

export function isLanguage(word: string): word is Language {
  return Object.hasOwn(LANGUAGES, word);
}

/**
 * A text with its values. Call it where the text is shown, not when a file is loaded: the language may change. Throws when
 * a value is missing.
 */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return say(key, values).join('');
}

/** The pieces of a text in their order, for one in which something else than text stands: a link, a piece of code. */
export function pieces<Value>(key: TextKey, values: Readonly<Record<string, Value>>): (string | Value)[] {
  return say(key, values);
}

/**
 * What the language has for a key that English has in another place, as the labels of settings; undefined where English is
 * to be said.
 */
export function ownText(key: string): string | undefined {
  return textIn(FILES[now], key);
}

function say<Value>(key: string, values: Readonly<Record<string, Value>>): (string | Value)[] {
  const name = `${now} ${key}`;
  let message = read.get(name);
  if (message === undefined) {
    message = messageOf(textIn(FILES[now], key) ?? textIn(FILES.en, key) ?? key, now);
    const [first, ...more] = message.getAst();
    if (more.length === 0 && first?.type === LITERAL) message = [first.value];
    read.set(name, message);
  }
  if (!('formatToParts' in message)) return [...message];
  return message.formatToParts<Value>({ ...values }).map(({ value }) => value as string | Value);
}

/** A text of ICU MessageFormat, to be filled. Throws when it is none. */
export function messageOf(text: string, language: string): IntlMessageFormat {
  // < and > are themselves: texts have no tags.
  return new IntlMessageFormat(text, language, undefined, { ignoreTag: true });
}

function textIn(tree: Tree, key: string): string | undefined {
  let found: string | Tree | undefined = tree;
  for (const step of key.split('.')) {
    if (found === undefined || typeof found === 'string') return undefined;
    found = Object.hasOwn(found, step) ? found[step] : undefined;
  }
  return typeof found === 'string' ? found : undefined;
}
