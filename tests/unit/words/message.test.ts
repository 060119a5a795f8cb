// Texts in ICU MessageFormat, as intl-messageformat 12 filled the same ones.
import { expect, test } from 'vitest';
import { fill, Grammar, readMessage, valuesOf } from '../../../words/message.ts';

const said = (text: string, values: Readonly<Record<string, string | number>>, language = 'en'): string =>
  fill(readMessage(text), values, new Grammar(language)).join('');

test('values, plurals of every language, and choices, one inside the other', () => {
  expect(said('Moves up {when}', { when: 'soon' })).toBe('Moves up soon');
  const waiting = '{n, plural, =0 {nobody} one {# waits} other {# wait}}';
  expect([0, 1, 2, 1204].map((n) => said(waiting, { n }))).toEqual(['nobody', '1 waits', '2 wait', '1,204 wait']);
  expect(said(waiting, { n: 1204 }, 'de')).toBe('1.204 wait');
  const polish = '{n, plural, one {plik} few {pliki} many {plików} other {pliku}}';
  expect([1, 2, 5, 22].map((n) => said(polish, { n }, 'pl'))).toEqual(['plik', 'pliki', 'plików', 'pliki']);
  const place = '{n, selectordinal, one {#st} two {#nd} few {#rd} other {#th}}';
  expect([1, 2, 3, 11, 21].map((n) => said(place, { n }))).toEqual(['1st', '2nd', '3rd', '11th', '21st']);
  const inside = '{who, select, you {You have} other {{who} has}} {n, plural, one {a {kind}} other {# {kind}s}}';
  expect(said(inside, { who: 'you', n: 1, kind: 'key' })).toBe('You have a key');
  expect(said(inside, { who: 'aider', n: 2, kind: 'key' })).toBe('aider has 2 keys');
  expect(valuesOf(readMessage(inside))).toEqual(['kind', 'n', 'who']);
});

test('apostrophes are themselves, and quotes where ICU has them as quotes', () => {
  expect(said("it''s '{'x'}' {a}", { a: 'y' })).toBe("it's {x} y");
  expect(said("don't {a}", { a: 'y' })).toBe("don't y");
  expect(said("# {n, plural, other {'#' #}}", { n: 2 })).toBe('# # 2');
});

test('what is no text of this form, or lacks a value, is told', () => {
  expect(() => readMessage('{n, plural, one {#}}')).toThrow('There is no case "other"');
  expect(() => readMessage('{n, number}')).toThrow('"number" is none of');
  expect(() => readMessage('{n')).toThrow('is missing at 2');
  expect(() => readMessage('a } b')).toThrow('There is a } too many at 2');
  expect(() => said('{a}', {})).toThrow('The value "a" of a text is missing.');
});
