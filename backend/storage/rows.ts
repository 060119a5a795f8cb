// One open SQLite database, in a file or in memory: cached statements, transactions, and page counts.
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { resultCode } from './result-code.ts';
import type { Sqlite } from './sqlite.ts';

export type Param = string | number | bigint | null | Uint8Array;

/** What a face of the store works with. Statements are cached by their text: put values into `params` only. */
export interface Sql {
  run(sql: string, ...params: Param[]): { readonly changes: number };
  /** A row, or undefined. The caller validates it: a disk may contain anything. */
  get(sql: string, ...params: Param[]): unknown;
  all(sql: string, ...params: Param[]): readonly unknown[];
}

/** `full`: on disk when it returns. `normal`: on disk by the next checkpoint, all of it or nothing. */
export type Sync = 'full' | 'normal';

export const IN_MEMORY = ':memory:';

/** A place for rows: a file, memory, or nowhere. */
export interface Rows extends Sql {
  /** Sets how long to wait for another program that writes. Milliseconds. */
  wait(ms: number): void;
  /** Runs all of `work` or nothing. */
  transaction<T>(sync: Sync, work: () => T): T;
  /** Runs all of `work` or nothing, inside a transaction. */
  step(work: () => void): void;
  /** The rows of a query, one by one. */
  each(sql: string): Iterable<unknown>;
  /** Never throws. */
  close(): void;
}

/** Stores nothing and finds nothing: for a machine without SQLite. */
export const NOWHERE: Rows = {
  run: () => ({ changes: 0 }),
  get: () => undefined,
  all: () => [],
  each: () => [],
  wait: () => undefined,
  transaction: (_sync, work) => work(),
  step: (work) => work(),
  close: () => undefined,
};

/** For urgent work: a program beside Hearth (`hearth cache`) writes in short portions. Milliseconds. */
export const PATIENT_MS = 2000;

/** Other programs may still read the log, and then it stays. Milliseconds. */
const CLOSE_MS = 250;

/** SQLITE_BUSY */
const BUSY = 5;

/** Whether another program was still writing after the whole wait. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

export class Connection implements Rows {
  readonly #db: DatabaseSyncInstance;
  readonly #statements = new Map<string, StatementSyncInstance>();
  #sync: Sync | undefined;
  #told = 0;
  #waitMs: number;

  /** Throws SQLite's errors. Reads nothing yet. `waitMs`: see wait. */
  constructor(sqlite: Sqlite, location: string, waitMs = PATIENT_MS) {
    this.#waitMs = waitMs;
    this.#db = new sqlite.DatabaseSync(location, { timeout: waitMs });
    // Otherwise a large change opens a temporary file for undoing it, which fails without free file handles.
    this.#db.exec('PRAGMA temp_store = MEMORY');
    this.#db.function('tell', (value: number) => {
      this.#told = value;
      return null;
    });
  }

  run(sql: string, ...params: Param[]): { readonly changes: number } {
    return { changes: Number(this.#prepared(sql).run(...params.map(bound)).changes) };
  }

  get(sql: string, ...params: Param[]): unknown {
    return read(this.#prepared(sql).get(...params.map(bound)));
  }

  all(sql: string, ...params: Param[]): readonly unknown[] {
    return this.#prepared(sql)
      .all(...params.map(bound))
      .map(read);
  }

  *each(sql: string): Iterable<unknown> {
    for (const row of this.#db.prepare(sql).iterate()) yield read(row);
  }

  /** Runs several statements without parameters. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /**
   * The numeric value of a pragma. Without a prepared statement, which would keep the file open until garbage
   * collection.
   */
  pragma(name: string): number {
    this.exec(`SELECT tell(${name}) FROM pragma_${name}`);
    return this.#told;
  }

  wait(ms: number): void {
    if (ms !== this.#waitMs) this.exec(`PRAGMA busy_timeout = ${ms}`);
    this.#waitMs = ms;
  }

  transaction<T>(sync: Sync, work: () => T): T {
    if (sync !== this.#sync) this.exec(`PRAGMA synchronous = ${sync}`);
    this.#sync = sync;
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      this.#undo('ROLLBACK');
      throw error;
    }
  }

  step(work: () => void): void {
    this.run('SAVEPOINT step');
    try {
      work();
    } catch (error) {
      this.#undo('ROLLBACK TO step; RELEASE step');
      throw error;
    }
    this.run('RELEASE step');
  }

  close(): void {
    // Prepared statements keep the file open until garbage collection, so SQLite would leave its log.
    // Copy the log first without blocking writers, then truncate it.
    const copy = (how: string) => () => this.exec(`PRAGMA wal_checkpoint(${how})`);
    for (const end of [copy('PASSIVE'), () => this.wait(CLOSE_MS), copy('TRUNCATE'), () => this.#db.close()]) {
      try {
        end();
      } catch {
        // The file is broken, or the disk is gone: the next start recovers from the log.
      }
    }
    this.#statements.clear();
  }

  #undo(sql: string): void {
    try {
      this.exec(sql);
    } catch {
      // A full disk may have ended the transaction already.
    }
  }

  #prepared(sql: string): StatementSyncInstance {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

// ---- the library cuts a text at its first NUL, so a NUL is written as two other characters

const NUL = '\0';
const ESCAPE = '\u001a';
const FOR_NUL = `${ESCAPE}0`;
const FOR_ESCAPE = `${ESCAPE}1`;

function bound(param: Param): Param {
  if (typeof param !== 'string' || !(param.includes(NUL) || param.includes(ESCAPE))) return param;
  return param.replaceAll(ESCAPE, FOR_ESCAPE).replaceAll(NUL, FOR_NUL);
}

function read(row: unknown): unknown {
  if (typeof row !== 'object' || row === null) return row;
  for (const [column, value] of Object.entries(row)) {
    if (typeof value !== 'string' || !value.includes(ESCAPE)) continue;
    Object.assign(row, { [column]: value.replaceAll(FOR_NUL, NUL).replaceAll(FOR_ESCAPE, ESCAPE) });
  }
  return row;
}
