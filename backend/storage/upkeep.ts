// Keeps the file small off the road of requests: its log is copied into it by a thread of its own, since that waits for the
// disk, and the pages that were freed go back to the system a few at a time.
import { Worker } from 'node:worker_threads';
import type { Clock, Log } from '../core/ports.ts';
import type { DataFolder } from './data-folder.ts';
import type { Connection } from './rows.ts';

/** The log is copied when it is larger. It is read anew when the file is opened after a crash. Bytes. */
const LOG_BYTES = 4 * 2 ** 20;
/** How long to wait for who reads the log, where it is to be cut off at once. Milliseconds. */
const CUT_MS = 250;
/** Where the thread does not keep up, or cannot be made, SQLite copies a log of so many pages by itself. */
const LOG_PAGES_AT_MOST = 8000;
/** So many free pages stay, for what is written next; of a larger file a share. */
const FREE_PAGES = 256;
const FREE_SHARE = 1 / 4;
/** What one portion may take. Milliseconds. */
const PORTION_MS = 2;
/** Between two portions. Milliseconds. */
const BETWEEN_MS = 10;
const MOST_PAGES = 4096;

/** How far the thread is, in a number that both can see. */
const COMING = 0;
const AT_WORK = 1;
const THROUGH = 2;
const CALLED_OFF = 3;
/** The longest that the end of its work is waited for; a disk may hang. Milliseconds. */
const THROUGH_MS = 10_000;

/** The thread: it opens the file for itself, copies what no reader needs in the log any more, and ends. */
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

  /** `library`: the file of SQLite. */
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

  /** Looks what there is to do; called after each write. Never throws. */
  look(): void {
    this.#attempt(() => {
      if (this.#folder.logBytes > LOG_BYTES) this.#copyLog();
      const kept = Math.max(FREE_PAGES, this.#rows.pragma('page_count') * FREE_SHARE);
      if (this.#cancelPortion === undefined && this.#free > kept) this.#giveBackLater();
    });
  }

  /** Copies the log into the file and cuts it off, now. Whether it could be done: not while another program reads it. */
  cutLog(): boolean {
    this.#attempt(() => {
      this.#rows.wait(CUT_MS);
      this.#rows.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    });
    return this.#folder.logBytes === 0;
  }

  /**
   * Does nothing more. A thread that has not begun never does, and the end of one that works is waited for: the process may end
   * after this, and one that ends while a thread of it is within SQLite's library is ended by that library as if it had crashed
   * (node-addon-api: an error cannot be handed to a thread that is being ended, and nobody catches it then).
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

  /** `all`: and takes it away, which is for a time when little is written. */
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
    // It holds no program up that wants to end.
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

  /** What goes wrong here, the next write meets too, and then the store moves. */
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
    // Where another program writes, this is done another time.
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
