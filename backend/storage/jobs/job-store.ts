// Accepted jobs on disk: the question until the job has ended, then the result for as long as it is kept.
import type {
  EndedJob,
  JobOutcome,
  JobStore,
  NewBatch,
  NewJob,
  Retention,
  StoredAsk,
  StoredBatch,
  StoredJob,
  WaitingJob,
} from '../../core/stories/jobs/stored-jobs.ts';
import { TALKS } from '../shelves/conversation-store.ts';
import type { Database } from '../database.ts';
import { mustKeep } from '../no-store.ts';
import { JOB_COLUMNS, listOf, outcomeColumn, readAsk, readAskRow, readBatch, readJob, waitingIn } from './job-rows.ts';
import { bury, type Doomed, endedIn, insertJob, JOB_BYTES, remove, trim } from './job-tables.ts';

/** Maximum number of rows changed at once. */
const MOST_AT_ONCE = 200;
/**
 * Jobs accepted in memory are numbered by the clock, in microseconds, so that they differ from all numbers on a disk
 * that may come back.
 */
const NUMBERS_PER_MS = 1000;

export class SqlJobStore implements JobStore {
  readonly #db: Database;
  /** Ids of all jobs in the table. */
  readonly #ids = new Set<string>();
  #next = 1;
  #prepared = false;
  /** Rows may exist that are not known here. */
  #cameBack = false;

  readonly #deaf: () => void;

  constructor(db: Database) {
    this.#db = db;
    this.#deaf = db.onChange(({ isDurable }) => {
      if (isDurable) this.#storeMoved();
    });
  }

  /** Stops reacting when the store moves. */
  close(): void {
    this.#deaf();
  }

  get isDurable(): boolean {
    return this.#db.isDurable;
  }

  /** Loads ids and the next number before anything else; callers may come before `open`. */
  #prepare(): void {
    if (this.#prepared) return;
    this.#prepared = true;
    this.#db.read((sql) => {
      for (const id of listOf<string>(sql, 'id', 'FROM job')) this.#ids.add(id);
      const last = sql.get('SELECT MAX(seq) AS last FROM job') as { last: number | null } | undefined;
      this.#next = Math.max(this.#next, (last?.last ?? 0) + 1);
    });
  }

  /** The store is back on disk, or in another file: load its rows again. */
  #storeMoved(): void {
    this.#prepared = false;
    this.#cameBack = true;
  }

  cameBack(): readonly WaitingJob[] {
    if (!this.#cameBack) return [];
    this.#cameBack = false;
    this.#prepare();
    return this.#db.commit((sql) => {
      // A batch that was submitted again under its id while the disk was away replaces the one on disk.
      sql.run(
        'DELETE FROM job WHERE batch IS NOT NULL AND created_at <> (SELECT created_at FROM job_group WHERE id = batch)',
      );
      // A missing batch is being accepted right now, or never was.
      return waitingIn(sql, 'AND (batch IS NULL OR batch IN (SELECT id FROM job_group))');
    });
  }

  open(now: number): readonly WaitingJob[] {
    this.#prepare();
    return this.#db.commit((sql) => {
      const alive = (sql.get('SELECT alive_at FROM job_clock') as { alive_at: number } | undefined)?.alive_at ?? now;
      // The process ended while these were being accepted.
      sql.run('DELETE FROM job WHERE batch IS NOT NULL AND batch NOT IN (SELECT id FROM job_group)');
      const stood = 'waited_ms + MAX(0, ? - in_line_at)';
      sql.run(`UPDATE job SET waited_ms = ${stood}, in_line_at = NULL WHERE in_line_at IS NOT NULL`, alive);
      return waitingIn(sql);
    });
  }

  has(id: string): boolean {
    this.#prepare();
    return this.#ids.has(id);
  }

  accept(job: NewJob, now: number): number {
    this.#prepare();
    const [seq = 0] = this.#insert([job], now, undefined);
    return seq;
  }

  prepare(jobs: readonly NewJob[], batch: string): readonly number[] {
    this.#prepare();
    return this.#insert(jobs, undefined, batch);
  }

  /** Single jobs are in the queue from `inLineAt` on. */
  #insert(jobs: readonly NewJob[], inLineAt: number | undefined, batch: string | undefined): readonly number[] {
    mustKeep(this.#db);
    const least = this.#db.isDurable ? 0 : (jobs[0]?.createdAt ?? 0) * NUMBERS_PER_MS;
    const first = Math.max(this.#next, least);
    this.#db.commit((sql) => {
      for (const [at, job] of jobs.entries()) {
        // Its result was kept long enough, and the id is free again.
        if (this.#ids.has(job.call.id)) sql.run("DELETE FROM job WHERE id = ? AND state <> 'waiting'", job.call.id);
        insertJob(sql, first + at, job, inLineAt, batch);
      }
    });
    this.#next = first + jobs.length;
    for (const { call } of jobs) this.#ids.add(call.id);
    return jobs.map((_, at) => first + at);
  }

  acceptBatch({ id, owner, body, createdAt }: NewBatch, jobs: number): void {
    this.#db.commit((sql) => {
      const columns = '(id, owner, body, created_at, waiting) VALUES (?, ?, ?, ?, ?)';
      sql.run(`INSERT INTO job_group ${columns}`, id, owner, body, createdAt, jobs);
    });
  }

  dropSome(batch: string): boolean {
    const some = 'FROM job WHERE batch = ? ORDER BY seq LIMIT ?';
    const ids = this.#db.commit((sql) => {
      const list = listOf<string>(sql, 'id', `FROM (SELECT id ${some})`, batch, MOST_AT_ONCE);
      sql.run(`DELETE FROM job WHERE seq IN (SELECT seq ${some})`, batch, MOST_AT_ONCE);
      // Together with its first jobs, so that the next start deletes the rest if the process ends meanwhile.
      sql.run('DELETE FROM job_group WHERE id = ?', batch);
      return list;
    });
    for (const id of ids) this.#ids.delete(id);
    return ids.length === MOST_AT_ONCE;
  }

  ask(seq: number): StoredAsk | undefined {
    const row = this.#db.read((sql) =>
      sql.get(
        "SELECT id, asked, exact, priority, created_at, waited_ms, moves, bytes FROM job WHERE seq = ? AND state = 'waiting'",
        seq,
      ),
    );
    if (row === undefined) return undefined;
    const read = readAskRow(row);
    const { id, created_at, waited_ms, moves, bytes } = read;
    return { ...readAsk(read), id, createdAt: created_at, waitedMs: waited_ms, moves, bytes };
  }

  entered(seq: number, now: number): void {
    // The job may have ended before this is written.
    this.#db.later((sql) => sql.run("UPDATE job SET in_line_at = ? WHERE seq = ? AND state = 'waiting'", now, seq));
  }

  moved(seq: number): void {
    this.#db.later((sql) => sql.run('UPDATE job SET moves = moves + 1 WHERE seq = ?', seq));
  }

  prioritised(seq: number, priority: number): void {
    this.#db.later((sql) => sql.run('UPDATE job SET priority = ? WHERE seq = ?', priority, seq));
  }

  alive(now: number): void {
    this.#db.later((sql) => sql.run('INSERT OR REPLACE INTO job_clock (one, alive_at) VALUES (1, ?)', now));
  }

  end(seq: number, { state, outcome, now }: EndedJob, retention: Retention): boolean {
    const { record } = outcome;
    const gone = this.#db.commit((sql) => {
      const ended = sql.run(
        "UPDATE job SET state = ?, outcome = ?, record = ?, ended_at = ?, bytes = ?, asked = NULL, exact = NULL, in_line_at = NULL WHERE seq = ? AND state = 'waiting'",
        state,
        outcomeColumn(outcome),
        record ?? null,
        now,
        JOB_BYTES + (record?.byteLength ?? 0),
        seq,
      );
      if (ended.changes === 0) return undefined;
      const { batch } = sql.get('SELECT batch FROM job WHERE seq = ?', seq) as { batch: string | null };
      if (batch === null) return trim(sql, retention.maxBytes);
      endedIn(sql, batch, { state, count: 1, now, finishedAt: outcome.finishedAt });
      return [];
      // The next turn of the conversation needs this one's words, also after a crash.
    }, outcome.conversation && TALKS);
    this.#forget(gone ?? []);
    return gone !== undefined;
  }

  cancelSome(batch: string, finishedAt: string, now: number): number {
    const error = 'The batch was cancelled.';
    const outcome: JobOutcome = { finishedAt, error, code: 'cancelled', record: undefined };
    return this.#db.commit((sql) => {
      const { changes } = sql.run(
        `UPDATE job SET state = 'cancelled', outcome = ?, ended_at = ?, bytes = ?, asked = NULL, exact = NULL
         WHERE seq IN (SELECT seq FROM job WHERE batch = ? AND state = 'waiting' LIMIT ?)`,
        outcomeColumn(outcome),
        now,
        JOB_BYTES,
        batch,
        MOST_AT_ONCE,
      );
      if (changes > 0) endedIn(sql, batch, { state: 'cancelled', count: changes, now, finishedAt });
      return changes;
    });
  }

  expire(now: number, { singleMs, batchMs }: Retention): void {
    const singles = 'SELECT seq, id, owner FROM job WHERE batch IS NULL AND ended_at < ? LIMIT ?';
    const over = 'SELECT id, owner FROM job_group WHERE ended_at < ? LIMIT 1';
    const isAny = this.#db.read(
      (sql) => sql.get(singles, now - singleMs, 1) !== undefined || sql.get(over, now - batchMs) !== undefined,
    );
    if (!isAny) return;
    this.#db.later((sql) => {
      const doomed = [...(sql.all(singles, now - singleMs, MOST_AT_ONCE) as readonly Doomed[])];
      const batch = sql.get(over, now - batchMs) as Pick<Doomed, 'id' | 'owner'> | undefined;
      if (batch !== undefined) {
        const members = sql.all('SELECT seq, id, owner FROM job WHERE batch = ? LIMIT ?', batch.id, MOST_AT_ONCE);
        doomed.push(...(members as readonly Doomed[]));
        // The batch itself is deleted with its last jobs.
        if (members.length < MOST_AT_ONCE) {
          sql.run('DELETE FROM job_group WHERE id = ?', batch.id);
          bury(sql, 'batch', batch);
        }
      }
      this.#forget(remove(sql, doomed));
    });
  }

  find(id: string | number): StoredJob | undefined {
    if (typeof id === 'string' && !this.has(id)) return undefined;
    const by = typeof id === 'string' ? 'id' : 'seq';
    const row = this.#db.read((sql) => sql.get(`SELECT ${JOB_COLUMNS} FROM job WHERE ${by} = ?`, id));
    return row === undefined ? undefined : readJob(row);
  }

  batch(id: string): StoredBatch | undefined {
    const row = this.#db.read((sql) => sql.get('SELECT * FROM job_group WHERE id = ?', id));
    return row === undefined ? undefined : readBatch(row);
  }

  openBatches(): readonly StoredBatch[] {
    const rows = this.#db.read((sql) => sql.all('SELECT * FROM job_group WHERE ended_at IS NULL ORDER BY created_at'));
    return rows.map(readBatch);
  }

  idsOf(batch: string): readonly string[] {
    return this.#db.read((sql) =>
      listOf<string>(sql, 'id', 'FROM (SELECT id FROM job WHERE batch = ? ORDER BY seq)', batch),
    );
  }

  jobsOf(batch: string, after: number, limit: number): readonly StoredJob[] {
    const rows = this.#db.read((sql) =>
      sql.all(`SELECT ${JOB_COLUMNS} FROM job WHERE batch = ? AND seq > ? ORDER BY seq LIMIT ?`, batch, after, limit),
    );
    return rows.map(readJob);
  }

  gone(kind: 'job' | 'batch', id: string): string | undefined {
    const row = this.#db.read((sql) => sql.get('SELECT owner FROM job_gone WHERE kind = ? AND id = ?', kind, id));
    return (row as { owner: string } | undefined)?.owner;
  }

  load(): { readonly waiting: number; readonly bytes: number } {
    if (!this.#db.keeps) return { waiting: 0, bytes: 0 };
    return this.#db.read((sql) => {
      const { waiting } = sql.get("SELECT COUNT(*) AS waiting FROM job WHERE state = 'waiting'") as { waiting: number };
      const sum = 'SELECT COALESCE(SUM(bytes), 0) AS bytes FROM job WHERE batch IS NOT NULL';
      return { waiting, ...(sql.get(sum) as { bytes: number }) };
    });
  }

  #forget(doomed: readonly Doomed[]): void {
    for (const { id } of doomed) this.#ids.delete(id);
  }
}
