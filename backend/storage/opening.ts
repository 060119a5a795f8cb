// Opens the rows of the store: on the disk where that can be, else in memory, with the sentence that says why. A file that
// can't be used as it is gets moved aside first.
import type { Clock, Log } from '../core/ports.ts';
import { Connection, IN_MEMORY, NOWHERE, type Rows } from './rows.ts';
import { DataFolder, MOST_ASIDE } from './data-folder.ts';
import { create, migrate, type Schema } from './schema.ts';
import { loadSqlite, type FoundSqlite } from './sqlite.ts';
import { troubleOf, type Trouble } from './trouble.ts';
import { Upkeep } from './upkeep.ts';

/** Rows, and where they are. */
export interface Opened {
  readonly rows: Rows;
  /** Undefined in memory, as `upkeep` is. */
  readonly folder: DataFolder | undefined;
  readonly upkeep?: Upkeep;
  /** What to tell people about it: the disk that can't be used, the file that was moved aside. */
  readonly notice: string | undefined;
  /** In memory: the disk may be usable later. `once`: one more look is worth it, as another Hearth may have been about to end. */
  readonly mayReturn: boolean | 'once';
  /** On the disk: the file was made now. */
  readonly isNew?: boolean;
  /** In memory: what has changed since it was moved to is noted (copy-rows.ts). */
  readonly notesChanges?: boolean;
}

export interface OpeningOptions {
  /** Undefined: in memory. */
  readonly folder: string | undefined;
  readonly schema: Schema;
  readonly clock: Pick<Clock, 'now' | 'elapsed' | 'after'>;
  readonly log: Log;
  /** The file is known to be damaged: it is moved aside. */
  readonly broken?: Trouble | undefined;
}

/** Never throws for what the machine or the disk is like. */
export function open(options: OpeningOptions): Opened {
  const found = library(options.log);
  if (found === undefined) {
    const notice = 'SQLite cannot be loaded on this machine, so Hearth keeps everything in memory alone.';
    return { rows: NOWHERE, folder: undefined, notice: options.folder && notice, mayReturn: false };
  }
  if (options.folder === undefined) return inMemory(options.schema, found);
  try {
    return onDisk(options.folder, found, options);
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === undefined) throw error;
    // People are told in the notice, and once.
    options.log.debug({ err: error, folder: options.folder }, 'the store cannot be opened');
    const notice = memoryAlone(options.folder, trouble);
    return { ...inMemory(options.schema, found), notice, mayReturn: trouble.kind === 'held' ? 'once' : true };
  }
}

/** Rows in memory alone, with the tables of the store. */
export function inMemory(schema: Schema, found: FoundSqlite = loadSqlite()): Opened {
  const rows = new Connection(found.sqlite, IN_MEMORY);
  create(rows, schema);
  return { rows, folder: undefined, notice: undefined, mayReturn: false };
}

/** The sentence for a store that goes on in memory. */
export function memoryAlone(folder: string, { kind, why }: Trouble): string {
  if (kind === 'held') {
    return `Another Hearth uses ${folder}. This one keeps everything in memory, and nothing of it is there after a restart.`;
  }
  if (kind === 'newer') {
    return `A newer Hearth wrote what is in ${folder}, so this one leaves it as it is. Use the newer one, or another folder. Until then everything is in memory, and nothing of it is there after a restart.`;
  }
  return `Nothing can be kept in ${folder} because ${why}. Hearth keeps everything in memory until it can.`;
}

/** Moves the file aside; the sentence that says so. Throws the system's errors. */
function moveAside(folder: DataFolder, { why }: Trouble, { log, clock }: OpeningOptions): string {
  const { name, deleted } = folder.moveAside(new Date(clock.now()));
  log.error({ file: folder.file, aside: name, deleted, why }, 'the store was moved aside');
  const gone =
    deleted.length === 0 ? '' : ` ${deleted.join(' and ')}, moved aside earlier, was deleted: ${MOST_ASIDE} are kept.`;
  return `${folder.file} could not be used because ${why}. It is now ${name}, and Hearth has begun a new one.${gone}`;
}

function library(log: Log): FoundSqlite | undefined {
  try {
    return loadSqlite();
  } catch (error) {
    log.warn({ err: error }, 'SQLite cannot be loaded');
    return undefined;
  }
}

function onDisk(path: string, found: FoundSqlite, options: OpeningOptions): Opened {
  const folder = new DataFolder(path);
  try {
    folder.hold(found.sqlite);
    let { broken } = options;
    try {
      if (broken === undefined) return opened(folder, found, options);
    } catch (error) {
      broken = troubleOf(error) ?? unlikeOurs(error);
      // One that a newer Hearth wrote is whole, and that one will want it again.
      if (broken?.kind !== 'damaged') throw error;
    }
    const notice = moveAside(folder, broken, options);
    return { ...opened(folder, found, options), notice };
  } catch (error) {
    folder.release();
    throw error;
  }
}

/** Its tables are not those of its version, so the steps to ours fail. Undefined where the error is none of SQLite's. */
function unlikeOurs(error: unknown): Trouble | undefined {
  const isOfSqlite = error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
  return isOfSqlite ? { kind: 'damaged', why: 'its tables are not those of its version' } : undefined;
}

/** Throws SQLite's error where a table is missing. Without a statement of ours; see Connection.pragma. */
function checkTables(rows: Connection, schema: Schema, found: FoundSqlite): void {
  const { rows: ours } = inMemory(schema, found);
  // The others are SQLite's own.
  const tables = [...ours.each("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'")];
  ours.close();
  for (const { name } of tables as { name: string }[]) rows.exec(`SELECT 1 FROM ${name} LIMIT 0`);
}

function opened(folder: DataFolder, found: FoundSqlite, { schema, clock, log }: OpeningOptions): Opened {
  const rows = new Connection(found.sqlite, folder.file);
  try {
    // In this order: the first write fixes whether the file can shrink.
    rows.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL');
    const isNew = rows.pragma('user_version') === 0;
    migrate(rows, schema);
    checkTables(rows, schema, found);
    const upkeep = new Upkeep(rows, folder, found.file, clock, log);
    folder.opened();
    return { rows, folder, upkeep, notice: undefined, mayReturn: false, isNew };
  } catch (error) {
    rows.close();
    throw error;
  }
}
