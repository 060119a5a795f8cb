// An answer that takes longer than expected: nobody is told "in a moment" again and again. What is told grows with the
// lateness, is marked as late at the moment when it becomes so, and what comes after the late one is told apart.
import { describe, expect, test } from 'vitest';
import { etaAfter, etaOf, isLate } from '../../../../backend/contract/chat/chat.ts';
import { QueueHarness, type Asker } from '../../../support/queue-harness.ts';

/** What one is told by now: its estimate, what of it comes after the late one, and whether it is late. */
const told = (line: QueueHarness, { told: words }: Asker): unknown => {
  const word = words.at(-1) ?? expect.unreachable('untold');
  const now = line.clock.elapsed();
  return { eta: etaOf(word, now), after: etaAfter(word), late: isLate(word, now) };
};

async function begun(expectedMs: number, slots = 1): Promise<{ line: QueueHarness; runs: Asker }> {
  const line = new QueueHarness({ queue: { max_concurrent: slots } });
  const runs = line.enter('A', { expectedMs: () => expectedMs });
  await line.settle();
  runs.begin();
  return { line, runs };
}

describe('while an answer is late', () => {
  test('estimates grow by as much as it is late, one for each place', async () => {
    const { line } = await begun(10_000);
    const [first, second] = [line.enter('A', { expectedMs: () => 12_000 }), line.enter('A')];
    await line.clock.advance(9000);
    expect(told(line, first)).toEqual({ eta: 1000, after: 0, late: false });
    expect(told(line, second)).toEqual({ eta: 13_000, after: 12_000, late: false });
    for (const late of [2000, 20_000, 60_000]) {
      await line.clock.advance(10_000 + late - line.clock.elapsed());
      expect(told(line, first)).toEqual({ eta: late, after: 0, late: true });
      expect(told(line, second)).toEqual({ eta: 12_000 + late, after: 12_000, late: true });
    }
    expect(line.queue.eta()).toBe(60_000 + 12_000 + 1000);
  });

  test('everybody is told so when it becomes late, though nothing else happens', async () => {
    const { line } = await begun(10_000);
    const waits = line.enter('A');
    const { changes } = line;
    await line.clock.advance(9999);
    expect(waits.told.length).toBe(1);
    await line.clock.advance(1);
    expect(waits.told.length).toBe(2);
    expect(line.changes).toBeGreaterThan(changes);
    // And not again and again: what was told grows by itself.
    await line.clock.advance(100_000);
    expect(waits.told.length).toBe(2);
  });

  test('who comes then is told the same', async () => {
    const { line } = await begun(10_000);
    await line.clock.advance(15_000);
    const waits = line.enter('A');
    expect(told(line, waits)).toEqual({ eta: 5000, after: 0, late: true });
    await line.clock.advance(3000);
    expect(told(line, waits)).toEqual({ eta: 8000, after: 0, late: true });
  });

  test('another slot that gets free sooner is what they wait for', async () => {
    const { line } = await begun(10_000, 2);
    const other = line.enter('A', { expectedMs: () => 30_000 });
    await line.settle();
    other.begin();
    const waits = line.enter('A');
    await line.clock.advance(26_000);
    // Late by 16 s, so as long again; the other one should end in 4 s.
    line.queue.recheck();
    await line.settle();
    expect(told(line, waits)).toEqual({ eta: 4000, after: 0, late: false });
  });

  test('when it ends, everything is as usual again', async () => {
    const { line, runs } = await begun(10_000);
    const [first, second] = [line.enter('A'), line.enter('A')];
    await line.clock.advance(25_000);
    runs.release();
    await line.settle();
    first.begin();
    await line.settle();
    expect(told(line, second)).toEqual({ eta: 1000, after: 0, late: false });
    first.release();
    await line.settle();
    second.release();
    expect(line.clock.sleeping).toBe(0);
  });

  test('one of which nothing is known is never late', async () => {
    const { line } = await begun(0);
    const waits = line.enter('A');
    await line.clock.advance(60_000);
    expect(told(line, waits)).toMatchObject({ late: false });
    expect(line.clock.sleeping).toBe(1);
  });

  test('while its model is loaded, it is not late', async () => {
    const line = new QueueHarness();
    const runs = line.enter('A', { serves: () => true });
    await line.clock.advance(5000);
    expect(line.queue.isLate('it')).toBe(false);
    runs.begin();
    await line.clock.advance(999);
    expect(line.queue.isLate('it')).toBe(false);
    await line.clock.advance(1);
    expect(line.queue.isLate('it')).toBe(true);
  });

  test('in a pause nobody waits for it', async () => {
    const { line } = await begun(10_000);
    const waits = line.enter('A');
    await line.clock.advance(12_000);
    line.queue.pause();
    await line.clock.advance(60_000);
    expect(told(line, waits)).toMatchObject({ eta: 2000, late: false });
    line.queue.resume();
    await line.settle();
    expect(told(line, waits)).toMatchObject({ eta: 62_000, late: true });
  });
});

test('nobody comes nearer while a load takes longer than it did', async () => {
  const line = new QueueHarness();
  line.loadMs.set('A', 5000);
  line.enter('A');
  await line.clock.advance(9000);
  const waits = line.enter('A');
  expect(told(line, waits)).toMatchObject({ eta: 1000 });
  await line.clock.advance(20_000);
  expect(told(line, waits)).toMatchObject({ eta: 1000 });
});

describe('while a model loads', () => {
  test('for the first time, the estimate grows: that it takes as long again', async () => {
    const line = new QueueHarness();
    line.loadMs.set('A', undefined);
    line.enter('A', { expectedMs: () => 30_000 });
    const waits = line.enter('A');
    await line.settle();
    const seen: unknown[] = [];
    for (let s = 0; s < 60; s += 20) {
      seen.push(told(line, waits));
      await line.clock.advance(20_000);
    }
    expect(seen).toEqual([30_000, 50_000, 70_000].map((eta) => ({ eta, after: eta, late: false })));
  });

  test('for longer than before, it does not count down below the run that comes', async () => {
    const line = new QueueHarness();
    line.loadMs.set('A', 5000);
    line.enter('A', { expectedMs: () => 30_000 });
    const waits = line.enter('A');
    await line.clock.advance(4000);
    expect(told(line, waits)).toMatchObject({ eta: 31_000 });
    await line.clock.advance(60_000);
    expect(told(line, waits)).toMatchObject({ eta: 30_000 });
  });

  test('nothing is left of it when it stands ready, or is given up', async () => {
    const line = new QueueHarness();
    line.loadMs.set('A', undefined);
    const runs = line.enter('A');
    await line.settle();
    expect(line.clock.sleeping).toBe(1);
    runs.release();
    await line.settle();
    expect(line.clock.sleeping).toBe(0);
  });
});
