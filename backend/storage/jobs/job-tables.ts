// The tables of accepted jobs, and how their rows are inserted and deleted.
import type { JobEnd, NewJob } from '../../core/stories/jobs/stored-jobs.ts';
import { askColumns } from './job-rows.ts';
import type { Sql } from '../rows.ts';

export const JOB_TABLES = `
CREATE TABLE job (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  batch TEXT,
  tag TEXT,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  model TEXT NOT NULL,
  class TEXT NOT NULL,
  class_by TEXT NOT NULL,
  priority INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  in_line_at INTEGER,
  waited_ms INTEGER NOT NULL,
  moves INTEGER NOT NULL,
  ended_at INTEGER,
  bytes INTEGER NOT NULL,
  asked TEXT,
  exact TEXT,
  outcome TEXT,
  record BLOB
) STRICT;
CREATE INDEX job_waiting ON job (batch, seq) WHERE state = 'waiting';
CREATE INDEX job_in_line ON job (in_line_at) WHERE in_line_at IS NOT NULL;
CREATE INDEX job_batch ON job (batch, seq, bytes) WHERE batch IS NOT NULL;
CREATE INDEX job_kept ON job (ended_at, bytes) WHERE batch IS NULL AND ended_at IS NOT NULL;
CREATE TABLE job_group (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  waiting INTEGER NOT NULL,
  completed INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  expired INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE job_gone (
  n INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  UNIQUE (kind, id)
) STRICT;
CREATE TABLE job_clock (one INTEGER PRIMARY KEY CHECK (one = 1), alive_at INTEGER NOT NULL) STRICT;
`;

/** When its last job ended, by wall clock, for users: `ended_at` is by the store's own time. */
export const JOB_GROUP_FINISHED = 'ALTER TABLE job_group ADD COLUMN finished_at TEXT;';

/** Everything here is promised, so it is copied when the disk cannot be used. */
export const JOB_CARRIED = ['job', 'job_group', 'job_gone', 'job_clock'] as const;

/** Deleted ids that still get "gone" instead of "unknown". */
const MAX_GONE = 10_000;
/** Bytes of a job beside its question or its answer. */
export const JOB_BYTES = 2048;
/** Number of oldest results read together; usually one or two are deleted. */
const TRIMMED_AT_ONCE = 8;
const BATCH_ENDS = ['completed', 'failed', 'cancelled', 'expired'] as const;

/** A row to be deleted. */
export interface Doomed {
  readonly seq: number;
  readonly id: string;
  readonly owner: string;
}

interface KeptRow extends Doomed {
  readonly bytes: number;
}

/** Inserts a job that is being accepted. */
export function insertJob(
  sql: Sql,
  seq: number,
  job: NewJob,
  inLineAt: number | undefined,
  batch: string | undefined,
): void {
  const { call, body, tag, createdAt } = job;
  const { asked, exact } = askColumns(job);
  sql.run(
    `INSERT INTO job (seq, id, owner, batch, tag, body, state, model, class, class_by, priority, created_at, in_line_at, waited_ms, moves, bytes, asked, exact)
     VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)`,
    seq,
    call.id,
    call.owner,
    batch ?? null,
    tag ?? null,
    body,
    call.model,
    call.class,
    call.classBy,
    call.priority,
    createdAt,
    inLineAt ?? null,
    JOB_BYTES + asked.length + (exact?.length ?? 0),
    asked,
    exact,
  );
}

/** Counts jobs of a batch that ended in this state; the batch ends with its last job. */
export function endedIn(
  sql: Sql,
  batch: string,
  {
    state,
    count,
    now,
    finishedAt,
  }: { readonly state: JobEnd; readonly count: number; readonly now: number; readonly finishedAt: string },
): void {
  const column = BATCH_ENDS.find((each) => each === state) ?? 'failed';
  sql.run(
    `UPDATE job_group SET waiting = waiting - ?, ${column} = ${column} + ?, ended_at = CASE WHEN waiting <= ? THEN ? END, finished_at = ? WHERE id = ?`,
    count,
    count,
    count,
    now,
    finishedAt,
    batch,
  );
}

/**
 * Deletes the oldest results of single jobs until the rest has at most `maxBytes`. Called at the end of each job, so it
 * reads only rows that it deletes.
 */
export function trim(sql: Sql, maxBytes: number): readonly Doomed[] {
  const kept = 'FROM job WHERE batch IS NULL AND ended_at IS NOT NULL';
  let { bytes } = sql.get(`SELECT COALESCE(SUM(bytes), 0) AS bytes ${kept}`) as { bytes: number };
  if (bytes <= maxBytes) return [];
  const columns = 'SELECT seq, id, owner, bytes';
  // A result that is too large by itself must not evict others.
  const large = sql.all(`${columns} ${kept} AND bytes > ?`, maxBytes) as readonly KeptRow[];
  const doomed: Doomed[] = [...remove(sql, large)];
  for (const each of large) bytes -= each.bytes;
  while (bytes > maxBytes) {
    const rows = sql.all(`${columns} ${kept} ORDER BY ended_at, seq LIMIT ?`, TRIMMED_AT_ONCE) as readonly KeptRow[];
    const end = rows.findIndex((each) => (bytes -= each.bytes) <= maxBytes);
    doomed.push(...remove(sql, end < 0 ? rows : rows.slice(0, end + 1)));
    if (rows.length === 0) break;
  }
  return doomed;
}

/** Deletes rows; their ids are remembered for a while. */
export function remove(sql: Sql, doomed: readonly Doomed[]): readonly Doomed[] {
  for (const each of doomed) {
    sql.run('DELETE FROM job WHERE seq = ?', each.seq);
    bury(sql, 'job', each);
  }
  return doomed;
}

/** Remembers an id that gets "gone" for a while. */
export function bury(sql: Sql, kind: 'job' | 'batch', { id, owner }: Pick<Doomed, 'id' | 'owner'>): void {
  sql.run('INSERT OR REPLACE INTO job_gone (kind, id, owner) VALUES (?, ?, ?)', kind, id, owner);
  sql.run('DELETE FROM job_gone WHERE n <= (SELECT MAX(n) FROM job_gone) - ?', MAX_GONE);
}
