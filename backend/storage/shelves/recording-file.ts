// Opens the recordings of a data folder for a program beside the gateway, whether it runs or not. It does not lock the
// folder, since a gateway that starts meanwhile must find it free. SQLite itself serializes two writers.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Recordings } from '../../core/recordings/recordings.ts';
import { openDatabase } from '../database.ts';
import { RecordingStore } from './recording-store.ts';
import { Connection } from '../rows.ts';
import { SCHEMA } from '../schema.ts';
import { loadSqlite } from '../sqlite.ts';

export interface RecordingFileOptions {
  /** The data folder. */
  readonly folder: string;
  /** Whether to create a missing store. */
  readonly create: boolean;
  maxBytes(): number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Works on the current recordings of a folder. Throws not_found if there is no store, invalid_request if this Hearth
 * cannot use it, SQLite's errors, and what `work` throws.
 */
export function withRecordings<T>(options: RecordingFileOptions, work: (recordings: Recordings) => T): T {
  const { folder, create, maxBytes, clock } = options;
  const file = join(folder, 'hearth.db');
  if (!existsSync(file)) {
    if (!create) throw new AppError('not_found', `Nothing is recorded in ${folder}: there is no hearth.db.`);
    madeUsable(options);
  }
  const version = using(file, (connection) => connection.pragma('user_version'));
  if (version < SCHEMA.migrations.length) madeUsable(options);
  if (version > SCHEMA.migrations.length) {
    throw new AppError('invalid_request', `${file} was written by a newer Hearth. Use that one.`);
  }
  return using(file, (connection) => {
    const database = {
      read: <R>(read: (sql: Connection) => R): R => read(connection),
      commit: <R>(write: (sql: Connection) => R): R => connection.transaction('full', () => write(connection)),
      // No writes wait here.
      flush: () => undefined,
    };
    return work(new RecordingStore({ database, soon: { write: database.commit }, maxBytes, now: clock.now }));
  });
}

function using<T>(file: string, work: (connection: Connection) => T): T {
  const connection = new Connection(loadSqlite().sqlite, file);
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}

/** Creates the store, or migrates it. */
function madeUsable({ folder, clock, log }: RecordingFileOptions): void {
  const database = openDatabase({ folder, clock, log });
  let why = `Nothing can be kept in ${folder}.`;
  database.onChange(({ trouble }) => (why = trouble ?? why));
  const { isDurable } = database;
  database.close();
  if (!isDurable) throw new AppError('invalid_request', why);
}
