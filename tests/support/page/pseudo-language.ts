// A language that nobody speaks: English in which every letter is accented and every vowel stands twice. What is plain in a page
// in it was not translated, and what is cut has too little room for other languages.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IntlMessageFormat } from 'intl-messageformat';
import { build } from 'vite';
import { fields } from '../../../backend/contract/config/config.ts';
import { FIGURES } from '../../../backend/contract/views/figure-meanings.ts';
import english from '../../../words/en.json' with { type: 'json' };
import { messageOf } from '../../../words/texts.ts';
import { projectRoot } from '../desktop/processes.ts';

const LETTERS = new Map(
  [...'áƀçđéƒğĥíĵķĺɱñóþɋŕšťúṽŵẋýžÁƁÇĐÉƑĞĤÍĴĶĹṀÑÓÞɊŔŠŤÚṼŴẊÝŽ'].map((accented, at) => [
    String.fromCharCode(at < 26 ? 97 + at : 65 + at - 26),
    accented,
  ]),
);

/** "Queue" → "Ɋúúééúúéé" */
export function accented(text: string): string {
  return [...text].map((char) => (LETTERS.get(char) ?? char).repeat(/[aeiou]/.test(char) ? 2 : 1)).join('');
}

interface Tree {
  readonly [key: string]: string | Tree;
}

/** A file of texts, as words/ has them, in the language. */
function translated(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree).map(([key, text]) => [
      key,
      typeof text === 'string' ? written(messageOf(text, 'en').getAst()) : translated(text),
    ]),
  );
}

type Piece = ReturnType<IntlMessageFormat['getAst']>[number];
/** Kinds of pieces, as the parser numbers them. */
const LITERAL = 0;
const SELECT = 5;
const POUND = 7;

/** A message as it would be written in a file. */
function written(pieces: readonly Piece[]): string {
  const made = pieces.map((piece) => {
    if (piece.type === LITERAL) return accented(piece.value).replaceAll("'", "''").replaceAll(/[{}#]/g, "'$&'");
    if (piece.type === POUND) return '#';
    if (!('options' in piece)) return `{${piece.value}}`;
    const cases = Object.entries(piece.options).map(([name, { value }]) => `${name} {${written(value)}}`);
    const kind =
      piece.type === SELECT
        ? 'select'
        : 'pluralType' in piece && piece.pluralType === 'ordinal'
          ? 'selectordinal'
          : 'plural';
    return `{${piece.value}, ${kind}, ${cases.join(' ')}}`;
  });
  return made.join('');
}

/** What the contract says in English, by path and name, as German has it. */
function fromContract(): Tree {
  const own: Record<string, Tree> = {};
  for (const { path, title, hint, brief, allowed, item, choices } of fields) {
    const [section = '', key] = path.split('.');
    const words = {
      title: accented(title),
      hint: accented(hint),
      allowed: accented(allowed),
      ...(brief === undefined ? {} : { brief: accented(brief) }),
      ...(item === undefined ? {} : { item: accented(item) }),
      ...(choices === undefined
        ? {}
        : { choices: Object.fromEntries(choices.map(({ value, label }) => [value, accented(label)])) }),
    };
    own[section] = key === undefined ? words : { ...own[section], [key]: words };
  }
  const meanings = Object.fromEntries(Object.entries(FIGURES).map(([name, { means }]) => [name, accented(means)]));
  return { fields: own, meanings };
}

/** Builds the page with this language in German's place, into a folder that it returns. */
export async function buildAccentedPage(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'hearth-accented-'));
  const texts = JSON.stringify({ ...translated(english), ...fromContract() });
  await build({
    configFile: join(projectRoot(), 'renderer', 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir },
    plugins: [{ name: 'accented', enforce: 'pre', load: (id) => (id.endsWith('/words/de.json') ? texts : null) }],
  });
  return outDir;
}
