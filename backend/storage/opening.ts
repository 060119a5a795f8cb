// Opens the rows of the store: on disk if possible, else in memory, with a sentence that says why. An unusable file is
// moved aside first.
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
  /** Undefined in memory, as is `upkeep`. */
  readonly folder: DataFolder | undefined;
  readonly upkeep?: Upkeep;
  /** A notice for users: an unusable disk, or a file that was moved aside. */
  readonly notice: string | undefined;
  /**
   * In memory: whether the disk may be usable later. `once`: try once more, as another Hearth may have been about to
   * end.
   */
  readonly mayReturn: boolean | 'once';
  /** On disk: the file was just created. */
  readonly isNew?: boolean;
  /** In memory: changes since the move are tracked (copy-rows.ts). */
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

/** Opens the store. Never throws because of the machine or the disk. */
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
    // Users get the notice, and only once.
    options.log.debug({ err: error, folder: options.folder }, 'the store cannot be opened');
    const notice = memoryAlone(options.folder, trouble);
    return { ...inMemory(options.schema, found), notice, mayReturn: trouble.kind === 'held' ? 'once' : true };
  }
}

/** Rows in memory, with the tables of the store. */
export function inMemory(schema: Schema, found: FoundSqlite = loadSqlite()): Opened {
  const rows = new Connection(found.sqlite, IN_MEMORY);
  create(rows, schema);
  return { rows, folder: undefined, notice: undefined, mayReturn: false };
}

/** The notice for a store that continues in memory. */
export function memoryAlone(folder: string, { kind, why }: Trouble): string {
  if (kind === 'held') {
    return `Another Hearth uses ${folder}. This one keeps everything in memory, and nothing of it is there after a restart.`;
  }
  if (kind === 'newer') {
    return `A newer Hearth wrote what is in ${folder}, so this one leaves it as it is. Use the newer one, or another folder. Until then everything is in memory, and nothing of it is there after a restart.`;
  }
  return `Nothing can be kept in ${folder} because ${why}. Hearth keeps everything in memory until it can.`;
}

/** Moves the file aside; returns the sentence for users. Throws the system's errors. */
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
      // A file of a newer Hearth is intact and will be needed again.
      if (broken?.kind !== 'damaged') throw error;
    }
    const notice = moveAside(folder, broken, options);
    return { ...opened(folder, found, options), notice };
  } catch (error) {
    folder.release();
    throw error;
  }
}

/** The file's tables do not match its version, so the migration fails. Undefined unless the error is SQLite's. */
function unlikeOurs(error: unknown): Trouble | undefined {
  const isOfSqlite = error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
  return isOfSqlite ? { kind: 'damaged', why: 'its tables are not those of its version' } : undefined;
}

/** Throws SQLite's error if a table is missing. Without prepared statements; see Connection.pragma. */
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
    // In this order: the first write decides whether the file can shrink.
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
