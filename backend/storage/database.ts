// The store that all faces share: one SQLite file in the data folder. While the disk cannot be used it is the same
// tables in memory, with the small ones copied over. It is opened at its first use.
import type { Clock, Log } from '../core/ports.ts';
import { MovingStore } from './moving-store.ts';
import type { Sql } from './rows.ts';
import { SCHEMA, type Schema } from './schema.ts';

/**
 * A read or a write. It is repeated from the start if the store moved meanwhile, so it must change nothing but rows.
 */
export type Work<T> = (sql: Sql) => T;

/** A group of pending writes that can be flushed alone, before its face reads or commits. */
export type Lane = 'history' | 'list' | 'offline' | 'recordings' | 'talks' | 'texts';

/** The result of `erase`. */
export interface Erased<T> {
  readonly value: T;
  /**
   * Whether nothing of it remains in the write-ahead log. It may remain a little longer while another program reads the
   * file.
   */
  readonly gone: boolean;
}

/** Reported when the store moves between disk and memory, or starts over. */
export interface Change {
  readonly isDurable: boolean;
  /** What is wrong, for users. Undefined: the trouble is over. */
  readonly trouble: string | undefined;
}

/** The store. It fully works in memory too; without SQLite it stores nothing and finds nothing. */
export interface Database {
  /** Reads committed rows, without writes that still wait in `later`. Throws what `work` throws. */
  read<T>(work: Work<T>): T;
  /**
   * Runs one transaction that is on disk when this returns: for promises. It overtakes everything that waits in
   * `later`, which may be thousands of writes; callers that depend on some of it flush their own lane first. Writes in
   * the lane `together` are part of the same transaction, before the work. Throws what `work` throws, and then writes
   * nothing.
   */
  commit<T>(work: Work<T>, together?: Lane): T;
  /**
   * commit for work that deletes data for good: with SQLite's secure_delete, which the work turns on, it overwrites the
   * pages, and this also truncates the log with their old content.
   */
  erase<T>(work: Work<T>): Erased<T>;
  /**
   * Writes within a second (some seconds if thousands wait), in the order of the calls, many in one transaction and in
   * portions that delay nothing. Never throws. `lane`: a group that can be flushed alone.
   */
  later(work: Work<void>, lane?: Lane): void;
  /** Writes everything that waits now, or one lane of it. */
  flush(lane?: Lane): void;
  /**
   * Writes one portion of a lane, without waiting for another program that writes. Returns whether more could be
   * written as quickly.
   */
  flushSome(lane: Lane): boolean;
  /** Moves to this folder, or to memory; the small tables are copied. */
  use(folder: string | undefined): void;
  /** Flushes, and releases the folder until the next use. A store in memory stays. */
  rest(): void;
  /** Flushes, and releases the folder. Nothing is stored afterwards. */
  close(): void;
  /** Whether written data survives a restart. */
  readonly isDurable: boolean;
  /** Whether a folder is configured but cannot be used now, so that all is in memory meanwhile. */
  readonly isAway: boolean;
  /** Whether written data can be read again: false without SQLite. */
  readonly keeps: boolean;
  /** Bytes of the file and its log on disk; 0 in memory. */
  readonly bytes: number;
  /** Calls back at each change, until the returned function is called. */
  onChange(tell: (change: Change) => void): () => void;
}

export interface DatabaseOptions {
  /** The folder of hearth.db; undefined: in memory. */
  readonly folder: string | undefined;
  readonly clock: Pick<Clock, 'now' | 'elapsed' | 'after'>;
  readonly log: Log;
  readonly schema?: Schema;
}

export function openDatabase(options: DatabaseOptions): Database {
  return new MovingStore({ schema: SCHEMA, ...options });
}
