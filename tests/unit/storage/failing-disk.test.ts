// What becomes of the store when its disk fails under it: on a real small disk, with real files.
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Database } from '../../../backend/storage/database.ts';
import { Connection } from '../../../backend/storage/rows.ts';
import { loadSqlite } from '../../../backend/storage/sqlite.ts';
import { hasSmallDisks, startStore, type StoreProcess } from '../../support/store-process.ts';
import { wordStore, WORDS, write } from '../../support/store-words.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-disk-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const MINUTE_MS = 60_000;
/** More than what a page has left. */
const long = (word: string): string => word.repeat(20_000);

describe.runIf(hasSmallDisks)('on a disk of 12 MB', () => {
  let store: StoreProcess;
  beforeEach(() => (store = startStore(folder)));
  afterEach(() => store.end());

  test('full: goes on in memory with what it had, says so once, and is back when there is room', async () => {
    await store.tell({ commit: 'one' });
    await store.tell({ room: false });
    const inMemory = await store.tell({ commit: long('2') });
    expect(inMemory).toMatchObject({ words: ['one', long('2')], durable: false });
    expect(inMemory.told).toEqual([expect.stringMatching(/^Nothing can be kept in .* because the disk is full\. /)]);
    await store.tell({ pass_ms: MINUTE_MS });
    expect(await store.tell({ commit: 'three' })).toMatchObject({ durable: false, told: inMemory.told });
    await store.tell({ room: true });
    const back = await store.tell({ pass_ms: MINUTE_MS });
    expect(back).toMatchObject({ words: ['one', long('2'), 'three'], durable: true });
    expect(back.told.slice(1)).toEqual(['back']);
  });

  test('read-only at the start: works in memory, and is on the disk when it can be written', async () => {
    await store.tell({ writable: false });
    expect(await store.tell({ commit: 'one' })).toMatchObject({ words: ['one'], durable: false });
    await store.tell({ writable: true });
    expect(await store.tell({ pass_ms: MINUTE_MS })).toMatchObject({ words: ['one'], durable: true });
  });
});

test('a folder that is deleted is made anew, with the small tables', () => {
  const data = join(folder, 'data');
  const first = wordStore(data);
  first.database.commit(write('one'));
  rmSync(data, { recursive: true });
  first.database.commit(write('two'));
  expect(first.all()).toEqual(['one', 'two']);
  expect(first.told).toEqual([
    { isDurable: true, trouble: expect.stringContaining('was deleted while Hearth used it') },
  ]);
  first.database.close();
  const again = wordStore(data);
  expect(again.all()).toEqual(['one', 'two']);
  again.database.close();
});

test.each(['get', 'all'] as const)('a page that was damaged is found by %s: the file is moved aside', (by) => {
  const schema = { ...WORDS, migrations: [`${WORDS.migrations.join()}; CREATE TABLE large (text TEXT) STRICT`] };
  const before = wordStore(folder, schema);
  before.database.commit((sql) => {
    write('one')(sql);
    for (let i = 0; i < 500; i++) sql.run('INSERT INTO large VALUES (?)', `${i} `.repeat(100));
  });
  before.database.close();
  overwrite(join(folder, 'hearth.db'), statSync(join(folder, 'hearth.db')).size - 40_000);
  const store = wordStore(folder, schema);
  expect(store.database.isDurable).toBe(true);
  expect(store.told).toEqual([]);
  const found = store.database.read((sql) => sql[by]("SELECT text FROM large WHERE text LIKE '%x%'"));
  expect(found).toEqual(by === 'all' ? [] : undefined);
  expect(store.told).toEqual([
    { isDurable: true, trouble: expect.stringMatching(/because it is damaged\. It is now /) },
  ]);
  expect(store.all()).toEqual(['one']);
  expect(readdirSync(folder).filter((name) => name.includes('aside'))).not.toEqual([]);
  store.database.close();
});

/** SQLITE_IOERR */
const ioError = (): Error => Object.assign(new Error('disk I/O error'), { errcode: 10 });

/** The next write to the disk fails, so that the store goes on in memory. */
function fails(database: Database): void {
  let isFailing = true;
  database.commit(() => {
    const fail = isFailing;
    isFailing = false;
    if (fail) throw ioError();
  });
  expect(database.isDurable).toBe(false);
}

const writeAt =
  (id: number, word: string) =>
  (sql: Pick<Connection, 'run'>): void =>
    void sql.run('INSERT OR REPLACE INTO words VALUES (?, ?)', id, word);

describe('when it comes back from memory', () => {
  test('what could not be read when it moved is there, with what changed in memory', async () => {
    const { database, clock, all } = wordStore(folder);
    for (const word of ['one', 'two', 'three', 'four']) database.commit(write(word));
    const read = vi.spyOn(Connection.prototype, 'each').mockImplementationOnce(function* () {
      yield { id: 1, word: 'one' };
      yield { id: 2, word: 'two' };
      throw ioError();
    });
    fails(database);
    expect(read).toHaveBeenCalledOnce();
    read.mockRestore();
    database.commit((sql) => {
      sql.run('DELETE FROM words WHERE id = 1');
      sql.run("UPDATE words SET word = 'zwei' WHERE id = 2");
      writeAt(9, 'nine')(sql);
    });
    expect(all()).toEqual(['zwei', 'nine']);
    await clock.advance(16_000);
    expect([all(), database.isDurable]).toEqual([['zwei', 'three', 'four', 'nine'], true]);
    database.close();
    const again = wordStore(folder);
    expect(again.all()).toEqual(['zwei', 'three', 'four', 'nine']);
    again.database.close();
  });

  test('what another program changed in the file meanwhile stays as that left it', async () => {
    const { database, clock, all } = wordStore(folder);
    for (const word of ['one', 'two', 'three']) database.commit(write(word));
    fails(database);
    database.commit(writeAt(3, 'drei'));
    const other = new Connection(loadSqlite().sqlite, join(folder, 'hearth.db'));
    other.run('DELETE FROM words WHERE id = 1');
    other.run("UPDATE words SET word = 'imported' WHERE id = 2");
    writeAt(7, 'seven')(other);
    other.close();
    await clock.advance(16_000);
    expect([all(), database.isDurable]).toEqual([['imported', 'drei', 'seven'], true]);
    database.close();
  });

  test('and the file is gone, all goes into a new one', async () => {
    const { database, clock, all } = wordStore(folder);
    for (const word of ['one', 'two']) database.commit(write(word));
    fails(database);
    database.commit(write('three'));
    rmSync(join(folder, 'hearth.db'));
    await clock.advance(16_000);
    expect([all(), database.isDurable]).toEqual([['one', 'two', 'three'], true]);
    database.close();
  });
});

/** As a failing disk may leave it. */
function overwrite(file: string, at: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.alloc(8192, 0xa5), 0, 8192, at);
  closeSync(fd);
}
