// Settings in the languages beside English, which has them where they are declared.
import { afterEach, expect, test } from 'vitest';
import { fields } from '../../../backend/contract/config/config.ts';
import { LANGUAGES, type Language } from '../../../backend/contract/languages.ts';
import { fieldsInOwnWords } from '../../../words/field-words.ts';
import { ownText, setLanguage } from '../../../words/texts.ts';

afterEach(() => setLanguage('en'));

const OTHERS = Object.keys(LANGUAGES).filter((language) => language !== 'en') as Language[];
const KEY = /\b[a-z_]+\.[a-z_]+\b/g;
/** Kinds of settings of which a form says what is allowed in the words of the setting. */
const TOLD = ['text', 'multiline', 'url', 'secret', 'list', 'headers', 'table'];

test.each(OTHERS)('%s has what a form says of every setting, with the same keys in it', (language) => {
  setLanguage(language);
  const lacks = fields.flatMap(({ path, brief, item, kind }) => {
    const parts = [
      'title',
      'hint',
      ...(brief === undefined ? [] : ['brief']),
      ...(item === undefined ? [] : ['item']),
      ...(TOLD.includes(kind) ? ['allowed'] : []),
    ];
    return parts.map((part) => `fields.${path}.${part}`).filter((key) => ownText(key) === undefined);
  });
  expect(lacks).toEqual([]);
  const keys = (text: string): string[] => (text.match(KEY) ?? []).toSorted();
  for (const [i, { path, hint, brief = '' }] of fieldsInOwnWords().entries()) {
    const { hint: english = '', brief: short = '' } = fields[i] ?? {};
    expect([path, keys(hint), keys(brief)]).toEqual([path, keys(english), keys(short)]);
  }
});

test('a setting says in the language that is set what it is', () => {
  const first = () => fieldsInOwnWords().find(({ path }) => path === 'cache.drop_in')?.choices?.[0];
  expect(first()).toEqual({ value: 'deterministic', label: 'Repeatable only' });
  setLanguage('de');
  expect(first()).toEqual({ value: 'deterministic', label: 'Wiederholbare' });
});
