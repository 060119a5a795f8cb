// An answer as bytes: what comes out is what went in, down to halves of surrogate pairs.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { answerMessage } from '../../../../backend/contract/chat/chat.ts';
import { decodeKept, decodeRecord, encodeRecord } from '../../../../backend/core/cache/record.ts';
import { anyCompletion } from '../../../support/arbitraries.ts';
import { completion } from '../../../support/builders.ts';

describe('an answer as bytes', () => {
  test('comes back equal', () => {
    fc.assert(
      fc.property(anyCompletion, (answer) => {
        expect(decodeRecord(encodeRecord(answer))).toEqual(answer);
      }),
      { numRuns: 300 },
    );
  });

  test('gives its message as the JSON that our own routes send, and its end', () => {
    fc.assert(
      fc.property(anyCompletion, (answer) => {
        const { messageJson, end } = decodeKept(encodeRecord(answer));
        expect(messageJson.toString()).toBe(JSON.stringify(answerMessage(answer)));
        expect(end).toEqual(answer.end);
      }),
    );
  });

  // A model may send one half of an emoji in each of two pieces, and a broken one may send a half alone.
  test.each([
    ['an emoji', '👩‍💻'],
    ['the first half of an emoji', '\ud83d'],
    ['the second half of an emoji', '\udc69'],
    ['NUL and line separators', '\u0000\u2028\u2029'],
    ['nothing', ''],
  ])('%s comes back unit for unit', (_what, text) => {
    const back = decodeRecord(encodeRecord(completion([text, { thinking: text }])));
    expect(back.content).toBe(text);
    expect(back.thinking).toBe(text);
  });

  test('tool calls keep the order of their arguments', () => {
    const call = { function: { name: 'f', arguments: { z: 1, a: { y: 2, b: [3] } } } };
    const back = decodeRecord(encodeRecord(completion([{ tool_calls: [call] }])));
    expect(JSON.stringify(back.tool_calls)).toBe(JSON.stringify([call]));
  });

  test('pieces of any length keep their ends', () => {
    const lengths = [1, 31, 32, 127, 128, 4095, 4096, 70_000, 2 ** 21];
    const answer = completion(lengths.map((length) => 'x'.repeat(length)));
    expect(decodeRecord(encodeRecord(answer)).cuts).toEqual(lengths.map((length) => ['content', length]));
  });

  test('a piece of a few letters costs about one byte beside its text', () => {
    const words = Array.from({ length: 1000 }, () => ' word');
    const inPieces = encodeRecord(completion(words)).length;
    const inOne = encodeRecord(completion([words.join('')])).length;
    expect(inPieces - inOne).toBeLessThanOrEqual(1000);
  });
});
