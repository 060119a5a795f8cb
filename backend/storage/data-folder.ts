// The folder of the store: keeps it private, locks it for one Hearth, and moves an unusable file aside.
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
/** SQLite's own files beside it: the write-ahead log, and its index. */
const LOG = '-wal';
const BESIDE = [LOG, '-shm'];
const LOCK = 'hearth.lock';
/** Names of files that were moved aside, and of SQLite's files beside them; the first group is the name they share. */
const ASIDE = /^(hearth\.db\.aside-.*?)(?:-wal|-shm)?$/;
/** Number of moved files that are kept, including the one being moved now. */
export const MOST_ASIDE = 3;
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

/** Another process may be reading the first page right now; one that holds the file longer keeps it. Milliseconds. */
const HELD_MS = 250;

/** Another Hearth uses the folder. */
export class Held extends Error {
  override readonly name = 'Held';
}

/** A file that was moved aside, and older ones deleted in return; paths. */
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
   * Creates missing folders and files, and locks them until `release`. The system releases the lock when the process
   * dies in any way. Throws Held, SQLite's and the system's errors.
   */
  hold(sqlite: Sqlite): void {
    mkdirSync(this.path, { recursive: true, mode: PRIVATE_FOLDER });
    const lock = join(this.path, LOCK);
    makePrivate(lock);
    const connection = new Connection(sqlite, lock, HELD_MS);
    try {
      // A separate lock file, since a lock on the database would shut out programs that only read it.
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

  /** Size of the store on disk in bytes. */
  get bytes(): number {
    return sizeOf(this.file) + BESIDE.map((end) => sizeOf(this.file + end)).reduce((sum, size) => sum + size, 0);
  }

  /** Size of the write-ahead log in bytes. */
  get logBytes(): number {
    return sizeOf(this.file + LOG);
  }

  /** Free bytes on the disk. */
  get room(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Remembers the identity of the file that was opened. */
  opened(): void {
    this.#opened = this.#identity();
  }

  /** Whether the opened file still has its name; SQLite does not notice if somebody deletes it. */
  get isThere(): boolean {
    return this.#identity() === this.#opened;
  }

  #identity(): string | undefined {
    const found = statSync(this.file, { throwIfNoEntry: false });
    return found === undefined ? undefined : `${found.dev}:${found.ino}`;
  }

  /**
   * Renames the file, and deletes the oldest of the files that were moved before if there are too many. Throws the
   * system's errors.
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
      // Same name and same suffix, so that tools find the files beside it.
      if (statSync(beside, { throwIfNoEntry: false }) !== undefined) renameSync(beside, join(this.path, name + end));
    }
    makePrivate(this.file);
    return { name: join(this.path, name), deleted: deleted.map((each) => join(this.path, each.name)) };
  }

  /** The files that were moved aside, oldest first: the name contains the time. */
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

/** SQLite creates its other files with the same mode. */
function makePrivate(path: string): void {
  try {
    // Never opens an existing file: closing it would release this process's locks on it (POSIX).
    closeSync(openSync(path, 'wx', PRIVATE_FILE));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    chmodSync(path, PRIVATE_FILE);
  }
}
