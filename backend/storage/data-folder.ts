// The folder of the store: made private, held by one Hearth alone, and cleared of a file that can't be used.
import {
  chmodSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { Connection, isBusy } from './rows.ts';
import type { Sqlite } from './sqlite.ts';

const NAME = 'hearth.db';
/** SQLite's own files beside it: the log of what is not in it yet, and its index. */
const LOG = '-wal';
const BESIDE = [LOG, '-shm'];
const LOCK = 'hearth.lock';
/** Names of files that were moved aside, with those beside them; the first group is the same for all of these. */
const ASIDE = /^(hearth\.db\.aside-.*?)(?:-wal|-shm)?$/;
/** So many of them are kept, with the one that is moved now. */
export const MOST_ASIDE = 3;
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

/** Another process may read its first page at this moment; one that holds it longer keeps it. Milliseconds. */
const HELD_MS = 250;

/** Another Hearth uses the folder. */
export class Held extends Error {
  override readonly name = 'Held';
}

/** A file that was moved aside, and those that went for it; paths. */
export interface Aside {
  readonly name: string;
  readonly deleted: readonly string[];
}

export class DataFolder {
  readonly path: string;
  readonly file: string;
  #lock: Connection | undefined;
  #opened: string | undefined;

  constructor(path: string) {
    this.path = path;
    this.file = join(path, NAME);
  }

  /**
   * Makes the folder and the files where they are missing, and holds them until `release`. The system lets go when the
   * process dies, however that happens. Throws Held, SQLite's errors and the system's.
   */
  hold(sqlite: Sqlite): void {
    mkdirSync(this.path, { recursive: true, mode: PRIVATE_FOLDER });
    const lock = join(this.path, LOCK);
    makePrivate(lock);
    const connection = new Connection(sqlite, lock, HELD_MS);
    try {
      // A lock of a file of its own, since one on the database would shut out those who only read it.
      connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      connection.close();
      throw isBusy(error) ? new Held(undefined, { cause: error }) : error;
    }
    this.#lock = connection;
    makePrivate(this.file);
  }

  release(): void {
    this.#lock?.close();
    this.#lock = undefined;
  }

  /** Bytes that the store takes on the disk. */
  get bytes(): number {
    return sizeOf(this.file) + BESIDE.map((end) => sizeOf(this.file + end)).reduce((sum, size) => sum + size, 0);
  }

  /** Bytes of the log of what is not in the file yet. */
  get logBytes(): number {
    return sizeOf(this.file + LOG);
  }

  /** Bytes that the disk has left for us. */
  get room(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** The file that is there now has been opened. */
  opened(): void {
    this.#opened = this.#identity();
  }

  /** Whether the opened file still has its name; somebody may have deleted it, which SQLite does not notice. */
  get isThere(): boolean {
    return this.#identity() === this.#opened;
  }

  #identity(): string | undefined {
    const found = statSync(this.file, { throwIfNoEntry: false });
    return found === undefined ? undefined : `${found.dev}:${found.ino}`;
  }

  /**
   * Gives the file another name. Of those that were moved aside before, the oldest are deleted where they are too many. Throws
   * the system's errors.
   */
  moveAside(at: Date): Aside {
    const before = this.#aside;
    const plain = `${NAME}.aside-${at.toISOString().replaceAll(':', '-').slice(0, 19)}`;
    let name = plain;
    for (let again = 2; before.some((each) => each.name === name); again++) name = `${plain}.${again}`;
    const deleted = before.slice(0, Math.max(0, before.length + 1 - MOST_ASIDE));
    for (const { files } of deleted) for (const file of files) rmSync(join(this.path, file), { force: true });
    renameSync(this.file, join(this.path, name));
    for (const end of BESIDE) {
      const beside = this.file + end;
      // By the same name with the same end a tool finds them beside it.
      if (statSync(beside, { throwIfNoEntry: false }) !== undefined) renameSync(beside, join(this.path, name + end));
    }
    makePrivate(this.file);
    return { name: join(this.path, name), deleted: deleted.map((each) => join(this.path, each.name)) };
  }

  /** Those that were moved aside, the oldest first: their names tell when. */
  get #aside(): readonly { readonly name: string; readonly files: readonly string[] }[] {
    const found = new Map<string, string[]>();
    for (const file of readdirSync(this.path)) {
      const [, name] = ASIDE.exec(file) ?? [];
      if (name !== undefined) found.set(name, [...(found.get(name) ?? []), file]);
    }
    return [...found].map(([name, files]) => ({ name, files })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** SQLite makes its other files with the same rights. */
function makePrivate(path: string): void {
  try {
    // Never opens one that is there: to close it would let go of this process's locks on it (POSIX).
    closeSync(openSync(path, 'wx', PRIVATE_FILE));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    chmodSync(path, PRIVATE_FILE);
  }
}
