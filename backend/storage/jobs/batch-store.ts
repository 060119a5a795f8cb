// Stores batches for core/offline.
import { z } from 'zod';
import { BATCH_ENDPOINTS } from '../../contract/chat/openai-batch.ts';
import {
  BATCH_STATES,
  type Batch,
  type BatchChange,
  type BatchStore,
  type Page,
} from '../../core/offline/offline-store.ts';
import type { Database } from '../database.ts';

export const BATCH_TABLES = `
  CREATE TABLE batches (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    caller TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    input_file TEXT NOT NULL,
    output_file TEXT NOT NULL,
    error_file TEXT NOT NULL,
    within TEXT NOT NULL,
    metadata TEXT NOT NULL,
    keep_ms INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    since TEXT NOT NULL,
    total INTEGER NOT NULL DEFAULT 0,
    completed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    faults TEXT NOT NULL DEFAULT '[]'
  ) STRICT;
`;

/** JSON text, validated. */
const json = <T extends z.ZodType>(inside: T) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(inside);

const batchRow = z
  .object({
    id: z.string(),
    owner: z.string(),
    caller: z.string(),
    endpoint: z.enum(BATCH_ENDPOINTS),
    input_file: z.string(),
    output_file: z.string(),
    error_file: z.string(),
    within: z.string(),
    metadata: json(z.record(z.string(), z.string()).nullable()),
    keep_ms: z.number(),
    created_at: z.number(),
    expires_at: z.number(),
    due_at: z.number(),
    state: z.enum(BATCH_STATES),
    since: json(z.partialRecord(z.enum(BATCH_STATES), z.number())),
    total: z.number(),
    completed: z.number(),
    failed: z.number(),
    faults: json(
      z.array(
        z.object({
          line: z.number().nullable(),
          code: z.string(),
          message: z.string(),
          param: z.string().nullable(),
        }),
      ),
    ),
  })
  .transform(
    ({
      input_file: inputFile,
      output_file: outputFile,
      error_file: errorFile,
      within: window,
      keep_ms: keepMs,
      created_at: createdAt,
      expires_at: expiresAt,
      due_at: dueAt,
      ...row
    }): Batch => ({ ...row, inputFile, outputFile, errorFile, window, keepMs, createdAt, expiresAt, dueAt }),
  );

const ENDED = `state IN ('failed', 'completed', 'expired', 'cancelled')`;

export class SqlBatchStore implements BatchStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(batch: Batch): void {
    const { id, owner, caller, endpoint, inputFile, outputFile, errorFile, window, metadata, keepMs } = batch;
    const { createdAt, expiresAt, dueAt, state, since } = batch;
    // Its files first.
    this.#database.flush('offline');
    this.#database.commit((sql) => {
      sql.run(
        `INSERT INTO batches (id, owner, caller, endpoint, input_file, output_file, error_file, within, metadata, keep_ms,
           created_at, expires_at, due_at, state, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id,
        owner,
        caller,
        endpoint,
        inputFile,
        outputFile,
        errorFile,
        window,
        JSON.stringify(metadata),
        Math.floor(keepMs),
        Math.floor(createdAt),
        Math.floor(expiresAt),
        Math.floor(dueAt),
        state,
        JSON.stringify(since),
      );
    });
  }

  change(id: string, { state, since, total, completed, failed, faults }: BatchChange): void {
    // Pending counts must be written with it.
    this.#database.flush('offline');
    this.#database.commit((sql) => {
      sql.run(
        `UPDATE batches SET state = coalesce(?, state), since = coalesce(?, since), total = coalesce(?, total),
           completed = coalesce(?, completed), failed = coalesce(?, failed), faults = coalesce(?, faults) WHERE id = ?`,
        state ?? null,
        textOf(since),
        total ?? null,
        completed ?? null,
        failed ?? null,
        textOf(faults),
        id,
      );
    });
  }

  count(id: string, what: 'completed' | 'failed'): void {
    // Queued behind its line in the output file, which is checked when the batch continues after a crash.
    this.#database.later((sql) => void sql.run(`UPDATE batches SET ${what} = ${what} + 1 WHERE id = ?`, id), 'offline');
  }

  get(id: string): Batch | undefined {
    const row = this.#database.read((sql) => sql.get('SELECT * FROM batches WHERE id = ?', id));
    return row === undefined ? undefined : batchRow.parse(row);
  }

  list(owner: string | undefined, { after, limit }: Page): Batch[] {
    const rows = this.#database.read((sql) =>
      sql.all(
        `SELECT * FROM batches WHERE owner = coalesce(?, owner)
           AND (? IS NULL OR number < (SELECT number FROM batches WHERE id = ?)) ORDER BY number DESC LIMIT ?`,
        owner ?? null,
        after ?? null,
        after ?? null,
        limit + 1,
      ),
    );
    return rows.map((row) => batchRow.parse(row));
  }

  unended(): readonly Batch[] {
    const rows = this.#database.read((sql) => sql.all(`SELECT * FROM batches WHERE NOT ${ENDED} ORDER BY number`));
    return rows.map((row) => batchRow.parse(row));
  }

  forget(most: number): void {
    this.#database.later((sql) => {
      sql.run(
        `DELETE FROM batches WHERE ${ENDED}
           AND number <= (SELECT number FROM batches ORDER BY number DESC LIMIT 1 OFFSET ?)`,
        most,
      );
    }, 'offline');
  }
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
