// A store with one small table, for tests of the store itself.
import { pino } from 'pino';
import { openDatabase, type Change, type Database } from '../../backend/storage/database.ts';
import type { Sql } from '../../backend/storage/rows.ts';
import type { Schema } from '../../backend/storage/schema.ts';
import { ManualClock } from './clocks.ts';

export const WORDS: Schema = {
  migrations: ['CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT'],
  carried: ['words'],
};

export interface Words {
  readonly database: Database;
  readonly clock: ManualClock;
  /** All that was said about its place so far. */
  readonly told: readonly Change[];
  /** Those that are kept, in the order in which they came. */
  all(): string[];
}

export function wordStore(folder: string, schema: Schema = WORDS): Words {
  const clock = new ManualClock();
  const database = openDatabase({ folder, clock, log: pino({ level: 'silent' }), schema });
  const told: Change[] = [];
  database.onChange((change) => told.push(change));
  return {
    database,
    clock,
    told,
    all: () =>
      database
        .read((sql) => sql.all('SELECT word FROM words ORDER BY id') as { word: string }[])
        .map(({ word }) => word),
  };
}

/** Keeps a word. */
export const write =
  (word: string) =>
  (sql: Sql): void =>
    void sql.run('INSERT INTO words (word) VALUES (?)', word);
