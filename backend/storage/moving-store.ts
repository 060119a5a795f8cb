// The store as it lies: on the disk, or in memory where the disk can't be used. It opens at its first use, writes what waits in
// portions, and moves when the disk fails, can be used again, or another folder is to be used.
import { copyRows, noteChanges } from './copy-rows.ts';
import type { Change, Database, DatabaseOptions, Erased, Lane, Work } from './database.ts';
import { inMemory, memoryAlone, open, type Opened } from './opening.ts';
import { isBusy, NOWHERE, PATIENT_MS, type Rows } from './rows.ts';
import type { Schema } from './schema.ts';
import { troubleOf, type Trouble } from './trouble.ts';
import { those, type Portion, type Waiting } from './waiting-work.ts';

/** From the first `later` to the first portion. Milliseconds. */
const LATER_MS = 500;
/** After so long a portion of what waits is committed, which takes about as long again. Milliseconds. */
const PORTION_MS = 1.5;
/** Between two portions, when requests are served. Milliseconds. */
const BETWEEN_MS = 5;
/** What can wait is not written while another program writes, for as long as this; then the store moves. Milliseconds. */
const BUSY_MS = 10_000;
/** What can wait does not hold requests up for another program. Milliseconds. */
const NOT_AT_ALL_MS = 0;
/** Between two tries to write it. Milliseconds. */
const AGAIN_MS = 100;
/** Between two looks whether the disk can be used again. Milliseconds. */
const RETURN_MS = 15_000;
/** The disk is used again when so much of it is free. Bytes. */
const ROOM_BYTES = 4 * 2 ** 20;
/** How often one piece of work is tried: on the disk, on a new file, in memory. */
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
  /** Since when another program has kept portions from being written, by the clock. */
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
      // Whoever listens only now is told why it is in memory.
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
    // Not before: what is asked for meanwhile needs no timer of its own.
    this.#write({ limitMs: PORTION_MS, waitMs: NOT_AT_ALL_MS });
    const next = this.#busySince === undefined ? BETWEEN_MS : AGAIN_MS;
    this.#cancelPortion = this.#waiting.size === 0 ? undefined : this.#options.clock.after(next, () => this.#portion());
  }

  /** What waits, but not what comes while it is written: that has its own turn. */
  #write({ lane, limitMs = Infinity, waitMs = PATIENT_MS }: Portion): void {
    if (those(this.#waiting, lane).length === 0) return;
    const { clock, log } = this.#options;
    try {
      this.#checkThere();
      this.#reliably((rows) => {
        const end = clock.elapsed() + limitMs;
        const written: Waiting[] = [];
        rows.transaction('normal', () => {
          // Those that wait now: whoever was told that the store has moved may have written some.
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
      // Neither the disk nor memory takes it.
      const lost = those(this.#waiting, lane);
      log.error({ err: error, lost: lost.length }, 'the store could not be written');
      for (const each of lost) this.#waiting.delete(each);
    }
  }

  /** A mistake in one of many does not undo the others. */
  #step(rows: Rows, work: Work<void>): void {
    try {
      rows.step(() => work(rows));
    } catch (error) {
      if (troubleOf(error) !== undefined || this.#at?.rows !== rows) throw error;
      this.#options.log.error({ err: error }, 'something could not be kept');
    }
  }

  /** Does the work where the store is; when the disk fails under it the store moves, and it is done again there. */
  #reliably<T>(work: (rows: Rows) => T, waitMs = PATIENT_MS): T {
    for (let tries = 1; ; tries++) {
      const { rows, folder } = this.#opened;
      try {
        rows.wait(waitMs);
        return work(rows);
      } catch (error) {
        if (waitMs < PATIENT_MS && this.#mayWaitOn(error)) throw error;
        // What it asked within it had found the trouble, and the store has moved already.
        if (this.#at?.rows !== rows && tries < TRIES) continue;
        const trouble = troubleOf(error);
        if (trouble === undefined || folder === undefined || tries === TRIES) throw error;
        this.#options.log.error({ err: error, folder: folder.path }, 'the store failed');
        this.#moveFrom(trouble);
      }
    }
  }

  /** Whether it is only that another program writes, and has not done so for too long. */
  #mayWaitOn(error: unknown): boolean {
    if (!isBusy(error)) return false;
    const now = this.#options.clock.elapsed();
    this.#busySince ??= now;
    return now - this.#busySince < BUSY_MS;
  }

  #checkThere(): void {
    if (this.#opened.folder?.isThere === false) this.#moveFrom({ kind: 'gone', why: 'somebody deleted it' });
  }

  /** Leaves a disk that fails: for a new file where that helps, else for memory. */
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

  /** The disk may be usable again. */
  #return(): void {
    const next = this.#open();
    const hasRoom = next.folder !== undefined && next.folder.room > ROOM_BYTES;
    if (hasRoom && this.#moveBack(this.#opened, next)) return;
    if (!hasRoom) this.#leave(next);
    if (next.mayReturn !== 'once') this.#returnLater();
  }

  /** Goes from memory to what was opened, with the rows that memory has. Whether it could be done. */
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
    // Where there is no folder nothing goes back to one.
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
