// May a request read the cache, be kept, be shared? The strongest voice decides, and each wish on its own.
import { describe, expect, test } from 'vitest';
import { planCache, type CacheWish, type PolicyInput } from '../../../../backend/core/cache/policy.ts';

const plan = (wishes: readonly CacheWish[], over: Partial<PolicyInput> = {}) =>
  planCache({
    wishes,
    enabled: true,
    deduplicate: true,
    byDefault: true,
    digestKnown: true,
    ttlSeconds: 3600,
    ...over,
  });

const NO_CACHE: CacheWish = { read: false, store: true };
const NO_STORE: CacheWish = { read: false, store: false };
const USE: CacheWish = { read: true, store: true };

describe('nobody asks for anything', () => {
  test('a route that caches by itself reads, keeps and shares', () => {
    expect(plan([])).toEqual({
      read: true,
      store: true,
      share: true,
      onlyIfCached: false,
      maxAge: undefined,
      ttl: 3600,
      bypass: undefined,
    });
  });

  test('a route that does not cache by itself does none of it', () => {
    expect(plan([], { byDefault: false })).toMatchObject({
      read: false,
      store: false,
      share: false,
      bypass: 'requested',
    });
  });
});

describe('each wish', () => {
  test('no-cache does not read, does keep, and is a run of its own', () => {
    expect(plan([NO_CACHE])).toMatchObject({ read: false, store: true, share: false, bypass: 'refresh' });
  });

  test('no-store neither reads nor keeps', () => {
    expect(plan([NO_STORE])).toMatchObject({ read: false, store: false, share: false, bypass: 'requested' });
  });

  test('a wish to use the cache turns it on where it is off by default', () => {
    expect(plan([USE], { byDefault: false })).toMatchObject({
      read: true,
      store: true,
      share: true,
      bypass: undefined,
    });
  });

  test('max-age, ttl and only-if-cached are passed on', () => {
    expect(plan([{ maxAge: 5 }, { ttl: 60 }, { onlyIfCached: true }])).toMatchObject({
      maxAge: 5,
      ttl: 60,
      onlyIfCached: true,
      read: true,
    });
    expect(plan([{ maxAge: 0 }]).maxAge).toBe(0);
  });
});

describe('between voices', () => {
  test.each([
    ['the first that speaks wins', [USE, NO_STORE], { read: true, store: true }],
    ['the other way round too', [NO_STORE, USE], { read: false, store: false }],
    ['one that says nothing leaves it to the next', [{}, NO_CACHE], { read: false, store: true }],
    ['each wish is decided by itself', [{ store: false }, { read: true, store: true }], { read: true, store: false }],
    ['a weaker max-age counts when no stronger one is there', [{ read: true }, { maxAge: 9 }], { maxAge: 9 }],
    ['a stronger max-age hides a weaker one', [{ maxAge: 1 }, { maxAge: 9 }], { maxAge: 1 }],
    ['a stronger ttl hides a weaker one', [{ ttl: 1 }, { ttl: 9 }], { ttl: 1 }],
    ['false is a word too', [{ onlyIfCached: false }, { onlyIfCached: true }], { onlyIfCached: false }],
  ] as const)('%s', (_what, wishes, expected) => {
    expect(plan(wishes)).toMatchObject(expected);
  });
});

describe('above all wishes', () => {
  test('a cache that is off stays off', () => {
    expect(plan([USE], { enabled: false })).toMatchObject({
      read: false,
      store: false,
      share: false,
      bypass: 'disabled',
    });
  });

  test('a model without a known digest is never cached, since a change would not be noticed', () => {
    expect(plan([USE], { digestKnown: false })).toMatchObject({
      read: false,
      store: false,
      share: false,
      bypass: 'unknown_model',
    });
  });

  test('deduplication switched off leaves the cache as it is and shares nothing', () => {
    expect(plan([], { deduplicate: false })).toMatchObject({ read: true, store: true, share: false });
  });

  test('what would not be kept is not shared', () => {
    expect(plan([{ store: false }])).toMatchObject({ read: true, store: false, share: false });
  });
});
