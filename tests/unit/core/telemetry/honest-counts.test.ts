// Counts and rates: one definition for every page, never NaN, and no room for hostile names.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { History } from '../../../../backend/core/telemetry/history.ts';
import { OTHERS, type Whose } from '../../../../backend/core/telemetry/tally.ts';
import { rates, Telemetry } from '../../../../backend/core/telemetry/telemetry.ts';
import { LOCAL } from '../../../../backend/core/ownership.ts';

const now = (): number => 0;
const whose = (model: string): Whose => ({ model, caller: 'app', owner: LOCAL });

describe('the rates', () => {
  test('are 0 before the first request', () => {
    expect(rates({ hits: 0, coalesced: 0, misses: 0 })).toEqual({ hit_rate: 0, miss_rate: 0 });
    expect(rates(new Telemetry(new History(now), now).counts)).toEqual({ hit_rate: 0, miss_rate: 0 });
  });

  test.each([
    [{ hits: 3, coalesced: 0, misses: 1 }, 0.75],
    [{ hits: 0, coalesced: 1, misses: 1 }, 0.5],
    [{ hits: 1, coalesced: 1, misses: 0 }, 1],
    [{ hits: 0, coalesced: 0, misses: 5 }, 0],
  ])('%o: hits and shared runs among all that asked the cache are %f', (counts, rate) => {
    expect(rates(counts)).toEqual({ hit_rate: rate, miss_rate: 1 - rate });
  });

  test('requests that did not ask the cache are in neither', () => {
    const telemetry = new Telemetry(new History(now), now);
    for (const source of ['hit', 'miss', 'bypass', 'bypass', 'bypass'] as const) telemetry.sourced(whose('m'), source);
    expect(rates(telemetry.counts)).toEqual({ hit_rate: 0.5, miss_rate: 0.5 });
  });

  test('are between 0 and 1 and complete each other', () => {
    const count = fc.nat({ max: 1_000_000_000 });
    fc.assert(
      fc.property(fc.record({ hits: count, coalesced: count, misses: count }), (counts) => {
        const { hit_rate, miss_rate } = rates(counts);
        for (const rate of [hit_rate, miss_rate]) {
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(1);
        }
        if (counts.hits + counts.coalesced + counts.misses > 0) expect(hit_rate + miss_rate).toBeCloseTo(1);
      }),
    );
  });
});

describe('the counts', () => {
  test('are those of what happened, in sum and by model', () => {
    const telemetry = new Telemetry(new History(now), now);
    telemetry.sourced(whose('a'), 'hit');
    telemetry.sourced(whose('a'), 'miss');
    telemetry.sourced(whose('b'), 'coalesced');
    telemetry.sourced(whose('b'), 'bypass');
    telemetry.sourced(whose('b'), 'bypass');
    telemetry.saved(whose('a'), 1500, 20);
    telemetry.saved(whose('a'), 500, 5);
    telemetry.ended('completed');
    telemetry.refused();
    telemetry.ended('failed');
    telemetry.ended('cancelled');
    expect(telemetry.counts).toEqual({
      requests: 5,
      completed: 1,
      failed: 1,
      cancelled: 1,
      refused: 1,
      hits: 1,
      misses: 1,
      coalesced: 1,
      bypassed: 2,
      time_saved_ms: 2000,
      tokens_saved: 25,
    });
    expect(Object.fromEntries(telemetry.models)).toEqual({
      a: { hits: 1, misses: 1, coalesced: 0, bypassed: 0 },
      b: { hits: 0, misses: 0, coalesced: 1, bypassed: 2 },
    });
  });

  test('that were read do not change afterwards', () => {
    const telemetry = new Telemetry(new History(now), now);
    const before = telemetry.counts;
    telemetry.sourced(whose('m'), 'hit');
    expect(before.hits).toBe(0);
  });

  test('start again after a reset', () => {
    const telemetry = new Telemetry(new History(now), now);
    telemetry.sourced(whose('m'), 'hit', 'memory');
    telemetry.saved(whose('m'), 1, 1);
    telemetry.ended('completed');
    telemetry.reset();
    expect(Object.values(telemetry.counts).every((count) => count === 0)).toBe(true);
    expect(telemetry.models.size).toBe(0);
    telemetry.sourced(whose('m'), 'hit', 'disk');
    expect(telemetry.found).toEqual({ memory: 0, disk: 1, shared: 0 });
  });

  test('of hits are told by where each was found, recorded answers nowhere', () => {
    const telemetry = new Telemetry(new History(now), now);
    for (const tier of ['memory', 'memory', 'shared', undefined] as const) telemetry.sourced(whose('m'), 'hit', tier);
    expect(telemetry.found).toEqual({ memory: 2, disk: 0, shared: 1 });
    expect(telemetry.counts.hits).toBe(4);
  });

  test('names without end share one figure, and those known before keep theirs', () => {
    const telemetry = new Telemetry(new History(now), now);
    for (let n = 0; n < 5000; n++) telemetry.sourced(whose(`model ${n}`), 'miss');
    telemetry.sourced(whose('model 0'), 'hit');
    expect(telemetry.models.size).toBeLessThanOrEqual(101);
    expect(telemetry.models.get('model 0')).toMatchObject({ hits: 1, misses: 1 });
    const sum = [...telemetry.models.values()].reduce((all, { misses }) => all + misses, 0);
    expect(sum).toBe(5000);
    expect(telemetry.models.get(OTHERS)?.misses).toBeGreaterThan(4000);
    expect(telemetry.counts.misses).toBe(5000);
  });
});
