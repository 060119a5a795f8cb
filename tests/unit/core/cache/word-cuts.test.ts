// A text cut into words for replay: nothing is lost, nothing that a reader sees as one character is ever cut.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { cutWords } from '../../../../backend/core/cache/replay.ts';
import { anyUnits, delicateText } from '../../../support/arbitraries.ts';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Where a text may be cut, by the whole of it. */
const boundaries = (text: string): Set<number> => new Set([...graphemes.segment(text)].map(({ index }) => index));

/** Where it was cut. */
function cutsOf(pieces: readonly string[]): number[] {
  let at = 0;
  return pieces.slice(0, -1).map((piece) => (at += piece.length));
}

const someText = fc.oneof(
  { weight: 4, arbitrary: delicateText },
  { weight: 2, arbitrary: anyUnits },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  { weight: 1, arbitrary: fc.lorem({ maxCount: 40 }) },
);
const least = fc.integer({ min: 1, max: 50 });

describe('the pieces of a text', () => {
  test('join to the text, and none is empty', () => {
    fc.assert(
      fc.property(someText, least, (text, units) => {
        const pieces = [...cutWords(text, units)];
        expect(pieces.join('')).toBe(text);
        expect(pieces).not.toContain('');
      }),
      { numRuns: 500 },
    );
  });

  test('never end inside a character that a reader sees as one', () => {
    fc.assert(
      fc.property(someText, least, (text, units) => {
        const allowed = boundaries(text);
        expect(cutsOf([...cutWords(text, units)]).filter((at) => !allowed.has(at))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  test('never end inside a very long one, wherever it begins', () => {
    for (const part of ['🏿', '\u0301', '\u200d👩']) {
      for (let before = 0; before < 60; before++) {
        const text = `${'x'.repeat(before)}${part.repeat(100)} y`;
        const allowed = boundaries(text);
        expect(cutsOf([...cutWords(text)]).filter((at) => !allowed.has(at))).toEqual([]);
      }
    }
  });

  test('end only before white space that follows a word, unless the word is long', () => {
    fc.assert(
      fc.property(someText, (text) => {
        const pieces = [...cutWords(text)];
        for (const [i, piece] of pieces.slice(0, -1).entries()) {
          if (piece.length >= 24) continue;
          expect(piece).toMatch(/\S/);
          expect(pieces[i + 1]).toMatch(/^\s/);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('are at least as long as asked for, but for the last', () => {
    fc.assert(
      fc.property(someText, least, (text, units) => {
        for (const piece of [...cutWords(text, units)].slice(0, -1)) expect(piece.length).toBeGreaterThanOrEqual(units);
      }),
    );
  });

  test.each([
    ['words with the space before them', 'The quick  brown\n\nfox.', ['The', ' quick', '  brown', '\n\nfox.']],
    ['white space at the beginning and at the end', '  a b \n', ['  a', ' b', ' \n']],
    ['nothing but white space', ' \n\t ', [' \n\t ']],
    ['CR LF', 'a\r\nb\r\n\r\nc', ['a', '\r\nb', '\r\n\r\nc']],
    ['one letter', 'a', ['a']],
    ['nothing', '', []],
    ['spaces of other scripts', '日本\u3000語\u00a0x', ['日本', '\u3000語', '\u00a0x']],
    ['a mark that joins the space after it', 'x \u0600 1', ['x', ' \u0600 1']],
  ])('%s', (_what, text, expected) => {
    expect([...cutWords(text)]).toEqual(expected);
  });

  test('of a text without spaces are still many', () => {
    const chinese = '这是一个没有空格的长文本'.repeat(20);
    const pieces = [...cutWords(chinese)];
    expect(pieces.length).toBeGreaterThanOrEqual(chinese.length / 30);
    expect([...cutWords('👨‍👩‍👧‍👦'.repeat(50))].length).toBeGreaterThanOrEqual(10);
  });
});

describe('a large text', () => {
  const MB = 1024 * 1024;
  /** Far more than any machine needs, far less than a quadratic algorithm takes. */
  const QUICK_MS = 3000;

  /** Milliseconds of processor time, so that it does not matter who else is busy. */
  const spent = (work: () => void): number => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };

  // Found here: Intl.Segmenter over a whole text takes time with the square of its length (Node 20: 15 s for 80 KB).
  test.each([
    ['English', 'The quick brown fox jumps over the lazy dog. '],
    ['one accent in English', `é${'The quick brown fox jumps over the lazy dog. '.repeat(10)}`],
    ['Chinese', '这是一个没有空格的长文本，'],
    ['a line without a space', 'x'],
    ['emoji', '👩🏽‍💻'],
    ['white space', ' '],
    ['one endless character', '\u0301'],
    ['flags', '🇩🇪'],
  ])('of %s is cut whole in a moment', (_what, part) => {
    const text = part.repeat(Math.ceil(MB / part.length));
    let units = 0;
    expect(
      spent(() => {
        for (const piece of cutWords(text, 874)) units += piece.length;
      }),
    ).toBeLessThan(QUICK_MS);
    expect(units).toBe(text.length);
  });

  test('gives its first word before the rest is looked at', () => {
    const text = 'é and so on '.repeat(20_000);
    const whole = spent(() => {
      for (const _piece of cutWords(text));
    });
    const first = spent(() => expect(cutWords(text).next().value).toBe('é'));
    expect(first).toBeLessThan(whole / 20);
  });
});
