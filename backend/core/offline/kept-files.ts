// Files that callers hand in for batches, and those that batches write: bounded in bytes and in number, each seen by its
// owner alone, and forgotten when their time is over.
import { AppError } from '../../contract/errors.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import { sees } from '../ownership.ts';
import type { Clock, KeptTime, NewId, ReadConfig } from '../ports.ts';
import { breath } from './breath.ts';
import type { Expiry, FileQuery, FileStore, KeptFile, Page } from './offline-store.ts';

export const MB = 1024 * 1024;
const DAY_MS = 86_400_000;
/** A file that was handed in lies in blocks of this size, so that no write of one takes long. Bytes. */
const BLOCK = 64 * 1024;
/** Between two portions of blocks that are freed. Milliseconds. */
const SWEEP_MS = 20;

export interface KeptFilesOptions {
  readonly store: FileStore;
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly time: KeptTime;
  readonly newId: NewId;
  /** Whether files are on the disk. */
  isDurable(): boolean;
  /** Whether they should be, and the disk can't be used now. */
  isAway(): boolean;
}

/** A file that is coming. */
export interface Upload {
  /** Takes a piece. Throws too_large and files_full. */
  write(piece: Uint8Array): void;
  /** The file, all of it on the disk. Throws files_full where it could not be kept, and disk_away. */
  end(expiresAfterMs?: number): KeptFile;
  /** Forgets it; nothing happens where it has ended. */
  drop(): void;
}

export class KeptFiles {
  readonly #options: KeptFilesOptions;
  /** Those that are being handed in. */
  readonly #coming = new Set<string>();
  #stopSweep: (() => void) | undefined;

  constructor(options: KeptFilesOptions) {
    this.#options = options;
  }

  /** Most bytes of all files together. */
  get #most(): number {
    const { files, server } = this.#options.config();
    // In memory they take what bodies may take.
    return (this.#options.isDurable() ? files.max_total_mb : Math.min(files.max_total_mb, server.max_inflight_mb)) * MB;
  }

  /** What is kept while the disk can't be used would be forgotten when it is back, and what is on it is not seen. Throws disk_away. */
  checkDisk(): void {
    if (!this.#options.isAway()) return;
    throw new AppError(
      'disk_away',
      'Files and batches are on a disk that cannot be used now; the notices of /health say why. They are there again when it is back: try later.',
    );
  }

  /** Throws files_full when there is no room for so many files, or for anything at all. */
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

  /** Throws files_full when so many more bytes are too many. */
  checkBytes(more: number): void {
    if (this.#options.store.totals.bytes + more < this.#most) return;
    const why = this.#options.isDurable() ? '' : ' Nothing is written to the disk, so they are in memory.';
    throw new AppError(
      'files_full',
      `The kept files take ${this.#most / MB} MB, which is all they may.${why} Delete some, or raise files.max_total_mb.`,
    );
  }

  /** Begins a file that a caller hands in. Throws files_full and disk_away. */
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

  /** How long a file is kept unless somebody says otherwise. */
  get keepMs(): number {
    return this.#options.config().files.keep_days * DAY_MS;
  }

  /** That of something that is over after so long from now. Milliseconds. */
  expiry(ms: number): Expiry {
    const { clock, time } = this.#options;
    return { expiresAt: clock.now() + ms, dueAt: time.now() + ms };
  }

  /** Begins a file that nobody sees until it has ended; its id. */
  begin(file: Omit<KeptFile, 'id' | 'bytes'>): string {
    const id = `file-${this.#options.newId().replaceAll('-', '')}`;
    this.#options.store.begin({ ...file, id });
    return id;
  }

  /** Throws file_not_found and disk_away. `watcher`: who wants to know; callers on this machine see all files, others only their own. */
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

  /** What is in a file, in pieces; others get their turn between them. Throws file_damaged, and file_not_found, also when it is deleted in the middle. */
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

  /** Forgets a file at once; what it took is freed by and by. */
  forget(id: string): void {
    this.#options.store.delete(id);
    this.#sweep();
  }

  /** Frees what was deleted, also before the last stop. */
  #sweep(): void {
    this.#stopSweep ??= this.#options.clock.after(SWEEP_MS, () => {
      this.#stopSweep = undefined;
      if (this.#options.store.sweep()) this.#sweep();
    });
  }

  /** Forgets files that never ended, but for those that come, or are still written. */
  resume(written: ReadonlySet<string>): void {
    const { store } = this.#options;
    for (const id of store.unended()) if (!written.has(id) && !this.#coming.has(id)) store.delete(id);
    this.#sweep();
  }

  /** Stops what it does by itself. */
  stop(): void {
    this.#stopSweep?.();
  }
}

/** The same in pieces of about a block, as those that a batch writes are small. */
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
