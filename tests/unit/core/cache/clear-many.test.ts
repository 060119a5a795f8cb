// Clearing a large cache: at once for everybody who asks, exact in what it tells, and in portions for the process.
import { describe, expect, test } from 'vitest';
import type { Config } from '../../../../backend/contract/config/config.ts';
import { ResponseCache } from '../../../../backend/core/cache/cache.ts';
import { GROUP_SIZE } from '../../../../backend/core/cache/groups.ts';
import { completion, config } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';

const MANY = 8 * GROUP_SIZE;
const ABOUT = { model: 'a', ttl: 3600, runMs: 1 };
const ANSWER = completion(['yes']);

const keyOf = (n: number): string => n.toString(16).padStart(8, '0').repeat(8);

/** A cache of many entries, whose portions of tidying wait in a list until the test runs them. */
function open(count: number = MANY, cache: Partial<Config['cache']> = {}) {
  const clock = new ManualClock();
  const portions: (() => void)[] = [];
  let settings = config({ cache });
  const made = new ResponseCache(
    () => settings,
    clock,
    (work) => void portions.push(work),
  );
  const put = (n: number, about: object = {}): boolean => made.put(keyOf(n), ANSWER, { ...ABOUT, ...about });
  for (let n = 0; n < count; n++) put(n);
  return {
    cache: made,
    clock,
    portions,
    put,
    kept: (): number => Array.from({ length: MANY }, (_, n) => made.get(keyOf(n))).filter(Boolean).length,
    finish: (): void => {
      for (let next = portions.shift(); next !== undefined; next = portions.shift()) next();
    },
    resize: (max_size_mb: number): void => {
      settings = config({ cache: { ...cache, max_size_mb } });
      made.reconfigured();
    },
  };
}

describe('before the first portion is done', () => {
  test('nothing that was cleared is served or counted, and the answer says how much it was', () => {
    const { cache, portions, put, kept } = open();
    const { bytes } = cache.size;
    put(MANY, { model: 'b' });
    const other = cache.size.bytes - bytes;
    expect(cache.clear({ model: 'a' })).toEqual({ removed: MANY, freed_bytes: bytes });
    expect(portions).toHaveLength(1);
    expect(kept()).toBe(0);
    expect(cache.size).toMatchObject({ entries: 1, bytes: other });
    expect([...cache.figures().by_model.keys()]).toEqual(['b']);
    expect(cache.get(keyOf(MANY))).toBeDefined();
  });

  test('a second call finds what came since, and nothing twice', () => {
    const { cache, put } = open();
    cache.clear({ model: 'a' });
    put(1);
    put(MANY + 1);
    expect(cache.clear({ model: 'a' }).removed).toBe(2);
    expect(cache.clear()).toEqual({ removed: 0, freed_bytes: 0 });
  });

  test('an entry that was cleared cannot be deleted again', () => {
    const { cache } = open();
    cache.clear();
    expect(cache.delete(keyOf(0)).removed).toBe(0);
  });

  test('an answer in the place of one that is gone does not have its marks', () => {
    const { cache, put } = open(0);
    for (let n = 0; n < MANY; n++) put(n, { mark: 'seen' });
    cache.clear();
    put(0);
    expect(cache.get(keyOf(0))?.marks).toEqual([]);
  });
});

describe('while the portions are done', () => {
  test('what was stored meanwhile stays', () => {
    const { cache, put, kept, portions, finish } = open();
    cache.clear({ model: 'a' });
    for (let n = 0; n < 10; n++) put(n);
    portions.shift()?.();
    for (let n = 10; n < 20; n++) put(n);
    finish();
    expect(kept()).toBe(20);
    expect(cache.size.entries).toBe(20);
    expect(cache.clear().removed).toBe(20);
    finish();
    expect(cache.size).toMatchObject({ entries: 0, bytes: 0 });
  });

  test('what is gone makes room before anything that is kept', () => {
    const size = open(1).cache.size.bytes;
    const { cache, put } = open(0, { max_size_mb: (size * MANY) / 2 ** 20 });
    // Those that stay are the ones that would have to go first.
    for (let n = 0; n < GROUP_SIZE; n++) put(n, { model: 'b' });
    for (let n = GROUP_SIZE; n < MANY; n++) put(n);
    cache.clear({ model: 'a' });
    for (let n = GROUP_SIZE; n < MANY; n++) put(MANY + n);
    expect(cache.figures()).toMatchObject({ evictions: 0, entries: MANY });
  });

  test('each portion is about one group', () => {
    const { cache, portions } = open();
    cache.clear();
    let count = 1;
    for (let next = portions.shift(); next !== undefined; next = portions.shift()) {
      next();
      count++;
    }
    expect(count).toBe(MANY / GROUP_SIZE);
  });
});

describe('by age', () => {
  test('a group of which only some are older is parted, and the rest stays', async () => {
    const { cache, clock, put, kept, finish } = open(GROUP_SIZE + 10);
    await clock.advance(10_000);
    for (let n = GROUP_SIZE + 10; n < GROUP_SIZE + 30; n++) put(n);
    expect(cache.clear({ olderThanS: 5 }).removed).toBe(GROUP_SIZE + 10);
    expect(kept()).toBe(20);
    finish();
    expect(kept()).toBe(20);
    expect(cache.size.entries).toBe(20);
  });

  test('an entry whose answer was renewed is as old as that', async () => {
    const { cache, clock, put, kept } = open(20);
    await clock.advance(10_000);
    put(3);
    expect(cache.clear({ olderThanS: 5 }).removed).toBe(19);
    expect(kept()).toBe(1);
  });
});

test('each sees and clears only its own, and this machine all', () => {
  const { cache, put } = open(0);
  for (let n = 0; n < 30; n++) put(n, { owner: n < 10 ? 'key:a' : 'key:b' });
  expect(cache.figures('key:a').by_model.get('a')?.entries).toBe(10);
  expect(cache.figures().by_model.get('a')?.entries).toBe(30);
  expect(cache.clear({ watcher: 'key:a' }).removed).toBe(10);
  expect(cache.clear({ watcher: 'key:a' }).removed).toBe(0);
  expect(cache.delete(keyOf(20), 'key:a').removed).toBe(0);
  expect(cache.clear().removed).toBe(20);
});

test('a much smaller size is reached in portions', () => {
  const { cache, portions, resize, finish } = open();
  const { bytes } = cache.size;
  resize(bytes / 8 / 2 ** 20);
  expect(portions).toHaveLength(1);
  finish();
  expect(cache.size.entries).toBe(MANY / 8);
  expect(cache.get(keyOf(MANY - 1))).toBeDefined();
  expect(cache.get(keyOf(0))).toBeUndefined();
});
