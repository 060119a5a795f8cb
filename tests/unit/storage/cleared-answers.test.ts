// Answers on the disk that were cleared or deleted: they never come back, whatever waited, and whenever the process is killed.
import { describe, expect, test, vi } from 'vitest';
import { Connection } from '../../../backend/storage/rows.ts';
import { answersOnDisk, keyOf } from '../../support/answers-on-disk.ts';

const open = answersOnDisk();

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

  test('while the disk could not be used is removed when it is back, and not before', async () => {
    const { answers, put, database, which, killed, clock } = open();
    for (const n of [1, 2, 3]) put(n, { model: n === 1 ? 'a' : 'b' });
    database.flush();
    put(4);
    let full = true;
    database.commit(() => {
      const isFull = full;
      full = false;
      // SQLITE_FULL
      if (isFull) throw Object.assign(new Error('full'), { errcode: 13 });
    });
    expect(database.isDurable).toBe(false);
    answers.clear({ watcher: 'local', model: 'a' });
    answers.delete(keyOf(2), 'local');
    expect(open({ path: killed(), clock }).which(5)).toEqual([1, 2, 3]);
    await clock.advance(16_000);
    expect(which(5)).toEqual([3]);
    expect(open({ path: killed(), clock }).which(5)).toEqual([3]);
  });

  test('what was kept anew while the disk could not be used is not found in its old form', async () => {
    const { put, database, which, killed, clock, answers } = open();
    for (const n of [1, 2, 3]) put(n, { runMs: 1 });
    database.flush();
    put(2, { runMs: 2 });
    const { run } = Connection.prototype;
    let wrote = 0;
    const writing = vi.spyOn(Connection.prototype, 'run').mockImplementation(function (
      this: Connection,
      sql,
      ...params
    ) {
      // The disk is full when the second is written, and once more when it is back.
      if (/(INTO|FROM|UPDATE) answers/.test(sql) && ++wrote <= 2)
        throw Object.assign(new Error('full'), { errcode: 13 });
      return run.call(this, sql, ...params);
    });
    database.flush();
    expect([put(1, { runMs: 2 }), database.isDurable]).toEqual([false, false]);
    await clock.advance(16_000);
    expect([wrote, database.isDurable]).toEqual([2, false]);
    await clock.advance(16_000);
    writing.mockRestore();
    expect(database.isDurable).toBe(true);
    expect(which(5)).toEqual([3]);
    expect(open({ path: killed(), clock }).which(5)).toEqual([3]);
    put(1, { runMs: 3 });
    database.flush();
    expect(answers.find(keyOf(1))?.runMs).toBe(3);
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
