// The tables of the store and the migrations of older files. Each face defines its tables in its own file.
import { ANSWER_PARTS, ANSWER_TABLES } from './shelves/answer-store.ts';
import { BATCH_TABLES } from './jobs/batch-store.ts';
import { CONVERSATION_PARTS, CONVERSATION_TABLES } from './shelves/conversation-store.ts';
import { TEXT_TABLES } from './requests/disk-texts.ts';
import { BLOCK_CHECKSUM, DUE_AT, FILE_TABLES } from './jobs/file-store.ts';
import { FLEET_TABLES, UNTOLD_TABLES } from './fleet-store.ts';
import { HISTORY_OF_PROMPTS, HISTORY_OF_THE_DAY, HISTORY_TABLES } from './history-store.ts';
import { JOB_CARRIED, JOB_GROUP_FINISHED, JOB_TABLES } from './jobs/job-tables.ts';
import { TIME_TABLE } from './kept-time.ts';
import { PULL_TABLES, PULL_UPSTREAM } from './jobs/pull-store.ts';
import { RECORDING_TABLES } from './shelves/recording-texts.ts';
import { REQUEST_SEARCH, REQUEST_TABLES } from './requests/request-tables.ts';
import type { Connection } from './rows.ts';
import { NOTED_NO_MORE } from './shelves/shelf-tables.ts';

/** The tables of a database. */
export interface Schema {
  /**
   * Step n migrates a file from version n to n + 1 (`user_version`). A released step is never changed. All tables are
   * STRICT, times are milliseconds of the wall clock.
   */
  readonly migrations: readonly string[];
  /**
   * Small tables whose rows are copied when the disk can no longer be used, and back when it can; a table that others
   * refer to comes first.
   */
  readonly carried: readonly string[];
}

/** The tables of all faces, and which of them are copied. */
export const SCHEMA: Schema = {
  migrations: [
    [
      ANSWER_TABLES,
      BATCH_TABLES,
      CONVERSATION_TABLES,
      FILE_TABLES,
      HISTORY_TABLES,
      JOB_TABLES,
      RECORDING_TABLES,
      REQUEST_TABLES,
    ].join('\n'),
    [REQUEST_SEARCH, TEXT_TABLES, HISTORY_OF_THE_DAY].join('\n'),
    PULL_TABLES,
    HISTORY_OF_PROMPTS,
    PULL_UPSTREAM,
    FLEET_TABLES,
    [TIME_TABLE, NOTED_NO_MORE, JOB_GROUP_FINISHED, DUE_AT].join('\n'),
    [ANSWER_PARTS, CONVERSATION_PARTS, BLOCK_CHECKSUM].join('\n'),
    UNTOLD_TABLES,
  ],
  carried: ['fleet_untold', 'history', ...JOB_CARRIED, 'pulls', 'recording_texts', 'recordings', 'text_watch'],
};

/** A newer Hearth wrote the file, with possibly different meanings. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema';
}

/** Migrates the tables. Throws NewerSchema, and SQLite's errors; then nothing has changed. */
export function migrate(connection: Connection, { migrations }: Schema): void {
  const version = connection.pragma('user_version');
  if (version > migrations.length) throw new NewerSchema(`version ${version}, and ${migrations.length} is known`);
  if (version === migrations.length) return;
  connection.transaction('full', () => {
    for (const step of migrations.slice(version)) connection.exec(step);
    connection.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

/** The final tables of all migrations as one SQL text. */
const made = new WeakMap<Schema, string>();

/**
 * Creates the tables in an empty database, in their final form. The text is computed once: each ALTER TABLE makes
 * SQLite check all other tables again, so the migrations take four times as long as the final tables.
 */
export function create(connection: Connection, schema: Schema): void {
  const text = made.get(schema);
  if (text !== undefined) return connection.transaction('full', () => connection.exec(text));
  migrate(connection, schema);
  made.set(schema, textOf(connection, schema));
}

interface Part {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

/** All tables and indexes with their initial rows, which contain numbers only. */
function textOf(connection: Connection, { migrations }: Schema): string {
  // SQLite creates its own tables itself.
  const parts = [
    ...connection.each(
      "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' ORDER BY type <> 'table', rowid",
    ),
  ] as Part[];
  const rows = parts.flatMap(({ type, name }) =>
    type === 'table'
      ? [...connection.each(`SELECT * FROM ${name}`)].map(
          (row) => `INSERT INTO ${name} VALUES (${Object.values(row as object).join()})`,
        )
      : [],
  );
  return [...parts.map(({ sql }) => sql), ...rows, `PRAGMA user_version = ${migrations.length}`].join(';\n');
}
