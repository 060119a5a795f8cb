// The queue of downloads on disk, for core/models/pulls.ts.
import { z } from 'zod';
import { pullFailureSchema, type PullFailure } from '../../contract/views/pull-view.ts';
import type { KeptPull, PullStore } from '../../core/disk.ts';
import type { Database } from '../database.ts';

export const PULL_TABLES = `
  CREATE TABLE pulls (
    place INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    since INTEGER NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    completed INTEGER,
    total INTEGER
  ) STRICT;
`;

/** The machine of each download. */
export const PULL_UPSTREAM = 'ALTER TABLE pulls ADD COLUMN upstream TEXT;';

const optional = <T extends z.ZodType>(inside: T) => inside.nullable().transform((value) => value ?? undefined);
const bytes = optional(z.number().int().nonnegative());
/** In JSON; any other text is a plain sentence. */
const failure = z
  .string()
  .nullable()
  .transform((text) => (text === null ? undefined : failureIn(text)));
const pullRow = z.object({
  model: z.string(),
  upstream: optional(z.string()),
  since: z.number(),
  state: z.enum(['waiting', 'paused', 'failed']),
  error: failure,
  completed: bytes,
  total: bytes,
});

function failureIn(text: string): PullFailure {
  try {
    return pullFailureSchema.parse(JSON.parse(text));
  } catch {
    return { kind: 'other', said: text };
  }
}

export class SqlPullStore implements PullStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  kept(): readonly KeptPull[] {
    const rows = this.#database.read((sql) => sql.all('SELECT * FROM pulls ORDER BY place'));
    return rows.map((row) => {
      const { error, ...pull } = pullRow.parse(row);
      return { ...pull, failure: error };
    });
  }

  keep(line: readonly KeptPull[]): void {
    this.#database.commit((sql) => {
      sql.run('DELETE FROM pulls');
      for (const [place, pull] of line.entries()) {
        const { model, since, state, failure: why, completed = null, total = null, upstream = null } = pull;
        sql.run(
          `INSERT INTO pulls (place, model, since, state, error, completed, total, upstream)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
          place,
          model,
          Math.floor(since),
          state,
          why === undefined ? null : JSON.stringify(why),
          completed,
          total,
          upstream,
        );
      }
    });
  }
}
