// Why prompt tokens were read again: sums by cause and place, of parts the same as of the whole, bounded, and kept as text.
import { expect, test } from 'vitest';
import { Losses, lossesOf, type Lost } from '../../../../backend/core/telemetry/losses.ts';

const lost = (tokens: number, over: Partial<Lost> = {}): Lost => ({ cause: 'changed', where: 'the tools', tokens, request_id: `r${tokens}`, at: tokens, ...over }); // prettier-ignore

function sumOf(all: readonly Lost[]): Losses {
  const losses = new Losses();
  for (const each of all) losses.add(each);
  return losses;
}

test('adds up by cause and place, and leads to the request that lost the most, in whatever order', () => {
  const parts = [lost(5), lost(40), lost(7), lost(30, { cause: 'loaded', where: 'm' })];
  const whole = sumOf(parts).list;
  expect(whole).toEqual([
    { cause: 'changed', where: 'the tools', times: 3, tokens: 52, most: { tokens: 40, request_id: 'r40', at: 40 } },
    { cause: 'loaded', where: 'm', times: 1, tokens: 30, most: { tokens: 30, request_id: 'r30', at: 30 } },
  ]);
  const sum = sumOf(parts.slice(2));
  sum.addKept(lossesOf(sumOf(parts.slice(0, 2)).toText()) ?? []);
  expect(sum.list).toEqual(whole);
  expect(sumOf(parts.toReversed()).list).toEqual(whole);
});

test('counts the places of a thousand prompts in bounded room, and none of their tokens twice', () => {
  const parts = Array.from({ length: 1000 }, (_, i) => lost(1, { where: `place ${i}` }));
  const { list } = sumOf(parts);
  expect(list.length).toBeLessThan(20);
  expect(list[0]).toMatchObject({ cause: 'changed', where: '' });
  expect(list.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(1000);
});

test('a text that is none of its own is not taken for one', () => {
  expect(lossesOf('')).toEqual([]);
  for (const text of ['[{', '{}', 'null', '[1]', '[{"cause":"x"}]'])
    expect([text, lossesOf(text)]).toEqual([text, undefined]);
});
