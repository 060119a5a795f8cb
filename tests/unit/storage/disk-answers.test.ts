// Answers on the disk, in real files: what is there after a restart, and how much room they take.
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Database } from '../../../backend/storage/database.ts';
import { Connection } from '../../../backend/storage/rows.ts';
import { PART_BYTES } from '../../../backend/storage/shelves/shelf-tables.ts';
import type { ManualClock } from '../../support/clocks.ts';
import { answersOnDisk, bytesOf, keyOf, NOTES, TTL } from '../../support/answers-on-disk.ts';

const MB = 1024 * 1024;

const open = answersOnDisk();

const usedBytes = (database: Database): number =>
  database.read((sql) => {
    const value = (name: string): number => Number(Object.values(sql.get(`PRAGMA ${name}`) as object)[0]);
    return (value('page_count') - value('freelist_count')) * 4096;
  });

describe('after a restart', () => {
  test('an answer is there with all that is known of it, as much older as time has passed', () => {
    const notes = { owner: 'key:b', marks: ['x', 'y'], truncated: { tokens: 9000, size: 8192 } };
    const first = open();
    first.put(1, notes);
    first.clock.pass(60_000);
    first.close();
    const again = open({ clock: first.clock });
    expect(again.answers.find(keyOf(1))).toEqual({
      ...NOTES,
      ...notes,
      bytes: bytesOf(1),
      ageMs: 60_000,
      leftMs: TTL - 60_000,
    });
    expect(again.answers.figures?.entries).toBe(1);
  });

  test('one that has expired meanwhile is not there, and is taken out', async () => {
    const first = open();
    first.put(1, {}, 5000, 10_000);
    first.put(2, {});
    first.close();
    const again = open({ clock: first.clock });
    again.clock.pass(10_000);
    expect(again.which(3)).toEqual([2]);
    again.put(3, {}, 5000, 10_000);
    again.database.flush();
    again.clock.pass(TTL);
    again.answers.reconfigured();
    await again.clock.advance(5000);
    expect(again.answers.figures?.entries).toBe(0);
  });

  test('the newer of two answers to one question is there, once', () => {
    const first = open();
    first.put(1, { model: 'old' });
    first.database.flush();
    first.put(1, { model: 'new' });
    first.close();
    const again = open();
    expect(again.answers.find(keyOf(1))?.model).toBe('new');
    expect(again.answers.clear({ watcher: 'local' }).removed).toBe(1);
  });
});

describe('the clock on the wall', () => {
  test('set while Hearth runs it changes nothing', () => {
    const { clock, put, answers } = open();
    put(1);
    clock.jump(86_400_000);
    clock.pass(1000);
    expect(answers.find(keyOf(1))).toMatchObject({ ageMs: 1000, leftMs: TTL - 1000 });
    clock.jump(-2 * 86_400_000);
    expect(answers.find(keyOf(1))).toMatchObject({ ageMs: 1000, leftMs: TTL - 1000 });
  });

  test('set forward while Hearth runs, as by a sleep, it ages nothing at the next start', () => {
    const first = open();
    first.put(1);
    first.clock.jump(8 * TTL);
    first.clock.pass(1000);
    first.time.beat();
    first.database.flush();
    // Also when there is no time to note it.
    const image = first.killed();
    const crashed = open({ clock: first.clock, path: image });
    expect(crashed.answers.find(keyOf(1))?.ageMs).toBe(1000);
    first.close();
    first.clock.jump(2000);
    expect(open({ clock: first.clock }).answers.find(keyOf(1))?.ageMs).toBe(3000);
  });

  test('set back between two runs it revives nothing, and answers go on ageing', () => {
    const first = open();
    first.put(1, {}, 5000, 10_000);
    first.put(2);
    first.clock.pass(20_000);
    first.close();
    first.clock.jump(-86_400_000);
    const again = open({ clock: first.clock });
    expect(again.which(3)).toEqual([2]);
    again.clock.pass(5000);
    expect(again.answers.find(keyOf(2))?.ageMs).toBe(25_000);
  });
});

describe('room', () => {
  test('is counted in pages as they lie in the file, whatever comes and goes', () => {
    const { answers, put, database } = open({ mb: 2 });
    const empty = usedBytes(database);
    for (let n = 0; n < 300; n++) {
      put(n % 150, {}, (n * 7919) % 40_000);
      if (n % 50 === 0) answers.delete(keyOf(n), 'local');
      if (n % 20 === 0) database.flush();
      expect(answers.figures?.bytes).toBeLessThanOrEqual(2 * MB);
    }
    database.flush();
    expect(answers.figures?.bytes).toBe(usedBytes(database) - empty);
    expect(answers.figures?.bytes).toBeGreaterThan(1.8 * MB);
  });

  test('is made by those not used for the longest time, and a use counts though it is noted late', () => {
    const { answers, put, database, found, clock } = open({ mb: 1 });
    for (let n = 0; n < 100; n++) {
      put(n);
      clock.pass(1000);
    }
    database.flush();
    clock.pass(11 * 60_000);
    expect(found(0)).toBe(true);
    database.flush();
    for (let n = 100; n < 230; n++) {
      clock.pass(1000);
      put(n);
    }
    database.flush();
    expect([0, 1, 2, 229].filter(found)).toEqual([0, 229]);
    expect(answers.figures?.entries).toBeLessThan(200);
  });

  test('finding one again and again writes nothing', () => {
    const { put, database, found, answers } = open();
    put(1);
    database.flush();
    let writes = 0;
    const { later } = database;
    database.later = (work) => (writes++, later.call(database, work));
    for (let n = 0; n < 1000; n++) found(1);
    expect(writes).toBe(0);
    for (let n = 0; n < 1000; n++) answers.used(keyOf(1));
    expect(writes).toBe(1);
  });

  test('one that is larger than all of it is refused, and the older one is not told in its stead', () => {
    const { put, database, found } = open({ mb: 1 });
    put(1);
    database.flush();
    expect(put(1, {}, 2 * MB)).toBe(false);
    database.flush();
    expect(found(1)).toBe(false);
  });
});

test('a damaged record is a miss: it is removed, and the others are not touched', () => {
  const { answers, put, database, found } = open();
  for (const n of [1, 2, 3, 4]) put(n);
  database.flush();
  database.commit((sql) => {
    sql.run('UPDATE answers_records SET record = (SELECT record FROM answers_records WHERE id = 2) WHERE id = 1');
    sql.run(`UPDATE answers SET about = '{"runMs":1,"tokens":2,"marks":[]}' WHERE id = 3`);
  });
  expect([1, 2, 3, 4].filter(found)).toEqual([2, 4]);
  expect(answers.damaged).toBe(2);
  expect(answers.figures?.entries).toBe(2);
});

describe('a long one', () => {
  afterEach(() => vi.restoreAllMocks());

  const LONG = 3.5 * PART_BYTES;
  /** Any two parts of it are different. */
  const numbers = Buffer.from(Uint32Array.from({ length: LONG / 4 }, (_, i) => i).buffer);
  const left = (database: Database): unknown =>
    database.read((sql) =>
      sql.get('SELECT (SELECT count(*) FROM answers_parts) AS parts, (SELECT count(*) FROM answers_coming) AS coming'),
    );
  const NOTHING_LEFT = { parts: 0, coming: 0 };

  /** The lengths of what is written; each takes as long as a portion may, so that it is one. */
  function slow(clock: ManualClock): number[] {
    const { run } = Connection.prototype;
    const lengths: number[] = [];
    vi.spyOn(Connection.prototype, 'run').mockImplementation(function (this: Connection, sql, ...params) {
      const blob = params.find((each) => each instanceof Uint8Array);
      if (blob !== undefined) {
        lengths.push(blob.length);
        clock.pass(2);
      }
      return run.call(this, sql, ...params);
    });
    return lengths;
  }

  test('is written in parts, and is there after a restart as it was', () => {
    const first = open();
    const lengths = slow(first.clock);
    first.answers.keep(keyOf(1), numbers, NOTES, TTL);
    const isWhole = ({ answers }: typeof first): boolean => answers.find(keyOf(1))?.bytes.equals(numbers) === true;
    expect(isWhole(first)).toBe(true);
    first.close();
    expect(lengths).toEqual([PART_BYTES, PART_BYTES, PART_BYTES, PART_BYTES / 2]);
    expect(isWhole(open())).toBe(true);
  });

  test('is not there before its last part; what a kill left of it is freed at the next start', async () => {
    const { put, database, killed, clock } = open();
    put(2);
    database.flush();
    put(1, {}, LONG);
    slow(clock);
    const images: string[] = [];
    for (const ms of [500, 10, 10, 10]) {
      await clock.advance(ms);
      images.push(killed());
    }
    vi.restoreAllMocks();
    const found: unknown[] = [];
    for (const path of images) {
      const again = open({ path });
      again.answers.reconfigured();
      await again.clock.advance(1000);
      found.push([again.which(3), left(again.database)]);
      if (path !== images.at(-1)) expect(again.answers.figures?.bytes).toBeLessThan(50_000);
    }
    const half = [[2], NOTHING_LEFT];
    expect(found).toEqual([half, half, half, [[1, 2], { parts: 3, coming: 0 }]]);
  });

  test('leaves no part behind when it is cleared, replaced or interrupted while it is written', async () => {
    const { put, database, clock, answers, which } = open();
    const begun = async (): Promise<void> => {
      put(1, { runMs: 1 }, LONG);
      const writing = slow(clock);
      while (writing.length === 0) await clock.advance(5);
      vi.restoreAllMocks();
      expect([writing.length, left(database)]).toEqual([1, { parts: 1, coming: 1 }]);
    };
    await begun();
    expect(answers.clear({ watcher: 'local' }).removed).toBe(1);
    database.flush();
    expect([which(2), left(database), answers.figures?.entries]).toEqual([[], NOTHING_LEFT, 0]);
    await begun();
    put(1, { runMs: 2 }, LONG);
    database.flush();
    expect([answers.find(keyOf(1))?.runMs, left(database)]).toEqual([2, { parts: 3, coming: 0 }]);
    put(1, { runMs: 3 });
    database.flush();
    expect([answers.find(keyOf(1))?.runMs, left(database)]).toEqual([3, NOTHING_LEFT]);
    await begun();
    // As a disk leaves it that was away for one of its parts.
    database.commit((sql) => sql.run('DELETE FROM answers_parts'));
    database.flush();
    expect([which(2), left(database), answers.damaged]).toEqual([[], NOTHING_LEFT, 0]);
  });

  test('counts with all its parts, and they go with it', () => {
    const { answers, put, database } = open({ mb: 4 });
    const empty = usedBytes(database);
    for (let n = 0; n < 60; n++) {
      put(n % 20, {}, (n * 379_721) % 1_000_000);
      if (n % 7 === 0) answers.delete(keyOf(n % 20), 'local');
      for (let portion = 0; portion < 3; portion++) database.flush();
      expect(answers.figures?.bytes).toBeLessThanOrEqual(4 * MB);
    }
    expect(answers.figures?.bytes).toBe(usedBytes(database) - empty);
    expect(answers.figures?.bytes).toBeGreaterThan(2.5 * MB);
    const orphans = 'SELECT count(*) AS n FROM answers_parts WHERE key NOT IN (SELECT key FROM answers)';
    expect(database.read((sql) => sql.get(orphans))).toEqual({ n: 0 });
    answers.clear({ watcher: 'local' });
    for (let portion = 0; portion < 20; portion++) database.flush();
    expect([left(database), answers.figures?.entries]).toEqual([NOTHING_LEFT, 0]);
  });

  test('is found where an older Hearth wrote it in one go, and not without one of its parts', () => {
    const { answers, database, found } = open();
    for (const n of [1, 2]) answers.keep(keyOf(n), numbers, NOTES, TTL);
    database.flush();
    database.commit((sql) => {
      sql.run(
        'UPDATE answers_records SET record = ? WHERE id = (SELECT id FROM answers WHERE key = ?)',
        numbers,
        keyOf(1),
      );
      sql.run('DELETE FROM answers_parts WHERE key = ? OR n = 1', keyOf(1));
    });
    expect([1, 2].filter(found)).toEqual([1]);
    expect([answers.damaged, left(database)]).toEqual([1, NOTHING_LEFT]);
  });
});

describe('where the disk is not used', () => {
  test('nothing is kept', () => {
    const { answers, put, found } = open({ path: undefined });
    expect(put(1)).toBe(false);
    expect(found(1)).toBe(false);
    expect(answers.clear({ watcher: 'local' }).removed).toBe(0);
    expect(answers.figures).toBeUndefined();
  });
});
