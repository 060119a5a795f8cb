// A kept answer is spoken again: whole in every mode, and in the smooth one as if it were just being written.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { fold, replay, type ChatEvent, type Completion } from '../../../../backend/contract/chat/chat.ts';
import { REPLAY_MODES, speak, type ReplayMode } from '../../../../backend/core/cache/replay.ts';
import { anyCompletion, delicateText } from '../../../support/arbitraries.ts';
import { completion, NO_METRICS } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';

const NEVER = new AbortController().signal;

interface Told {
  readonly at: number;
  readonly event: ChatEvent;
}

/** Everything that is spoken, each with its millisecond since the beginning. The listener takes no time. */
async function listen(answer: Completion, mode: ReplayMode | 'timed', signal: AbortSignal = NEVER): Promise<Told[]> {
  const clock = new ManualClock();
  const start = clock.now();
  const told: Told[] = [];
  let over = false;
  const listening = (async () => {
    for await (const event of speak(answer, mode, clock, signal)) told.push({ at: clock.now() - start, event });
  })().finally(() => (over = true));
  listening.catch(() => undefined);
  while (!over && clock.now() - start < 60_000) await clock.advance(1);
  await listening;
  expect(clock.sleeping).toBe(0);
  return told;
}

const pieces = (told: readonly Told[]): string[] =>
  told.flatMap(({ event }) => (event.type === 'piece' ? [event.piece.thinking + event.piece.content] : []));

const words = (count: number, word = 'word'): string => Array.from({ length: count }, () => word).join(' ');

describe('in every mode', () => {
  test.each(REPLAY_MODES)('%s: the answer is told whole, and ends', async (mode) => {
    await fc.assert(
      fc.asyncProperty(anyCompletion, async (answer) => {
        async function* spoken(): AsyncGenerator<ChatEvent> {
          for (const { event } of await listen(answer, mode)) yield event;
        }
        const { cuts: _ours, ...same } = await fold(spoken());
        const { cuts: _its, ...wanted } = answer;
        expect(same).toEqual(wanted);
      }),
      { numRuns: 15 },
    );
  });

  test.each(REPLAY_MODES)('%s: thinking comes before content', async (mode) => {
    const told = await listen(completion([{ thinking: 'well then' }, 'so it is']), mode);
    expect(pieces(told).join('')).toBe('well thenso it is');
  });

  test.each(REPLAY_MODES)('%s: it stops with the reason of the signal when that aborts', async (mode) => {
    const abort = new AbortController();
    const reason = new Error('left');
    const clock = new ManualClock();
    const spoken = speak(completion(['one', ' two', { tool_calls: [], extra: {} }]), mode, clock, abort.signal);
    await spoken.next();
    abort.abort(reason);
    await expect(spoken.next()).rejects.toBe(reason);
    expect((await spoken.next()).done).toBe(true);
    expect(clock.sleeping).toBe(0);
  });
});

describe('at once', () => {
  test('all text is one piece', async () => {
    const told = await listen(completion([{ thinking: 'hm' }, 'one', ' two']), 'instant');
    expect(told.map(({ at, event }) => [at, event.type])).toEqual([
      [0, 'piece'],
      [0, 'end'],
    ]);
  });

  test('an answer without text is only what it has', async () => {
    const call = { function: { name: 'f', arguments: {} } };
    const told = await listen(completion([{ tool_calls: [call] }]), 'instant');
    expect(told.map(({ event }) => event.type)).toEqual(['piece', 'end']);
  });
});

describe('as it was', () => {
  test('the pieces are those of the model, without pauses', async () => {
    const answer = completion(['Hel', 'lo wor', 'ld']);
    const told = await listen(answer, 'original');
    expect(told.map(({ event }) => event)).toEqual([...replay(answer)]);
    expect(told.at(-1)?.at).toBe(0);
  });
});

describe('as it ran', () => {
  const metrics = { ...NO_METRICS, prompt_eval_duration: 2e9, eval_duration: 0.9e9 };

  test('the first piece comes when the prompt was read, the others evenly', async () => {
    const answer = completion(['Hel', 'lo wor', 'ld'], { metrics });
    const told = await listen(answer, 'timed');
    expect(told.map(({ event }) => event)).toEqual([...replay(answer)]);
    expect(told.map(({ at }) => at)).toEqual([2000, 2300, 2600, 2900]);
  });

  test('an answer without figures waits for nothing', async () => {
    const told = await listen(completion(['one', ' two'], { metrics: NO_METRICS }), 'timed');
    expect(told.map(({ at }) => at)).toEqual([0, 0, 0]);
  });
});

describe('smoothly', () => {
  const PACED: readonly [string, string][] = [
    ['one word', 'Yes.'],
    ['two words', 'Yes, indeed.'],
    ['a sentence', 'The quick brown fox jumps over the lazy dog.'],
    ['a page of prose', words(300, 'lorem')],
    ['a thousand words', words(1000)],
    ['a thousand long words', words(1000, 'Donaudampfschiffahrt')],
    ['far more words', words(50_000)],
    ['a megabyte', words(210_000)],
    ['a megabyte without a space', 'x'.repeat(1024 * 1024)],
    ['a megabyte of Chinese', '没有空格的长文本'.repeat(65_536)],
    ['emoji without a space', '👩🏿‍❤️‍💋‍👨🏿'.repeat(40)],
    ['words between emoji', words(100, '👩🏿‍❤️‍💋‍👨🏿👩🏿‍❤️‍💋‍👨🏿')],
    ['words of very different length', `${words(30, 'a')} ${'x'.repeat(2000)} ${words(30, 'a')}`],
    ['a lot of white space', `a${' '.repeat(3000)}b`],
    ['one endless character among words', `a b c${'\u0301'.repeat(3000)} d e`],
  ];

  test.each(PACED)('%s takes at most 1200 ms and at least 60 pieces a second', async (_what, text) => {
    const told = await listen(completion([text]), 'smooth');
    const took = told.at(-1)?.at ?? Infinity;
    expect(took).toBeLessThanOrEqual(1200);
    expect(pieces(told).length).toBeGreaterThanOrEqual((60 * took) / 1000);
    expect(pieces(told).join('') === text).toBe(true);
  });

  test('whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(delicateText, delicateText, async (thinking, content) => {
        const told = await listen(completion([{ thinking }, content]), 'smooth');
        const took = told.at(-1)?.at ?? Infinity;
        expect(took).toBeLessThanOrEqual(1200);
        expect(pieces(told).length).toBeGreaterThanOrEqual((60 * took) / 1000);
      }),
      { numRuns: 30 },
    );
  });

  test.each([1, 10, 200, 1000])('%i words come one by one', async (count) => {
    for (const word of ['word', 'Donaudampfschiffahrt', 'naïve']) {
      const told = await listen(completion([words(count, word)]), 'smooth');
      expect(pieces(told).length).toBe(count);
    }
  });

  test('words come over time and not in a lump', async () => {
    const told = await listen(completion([words(100)]), 'smooth');
    const gaps = told.slice(1).map(({ at }, i) => at - (told[i]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(40);
  });

  test.each([
    ['short', words(40)],
    ['long', words(5000)],
    ['without a space', 'x'.repeat(200_000)],
  ])(
    'a %s text takes its time: no more than 100 pieces a second, unless that is over a second',
    async (_what, text) => {
      const told = await listen(completion([text]), 'smooth');
      expect(told.at(-1)?.at).toBeGreaterThanOrEqual(Math.min(800, pieces(told).length * 10));
    },
  );

  test('thinking and content share the time', async () => {
    const told = await listen(completion([{ thinking: words(600) }, words(600)]), 'smooth');
    expect(told.at(-1)?.at).toBeLessThanOrEqual(1200);
  });

  test('never more pieces than the eye can tell apart', async () => {
    for (const [, text] of PACED) {
      expect(pieces(await listen(completion([{ thinking: text }, text]), 'smooth')).length).toBeLessThanOrEqual(1210);
    }
  });

  test('a slow reader is not made slower: what is due by then comes at once', async () => {
    const clock = new ManualClock();
    const spoken = speak(completion([words(20)]), 'smooth', clock, NEVER);
    await spoken.next();
    await clock.advance(5000);
    let left = 0;
    for await (const event of spoken) left += event.type === 'piece' ? 1 : 0;
    expect(left).toBe(19);
    expect(clock.sleeping).toBe(0);
  });

  test('a slow reader who left gets nothing more', async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const spoken = speak(completion([words(20)]), 'smooth', clock, abort.signal);
    await spoken.next();
    await clock.advance(5000);
    abort.abort(new Error('left'));
    await expect(spoken.next()).rejects.toThrow('left');
  });
});
