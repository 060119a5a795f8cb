// In which order waiting requests run when Ollama has room for several models: who needs no load goes first, and a load
// that pushes out what is still needed goes last, but nobody is passed for ever.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import type { MemoryView } from '../../../../backend/core/queue/memory-view.ts';
import { planOrder, type Waiting } from '../../../../backend/core/queue/order.ts';

const NOW = 1_000_000;

/** Of so many runners there is room for `room`; the one that comes first in the alphabet leaves first. */
const memory = (runners: string, { room = 2, kept = '' } = {}): MemoryView => ({
  runners: new Set(runners),
  kept: new Set(kept),
  leavers: (_runner, beside) => [...beside].toSorted().slice(0, Math.max(0, beside.size + 1 - room)),
});

interface Named extends Waiting {
  readonly name: string;
}

interface Case {
  readonly streak?: number;
  readonly maxBatch?: number;
  /** Milliseconds since the waiters of these runners were first overtaken. */
  readonly passed?: Readonly<Record<string, number>>;
}

const lineOf = (runners: string, passed: Case['passed'] = {}): Named[] =>
  runners.split(' ').map((runner, seq) => {
    const passedMs = passed[runner];
    const passedSince = passedMs === undefined ? undefined : NOW - passedMs;
    return { name: `${runner}${seq}`, seq, class: 'normal', priority: 0, caller: 'c', runner, since: NOW, passedSince };
  });

/** The runners of a line of runners in the order of their arrival, as they would run. */
function planned(runners: string, view: MemoryView, { streak = 0, maxBatch = 3, passed = {} }: Case = {}): string {
  const bounds = { agingMs: 60_000, maxWaitMs: Infinity, maxBatch, batchTimeoutMs: 2000 };
  const state = { now: NOW, memory: view, streak, lastServed: new Map<string, number>(), ...bounds };
  return planOrder(lineOf(runners, passed), state)
    .map(({ runner }) => runner)
    .join(' ');
}

describe('several runners in memory', () => {
  test('run in the order of arrival, since none of them costs a load', () => {
    expect(planned('A B A B', memory('AB'))).toBe('A B A B');
  });

  test('go before one that has to be loaded, together at most as many as one alone', () => {
    expect(planned('C A B', memory('AB'))).toBe('A B C');
    expect(planned('C A B A B', memory('AB', { room: 3 }))).toBe('A B A C B');
  });

  test('do not go before one that was overtaken for too long', () => {
    expect(planned('C A B', memory('AB'), { passed: { C: 2000 } })).toBe('C B A');
    expect(planned('C A B', memory('AB'), { passed: { C: 1999 } })).toBe('A B C');
  });

  test('and one that was overtaken for too long by another of them is the first of them', () => {
    expect(planned('A B', memory('AB'), { passed: { B: 2000 } })).toBe('B A');
  });
});

describe('of those that have to be loaded', () => {
  const three = { streak: 3 };
  /** A is kept warm, and leaves for C alone. */
  const kept = {
    ...memory('AB', { kept: 'A' }),
    leavers: (runner: string) => (runner === 'C' ? ['A'] : ['B']),
  };

  test('goes first what pushes out nobody who is needed', () => {
    // C and D push out A; but A itself, once it is out, has to come back.
    const fits = { ...memory('A', { room: 1 }), leavers: (runner: string) => (runner === 'D' ? [] : ['A']) };
    expect(planned('C D A', fits, three)).toBe('D A C');
  });

  test('what pushes out a model that is kept warm goes last', () => {
    expect(planned('C D B', kept, three)).toBe('D B C');
  });

  test('but not after it was overtaken for too long', () => {
    expect(planned('C D B', kept, { ...three, passed: { C: 2000 } })).toMatch(/^C/);
  });

  test('a lone one goes at once, whatever it pushes out', () => {
    expect(planned('C', memory('AB', { kept: 'AB' }))).toBe('C');
  });
});

test('no more than maxBatch in a row run without a load while somebody as urgent waits for one', () => {
  const anyCase = fc.record({
    runners: fc.array(fc.constantFrom('A', 'B', 'C', 'D', 'E'), { minLength: 1, maxLength: 25 }),
    inMemory: fc.subarray(['A', 'B', 'C']),
    room: fc.integer({ min: 1, max: 4 }),
    streak: fc.nat({ max: 5 }),
    maxBatch: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(anyCase, ({ runners, inMemory, room, streak, maxBatch }) => {
      const view = memory(inMemory.join(''), { room });
      const order = planned(runners.join(' '), view, { streak, maxBatch }).split(' ');
      expect(order.toSorted()).toEqual(runners.toSorted());
      let [row, now] = [streak, new Set(inMemory)];
      for (const [i, runner] of order.entries()) {
        const loads = !now.has(runner);
        row = loads ? 1 : row + 1;
        if (loads) {
          for (const leaver of view.leavers(runner, now)) now.delete(leaver);
          now = new Set([...now, runner]);
        } else if (order.slice(i + 1).some((later) => !now.has(later))) {
          expect(row).toBeLessThanOrEqual(maxBatch);
        }
      }
    }),
  );
});
