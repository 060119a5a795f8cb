// When to come back: as soon as a place gets free, each of those who were refused at another time, and nobody is kept out
// for ever by others' priority.
import { fc } from '../../../support/property.ts';
import { expect, test } from 'vitest';
import type { AppError } from '../../../../backend/contract/errors.ts';
import { QueueHarness, type Asker } from '../../../support/queue-harness.ts';
import { QUEUE_CLASSES } from '../../../../backend/contract/chat/chat-request.ts';

type Wish = NonNullable<Parameters<QueueHarness['enter']>[1]>;

/** Milliseconds after which one that is refused now is to come back. */
const refused = (line: QueueHarness): number | undefined => {
  try {
    line.enter('A');
  } catch (error) {
    return (error as AppError).retryAfterMs;
  }
  return expect.unreachable('it was let in');
};

async function full(waiting: number, over: Wish = {}): Promise<{ line: QueueHarness; runs: Asker }> {
  const line = new QueueHarness({ queue: { max_queue_size: waiting } });
  const runs = line.enter('A', over);
  await line.settle();
  runs.begin();
  for (let n = 0; n < waiting; n++) line.enter('A', over);
  return { line, runs };
}

test('the first is told when the next place gets free, and each later one a place later', async () => {
  const { line } = await full(2);
  await line.clock.advance(400);
  expect(Array.from({ length: 5 }, () => refused(line))).toEqual([600, 1600, 2600, 3600, 4600]);
});

test('places that were promised and have got free since are promised no more', async () => {
  const { line, runs } = await full(2);
  expect([refused(line), refused(line)]).toEqual([1000, 2000]);
  await line.clock.advance(1000);
  runs.release();
  line.enter('A');
  await line.settle();
  // The one after the next is promised to the second.
  expect(refused(line)).toBe(2000);
});

test('past two minutes it begins anew with the first place', async () => {
  const { line } = await full(2, { expectedMs: () => 50_000 });
  expect(Array.from({ length: 3 }, () => refused(line))).toEqual([50_000, 100_000, 50_000]);
});

test('while nothing has been measured one comes to see soon, and then is told the guess', async () => {
  const { line } = await full(2, { expectedMs: () => 30_000, isGuess: () => true });
  expect([refused(line), refused(line)]).toEqual([3000, 6000]);
  await line.clock.advance(10_000);
  expect(refused(line)).toBe(20_000);
});

test('nothing is told twice where nothing is known of the time', async () => {
  const { line } = await full(2, { expectedMs: () => 0 });
  expect([refused(line), refused(line)]).toEqual([0, 0]);
});

test('in bounded time everybody is served, whatever class others come with again and again', async () => {
  const anyLoad = fc.record({
    loops: fc.integer({ min: 1, max: 6 }),
    loopsAs: fc.record({ class: fc.constantFrom(...QUEUE_CLASSES), priority: fc.integer({ min: -100, max: 100 }) }),
    comesAs: fc.record({ class: fc.constantFrom(...QUEUE_CLASSES), priority: fc.integer({ min: -100, max: 100 }) }),
    runMs: fc.integer({ min: 20, max: 400 }),
    agingMs: fc.constantFrom(50, 1000, 2000, 100_000),
    model: fc.constantFrom('A', 'B'),
  });
  await fc.assert(
    fc.asyncProperty(anyLoad, async ({ loops, loopsAs, comesAs, runMs, agingMs, model }) => {
      const line = new QueueHarness({ queue: { aging_ms: agingMs, max_wait_ms: 10_000 } });
      const loop = (n: number): Asker => line.enter('A', { caller: `loop ${n}`, urgency: () => loopsAs });
      const running = Array.from({ length: loops + 1 }, (_, n) => loop(n));
      await line.settle();
      const normal = line.enter(model, { caller: 'normal', urgency: () => comesAs });
      for (let gone = 0; normal.lease.state === 'pending' && gone < 10_000; gone += runMs) {
        await line.clock.advance(runMs);
        const n = running.findIndex(({ lease }) => lease.state === 'fulfilled');
        // Nothing runs while background work lets a moment pass.
        if (n < 0) continue;
        running[n]?.release();
        running[n] = loop(n);
        await line.settle();
      }
      // Half of its patience, and then a round of those who have waited as long.
      expect(normal.lease.state).toBe('fulfilled');
      expect(line.clock.elapsed()).toBeLessThanOrEqual(5000 + runMs * (loops + 5));
    }),
    { numRuns: 100 },
  );
}, 60_000);
