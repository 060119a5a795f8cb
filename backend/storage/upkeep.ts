// Keeps the file small without delaying requests: a separate thread copies the log into the file, since that waits for
// the disk, and freed pages are returned to the system a few at a time.
import { Worker } from 'node:worker_threads';
import type { Clock, Log } from '../core/ports.ts';
import type { DataFolder } from './data-folder.ts';
import type { Connection } from './rows.ts';

/** The log is copied when it exceeds this size. A file that is opened after a crash reads it again. Bytes. */
const LOG_BYTES = 4 * 2 ** 20;
/** How long to wait for readers of the log when it must be truncated at once. Milliseconds. */
const CUT_MS = 250;
/** If the thread cannot keep up, or cannot be created, SQLite itself copies a log of this many pages. */
const LOG_PAGES_AT_MOST = 8000;
/** Free pages that stay for the next writes; a share in a larger file. */
const FREE_PAGES = 256;
const FREE_SHARE = 1 / 4;
/** Time limit of one portion. Milliseconds. */
const PORTION_MS = 2;
/** Pause between two portions. Milliseconds. */
const BETWEEN_MS = 10;
const MOST_PAGES = 4096;

/** The state of the thread, in a number that both threads share. */
const COMING = 0;
const AT_WORK = 1;
const THROUGH = 2;
const CALLED_OFF = 3;
/** Maximum wait for the end of its work; a disk may hang. Milliseconds. */
const THROUGH_MS = 10_000;

/** The thread's code: opens the file itself, copies the part of the log that no reader needs, and ends. */
const THREAD = `
const { workerData: { library, file, all, how } } = require('node:worker_threads');
const { createRequire } = require('node:module');
function work() {
  const { DatabaseSync } = library.startsWith('node:') ? require(library) : createRequire(library)(library);
  const database = new DatabaseSync(file);
  database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  // Nothing is left to copy, so this only cuts the log off. Where somebody writes at this moment it does nothing.
  if (all) database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}
if (Atomics.compareExchange(how, 0, ${COMING}, ${AT_WORK}) === ${COMING}) {
  try {
    work();
  } finally {
    Atomics.store(how, 0, ${THROUGH});
    Atomics.notify(how, 0);
  }
}
`;

export class Upkeep {
  readonly #rows: Pick<Connection, 'exec' | 'pragma' | 'wait'>;
  readonly #folder: Pick<DataFolder, 'file' | 'logBytes'>;
  readonly #library: string;
  readonly #clock: Pick<Clock, 'elapsed' | 'after'>;
  readonly #log: Log;
  #worker: Worker | undefined;
  #how: Int32Array | undefined;
  /** What to do when the thread has ended. */
  #afterwards: (() => void) | undefined;
  #cancelPortion: (() => void) | undefined;
  #pages = 16;

  /** `library`: the file of SQLite's library. */
  constructor(
    rows: Pick<Connection, 'exec' | 'pragma' | 'wait'>,
    folder: Pick<DataFolder, 'file' | 'logBytes'>,
    library: string,
    clock: Pick<Clock, 'elapsed' | 'after'>,
    log: Log,
  ) {
    this.#rows = rows;
    this.#folder = folder;
    this.#library = library;
    this.#clock = clock;
    this.#log = log;
    rows.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES_AT_MOST}; PRAGMA journal_size_limit = ${LOG_BYTES}`);
  }

  /** Checks what there is to do; call after each write. Never throws. */
  look(): void {
    this.#attempt(() => {
      if (this.#folder.logBytes > LOG_BYTES) this.#copyLog();
      const kept = Math.max(FREE_PAGES, this.#rows.pragma('page_count') * FREE_SHARE);
      if (this.#cancelPortion === undefined && this.#free > kept) this.#giveBackLater();
    });
  }

  /**
   * Copies the log into the file and truncates it now. Returns whether that worked: it does not while another program
   * reads it.
   */
  cutLog(): boolean {
    this.#attempt(() => {
      this.#rows.wait(CUT_MS);
      this.#rows.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    });
    return this.#folder.logBytes === 0;
  }

  /**
   * Stops. A thread that has not begun its work never does; the end of running work is awaited. The process may exit
   * after this, and if it does while a thread is inside SQLite's library, that library crashes it (node-addon-api: an
   * error cannot be passed to a terminating thread, and then nobody catches it).
   */
  stop(): void {
    this.#cancelPortion?.();
    this.#afterwards = undefined;
    if (this.#how === undefined) return;
    const was = Atomics.compareExchange(this.#how, 0, COMING, CALLED_OFF);
    if (was === AT_WORK) Atomics.wait(this.#how, 0, AT_WORK, THROUGH_MS);
  }

  get #free(): number {
    return this.#rows.pragma('freelist_count');
  }

  /** `all`: also truncates the log; for times of few writes. */
  #copyLog(all = false): void {
    if (this.#worker !== undefined) {
      if (all) this.#afterwards = () => this.#copyLog(all);
      return;
    }
    const how = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const worker = new Worker(THREAD, {
      eval: true,
      workerData: { library: this.#library, file: this.#folder.file, all, how },
    });
    this.#worker = worker;
    this.#how = how;
    // Does not keep a process alive that wants to end.
    worker.unref();
    worker.once('error', (error) => this.#log.debug({ err: error }, 'the log of the store was not copied'));
    worker.once('exit', () => {
      this.#worker = undefined;
      this.#how = undefined;
      const act = this.#afterwards;
      this.#afterwards = undefined;
      if (act !== undefined) this.#attempt(act);
    });
  }

  /** The next write meets the same error, and then the store moves. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#log.debug({ err: error }, 'the file of the store could not be made smaller');
    }
  }

  #giveBackLater(): void {
    this.#cancelPortion = this.#clock.after(BETWEEN_MS, () => {
      this.#cancelPortion = undefined;
      this.#attempt(() => this.#giveBack());
    });
  }

  #giveBack(): void {
    const from = this.#clock.elapsed();
    // While another program writes, this is done another time.
    this.#rows.wait(0);
    this.#rows.exec(`PRAGMA incremental_vacuum(${this.#pages})`);
    const took = this.#clock.elapsed() - from;
    this.#pages = Math.max(
      1,
      Math.min(MOST_PAGES, Math.round(took > PORTION_MS ? this.#pages / 2 : this.#pages * 1.5)),
    );
    if (this.#folder.logBytes > LOG_BYTES) this.#copyLog();
    if (this.#free > FREE_PAGES) this.#giveBackLater();
    else this.#copyLog(true);
  }
}
