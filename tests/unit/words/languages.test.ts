// The languages that Hearth speaks: all have the same texts with the same values, every text is used, and every use has its
// text.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IntlMessageFormat } from 'intl-messageformat';
import { afterEach, expect, test } from 'vitest';
import { fields } from '../../../backend/contract/config/config.ts';
import { FIGURES } from '../../../backend/contract/views/figure-meanings.ts';
import { LANGUAGES } from '../../../backend/contract/languages.ts';
import { bytes, count, dayOfMonth, duration, eta, listed, megabytes, roughly } from '../../../words/figures.ts';
import { languageFor, messageOf, pieces, setLanguage, t } from '../../../words/texts.ts';

afterEach(() => setLanguage('en'));

const root = join(import.meta.dirname, '..', '..', '..');

/** Texts of a file by their keys. */
function textsOf(language: string): Map<string, string> {
  const tree: unknown = JSON.parse(readFileSync(join(root, 'words', `${language}.json`), 'utf8'));
  const texts = new Map<string, string>();
  const walk = (at: unknown, path: string): void => {
    if (typeof at === 'string') texts.set(path, at);
    else for (const [key, value] of Object.entries(at as object)) walk(value, path === '' ? key : `${path}.${key}`);
  };
  walk(tree, '');
  return texts;
}

type Piece = ReturnType<IntlMessageFormat['getAst']>[number];
/** Kinds of pieces that stand for no value of their own, as the parser numbers them: a text, the # of a plural. */
const LITERAL = 0;
const POUND = 7;

/** The names of the values that a text has places for, by what it was read as. */
function valuesOf(pieces: readonly Piece[]): string[] {
  const names = pieces.flatMap((piece) => {
    if (piece.type === LITERAL || piece.type === POUND) return [];
    const cases = 'options' in piece ? Object.values(piece.options) : [];
    return [piece.value, ...cases.flatMap(({ value }) => valuesOf(value))];
  });
  return [...new Set(names)].toSorted();
}

/** What stands in the contract in English, by path or name. */
const ELSEWHERE = /^(fields|meanings)\./;
const OTHERS = Object.keys(LANGUAGES).filter((language) => language !== 'en');
const english = textsOf('en');

test.each(OTHERS)('%s has every text of English and no other, with the same values', (language) => {
  const own = new Map([...textsOf(language)].filter(([key]) => !ELSEWHERE.test(key)));
  expect([...own.keys()].toSorted()).toEqual([...english.keys()].toSorted());
  const values = (texts: ReadonlyMap<string, string>): string[] =>
    [...texts].map(([key, text]) => `${key}: ${valuesOf(messageOf(text, language).getAst()).join()}`).toSorted();
  expect(values(own)).toEqual(values(english));
});

test.each(OTHERS)('%s speaks only of settings and figures that there are', (language) => {
  const known = [
    ...fields.flatMap(({ path }) => [`fields.${path}`]),
    ...Object.keys(FIGURES).map((name) => `meanings.${name}`),
  ];
  const own = [...textsOf(language).keys()].filter((key) => ELSEWHERE.test(key));
  expect(own.filter((key) => !known.some((path) => key.startsWith(`${path}.`) || key === path))).toEqual([]);
});

/** A key in the code: whole, or with parts that vary. */
const KEY = /['`]([a-z][\w]*\.(?:[\w.]|\$\{[^}]*\})+)['`]|`(\$\{[^}`]*\}\.[\w.]+)`/g;

test('every text is used somewhere', () => {
  const code = ['main', 'renderer', 'words']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(root, folder, name)),
    )
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const uses = [...code.matchAll(KEY)].map(([, whole, begun]) => whole ?? begun ?? '');
  const whole = new Set(uses);
  const varied = uses
    .filter((use) => use.includes('$'))
    .map((use) => new RegExp(`^${use.replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '\\w+')}$`));
  const unused = [...english.keys()].filter((key) => !whole.has(key) && !varied.some((form) => form.test(key)));
  expect(unused).toEqual([]);
});

test('the language is the first that Hearth speaks of those that somebody would like', () => {
  expect(languageFor('auto', ['fr-FR', 'de-AT', 'en-US'])).toBe('de');
  expect(languageFor('auto', ['de_CH.UTF-8'])).toBe('de');
  expect(languageFor('auto', ['fr', 'C'])).toBe('en');
  expect(languageFor('auto', [])).toBe('en');
  expect(languageFor('en', ['de'])).toBe('en');
});

test('texts and figures are said in the language that is set', () => {
  const said = (): string[] => [
    t('tray.is_paused', { n: 2 }),
    eta(9000),
    roughly(3 * 86_400_000),
    count(48_210),
    bytes(2.9e9),
    megabytes(3.4),
    duration(412),
    dayOfMonth(Date.UTC(2026, 10, 21, 12)),
    listed(['a', 'b', 'c']),
  ];
  const plain = (texts: readonly string[]): string[] => texts.map((text) => text.replaceAll('\u202F', ' '));
  expect(plain(said())).toEqual([
    'Paused, 2 waiting',
    'in about 9 s',
    '3 days',
    '48,210',
    '2.9 GB',
    '3.4 MB',
    '0.41 s',
    '21 Nov',
    'a, b and c',
  ]);
  setLanguage('de');
  expect(plain(said())).toEqual([
    'Angehalten, 2 warten',
    'in etwa 9 s',
    '3 Tage',
    '48.210',
    '2,9 GB',
    '3,4 MB',
    '0,41 s',
    '21. Nov.',
    'a, b und c',
  ]);
});

test('something else than text may stand in a text', () => {
  expect(pieces('tray.model_warm', { model: { name: 'llama3.2' } })).toEqual([{ name: 'llama3.2' }, ' warm']);
});
