// The store that all faces share: one SQLite file in the data folder. Where the disk can't be used it is the same tables in
// memory, with the small ones carried over, until it can. Opened at its first use.
import type { Clock, Log } from '../core/ports.ts';
import { MovingStore } from './moving-store.ts';
import type { Sql } from './rows.ts';
import { SCHEMA, type Schema } from './schema.ts';

/** Something written or read. Done again from its beginning when the store has moved meanwhile, so it changes nothing but rows. */
export type Work<T> = (sql: Sql) => T;

/** A face that needs what it has waiting before it reads or commits. */
export type Lane = 'history' | 'list' | 'offline' | 'recordings' | 'talks' | 'texts';

/** What `erase` did. */
export interface Erased<T> {
  readonly value: T;
  /** Nothing of it is in the log of the file either. It may be there a little longer where another program reads the file. */
  readonly gone: boolean;
}

/** What is told when the store moves between the disk and memory, or begins anew. */
export interface Change {
  readonly isDurable: boolean;
  /** For people: what is wrong. Undefined: it was, and is no longer. */
  readonly trouble: string | undefined;
}

/**
 * The store. All of it works in memory too; where there is no SQLite at all it keeps nothing and finds nothing.
 */
export interface Database {
  /** Reads what was committed, but not what still waits in `later`. Throws what `work` throws. */
  read<T>(work: Work<T>): T;
  /**
   * One transaction, on the disk before this returns: for what is promised. It comes before all that waits in `later`, of which
   * there may be thousands; whoever needs some of that before flushes its own lane. What waits in the lane `together` is written in the same
   * transaction, before it. Throws what `work` throws; then nothing of it is written.
   */
  commit<T>(work: Work<T>, together?: Lane): T;
  /**
   * As commit, for work that deletes what is to be gone: with SQLite's secure_delete, which the work turns on, it overwrites
   * the pages, and this takes away the log that has them as they were.
   */
  erase<T>(work: Work<T>): Erased<T>;
  /**
   * Written within a second (where thousands wait, some seconds), in the order of the calls, many in one transaction and in
   * portions that hold nothing up. Never throws. `lane`: what may be flushed by itself.
   */
  later(work: Work<void>, lane?: Lane): void;
  /** Writes what waits, now: all of it, or that of one lane. */
  flush(lane?: Lane): void;
  /**
   * Writes one portion of what waits in a lane, and does not wait for another program that writes. Whether more is left that
   * could be written as soon.
   */
  flushSome(lane: Lane): boolean;
  /** From now on in this folder, or in memory alone; the small tables go along. */
  use(folder: string | undefined): void;
  /** Flushes, and lets go of the folder until the next use. What is in memory alone stays. */
  rest(): void;
  /** Flushes, and lets go of the folder. Nothing is kept afterwards. */
  close(): void;
  /** Whether what is written is there after a restart. */
  readonly isDurable: boolean;
  /** Whether there is a folder that can't be used now, so that all is in memory until it can. */
  readonly isAway: boolean;
  /** Whether what is written can be read again: not where there is no SQLite. */
  readonly keeps: boolean;
  /** Bytes of the file and its log as they lie on the disk; 0 in memory. */
  readonly bytes: number;
  /** Calls back at each change, until the returned function is called. */
  onChange(tell: (change: Change) => void): () => void;
}

export interface DatabaseOptions {
  /** The folder for hearth.db; undefined: in memory. */
  readonly folder: string | undefined;
  readonly clock: Pick<Clock, 'now' | 'elapsed' | 'after'>;
  readonly log: Log;
  readonly schema?: Schema;
}

export function openDatabase(options: DatabaseOptions): Database {
  return new MovingStore({ schema: SCHEMA, ...options });
}
