// The recorded words of requests and answers, on disk. They expire after a day, or are deleted on request, and then
// leave no trace in the file: their pages are overwritten, and the write-ahead log is truncated.
import { z } from 'zod';
import { LOCAL } from '../../core/ownership.ts';
import type { Clock, ReadConfig } from '../../core/ports.ts';
import type { KeptText, TextStore, WatchSpan } from '../../core/requests/text-store.ts';
import type { Database } from '../database.ts';
import type { Sql } from '../rows.ts';

/**
 * `pad` fills the part of a row that shares a page with other rows, so that each text is on pages of its own: SQLite
 * overwrites those when a row is deleted ("PRAGMA secure_delete"), but may leave old copies on shared pages.
 */
export const TEXT_TABLES = `
CREATE TABLE texts (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  what TEXT NOT NULL,
  kept_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  pad BLOB NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX texts_by_id ON texts (id, n);
CREATE INDEX texts_by_age ON texts (kept_at, n, bytes);
CREATE TABLE text_watch (one INTEGER PRIMARY KEY CHECK (one = 1), from_at INTEGER NOT NULL, until_at INTEGER NOT NULL) STRICT;
`;

/** At least a page of the file; the shared part of a row is smaller. Bytes. */
const PAD = 4096;
const MB = 2 ** 20;
/** Limit while nothing is on disk. */
const MOST_MB_IN_MEMORY = 16;
/**
 * Interval of checks for old rows, and of retries while another program reads the log that must be truncated.
 * Milliseconds.
 */
const LOOK_MS = 60_000;
const SOON_MS = 1000;
/** The wall clock may have been set back by this much; texts dated later than that are deleted. Milliseconds. */
const SLACK_MS = 60_000;
const LANE = 'texts';

const SECURE = 'PRAGMA secure_delete = ON';
const PUT = 'INSERT INTO texts (id, owner, what, kept_at, bytes, pad, text) VALUES (?, ?, ?, ?, ?, zeroblob(?), ?)';
const COUNT = 'SELECT COUNT(DISTINCT id) AS count FROM texts WHERE owner = ? OR ?';
const OLDEST = 'SELECT n, bytes FROM texts ORDER BY n LIMIT 1';
const IS_OLD = '(kept_at < ? OR kept_at > ?)';

const textRow = z.object({ what: z.enum(['request', 'answer']), text: z.string() });
const watchRow = z.object({ from_at: z.number(), until_at: z.number() });
const countRow = z.object({ count: z.number() }).catch({ count: 0 });
const oldestRow = z.object({ n: z.number(), bytes: z.number() });
const sizeRow = z.object({ bytes: z.number() }).catch({ bytes: 0 });

export class DiskTexts implements TextStore {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #config: ReadConfig;
  readonly #isForDisk: boolean;
  /** Deletions requested while the disk was unusable: by owner, the time up to which texts must go. */
  readonly #doomed = new Map<string, number>();
  #cancelLook: (() => void) | undefined;
  /** Rows were deleted since the log was last truncated. */
  #traces = false;

  /** `isForDisk`: texts are in memory only because the disk cannot be used. */
  constructor(database: Database, clock: Clock, config: ReadConfig, isForDisk: boolean) {
    this.#database = database;
    this.#clock = clock;
    this.#config = config;
    this.#isForDisk = isForDisk;
  }

  /** Starts the checks for old rows. */
  open(): void {
    this.#look();
    this.#lookIn(this.#traces ? SOON_MS : LOOK_MS);
  }

  close(): void {
    this.#cancelLook?.();
    this.#look();
  }

  /** After a change of the configuration: texts may now be too old or too many. */
  reconfigured(): void {
    this.#look();
  }

  keep({ id, owner, what, text }: KeptText): void {
    const bytes = PAD + Buffer.byteLength(text);
    if (bytes > this.#maxBytes) return;
    const at = this.#clock.now();
    this.#database.later((sql) => {
      sql.run(SECURE);
      sql.run(PUT, id, owner, what, at, bytes, PAD, text);
      if (trim(sql, this.#maxBytes) > 0) this.#traces = true;
    }, LANE);
  }

  find(id: string, watcher: string): Partial<Record<KeptText['what'], string>> {
    this.#database.flush(LANE);
    const { oldest, newest } = this.#span;
    const rows = this.#database.read((sql) =>
      sql.all(
        'SELECT what, text FROM texts WHERE id = ? AND (owner = ? OR ?) AND kept_at >= ? AND kept_at <= ? ORDER BY n DESC LIMIT 2',
        id,
        watcher,
        Number(watcher === LOCAL),
        oldest,
        newest,
      ),
    );
    const [last, before] = rows.map((row) => textRow.parse(row));
    if (last === undefined) return {};
    // The id may have been reused: then the newest request has no answer yet.
    if (last.what === 'request') return { request: last.text };
    return before?.what === 'request' ? { request: before.text, answer: last.text } : { answer: last.text };
  }

  clear(watcher: string): number {
    this.#database.flush(LANE);
    this.#doomed.set(watcher, this.#clock.now());
    const removed = this.#erase((sql) => countRow.parse(sql.get(COUNT, ...whose(watcher))).count);
    if (this.#traces) this.#lookIn(SOON_MS);
    return removed;
  }

  watch(): WatchSpan | undefined {
    const row = watchRow.safeParse(this.#database.read((sql) => sql.get('SELECT from_at, until_at FROM text_watch')));
    return row.success ? { from: row.data.from_at, until: row.data.until_at } : undefined;
  }

  setWatch(span: WatchSpan | undefined): void {
    this.#database.commit((sql) => {
      sql.run('DELETE FROM text_watch');
      if (span === undefined) return;
      sql.run('INSERT INTO text_watch (one, from_at, until_at) VALUES (1, ?, ?)', span.from, span.until);
    });
  }

  get #maxBytes(): number {
    const mb = this.#config().log.texts_max_mb;
    return (this.#database.isDurable ? mb : Math.min(mb, MOST_MB_IN_MEMORY)) * MB;
  }

  /** The range in which present texts may have been stored. */
  get #span(): { readonly oldest: number; readonly newest: number } {
    const now = this.#clock.now();
    return { oldest: now - this.#config().log.texts_ttl_seconds * 1000, newest: now + SLACK_MS };
  }

  #lookIn(ms: number): void {
    this.#cancelLook?.();
    this.#cancelLook = this.#clock.after(ms, () => this.open());
  }

  /** Deletes texts that are too old or too many; usually there are none. */
  #look(): void {
    const { oldest, newest } = this.#span;
    this.#database.flush(LANE);
    const [old, bytes] = this.#database.read((sql) => [
      sql.get(`SELECT 1 FROM texts WHERE ${IS_OLD} LIMIT 1`, oldest, newest) !== undefined,
      sizeOf(sql),
    ]);
    if (old || bytes > this.#maxBytes || this.#traces || this.#doomed.size > 0) this.#erase(() => 0);
  }

  /** Deletes all that must go, and the traces of earlier deletions. Returns the result of `before`. */
  #erase(before: (sql: Sql) => number): number {
    const { oldest, newest } = this.#span;
    const result = this.#database.erase((sql) => {
      sql.run(SECURE);
      const count = before(sql);
      sql.run(`DELETE FROM texts WHERE ${IS_OLD}`, oldest, newest);
      for (const [watcher, at] of this.#doomed) {
        sql.run('DELETE FROM texts WHERE (owner = ? OR ?) AND kept_at <= ?', ...whose(watcher), at);
      }
      trim(sql, this.#maxBytes);
      return count;
    });
    // Texts that are in memory now may also be on the disk, which may come back.
    if (this.#database.isDurable || !this.#isForDisk) this.#doomed.clear();
    this.#traces = !result.gone;
    return result.value;
  }
}

function whose(watcher: string): [string, number] {
  return [watcher, Number(watcher === LOCAL)];
}

function sizeOf(sql: Sql): number {
  return sizeRow.parse(sql.get('SELECT COALESCE(SUM(bytes), 0) AS bytes FROM texts')).bytes;
}

/** Deletes the oldest texts until the rest fits. Returns how many. */
function trim(sql: Sql, maxBytes: number): number {
  let bytes = sizeOf(sql);
  let gone = 0;
  while (bytes > maxBytes) {
    const row = oldestRow.safeParse(sql.get(OLDEST));
    if (!row.success) break;
    sql.run('DELETE FROM texts WHERE n = ?', row.data.n);
    bytes -= row.data.bytes;
    gone++;
  }
  return gone;
}
