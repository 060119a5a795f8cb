// The response cache: bounded in bytes whatever happens, least recently used out first, nothing kept past its time,
// and every figure that it shows can be counted again.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../../../backend/contract/config/config.ts';
import { ResponseCache } from '../../../../backend/core/cache/cache.ts';
import { completion, config, SOME_METRICS } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';

const KB = 1024;
const MB = 1024 * KB;
const ABOUT = { model: 'm', ttl: 3600, runMs: 1100 };

const keyOf = (n: number): string => n.toString(16).padStart(8, '0').repeat(8);
const answer = (kilobytes: number) => completion(['x'.repeat(kilobytes * KB)]);

/** A cache, its clock, and a way to change its configuration. */
function open(cache: Partial<Config['cache']> = {}) {
  const clock = new ManualClock();
  let settings = config({ cache });
  const made = new ResponseCache(() => settings, clock);
  const configure = (change: Partial<Config['cache']>): void => {
    settings = { ...settings, cache: { ...settings.cache, ...change } };
  };
  return { cache: made, clock, configure };
}

describe('what is kept', () => {
  test('comes back whole, with its age and what it had cost', async () => {
    const { cache, clock } = open();
    const kept = completion([{ thinking: 'hm' }, 'one', ' two']);
    expect(cache.put(keyOf(1), kept, ABOUT)).toBe(true);
    await clock.advance(90_500);
    const hit = cache.get(keyOf(1));
    expect(hit).toMatchObject({ model: 'm', age: 90, ttl: 3509, runMs: 1100, tokens: SOME_METRICS.eval_count });
    expect(hit?.record()).toEqual(kept);
    expect(hit?.kept().end).toEqual(kept.end);
  });

  test('is replaced by a newer answer to the same', () => {
    const { cache } = open();
    cache.put(keyOf(1), completion(['old']), { ...ABOUT, model: 'a' });
    cache.put(keyOf(1), completion(['new']), { ...ABOUT, model: 'b' });
    expect(cache.get(keyOf(1))?.record().content).toBe('new');
    expect([...cache.figures().by_model.keys()]).toEqual(['b']);
    expect(cache.size.entries).toBe(1);
  });

  test('is nothing at first', () => {
    const { cache } = open();
    expect(cache.get(keyOf(1))).toBeUndefined();
    expect(cache.figures()).toMatchObject({ entries: 0, bytes: 0, evictions: 0, expired: 0, refused_too_large: 0 });
  });
});

describe('time to live', () => {
  test('an answer is there until its time is over, and not a moment longer', async () => {
    const { cache, clock } = open();
    cache.put(keyOf(1), answer(1), { ...ABOUT, ttl: 10 });
    await clock.advance(9_999);
    expect(cache.get(keyOf(1))?.ttl).toBe(0);
    await clock.advance(1);
    expect(cache.get(keyOf(1))).toBeUndefined();
  });

  test('the read of an expired one is a miss, removes it and is counted once', async () => {
    const { cache, clock } = open();
    cache.put(keyOf(1), answer(1), { ...ABOUT, ttl: 10 });
    await clock.advance(10_000);
    expect(cache.get(keyOf(1))).toBeUndefined();
    expect(cache.get(keyOf(1))).toBeUndefined();
    expect(cache.figures()).toMatchObject({ expired: 1, entries: 0, bytes: 0, evictions: 0 });
  });

  test('reading does not start it again', async () => {
    const { cache, clock } = open();
    cache.put(keyOf(1), answer(1), { ...ABOUT, ttl: 10 });
    await clock.advance(9_000);
    cache.get(keyOf(1));
    await clock.advance(1_000);
    expect(cache.get(keyOf(1))).toBeUndefined();
  });

  test('one that is too old for a caller is a miss for that caller alone', async () => {
    const { cache, clock } = open();
    cache.put(keyOf(1), answer(1), ABOUT);
    await clock.advance(5_000);
    expect(cache.get(keyOf(1), 5)).toBeDefined();
    expect(cache.get(keyOf(1), 4)).toBeUndefined();
    expect(cache.get(keyOf(1), 0)).toBeUndefined();
    expect(cache.get(keyOf(1))).toBeDefined();
    expect(cache.figures().expired).toBe(0);
  });

  test.each([-3_600_000, 3_600_000])('a wall clock set by %i ms makes no answer older or younger', async (ms) => {
    const { cache, clock } = open();
    const stored = clock.now();
    cache.put(keyOf(1), answer(1), ABOUT);
    await clock.advance(7000);
    const before = cache.get(keyOf(1));
    clock.jump(ms);
    const { age, ttl, storedAt } = cache.get(keyOf(1), 7) ?? {};
    expect({ age, ttl, storedAt }).toEqual({ age: 7, ttl: before?.ttl, storedAt: stored });
    expect(cache.clear({ olderThanS: 8 }).removed).toBe(0);
    expect(cache.clear({ olderThanS: 6 }).removed).toBe(1);
  });
});

describe('the bound in bytes', () => {
  test('a read keeps an entry alive; the one that nobody read goes', () => {
    const { cache } = open({ max_size_mb: 0.1 });
    for (const n of [1, 2, 3]) cache.put(keyOf(n), answer(30), ABOUT);
    cache.get(keyOf(1));
    cache.put(keyOf(4), answer(30), ABOUT);
    expect(cache.get(keyOf(2))).toBeUndefined();
    for (const n of [1, 3, 4]) expect(cache.get(keyOf(n))).toBeDefined();
    expect(cache.figures().evictions).toBe(1);
  });

  test('what an entry costs beside its text counts too', () => {
    const { cache } = open({ max_size_mb: 0.1 });
    for (let n = 0; n < 10_000; n++) cache.put(keyOf(n), completion(['']), ABOUT);
    expect(cache.size.entries).toBeLessThan(200);
  });

  test.each([0.1, 0.7, 1.5])('%f MB is a bound like any other', (max_size_mb) => {
    const { cache } = open({ max_size_mb, max_entry_mb: 10 });
    for (let n = 0; n < 100; n++) cache.put(keyOf(n), answer(40), ABOUT);
    expect(cache.size.bytes).toBeLessThanOrEqual(max_size_mb * MB);
    expect(cache.size.bytes).toBeGreaterThan(max_size_mb * MB - 50 * KB);
  });
});

describe('an answer that is too large', () => {
  test.each([
    ['for one entry', { max_entry_mb: 0.01 }],
    ['for the whole cache', { max_size_mb: 0.1, max_entry_mb: 100 }],
  ])('%s is refused and counted, and the older answer stays', (_what, bounds) => {
    const { cache } = open(bounds);
    cache.put(keyOf(1), completion(['small']), ABOUT);
    cache.put(keyOf(2), completion(['other']), ABOUT);
    const before = cache.size;
    expect(cache.put(keyOf(1), answer(200), ABOUT)).toBe(false);
    expect(cache.size).toEqual(before);
    expect(cache.get(keyOf(1))?.record().content).toBe('small');
    expect(cache.get(keyOf(2))).toBeDefined();
    expect(cache.figures()).toMatchObject({ refused_too_large: 1, evictions: 0 });
  });

  test('an answer of just the allowed size is kept', () => {
    const { cache } = open({ max_entry_mb: 0.05 });
    const overhead = 1000;
    expect(cache.put(keyOf(1), completion(['x'.repeat(0.05 * MB - overhead)]), ABOUT)).toBe(true);
    expect(cache.put(keyOf(1), completion(['x'.repeat(0.05 * MB + overhead)]), ABOUT)).toBe(false);
  });
});

describe('clearing', () => {
  const filled = async () => {
    const opened = open();
    const put = (n: number, model: string): boolean => opened.cache.put(keyOf(n), answer(1), { ...ABOUT, model });
    put(1, 'a');
    put(2, 'b');
    await opened.clock.advance(60_000);
    put(3, 'a');
    return opened;
  };
  const kept = (cache: ResponseCache): number[] => [1, 2, 3].filter((n) => cache.get(keyOf(n)) !== undefined);

  test('all of it frees every byte', async () => {
    const { cache } = await filled();
    const { bytes } = cache.size;
    expect(cache.clear()).toEqual({ removed: 3, freed_bytes: bytes });
    expect(cache.size).toMatchObject({ entries: 0, bytes: 0 });
    expect(kept(cache)).toEqual([]);
  });

  test('by model', async () => {
    const { cache } = await filled();
    expect(cache.clear({ model: 'a' })).toMatchObject({ removed: 2 });
    expect(kept(cache)).toEqual([2]);
  });

  test('by model, in whatever spelling Ollama reads as the same', async () => {
    const { cache } = await filled();
    expect(cache.clear({ model: 'A:latest' })).toMatchObject({ removed: 2 });
  });

  test('what is older', async () => {
    const { cache } = await filled();
    expect(cache.clear({ olderThanS: 60 })).toMatchObject({ removed: 0 });
    expect(cache.clear({ olderThanS: 59 })).toMatchObject({ removed: 2 });
    expect(kept(cache)).toEqual([3]);
  });

  test('by both', async () => {
    const { cache } = await filled();
    expect(cache.clear({ model: 'a', olderThanS: 30 })).toMatchObject({ removed: 1 });
    expect(kept(cache)).toEqual([2, 3]);
  });

  test('nothing that matches changes nothing', async () => {
    const { cache } = await filled();
    expect(cache.clear({ model: 'c' })).toEqual({ removed: 0, freed_bytes: 0 });
    expect(kept(cache)).toEqual([1, 2, 3]);
  });

  test('is no eviction', async () => {
    const { cache } = await filled();
    cache.clear();
    expect(cache.figures()).toMatchObject({ evictions: 0, expired: 0 });
  });
});

describe('deleting one', () => {
  const KEYS = ['a'.repeat(64), `${'b'.repeat(16)}${'d'.repeat(48)}`, 'c'.repeat(64)];
  const filled = (): ResponseCache => {
    const { cache } = open();
    for (const key of KEYS) cache.put(key, answer(1), ABOUT);
    return cache;
  };

  test.each([
    ['by its key', 'c'.repeat(64), 1],
    ['by the sixteen digits that X-Cache-Key shows', 'c'.repeat(16), 1],
    ['by a longer beginning', `${'b'.repeat(16)}d`, 1],
    ['not by a longer beginning that goes on otherwise', `${'b'.repeat(16)}c`, 0],
    ['not by a shorter beginning', 'c'.repeat(15), 0],
    ['not by a key that is not there', 'd'.repeat(64), 0],
    ['not by a beginning that is not there', 'd'.repeat(16), 0],
    ['not by nothing', '', 0],
  ])('%s', (_how, key, removed) => {
    const cache = filled();
    const { bytes } = cache.size;
    const done = cache.delete(key);
    expect(done.removed).toBe(removed);
    expect(cache.size).toMatchObject({ entries: 3 - removed, bytes: bytes - done.freed_bytes });
    expect(done.freed_bytes > 0).toBe(removed > 0);
  });

  test('of two keys that begin alike the later one is kept, and neither is served for the other', () => {
    const { cache } = open();
    const [one = '', other = ''] = ['a', 'b'].map((rest) => 'c'.repeat(16) + rest.repeat(48));
    cache.put(one, answer(1), { ...ABOUT, mark: 'old' });
    expect(cache.get(other)).toBeUndefined();
    cache.put(other, completion(['later']), ABOUT);
    expect(cache.get(one)).toBeUndefined();
    expect(cache.get(other)).toMatchObject({ marks: [] });
    expect(cache.size.entries).toBe(1);
    expect(cache.delete(one).removed).toBe(0);
  });
});

describe('another size', () => {
  test('smaller: the most recently used that fit stay', () => {
    const { cache, configure } = open({ max_size_mb: 1 });
    for (const n of [1, 2, 3, 4, 5]) cache.put(keyOf(n), answer(30), ABOUT);
    cache.get(keyOf(1));
    configure({ max_size_mb: 0.1 });
    cache.reconfigured();
    const kept = [1, 2, 3, 4, 5].filter((n) => cache.get(keyOf(n)) !== undefined);
    expect(kept).toEqual([1, 4, 5]);
    expect(cache.size).toMatchObject({ entries: 3, max_bytes: Math.floor(0.1 * MB) });
  });

  test('larger: everything stays, in its order', () => {
    const { cache, configure } = open({ max_size_mb: 0.1 });
    for (const n of [1, 2, 3]) cache.put(keyOf(n), answer(30), ABOUT);
    cache.get(keyOf(1));
    configure({ max_size_mb: 0.13 });
    cache.reconfigured();
    for (const n of [4, 5]) cache.put(keyOf(n), answer(30), ABOUT);
    expect([1, 2, 3, 4, 5].filter((n) => cache.get(keyOf(n)) !== undefined)).toEqual([1, 3, 4, 5]);
  });

  test('an entry that is now larger than the whole cache goes, and is not counted on', () => {
    const { cache, configure } = open({ max_size_mb: 1 });
    cache.put(keyOf(1), answer(500), { ...ABOUT, model: 'large' });
    cache.put(keyOf(2), answer(1), { ...ABOUT, model: 'small' });
    configure({ max_size_mb: 0.1 });
    cache.reconfigured();
    expect(cache.size.entries).toBe(1);
    expect([...cache.figures().by_model.keys()]).toEqual(['small']);
  });

  test('the same: nothing happens', () => {
    const { cache } = open();
    cache.put(keyOf(1), answer(1), ABOUT);
    const before = cache.figures();
    cache.reconfigured();
    expect(cache.figures()).toEqual(before);
  });
});

test('counts start again when asked, and what is kept stays', async () => {
  const { cache, clock } = open({ max_size_mb: 0.1 });
  for (let n = 0; n < 10; n++) cache.put(keyOf(n), answer(30), ABOUT);
  cache.put(keyOf(20), answer(2000), ABOUT);
  cache.put(keyOf(9), answer(1), { ...ABOUT, ttl: 1 });
  await clock.advance(1000);
  cache.get(keyOf(9));
  expect(cache.figures()).toMatchObject({ evictions: 7, expired: 1, refused_too_large: 1 });
  cache.resetCounts();
  expect(cache.figures()).toMatchObject({ evictions: 0, expired: 0, refused_too_large: 0, entries: 2 });
});

describe('whatever is done to it, in any order', () => {
  const MODELS = ['a', 'b', 'c'];
  const anyKey = fc.nat({ max: 20 });
  type Step = (opened: ReturnType<typeof open>) => unknown;
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .record({
          n: anyKey,
          size: fc.nat({ max: 60 }),
          model: fc.constantFrom(...MODELS),
          ttl: fc.constantFrom(1, 5, 60),
        })
        .map(
          ({ n, size, model, ttl }): Step =>
            ({ cache }) =>
              cache.put(keyOf(n), answer(size), { model, ttl, runMs: 1 }),
        ),
    },
    {
      weight: 4,
      arbitrary: anyKey.map(
        (n): Step =>
          ({ cache }) =>
            cache.get(keyOf(n)),
      ),
    },
    {
      weight: 1,
      arbitrary: anyKey.map(
        (n): Step =>
          ({ cache }) =>
            cache.delete(keyOf(n)),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...MODELS).map(
        (model): Step =>
          ({ cache }) =>
            cache.clear({ model }),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.nat({ max: 9 }).map(
        (olderThanS): Step =>
          ({ cache }) =>
            cache.clear({ olderThanS }),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.nat({ max: 4000 }).map(
        (ms): Step =>
          ({ clock }) =>
            clock.pass(ms),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(0.03, 0.06, 0.1, 0.2).map((max_size_mb): Step => ({ cache, configure }) => {
        configure({ max_size_mb });
        cache.reconfigured();
      }),
    },
  );

  test('the bound holds, and the counts by model are those of a recount', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const opened = open({ max_size_mb: 0.1 });
        const { cache } = opened;
        for (const run of steps) {
          run(opened);
          const { entries, bytes, max_bytes, by_model } = cache.figures();
          expect(bytes).toBeLessThanOrEqual(max_bytes);
          const sums = [...by_model.values()];
          expect(sums.reduce((sum, model) => sum + model.entries, 0)).toBe(entries);
          expect(sums.every((model) => model.entries > 0 && model.bytes > 0)).toBe(true);
          expect(sums.reduce((sum, model) => sum + model.bytes, 0)).toBeLessThanOrEqual(bytes);
        }
        const { by_model } = cache.figures();
        for (const model of MODELS) {
          const counted = by_model.get(model)?.entries ?? 0;
          expect(cache.clear({ model }).removed).toBe(counted);
        }
        expect(cache.size).toMatchObject({ entries: 0, bytes: 0 });
        expect(cache.figures().by_model.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe('ready texts', () => {
  /** Keeps an answer as a text of so many characters, in each of some forms. */
  const keepTexts = (cache: ResponseCache, n: number, forms: readonly string[], length: number): void => {
    const hit = cache.get(keyOf(n));
    for (const form of forms) if (hit !== undefined) cache.readyText(hit, form, () => 'x'.repeat(length));
  };

  test('go with their answers, and evict no more than has to go', () => {
    const { cache } = open({ max_size_mb: 1, max_entry_mb: 1 });
    cache.put(keyOf(1), answer(1), ABOUT);
    keepTexts(cache, 1, ['a'], 60 * KB);
    expect(cache.put(keyOf(2), answer(1020), ABOUT)).toBe(true);
    expect(cache.figures()).toMatchObject({ entries: 1, evictions: 1 });
  });

  test('make room for answers in a cache that shrinks', () => {
    const { cache, configure } = open({ max_size_mb: 256 });
    for (let n = 0; n < 20; n++) {
      cache.put(keyOf(n), answer(1), ABOUT);
      keepTexts(cache, n, ['a', 'b', 'c', 'd', 'e'], 100 * KB);
    }
    expect(cache.size.bytes).toBeGreaterThan(9 * MB);
    configure({ max_size_mb: 4 });
    cache.reconfigured();
    expect(cache.figures()).toMatchObject({ entries: 20, evictions: 0 });
    expect(cache.size.bytes).toBeLessThan(MB);
  });

  test.each(['clear', 'delete'] as const)('count among the bytes that %s frees', (how) => {
    const { cache } = open();
    cache.put(keyOf(1), answer(1), ABOUT);
    keepTexts(cache, 1, ['a', 'b'], 50 * KB);
    const { bytes } = cache.size;
    expect(bytes).toBeGreaterThan(100 * KB);
    expect(how === 'clear' ? cache.clear() : cache.delete(keyOf(1))).toEqual({ removed: 1, freed_bytes: bytes });
    expect(cache.size).toMatchObject({ entries: 0, bytes: 0 });
  });
});
