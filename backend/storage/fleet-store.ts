// What a fleet needs on disk beside the answers: the position up to which others' removals were applied here, and own
// removals that the others were not told yet. In the same file as the answers, so that both are always of the same age.
import { z } from 'zod';
import type { RemovalPlaces, UntoldStore } from '../core/disk.ts';
import type { Database } from './database.ts';
import type { Sql } from './rows.ts';

export const FLEET_TABLES = `
  CREATE TABLE fleet_removals (
    list TEXT PRIMARY KEY,
    done TEXT NOT NULL
  ) STRICT;
`;

/** Removals that the others were not told. */
export const UNTOLD_TABLES = `
  CREATE TABLE fleet_untold (
    list TEXT NOT NULL,
    number INTEGER NOT NULL,
    removal TEXT NOT NULL,
    PRIMARY KEY (list, number)
  ) STRICT;
`;

/** An invalid stream id must not reach Valkey. */
const row = z.object({ done: z.string().regex(/^\d+-\d+$/) });

export class DiskRemovalPlaces implements RemovalPlaces {
  readonly #database: Database;
  readonly #done = new Map<string, string>();
  #isWaiting = false;

  constructor(database: Database) {
    this.#database = database;
  }

  doneTo(list: string): string | undefined {
    const known = this.#done.get(list);
    if (known !== undefined) return known;
    const found = this.#database.read((sql) => sql.get('SELECT done FROM fleet_removals WHERE list = ?', list));
    return row.safeParse(found).data?.done;
  }

  noteDone(list: string, id: string): void {
    this.#done.set(list, id);
    if (!this.#isWaiting) this.#database.later((sql) => this.#write(sql));
    this.#isWaiting = true;
  }

  #write(sql: Sql): void {
    this.#isWaiting = false;
    for (const [list, id] of this.#done) {
      sql.run('INSERT OR REPLACE INTO fleet_removals (list, done) VALUES (?, ?)', list, id);
    }
  }
}

const untoldRow = z.object({ number: z.number().int().nonnegative(), removal: z.string() });

export class SqlUntold implements UntoldStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  untold(list: string): ReturnType<UntoldStore['untold']> {
    const rows = this.#database.read((sql) =>
      sql.all('SELECT number, removal FROM fleet_untold WHERE list = ? ORDER BY number', list),
    );
    return rows.map((row) => untoldRow.parse(row));
  }

  owe(list: string, number: number, removal: string): void {
    this.#database.commit((sql) => {
      sql.run('INSERT OR REPLACE INTO fleet_untold (list, number, removal) VALUES (?, ?, ?)', list, number, removal);
    });
  }

  told(list: string, number: number): void {
    this.#database.later(
      (sql) => void sql.run('DELETE FROM fleet_untold WHERE list = ? AND number <= ?', list, number),
    );
  }
}
