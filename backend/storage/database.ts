// The store that all faces share: one SQLite file in the data folder. Where the disk can't be used it is the same tables in
// memory, with the small ones carried over, until it can. Opened at its first use.
import type { Clock, Log } from '../core/ports.ts';
import { carry } from './carry.ts';
import type { Rows, Sql } from './rows.ts';
import { inMemory, memoryAlone, moveAside, open, type Opened } from './opening.ts';
import { SCHEMA, type Schema } from './schema.ts';
import { troubleOf, type Trouble } from './trouble.ts';

/** Something written or read. Done again from its beginning when the store has moved meanwhile, so it changes nothing but rows. */
export type Work<T> = (sql: Sql) => T;

/** What is told when the store moves between the disk and memory, or begins anew. */
export interface Change {
  readonly isDurable: boolean;
  /** For people. */
  readonly sentence: string;
}

/**
 * The store. All of it works in memory too; where there is no SQLite at all it keeps nothing and finds nothing, so what
 * must be had again while this process lives is kept by its owner as well.
 */
export interface Database {
  /** Reads what was committed, but not what still waits in `later`. Throws what `work` throws. */
  read<T>(work: Work<T>): T;
  /** One transaction, on the disk before this returns: for what is promised. What waits in `later` is written first. Throws what `work` throws; then nothing of it is written. */
  commit<T>(work: Work<T>): T;
  /** Written within a second, in the order of the calls, many in one transaction and in portions that hold nothing up. Never throws. */
  later(work: Work<void>): void;
  /** Writes what waits, now. */
  flush(): void;
  /** Flushes, and lets go of the folder. Nothing is kept afterwards. */
  close(): void;
  /** Whether what is written is there after a restart. */
  readonly isDurable: boolean;
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

/** From the first `later` to the first portion. Milliseconds. */
const LATER_MS = 500;
/** The longest that one portion takes. Milliseconds. */
const PORTION_MS = 4;
/** Between two portions, when requests are served. Milliseconds. */
const BETWEEN_MS = 5;
/** Between two looks whether the disk can be used again. Milliseconds. */
const RETURN_MS = 15_000;
/** How often one piece of work is tried: on the disk, on a new file, in memory. */
const TRIES = 3;

export function openDatabase(options: DatabaseOptions): Database {
  return new Store(options);
}

class Store implements Database {
  readonly #options: DatabaseOptions & { readonly schema: Schema };
  readonly #listeners = new Set<(change: Change) => void>();
  #at: Opened | undefined;
  /** In memory: whether the rows came from the disk, and so replace those that are still there. */
  #carried = false;
  #waiting: Work<void>[] = [];
  #cancelPortion: (() => void) | undefined;
  #cancelReturn: (() => void) | undefined;
  #closed = false;

  constructor(options: DatabaseOptions) {
    this.#options = { schema: SCHEMA, ...options };
  }

  read<T>(work: Work<T>): T {
    return this.#reliably(work);
  }

  commit<T>(work: Work<T>): T {
    return this.#reliably((rows) => {
      this.#checkThere();
      const waiting = this.#waiting.length;
      const result = rows.transaction('full', () => {
        for (const each of this.#waiting) this.#step(rows, each);
        return work(rows);
      });
      this.#waiting.splice(0, waiting);
      return result;
    });
  }

  later(work: Work<void>): void {
    if (this.#closed) return;
    this.#waiting.push(work);
    this.#cancelPortion ??= this.#options.clock.after(LATER_MS, () => this.#portion());
  }

  flush(): void {
    this.#write(Infinity);
  }

  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#cancelPortion?.();
    this.#cancelReturn?.();
    this.#leave(this.#at);
  }

  get isDurable(): boolean {
    return this.#opened.folder !== undefined;
  }

  get bytes(): number {
    return this.#opened.folder?.bytes ?? 0;
  }

  onChange(tell: (change: Change) => void): () => void {
    this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  }

  get #opened(): Opened {
    if (this.#at === undefined) {
      this.#moveTo(this.#closed ? inMemory(this.#options.schema) : this.#open());
    }
    return this.#at as Opened;
  }

  #open(): Opened {
    const { clock, ...options } = this.#options;
    return open({ ...options, now: clock.now });
  }

  #portion(): void {
    this.#cancelPortion = undefined;
    this.#write(PORTION_MS);
    if (this.#waiting.length > 0) this.#cancelPortion = this.#options.clock.after(BETWEEN_MS, () => this.#portion());
  }

  /** What waits, for as long as `limitMs`. */
  #write(limitMs: number): void {
    if (this.#waiting.length === 0) return;
    const { clock, log } = this.#options;
    try {
      this.#reliably((rows) => {
        this.#checkThere();
        const end = clock.elapsed() + limitMs;
        let done = 0;
        rows.transaction('normal', () => {
          for (const each of this.#waiting) {
            this.#step(rows, each);
            done++;
            if (clock.elapsed() > end) break;
          }
        });
        this.#waiting.splice(0, done);
      });
    } catch (error) {
      // Neither the disk nor memory takes it.
      log.error({ err: error, lost: this.#waiting.length }, 'the store could not be written');
      this.#waiting = [];
    }
  }

  /** A mistake in one of many does not undo the others. */
  #step(rows: Rows, work: Work<void>): void {
    try {
      rows.step(() => work(rows));
    } catch (error) {
      if (troubleOf(error) !== undefined) throw error;
      this.#options.log.error({ err: error }, 'something could not be kept');
    }
  }

  /** Does the work where the store is; when the disk fails under it the store moves, and it is done again there. */
  #reliably<T>(work: (rows: Rows) => T): T {
    for (let tries = 1; ; tries++) {
      const { rows, folder } = this.#opened;
      try {
        return work(rows);
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble === undefined || folder === undefined || tries === TRIES) throw error;
        this.#options.log.error({ err: error, folder: folder.path }, 'the store failed');
        this.#moveFrom(trouble);
      }
    }
  }

  #checkThere(): void {
    if (this.#opened.folder?.isThere === false) this.#moveFrom({ kind: 'gone', why: 'somebody deleted it' });
  }

  /** Leaves a disk that fails: for a new file where that helps, else for memory. */
  #moveFrom(trouble: Trouble): void {
    const old = this.#opened;
    const { clock, schema, log } = this.#options;
    const { folder } = old;
    if (folder === undefined) return;
    const between = inMemory(schema);
    carry(old.rows, between.rows, schema.carried, log);
    old.rows.close();
    if (trouble.kind === 'unusable') {
      folder.release();
      this.#carried = true;
      this.#moveTo({ ...between, notice: memoryAlone(folder.path, trouble), mayReturn: true });
      return;
    }
    let notice = `${folder.file} was deleted while Hearth used it. Hearth has begun a new one.`;
    if (trouble.kind !== 'gone') notice = moveAside(folder, trouble, { ...this.#options, now: clock.now });
    folder.release();
    const next = this.#open();
    carry(between.rows, next.rows, schema.carried, log);
    between.rows.close();
    this.#carried = true;
    this.#moveTo({ ...next, notice: [notice, next.notice].filter(Boolean).join(' ') });
  }

  #return(): void {
    const memory = this.#opened;
    const { schema, log } = this.#options;
    const next = this.#open();
    const isBack = next.folder !== undefined && carry(memory.rows, next.rows, schema.carried, log, this.#carried);
    if (isBack) {
      memory.rows.close();
      this.#moveTo({ ...next, notice: next.notice ?? `Hearth keeps everything in ${next.folder.path} again.` });
    } else {
      this.#leave(next);
      this.#returnLater();
    }
  }

  #moveTo(next: Opened): void {
    this.#at = next;
    if (next.mayReturn) this.#returnLater();
    if (next.notice === undefined) return;
    const change = { isDurable: next.folder !== undefined, sentence: next.notice };
    for (const tell of this.#listeners) tell(change);
  }

  #returnLater(): void {
    this.#cancelReturn = this.#options.clock.after(RETURN_MS, () => this.#return());
  }

  #leave(opened: Opened | undefined): void {
    opened?.rows.close();
    opened?.folder?.release();
  }
}
