// Which of several machines a request goes to, which may be asked for a model, and how one that sleeps is waited for.
import { describe, expect, test } from 'vitest';
import { mayRun } from '../../../../backend/core/routing/model-patterns.ts';
import { bestOf, type Standing } from '../../../../backend/core/routing/route.ts';
import { Waker } from '../../../../backend/core/routing/waker.ts';
import { ManualClock } from '../../../support/clocks.ts';

interface Named extends Standing {
  readonly name: string;
}

/** Idle, with the model of the first digest loaded, of which it holds nothing. */
function machine(
  name: string,
  { heldChars = 0, readMs = 0, ...more }: Partial<Standing> & { heldChars?: number; readMs?: number } = {},
): Named {
  return {
    name,
    priority: 1,
    weight: 1,
    digest: 'a',
    resident: true,
    waitMs: 0,
    loadMs: 4000,
    outstanding: 0,
    full: false,
    reading: () => ({ heldChars, ms: readMs }),
    ...more,
  };
}
const best = (...all: readonly Named[]): string | undefined => bestOf(all)?.name;

describe('the best machine', () => {
  test('is the one of the lowest priority, whatever else speaks for another', () => {
    expect(best(machine('far', { priority: 2 }), machine('near', { resident: false, waitMs: 60_000 }))).toBe('near');
  });

  test('is of the next priority where the line of the first is full, unless all are full', () => {
    expect(best(machine('near', { full: true }), machine('far', { priority: 2 }))).toBe('far');
    expect(best(machine('far', { priority: 2, full: true }), machine('near', { full: true }))).toBe('near');
  });

  test('is the one where the model begins first: loaded, free, and with less to read', () => {
    expect(best(machine('cold', { resident: false }), machine('warm'))).toBe('warm');
    expect(best(machine('busy', { waitMs: 5000 }), machine('free', { resident: false, loadMs: 4000 }))).toBe('free');
    expect(best(machine('reads', { readMs: 3000 }), machine('holds', { readMs: 100 }))).toBe('holds');
  });

  test('takes a load that was never measured for one of ten seconds', () => {
    const cold = { resident: false, loadMs: undefined };
    expect(best(machine('cold', cold), machine('busy', { waitMs: 9000 }))).toBe('busy');
    expect(best(machine('busy', { waitMs: 11_000 }), machine('cold', cold))).toBe('cold');
  });

  test('has the files that the first means by the name: others under it count as a load', () => {
    expect(best(machine('first', { waitMs: 3000 }), machine('other', { digest: 'b' }))).toBe('first');
  });

  test('holds the most of the prompt where all begin at about the same time, so that a talk stays', () => {
    expect(best(machine('a', { heldChars: 10 }), machine('b', { heldChars: 900, waitMs: 400, outstanding: 3 }))).toBe(
      'b',
    );
    // Further apart than half a second: who begins first goes first.
    expect(best(machine('a', { heldChars: 10 }), machine('b', { heldChars: 900, waitMs: 600 }))).toBe('a');
  });

  test('has the least to do for its weight, and is the first in the list where that is equal too', () => {
    expect(best(machine('a', { outstanding: 1 }), machine('b', { outstanding: 2, weight: 3 }))).toBe('b');
    expect(best(machine('a'), machine('b'))).toBe('a');
    expect(best()).toBeUndefined();
  });
});

test('a model may be asked of a machine by patterns, in any case, with or without its tag', () => {
  expect(mayRun([])('anything')).toBe(true);
  const may = mayRun(['Llama3*', 'qwen3:8b', 'nomic-embed-text']);
  const able = ['llama3.2', 'LLAMA3:70b', 'qwen3:8b', 'nomic-embed-text', 'nomic-embed-text:latest'];
  const others = ['qwen3:8b-q4', 'qwen3', 'my-llama3', 'nomicXembed-text'];
  expect([...able, ...others].filter(may)).toEqual(able);
});

describe('one that sleeps', () => {
  function sleeper() {
    const clock = new ManualClock();
    const seen = { packets: 0, changes: 0 };
    const send = (): void => void seen.packets++;
    const waker = new Waker({ patienceMs: 10_000, clock, send, onChange: () => void seen.changes++ });
    return { clock, seen, waker };
  }

  test('gets a packet at once, and again every three seconds while its patience lasts', async () => {
    const { clock, seen, waker } = sleeper();
    waker.wake();
    await clock.advance(1000);
    waker.wake();
    expect(seen).toEqual({ packets: 1, changes: 1 });
    expect(waker.leftMs).toBe(9000);
    await clock.advance(5500);
    expect(seen.packets).toBe(3);
    await clock.advance(3500);
    expect([waker.isWaking, clock.sleeping]).toEqual([false, 0]);
  });

  test('that did not come is left alone for five minutes', async () => {
    const { clock, seen, waker } = sleeper();
    waker.wake();
    await clock.advance(10_000);
    const { packets } = seen;
    waker.wake();
    expect([waker.mayHelp, seen.packets]).toEqual([false, packets]);
    await clock.advance(4 * 60_000);
    expect(waker.mayHelp).toBe(false);
    await clock.advance(60_000);
    waker.wake();
    expect([waker.mayHelp, waker.isWaking, seen.packets]).toEqual([true, true, packets + 1]);
    waker.close();
    expect(clock.sleeping).toBe(0);
  });

  test('that came says how long it takes, and may be woken again at once', async () => {
    const { clock, seen, waker } = sleeper();
    waker.wake();
    await clock.advance(4000);
    waker.came();
    expect([waker.isWaking, waker.leftMs, clock.sleeping, seen.changes]).toEqual([false, 4000, 0, 2]);
    waker.wake();
    expect(waker.isWaking).toBe(true);
    waker.close();
  });
});
