// A line whose Ollama is away: nobody gets a slot, everybody is told why, and who had one already goes first again.
import { describe, expect, test } from 'vitest';
import { watched } from '../../../support/builders.ts';
import { QueueHarness } from '../../../support/queue-harness.ts';
import { atPriority } from '../../../support/urgency.ts';

describe('while Ollama is away', () => {
  test('nobody gets a slot that is free; all get theirs when it is back', async () => {
    const line = new QueueHarness();
    line.away(true);
    const [first, second] = [line.enter('A', { name: 'first' }), line.enter('A', { name: 'second' })];
    await line.clock.advance(60_000);
    expect(line.granted).toEqual([]);
    expect(first.told.at(-1)).toEqual({ phase: 'queued', position: 1, eta_ms: 0, waits_for: 'ollama' });
    expect(second.told.at(-1)).toEqual({ phase: 'queued', position: 2, eta_ms: 1000, waits_for: 'ollama' });
    line.away(false);
    await line.settle();
    expect(line.granted).toEqual(['first']);
    expect(second.told.at(-1)).not.toHaveProperty('waits_for');
  });

  test('it is told when it goes, though no place has changed', async () => {
    const line = new QueueHarness();
    const runs = line.enter('A');
    const waits = line.enter('A');
    await line.settle();
    runs.begin();
    line.away(true);
    await line.settle();
    expect(waits.told.at(-1)).toMatchObject({ position: 1, waits_for: 'ollama' });
  });

  test('patience runs out, and its sentence says what for', async () => {
    const line = new QueueHarness({ queue: { max_wait_ms: 5000 } });
    line.away(true);
    const waits = line.enter('A');
    await line.clock.advance(5000);
    expect(waits.lease.reason).toMatchObject({ code: 'queue_timeout', message: expect.stringContaining('Ollama') });
    expect(line.clock.sleeping).toBe(0);
  });
});

describe('one whose turn had come', () => {
  test('is the next again, before those of other callers and models', async () => {
    const line = new QueueHarness();
    const runs = line.enter('A', { caller: 'a' });
    await line.settle();
    for (const name of ['b', 'c']) line.enter('B', { name, caller: name, urgency: () => atPriority(-1) });
    await line.settle();
    line.away(true);
    const again = runs.lease.value?.back(runs.signal);
    expect(again?.granted).toBe(false);
    expect(runs.told.at(-1)).toMatchObject({ position: 1, waits_for: 'ollama' });
    line.away(false);
    await expect(again?.lease).resolves.toBeDefined();
    expect(line.queue.waiting).toBe(2);
  });

  test('has the patience that was left of it; the time that it ran is not counted', async () => {
    const line = new QueueHarness({ queue: { max_wait_ms: 5000 } });
    const before = line.enter('A');
    await line.settle();
    const waits = line.enter('A');
    await line.clock.advance(3000);
    before.release();
    await line.settle();
    await line.clock.advance(60_000);
    line.away(true);
    const again = waits.lease.value?.back(waits.signal);
    const lease = watched(again?.lease ?? expect.unreachable('no place'));
    await line.clock.advance(1999);
    expect(line.queue.waiting).toBe(1);
    await line.clock.advance(1);
    expect(lease.reason).toMatchObject({ code: 'queue_timeout' });
  });

  test('does not come back to a queue that stops, nor for a caller who left', async () => {
    const line = new QueueHarness({ queue: { max_concurrent: 2 } });
    const [left, stays] = [line.enter('A'), line.enter('A')];
    await line.settle();
    left.leave(new Error('gone'));
    expect(() => left.lease.value?.back(left.signal)).toThrow('gone');
    line.queue.drain();
    expect(() => stays.lease.value?.back(stays.signal)).toThrow(/stopping/);
  });

  test('gives its slot to the next, also when its own caller has left', async () => {
    const line = new QueueHarness();
    const left = line.enter('A');
    line.enter('A', { name: 'next' });
    await line.settle();
    left.leave(new Error('gone'));
    expect(() => left.lease.value?.back(left.signal)).toThrow('gone');
    left.release();
    await line.settle();
    expect(line.granted.at(-1)).toBe('next');
  });
});

test('what the machine slept counts for nobody’s patience', async () => {
  const line = new QueueHarness({ queue: { max_wait_ms: 60_000 } });
  line.enter('A');
  await line.settle();
  const waits = line.enter('A');
  await line.clock.advance(30_000);
  line.clock.pass(3_600_000);
  line.queue.slept(3_600_000);
  await line.clock.advance(29_000);
  expect(waits.lease.state).toBe('pending');
  await line.clock.advance(1000);
  expect(waits.lease.reason).toMatchObject({ code: 'queue_timeout' });
});
