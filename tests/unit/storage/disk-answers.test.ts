// Answers on the disk, in real files: what is there after a restart, what never comes back, and how much room they take.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnswerNotes } from '../../../backend/core/disk.ts';
import { ANSWER_TABLES, DiskAnswers } from '../../../backend/storage/answer-store.ts';
import { openDatabase, type Database } from '../../../backend/storage/database.ts';
import { config } from '../../support/builders.ts';
import { ManualClock } from '../../support/clocks.ts';

const MB = 1024 * 1024;
const NOTES: AnswerNotes = { owner: 'local', model: 'a:latest', runMs: 12.5, tokens: 7, marks: [] };
const TTL = 3_600_000;

const keyOf = (n: number): string => n.toString(16).padStart(8, '0').repeat(8);
const bytesOf = (n: number, length = 5000): Buffer => Buffer.alloc(length, n % 251);

let folder = '';
const opened: Database[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-answers-'))));
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Options {
  readonly clock?: ManualClock;
  readonly mb?: number;
  /** Undefined: the disk is not used. */
  readonly path?: string | undefined;
}

function open({ clock = new ManualClock(), mb = 64, ...options }: Options = {}) {
  const path = 'path' in options ? options.path : folder;
  const schema = { migrations: [ANSWER_TABLES], carried: [] };
  const database = openDatabase({ folder: path, clock, log: pino({ level: 'silent' }), schema });
  opened.push(database);
  const settings = config({ cache: { disk_max_size_mb: mb } });
  const answers = new DiskAnswers(database, clock, () => settings);
  const put = (n: number, notes: Partial<AnswerNotes> = {}, length = 5000, ttl = TTL): boolean =>
    answers.keep(keyOf(n), bytesOf(n, length), { ...NOTES, ...notes }, ttl);
  const found = (n: number): boolean => answers.find(keyOf(n)) !== undefined;
  const which = (count: number): number[] => Array.from({ length: count }, (_, n) => n).filter(found);
  return {
    answers,
    database,
    clock,
    put,
    found,
    which,
    /** The process has gone: what was written is there, and nothing else. */
    killed: (): string => {
      const image = join(folder, `image-${opened.length}`);
      mkdirSync(image);
      for (const name of ['hearth.db', 'hearth.db-wal']) copyFileSync(join(folder, name), join(image, name));
      return image;
    },
    close: (): void => {
      answers.close();
      database.close();
    },
  };
}

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

describe('what was cleared', () => {
  test('never comes back, also when the process is killed at once', () => {
    const { answers, put, database, found, killed } = open();
    put(1);
    put(2, { model: 'b' });
    database.flush();
    put(3);
    expect(answers.clear({ watcher: 'local', model: 'A' }).removed).toBe(2);
    expect([1, 2, 3].filter(found)).toEqual([2]);
    expect(answers.figures?.entries).toBe(1);
    expect(open({ path: killed() }).which(4)).toEqual([2]);
    database.flush();
    expect(open({ path: killed() }).which(4)).toEqual([2]);
  });

  test.each([
    ['by age', { olderThanS: 5 }, [300, 301]],
    ['by owner', { watcher: 'key:a' }, [1, 3, 5]],
    ['by model and age', { model: 'b', olderThanS: 5 }, [0, 1, 3, 4, 300, 301]],
    ['all', {}, []],
  ])('%s: the others stay, and it is counted exactly', (_, which, rest) => {
    const { answers, database, put, clock, which: kept, close } = open();
    const all = [0, 1, 2, 3, 4, 5, 300, 301];
    for (const n of all.slice(0, 6)) put(n, { model: n % 3 === 2 ? 'b' : 'a', owner: n % 2 === 0 ? 'key:a' : 'local' });
    clock.pass(10_000);
    for (const n of all.slice(6)) put(n, { owner: 'key:a' });
    const removed = all.length - rest.length;
    const bytes = answers.clear({ watcher: 'local', ...which });
    expect(bytes.removed).toBe(removed);
    expect(bytes.freed_bytes).toBeGreaterThanOrEqual(removed * 5000);
    expect(kept(302)).toEqual(rest);
    database.flush();
    expect(answers.figures?.entries).toBe(rest.length);
    close();
    expect(open({ clock }).which(302)).toEqual(rest);
  });

  test('is dropped where it waited to be written, and what else waits is not written for that', () => {
    const { answers, put, database, which, killed, clock } = open();
    put(5, { model: 'b' }, 100);
    database.flush();
    for (let n = 0; n < 2000; n++) put(n, { model: n < 3 ? 'a' : 'b' }, 100);
    put(2, { model: 'b' }, 100);
    expect(answers.clear({ watcher: 'local', model: 'b' }).removed).toBe(1998);
    answers.delete(keyOf(0), 'local');
    // That which was there before.
    const rows = database.read((sql) => sql.get('SELECT count(*) AS n FROM answers'));
    expect(rows).toEqual({ n: 1 });
    database.flush();
    expect(which(2000)).toEqual([1]);
    expect(answers.figures?.entries).toBe(1);
    expect(open({ path: killed(), clock }).which(2000)).toEqual([1]);
  });

  test('one is found by the beginning of its key, by those who may see it', () => {
    const { answers, put, database, found, killed } = open();
    put(1, { owner: 'key:a' });
    database.flush();
    put(2);
    expect(answers.delete(keyOf(1).slice(0, 16), 'key:b').removed).toBe(0);
    expect(answers.delete(keyOf(1).slice(0, 16), 'key:a')).toMatchObject({ removed: 1 });
    expect(answers.delete(keyOf(2).slice(0, 16), 'local').removed).toBe(1);
    expect([1, 2].filter(found)).toEqual([]);
    expect(open({ path: killed() }).which(3)).toEqual([]);
  });

  test('leaves the disk in small portions, and their room is used again', async () => {
    const { answers, put, database, clock } = open();
    for (let n = 0; n < 600; n++) put(n);
    database.flush();
    const rows = (): number =>
      database.read((sql) => (sql.get('SELECT count(*) AS n FROM answers') as { n: number }).n);
    answers.clear({ watcher: 'local' });
    expect(answers.figures).toMatchObject({ entries: 0 });
    let before = rows();
    expect(before).toBe(600);
    while (before > 0) {
      await clock.advance(600);
      const now = rows();
      expect(now).toBeLessThan(before);
      before = now;
    }
    expect(answers.figures?.bytes).toBeLessThan(100_000);
  });
});

describe('room', () => {
  const usedBytes = (database: Database): number =>
    database.read((sql) => {
      const value = (name: string): number => Number(Object.values(sql.get(`PRAGMA ${name}`) as object)[0]);
      return (value('page_count') - value('freelist_count')) * 4096;
    });

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

describe('where the disk is not used', () => {
  test('nothing is kept', () => {
    const { answers, put, found } = open({ path: undefined });
    expect(put(1)).toBe(false);
    expect(found(1)).toBe(false);
    expect(answers.clear({ watcher: 'local' }).removed).toBe(0);
    expect(answers.figures).toBeUndefined();
  });
});
