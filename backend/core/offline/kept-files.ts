// The files that callers upload for batches, and those that batches write: limited in bytes and number, visible only to
// their owners, and deleted when they expire.
import { AppError } from '../../contract/errors.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import { sees } from '../ownership.ts';
import type { Clock, KeptTime, NewId, ReadConfig } from '../ports.ts';
import { breath } from './breath.ts';
import type { Expiry, FileQuery, FileStore, KeptFile, Page } from './offline-store.ts';

export const MB = 1024 * 1024;
const DAY_MS = 86_400_000;
/** The block size of uploaded files, in bytes, small enough that no write takes long. */
const BLOCK = 64 * 1024;
/** The interval between two portions of blocks that are freed. Milliseconds. */
const SWEEP_MS = 20;

export interface KeptFilesOptions {
  readonly store: FileStore;
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly time: KeptTime;
  readonly newId: NewId;
  /** Whether files are on disk. */
  isDurable(): boolean;
  /** Whether they should be on disk, but the disk can't be used now. */
  isAway(): boolean;
}

/** A file that is being uploaded. */
export interface Upload {
  /** Adds a piece. Throws too_large and files_full. */
  write(piece: Uint8Array): void;
  /**
   * Ends the file; all of it is on disk when this returns. Throws files_full if it could not be kept, and disk_away.
   */
  end(expiresAfterMs?: number): KeptFile;
  /** Drops the file, unless it has ended. */
  drop(): void;
}

export class KeptFiles {
  readonly #options: KeptFilesOptions;
  /** The uploads in progress. */
  readonly #coming = new Set<string>();
  #stopSweep: (() => void) | undefined;

  constructor(options: KeptFilesOptions) {
    this.#options = options;
  }

  /** The limit of all files together, in bytes. */
  get #most(): number {
    const { files, server } = this.#options.config();
    // In memory, files share the limit of request bodies.
    return (this.#options.isDurable() ? files.max_total_mb : Math.min(files.max_total_mb, server.max_inflight_mb)) * MB;
  }

  /**
   * Throws disk_away while the disk can't be used: what is kept then would be lost when it returns, and its files are
   * not visible.
   */
  checkDisk(): void {
    if (!this.#options.isAway()) return;
    throw new AppError(
      'disk_away',
      'Files and batches are on a disk that cannot be used now; the notices of /health say why. They are there again when it is back: try later.',
    );
  }

  /** Throws files_full when there is no room for this many files, or for any more bytes. */
  checkRoom(files: number): void {
    const { totals } = this.#options.store;
    const { max_count: count } = this.#options.config().files;
    if (totals.files + files > count) {
      throw new AppError(
        'files_full',
        `${totals.files} files are kept, and ${count} may be. Delete some, or raise files.max_count.`,
      );
    }
    this.checkBytes(0);
  }

  /** Throws files_full when there is no room for this many more bytes. */
  checkBytes(more: number): void {
    if (this.#options.store.totals.bytes + more < this.#most) return;
    const why = this.#options.isDurable() ? '' : ' Nothing is written to the disk, so they are in memory.';
    throw new AppError(
      'files_full',
      `The kept files take ${this.#most / MB} MB, which is all they may.${why} Delete some, or raise files.max_total_mb.`,
    );
  }

  /** Begins an upload. Throws files_full and disk_away. */
  upload(owner: string, name: string): Upload {
    const { store, config } = this.#options;
    this.checkDisk();
    this.checkRoom(1);
    const now = this.#options.clock.now();
    const id = this.begin({ owner, name, purpose: 'batch', createdAt: now, ...this.expiry(this.keepMs) });
    this.#coming.add(id);
    let pieces: Uint8Array[] = [];
    let held = 0;
    let size = 0;
    let blocks = 0;
    const put = (): void => {
      this.checkBytes(held);
      store.put(id, blocks++, Buffer.concat(pieces, held));
      pieces = [];
      held = 0;
    };
    return {
      write: (piece) => {
        const { max_file_mb: most } = config().files;
        size += piece.length;
        if (size > most * MB) {
          throw new AppError('too_large', `The file is over ${most} MB. Send several, or raise files.max_file_mb.`);
        }
        for (let at = 0; at < piece.length;) {
          const part = piece.subarray(at, at + BLOCK - held);
          pieces.push(part);
          held += part.length;
          at += part.length;
          if (held === BLOCK) put();
        }
      },
      end: (expiresAfterMs) => {
        if (held > 0) put();
        const file = store.end(id, expiresAfterMs === undefined ? undefined : this.expiry(expiresAfterMs));
        this.#coming.delete(id);
        this.checkDisk();
        if (file?.bytes === size) return file;
        throw new AppError('files_full', 'The file could not be kept: the disk took not all of it. Send it again.');
      },
      drop: () => {
        if (this.#coming.delete(id) || store.get(id)?.bytes !== size) this.forget(id);
      },
    };
  }

  /** How long a file is kept by default, in milliseconds. */
  get keepMs(): number {
    return this.#options.config().files.keep_days * DAY_MS;
  }

  /** The expiry in `ms` milliseconds from now. */
  expiry(ms: number): Expiry {
    const { clock, time } = this.#options;
    return { expiresAt: clock.now() + ms, dueAt: time.now() + ms };
  }

  /** Begins a file that is invisible until it has ended. Returns its id. */
  begin(file: Omit<KeptFile, 'id' | 'bytes'>): string {
    const id = `file-${this.#options.newId().replaceAll('-', '')}`;
    this.#options.store.begin({ ...file, id });
    return id;
  }

  /** Throws file_not_found and disk_away. Callers on this machine see all files, others only their own. */
  get(id: string, watcher: string): KeptFile {
    this.checkDisk();
    const file = this.#options.store.get(id);
    if (file !== undefined && sees(watcher, file.owner)) return file;
    throw new AppError('file_not_found', sentence`No file has the id ${quotation(id)}.`);
  }

  /** Files of an owner, or of everybody; see FileStore.list. Throws disk_away. */
  list(of: FileQuery, page: Page): KeptFile[] {
    this.checkDisk();
    return this.#options.store.list(of, page);
  }

  /**
   * The content of a file, in pieces, with turns for other work in between. Throws file_damaged, and file_not_found
   * even if it is deleted while being read.
   */
  async *read(id: string): AsyncGenerator<Uint8Array, void, undefined> {
    const { store } = this.#options;
    const whole = store.get(id);
    let left = whole?.bytes ?? Number.NaN;
    for (let n = -1, more = store.blocks(id, n); more.length > 0; more = store.blocks(id, n)) {
      n = more.at(-1)?.n ?? n;
      for (const piece of merged(more)) {
        left -= piece.length;
        yield piece;
        await breath();
      }
    }
    if (left !== 0) throw new AppError('file_not_found', sentence`The file ${quotation(id)} is gone.`);
  }

  /** Deletes a file at once; its blocks are freed later. */
  forget(id: string): void {
    this.#options.store.delete(id);
    this.#sweep();
  }

  /** Frees deleted blocks, including those from before the last stop. */
  #sweep(): void {
    this.#stopSweep ??= this.#options.clock.after(SWEEP_MS, () => {
      this.#stopSweep = undefined;
      if (this.#options.store.sweep()) this.#sweep();
    });
  }

  /** Deletes files that never ended, except current uploads and files in `written`. */
  resume(written: ReadonlySet<string>): void {
    const { store } = this.#options;
    for (const id of store.unended()) if (!written.has(id) && !this.#coming.has(id)) store.delete(id);
    this.#sweep();
  }

  /** Stops the background work. */
  stop(): void {
    this.#stopSweep?.();
  }
}

/** Merges blocks into pieces of about the block size, since those that a batch writes are small. */
function* merged(blocks: ReturnType<FileStore['blocks']>): Generator<Uint8Array, void, undefined> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  for (const [i, { block }] of blocks.entries()) {
    pieces.push(block);
    size += block.length;
    if (size < BLOCK && i < blocks.length - 1) continue;
    yield pieces.length === 1 ? block : Buffer.concat(pieces, size);
    pieces = [];
    size = 0;
  }
}
