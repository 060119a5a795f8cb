// The store itself, on real files: what it keeps, whom it lets in, and what it does with a file that can't be used.
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../../backend/storage/database.ts';
import type { Schema } from '../../../backend/storage/schema.ts';
import { ManualClock } from '../../support/clocks.ts';

const SCHEMA: Schema = {
  migrations: ['CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT'],
  carried: ['words'],
};

let folder = '';
const opened: Database[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-store-'))));
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
  rmSync(folder, { recursive: true, force: true });
});

function store(options: { clock?: ManualClock; path?: string; schema?: Schema; told?: string[] } = {}): Database {
  const { clock = new ManualClock(), path = folder, schema = SCHEMA, told = [] } = options;
  const database = openDatabase({ folder: path, clock, log: pino({ level: 'silent' }), schema });
  database.onChange(({ sentence }) => told.push(sentence));
  opened.push(database);
  return database;
}

const write = (word: string) => (sql: { run(sql: string, word: string): unknown }) =>
  void sql.run('INSERT INTO words (word) VALUES (?)', word);
const words = (database: Database): unknown[] =>
  database.read((sql) => sql.all('SELECT word FROM words ORDER BY id')).map((row) => (row as { word: string }).word);

test('keeps what was committed, and what waited, in the order in which it came', () => {
  const first = store();
  first.later(write('one'));
  first.commit(write('two'));
  first.later(write('three'));
  expect(words(first)).toEqual(['one', 'two']);
  first.close();
  expect(words(store())).toEqual(['one', 'two', 'three']);
});

test('writes what waits by itself within a second', async () => {
  const clock = new ManualClock();
  const database = store({ clock });
  for (const word of ['a', 'b', 'c']) database.later(write(word));
  expect(words(database)).toEqual([]);
  await clock.advance(1000);
  expect(words(database)).toEqual(['a', 'b', 'c']);
});

test('writes nothing of a commit that throws, and the rest of what waits where one of it does', () => {
  const database = store();
  database.later(write('one'));
  database.later((sql) => {
    write('half')(sql);
    throw new Error('wrong');
  });
  database.later(write('two'));
  const commit = (): void =>
    database.commit((sql) => {
      write('three')(sql);
      sql.run('INSERT INTO words (word) VALUES (NULL)');
    });
  expect(commit).toThrow(/NOT NULL/);
  expect(words(database)).toEqual([]);
  database.flush();
  expect(words(database)).toEqual(['one', 'two']);
});

test.skipIf(process.platform === 'win32')('nobody else may read its folder and its files', () => {
  const path = join(folder, 'new', 'data');
  const database = store({ path });
  database.commit(write('secret'));
  const modes = (): string[] => readdirSync(path).map((name) => (statSync(join(path, name)).mode & 0o777).toString(8));
  expect((statSync(path).mode & 0o777).toString(8)).toBe('700');
  expect(new Set(modes())).toEqual(new Set(['600']));
  database.close();
  chmodSync(join(path, 'hearth.db'), 0o644);
  store({ path }).commit(write('again'));
  expect(new Set(modes())).toEqual(new Set(['600']));
});

test('a second one on the same folder says so, and works in memory', () => {
  const first = store();
  first.commit(write('first'));
  const told: string[] = [];
  const second = store({ told });
  second.commit(write('second'));
  expect(words(second)).toEqual(['second']);
  expect([first.isDurable, second.isDurable, second.bytes]).toEqual([true, false, 0]);
  expect(told).toEqual([expect.stringMatching(/^Another Hearth uses .*\. This one keeps everything in memory/)]);
  first.close();
  expect(words(store())).toEqual(['first']);
});

test.each([
  ['is no database', (path: string) => writeFileSync(path, 'no database at all '.repeat(1000))],
  [
    'a newer Hearth wrote',
    (path: string) => {
      const newer = store({
        path: join(path, '..'),
        schema: { ...SCHEMA, migrations: [...SCHEMA.migrations, 'SELECT 1'] },
      });
      newer.commit(write('new'));
      newer.close();
    },
  ],
])('moves a file aside that %s, says so, and begins a new one', (_what, make) => {
  make(join(folder, 'hearth.db'));
  const told: string[] = [];
  const database = store({ told });
  database.commit(write('fresh'));
  expect(words(database)).toEqual(['fresh']);
  expect(database.isDurable).toBe(true);
  const aside = readdirSync(folder).filter((name) => /aside.*\d$/.test(name));
  expect(aside).toEqual(['hearth.db.aside-2023-11-14T22-13-20']);
  expect(told).toEqual([
    expect.stringContaining(`It is now ${join(folder, String(aside))}, and Hearth has begun a new one.`),
  ]);
});

test('works in memory where no folder can be made, and says why', () => {
  const told: string[] = [];
  writeFileSync(join(folder, 'file'), '');
  const database = store({ path: join(folder, 'file', 'data'), told });
  database.commit(write('one'));
  expect(words(database)).toEqual(['one']);
  expect(told).toEqual([
    expect.stringMatching(/^Nothing can be kept in .* Hearth keeps everything in memory until it can\.$/),
  ]);
});
