// The cache over a disk, on a real file: what memory misses comes from there, and the two never say different things.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ResponseCache } from '../../../../backend/core/cache/cache.ts';
import { ANSWER_PARTS, ANSWER_TABLES, DiskAnswers } from '../../../../backend/storage/shelves/answer-store.ts';
import { openDatabase, type Database } from '../../../../backend/storage/database.ts';
import { encodeRecord } from '../../../../backend/core/cache/record.ts';
import type { StoredAnswer } from '../../../../backend/core/disk.ts';
import { KeptTime, TIME_TABLE } from '../../../../backend/storage/kept-time.ts';
import { completion, config } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';
import { deferred } from '../../../support/waiting.ts';

const ABOUT = { model: 'a', ttl: 3600, runMs: 5 };
const keyOf = (n: number): string => n.toString(16).padStart(8, '0').repeat(8);

let folder = '';
let clock: ManualClock;
let database: Database;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-tiers-'));
  clock = new ManualClock();
  const schema = { migrations: [ANSWER_TABLES, TIME_TABLE, ANSWER_PARTS], carried: [] };
  database = openDatabase({ folder, clock, log: pino({ level: 'silent' }), schema });
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As after a start: nothing is in memory. */
function anew(cache: { max_size_mb?: number; max_entry_mb?: number; disk_max_size_mb?: number } = {}): ResponseCache {
  const settings = config({ cache });
  const made = new ResponseCache(() => settings, clock);
  made.over(new DiskAnswers(database, new KeptTime(database, clock), () => settings));
  return made;
}
const put = (cache: ResponseCache, n: number, more: object = {}): boolean =>
  cache.put(keyOf(n), completion([`answer ${n}`]), { ...ABOUT, ...more });

/** How often the disk was read since the last time. */
function countReads(): () => number {
  const { read } = database;
  let reads = 0;
  database.read = (work) => (reads++, read.call(database, work)) as never;
  return () => {
    const count = reads;
    reads = 0;
    return count;
  };
}

test('what memory misses is read from the disk once, as old as it is', () => {
  put(anew(), 1);
  database.flush();
  clock.pass(60_000);
  const cache = anew();
  const reads = countReads();
  expect(cache.get(keyOf(1), 59)).toBeUndefined();
  expect(cache.get(keyOf(1))).toMatchObject({ age: 60, ttl: 3540, runMs: 5, model: 'a', tier: 'disk' });
  expect(cache.get(keyOf(1))?.record().content).toBe('answer 1');
  expect(reads()).toBeGreaterThan(0);
  expect(cache.get(keyOf(1), 60)?.tier).toBe('memory');
  expect(reads()).toBe(0);
  clock.pass(3_540_000);
  expect(cache.get(keyOf(1))).toBeUndefined();
});

test('an old answer that came back is cleared by its age, and those kept since stay', () => {
  put(anew(), 1);
  database.flush();
  clock.pass(60_000);
  const cache = anew();
  put(cache, 2);
  cache.get(keyOf(1));
  put(cache, 3);
  expect(cache.clear({ olderThanS: 30 })).toMatchObject({ removed: 1 });
  expect([1, 2, 3].filter((n) => cache.get(keyOf(n)) !== undefined)).toEqual([2, 3]);
});

test('the marks of an answer are not lost when it leaves memory', () => {
  put(anew(), 1, { mark: 'first' });
  database.flush();
  const cache = anew();
  put(cache, 1, { mark: 'second' });
  expect(cache.get(keyOf(1))?.marks).toEqual(['first', 'second']);
  database.flush();
  expect(anew().get(keyOf(1))?.marks).toEqual(['first', 'second']);
});

test('what memory has no room for takes none of it, and takes the place of what memory has', () => {
  const cache = anew({ max_size_mb: 0.1 });
  put(cache, 1);
  const { bytes } = cache.size;
  expect(cache.put(keyOf(1), completion(['x'.repeat(200_000)]), ABOUT)).toBe(true);
  const hit = cache.get(keyOf(1));
  expect(hit?.record().content).toHaveLength(200_000);
  if (hit !== undefined) cache.readyText(hit, 'form', ({ tokens }) => `told ${tokens}`);
  expect(cache.size).toMatchObject({ entries: 0, bytes: 0 });
  expect(bytes).toBeGreaterThan(0);
});

test('one that neither takes is refused, and the one before it stays', () => {
  const cache = anew({ max_entry_mb: 0.1 });
  put(cache, 1);
  expect(cache.put(keyOf(1), completion(['x'.repeat(200_000)]), ABOUT)).toBe(false);
  expect(cache.get(keyOf(1))?.record().content).toBe('answer 1');
  expect(cache.figures().refused_too_large).toBe(1);
});

test('uses of an answer in memory are noted on the disk once in ten minutes', () => {
  const cache = anew();
  put(cache, 1);
  database.flush();
  const usedAt = (): unknown => database.read((sql) => sql.get('SELECT used_at FROM answers'));
  const first = usedAt();
  const useFor = (ms: number): void => {
    for (let i = 0; i < 100; i++) cache.glance(keyOf(1));
    clock.pass(ms);
    for (let i = 0; i < 100; i++) cache.glance(keyOf(1));
    database.flush();
  };
  useFor(599_000);
  expect(usedAt()).toEqual(first);
  useFor(1000);
  expect(usedAt()).not.toEqual(first);
});

test.each<[string, (cache: ResponseCache) => void]>([
  ['removed', (cache) => void cache.delete(keyOf(1))],
  ['removed by another gateway', (cache) => cache.removals.forget([{ key: keyOf(1).slice(0, 16), watcher: 'local' }])],
  ['cleared with its model', (cache) => cache.removals.clear({ watcher: 'local', model: 'a' })],
])('what is %s while it comes from another gateway does not come into memory', async (_how, remove) => {
  const cache = anew();
  const { promise, resolve } = deferred<ReadonlyMap<string, StoredAnswer>>();
  const done = (): Promise<boolean> => Promise.resolve(true);
  cache.shareThrough({ find: () => promise, keep: done, used: done, delete: done, clear: done });
  const fetched = cache.fetch([keyOf(1), keyOf(2)]);
  remove(cache);
  const answer = (model: string): StoredAnswer => {
    const bytes = encodeRecord(completion(['of another']));
    return { owner: 'local', model, runMs: 1, tokens: 1, marks: [], bytes, ageMs: 0, leftMs: 60_000 };
  };
  resolve(
    new Map([
      [keyOf(1), answer('a')],
      [keyOf(2), answer('b')],
    ]),
  );
  expect([...(await fetched).keys()]).toEqual([keyOf(2)]);
  expect([cache.get(keyOf(1)), cache.get(keyOf(2))?.tier]).toEqual([undefined, 'memory']);
});
