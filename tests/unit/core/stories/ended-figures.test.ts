// What of a prompt could have been reused, what was, and why not all of it: read off what was measured of one request.
import { expect, test } from 'vitest';
import type { Parted } from '../../../../backend/contract/views/request-detail.ts';
import type { Ended } from '../../../../backend/core/requests/at-once.ts';
import type { Trace } from '../../../../backend/core/requests/trace.ts';
import { reuseOf } from '../../../../backend/core/stories/ended-figures.ts';

const parted = (over: Partial<Parted>): Parted => ({
  with: { request_id: 'before', created_at: '2026-01-01T00:00:00Z' },
  same_chars: 4000,
  chars: 5000,
  block: 1,
  same_tokens: 1000,
  where: 'the end of the prompt before',
  reused_tokens: null,
  known_by: 'reported',
  ...over,
});

const ended = (trace: Trace): Ended =>
  ({ id: 'r', model: 'm', caller: 'app', owner: 'local', status: 'completed', bornAt: 7, trace }) as Ended;
const reused = (tokens: number) => ({ tokens, by: 'reported' }) as const;

test('a prompt that goes on and is still in memory loses nothing, but for its last tokens', () => {
  const told = reuseOf(ended({ parted: parted({}), reused: reused(990) }));
  expect(told).toEqual({ reusable: 990, reused: 990, lost: [] });
});

test('a prompt that changed loses what comes after the change', () => {
  const change = { same_tokens: 26, same_after_tokens: 21_300, where: 'the system prompt', what: 'a clock' };
  expect(reuseOf(ended({ parted: parted(change), reused: reused(26) }))).toEqual({
    reusable: 21_326,
    reused: 26,
    lost: [{ cause: 'changed', where: 'the system prompt (a clock)', tokens: 21_300, request_id: 'r', at: 7 }],
  });
  const earlier = reuseOf(ended({ parted: parted({ ...change, where: 'message 12', what: undefined }), reused: reused(26) })); // prettier-ignore
  expect(earlier?.lost[0]?.where).toBe('an earlier message');
});

test('a change loses nothing that was not there: after a load, or behind another prompt', () => {
  const change = { same_tokens: 26, same_after_tokens: 21_300, where: 'the system prompt' };
  const lost = (over: Partial<Parted>, tokens: number, ms = 0) =>
    reuseOf(ended({ parted: parted({ ...change, ...over }), reused: reused(tokens), load: { ms } }))?.lost;
  expect(lost({}, 0, 3000)).toMatchObject([{ cause: 'loaded', tokens: 21_326 }]);
  expect(lost({ held_tokens: 26 }, 26)).toMatchObject([{ cause: 'displaced', tokens: 21_300 }]);
  expect(lost({ held_tokens: 1026 }, 26)).toMatchObject([
    { cause: 'changed', tokens: 1000 },
    { cause: 'displaced', tokens: 20_300 },
  ]);
  // Ollama had more than was known, so it may have had all of it.
  expect(lost({ held_tokens: 0 }, 26)).toMatchObject([{ cause: 'changed', tokens: 21_300 }]);
});

test('another question that ends in the same words loses nothing', () => {
  const other = parted({ same_chars: 0, same_tokens: 0, same_after_tokens: 900 });
  expect(reuseOf(ended({ parted: other, reused: reused(0) }))).toBeUndefined();
});

test('what was the same and was read again is lost by a load, or else by other prompts', () => {
  const load = { ms: 3000 };
  expect(reuseOf(ended({ parted: parted({}), reused: reused(0), load }))?.lost).toEqual([
    { cause: 'loaded', where: 'm', tokens: 1000, request_id: 'r', at: 7 },
  ]);
  expect(reuseOf(ended({ parted: parted({}), reused: reused(200), load: { ms: 0 } }))?.lost).toEqual([
    { cause: 'displaced', where: '', tokens: 800, request_id: 'r', at: 7 },
  ]);
});

test('never more is reused than could be, and nothing is counted where it is not known', () => {
  expect(reuseOf(ended({ parted: parted({}), reused: reused(5000) }))).toEqual({ reusable: 1000, reused: 1000, lost: [] }); // prettier-ignore
  expect(reuseOf(ended({ reused: reused(5) }))).toBeUndefined();
  expect(reuseOf(ended({ parted: parted({}) }))).toBeUndefined();
  expect(reuseOf(ended({ parted: parted({ same_tokens: 0 }), reused: reused(0) }))).toBeUndefined();
  // Ollama left a part of the prompt out.
  expect(reuseOf(ended({ parted: parted({}), reused: reused(9), context: { tokens: 9000, size: 4096 } }))).toBeUndefined(); // prettier-ignore
  // The run of another request read one prompt for both.
  expect(reuseOf(ended({ parted: parted({}), reused: reused(9), run: {} }))).toBeUndefined();
});
