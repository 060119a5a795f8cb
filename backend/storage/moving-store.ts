// The store on disk, or in memory while the disk cannot be used. It opens at its first use, writes pending work in
// portions, and moves when the disk fails, can be used again, or another folder is set.
import { copyRows, noteChanges } from './copy-rows.ts';
import type { Change, Database, DatabaseOptions, Erased, Lane, Work } from './database.ts';
import { inMemory, memoryAlone, open, type Opened } from './opening.ts';
import { isBusy, NOWHERE, PATIENT_MS, type Rows } from './rows.ts';
import type { Schema } from './schema.ts';
import { troubleOf, type Trouble } from './trouble.ts';
import { those, type Portion, type Waiting } from './waiting-work.ts';

/** Milliseconds from the first `later` to the first portion. */
const LATER_MS = 500;
/** A portion is committed after this long; the commit takes about as long again. Milliseconds. */
const PORTION_MS = 1.5;
/** Pause between two portions, in which requests are served. Milliseconds. */
const BETWEEN_MS = 5;
/** Pending work waits this long for another program that writes; then the store moves. Milliseconds. */
const BUSY_MS = 10_000;
/** Pending work never delays requests to wait for another program. Milliseconds. */
const NOT_AT_ALL_MS = 0;
/** Pause between attempts to write it. Milliseconds. */
const AGAIN_MS = 100;
/** Interval of checks whether the disk can be used again. Milliseconds. */
const RETURN_MS = 15_000;
/** Free bytes that the disk must have to be used again. */
const ROOM_BYTES = 4 * 2 ** 20;
/** Attempts at one piece of work: on disk, on a new file, in memory. */
const TRIES = 3;

export class MovingStore implements Database {
  #options: DatabaseOptions & { readonly schema: Schema };
  readonly #listeners = new Set<(change: Change) => void>();
  #at: Opened | undefined;
  /** The file was damaged and could not be moved aside yet. */
  #broken: Trouble | undefined;
  readonly #waiting = new Set<Waiting>();
  #cancelPortion: (() => void) | undefined;
  #cancelReturn: (() => void) | undefined;
  #closed = false;
  /** Since when another program has blocked the portions, by the clock. */
  #busySince: number | undefined;

  constructor(options: DatabaseOptions & { readonly schema: Schema }) {
    this.#options = options;
  }

  read<T>(work: Work<T>): T {
    return this.#reliably(work);
  }

  commit<T>(work: Work<T>, together?: Lane): T {
    this.#checkThere();
    let written: readonly Waiting[] = [];
    const committed = this.#reliably((rows) =>
      rows.transaction('full', () => {
        written = together === undefined ? [] : those(this.#waiting, together);
        for (const each of written) this.#step(rows, each.work);
        return work(rows);
      }),
    );
    for (const each of written) this.#waiting.delete(each);
    this.#busySince = undefined;
    this.#at?.upkeep?.look();
    return committed;
  }

  erase<T>(work: Work<T>): Erased<T> {
    const value = this.commit(work);
    return { value, gone: this.#at?.upkeep?.cutLog() ?? true };
  }

  later(work: Work<void>, lane?: Lane): void {
    if (this.#closed) return;
    this.#waiting.add({ work, lane });
    this.#cancelPortion ??= this.#options.clock.after(LATER_MS, () => this.#portion());
  }

  flush(lane?: Lane): void {
    this.#write({ lane });
  }

  flushSome(lane: Lane): boolean {
    this.#write({ lane, limitMs: PORTION_MS, waitMs: NOT_AT_ALL_MS });
    return this.#busySince === undefined && those(this.#waiting, lane).length > 0;
  }

  use(folder: string | undefined): void {
    const old = this.#at;
    if (folder === this.#options.folder) {
      // A new listener must learn why the store is in memory.
      if (old?.notice !== undefined) this.#tell(old);
      return;
    }
    this.flush();
    this.#options = { ...this.#options, folder };
    if (old === undefined) return;
    this.#cancelReturn?.();
    const next = this.#open();
    copyRows(old, next, this.#options);
    this.#leave(old);
    this.#at = undefined;
    this.#moveTo(next);
  }

  rest(): void {
    this.flush();
    this.#waiting.clear();
    this.#cancelPortion?.();
    this.#cancelPortion = undefined;
    if (this.#at?.folder === undefined) return;
    this.#leave(this.#at);
    this.#at = undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#cancelPortion?.();
    this.#cancelReturn?.();
    if (this.#at !== undefined) this.#leave(this.#at);
    this.#at = { rows: NOWHERE, folder: undefined, notice: undefined, mayReturn: false };
  }

  get isDurable(): boolean {
    return this.#opened.folder !== undefined;
  }

  get isAway(): boolean {
    return this.#options.folder !== undefined && this.keeps && !this.isDurable;
  }

  get keeps(): boolean {
    return this.#opened.rows !== NOWHERE;
  }

  get bytes(): number {
    return this.#opened.folder?.bytes ?? 0;
  }

  onChange(tell: (change: Change) => void): () => void {
    this.#listeners.add(tell);
    return () => void this.#listeners.delete(tell);
  }

  get #opened(): Opened {
    if (this.#at === undefined) this.#moveTo(this.#open());
    return this.#at as Opened;
  }

  #open(): Opened {
    return open({ ...this.#options, broken: this.#broken });
  }

  #portion(): void {
    // Set the next timer only afterwards: work queued meanwhile needs none of its own.
    this.#write({ limitMs: PORTION_MS, waitMs: NOT_AT_ALL_MS });
    const next = this.#busySince === undefined ? BETWEEN_MS : AGAIN_MS;
    this.#cancelPortion = this.#waiting.size === 0 ? undefined : this.#options.clock.after(next, () => this.#portion());
  }

  /** Writes what waits now; work that arrives meanwhile gets its own turn. */
  #write({ lane, limitMs = Infinity, waitMs = PATIENT_MS }: Portion): void {
    if (those(this.#waiting, lane).length === 0) return;
    const { clock, log } = this.#options;
    try {
      this.#checkThere();
      this.#reliably((rows) => {
        const end = clock.elapsed() + limitMs;
        const written: Waiting[] = [];
        rows.transaction('normal', () => {
          // The current list: a listener that was told of a move may have written some.
          for (const each of those(this.#waiting, lane)) {
            this.#step(rows, each.work);
            written.push(each);
            if (clock.elapsed() > end) break;
          }
        });
        for (const each of written) this.#waiting.delete(each);
      }, waitMs);
      this.#busySince = undefined;
      this.#at?.upkeep?.look();
    } catch (error) {
      if (isBusy(error)) return;
      // Neither the disk nor memory accepts it.
      const lost = those(this.#waiting, lane);
      log.error({ err: error, lost: lost.length }, 'the store could not be written');
      for (const each of lost) this.#waiting.delete(each);
    }
  }

  /** One failing piece of work does not undo the others. */
  #step(rows: Rows, work: Work<void>): void {
    try {
      rows.step(() => work(rows));
    } catch (error) {
      if (troubleOf(error) !== undefined || this.#at?.rows !== rows) throw error;
      this.#options.log.error({ err: error }, 'something could not be kept');
    }
  }

  /** Runs work where the store is; if the disk fails, the store moves and the work is repeated there. */
  #reliably<T>(work: (rows: Rows) => T, waitMs = PATIENT_MS): T {
    for (let tries = 1; ; tries++) {
      const { rows, folder } = this.#opened;
      try {
        rows.wait(waitMs);
        return work(rows);
      } catch (error) {
        if (waitMs < PATIENT_MS && this.#mayWaitOn(error)) throw error;
        // A nested call has found the trouble, and the store has moved already.
        if (this.#at?.rows !== rows && tries < TRIES) continue;
        const trouble = troubleOf(error);
        if (trouble === undefined || folder === undefined || tries === TRIES) throw error;
        this.#options.log.error({ err: error, folder: folder.path }, 'the store failed');
        this.#moveFrom(trouble);
      }
    }
  }

  /** Whether another program merely blocks the write, and has not done so for too long. */
  #mayWaitOn(error: unknown): boolean {
    if (!isBusy(error)) return false;
    const now = this.#options.clock.elapsed();
    this.#busySince ??= now;
    return now - this.#busySince < BUSY_MS;
  }

  #checkThere(): void {
    if (this.#opened.folder?.isThere === false) this.#moveFrom({ kind: 'gone', why: 'somebody deleted it' });
  }

  /** Leaves a failing disk: for a new file if that helps, else for memory. */
  #moveFrom(trouble: Trouble): void {
    this.#busySince = undefined;
    const old = this.#opened;
    if (old.folder === undefined) return;
    const memory = inMemory(this.#options.schema);
    copyRows(old, memory, this.#options);
    this.#leave(old);
    const stay = { ...memory, notice: memoryAlone(old.folder.path, trouble), mayReturn: true };
    if (trouble.kind === 'unusable') return this.#moveTo(stay);
    if (trouble.kind !== 'gone') this.#broken = trouble;
    const next = this.#open();
    const notice = next.notice ?? `${old.folder.file} was deleted while Hearth used it. Hearth has begun a new one.`;
    if (!this.#moveBack(memory, { ...next, notice })) this.#moveTo(stay);
  }

  /** Tries whether the disk can be used again. */
  #return(): void {
    const next = this.#open();
    const hasRoom = next.folder !== undefined && next.folder.room > ROOM_BYTES;
    if (hasRoom && this.#moveBack(this.#opened, next)) return;
    if (!hasRoom) this.#leave(next);
    if (next.mayReturn !== 'once') this.#returnLater();
  }

  /** Moves from memory to an opened store, with memory's rows. Returns whether that worked. */
  #moveBack(memory: Opened, next: Opened): boolean {
    if (next.folder === undefined || !copyRows(memory, next, this.#options)) {
      this.#leave(next);
      return false;
    }
    memory.rows.close();
    this.#broken = undefined;
    this.#moveTo(next);
    return true;
  }

  #moveTo(next: Opened): void {
    const isFirst = this.#at === undefined;
    const isMemory = next.folder === undefined && next.rows !== NOWHERE;
    // Without a folder nothing is ever copied back.
    const notesChanges = isMemory && this.#options.folder !== undefined;
    if (notesChanges) noteChanges(next.rows, this.#options.schema.carried);
    this.#at = { ...next, notesChanges };
    if (next.mayReturn) this.#returnLater();
    if (!isFirst || next.notice !== undefined) this.#tell(next);
  }

  #tell({ folder, notice }: Opened): void {
    for (const tell of this.#listeners) tell({ isDurable: folder !== undefined, trouble: notice });
  }

  #returnLater(): void {
    this.#cancelReturn = this.#options.clock.after(RETURN_MS, () => this.#return());
  }

  #leave({ rows, folder, upkeep }: Opened): void {
    upkeep?.stop();
    rows.close();
    folder?.release();
  }
}
