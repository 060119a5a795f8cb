// What was asked and answered, on the disk. It goes after a day, or when somebody says so, and then it is gone from the file: its
// pages are overwritten, and the log of the file is cut off.
import { z } from 'zod';
import { LOCAL } from '../../core/ownership.ts';
import type { Clock, ReadConfig } from '../../core/ports.ts';
import type { KeptText, TextStore, WatchSpan } from '../../core/requests/text-store.ts';
import type { Database } from '../database.ts';
import type { Sql } from '../rows.ts';

/**
 * `pad` fills the part of a row that lies on a page with other rows, so that each text is on pages of its own: SQLite
 * overwrites those when a row goes ("PRAGMA secure_delete"), but may leave what it moved from a shared page lie there.
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

/** At least a page of the file, of which the part that is shared is smaller. Bytes. */
const PAD = 4096;
const MB = 2 ** 20;
/** The bound where nothing is on the disk. */
const MOST_MB_IN_MEMORY = 16;
/** Between two looks for what is too old, and where somebody reads the log that is to be cut off. Milliseconds. */
const LOOK_MS = 60_000;
const SOON_MS = 1000;
/** What the clock on the wall may have been set back by; what was kept later than that from now goes. Milliseconds. */
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
  /** What was to go while the disk could not be used: by owner, all that was kept until then. */
  readonly #doomed = new Map<string, number>();
  #cancelLook: (() => void) | undefined;
  /** Rows have gone since the log was last cut off. */
  #traces = false;

  /** `isForDisk`: texts that are in memory are there because the disk can't be used. */
  constructor(database: Database, clock: Clock, config: ReadConfig, isForDisk: boolean) {
    this.#database = database;
    this.#clock = clock;
    this.#config = config;
    this.#isForDisk = isForDisk;
  }

  /** Looks for what is too old from now on. */
  open(): void {
    this.#look();
    this.#lookIn(this.#traces ? SOON_MS : LOOK_MS);
  }

  close(): void {
    this.#cancelLook?.();
    this.#look();
  }

  /** After a change of the configuration: what is kept may be too old, or too much, now. */
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
    // An id may have come again: then the newest request has no answer yet.
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

  /** When what is there now may have been kept. */
  get #span(): { readonly oldest: number; readonly newest: number } {
    const now = this.#clock.now();
    return { oldest: now - this.#config().log.texts_ttl_seconds * 1000, newest: now + SLACK_MS };
  }

  #lookIn(ms: number): void {
    this.#cancelLook?.();
    this.#cancelLook = this.#clock.after(ms, () => this.open());
  }

  /** Takes away what is too old or too much; most times there is nothing. */
  #look(): void {
    const { oldest, newest } = this.#span;
    this.#database.flush(LANE);
    const [old, bytes] = this.#database.read((sql) => [
      sql.get(`SELECT 1 FROM texts WHERE ${IS_OLD} LIMIT 1`, oldest, newest) !== undefined,
      sizeOf(sql),
    ]);
    if (old || bytes > this.#maxBytes || this.#traces || this.#doomed.size > 0) this.#erase(() => 0);
  }

  /** Takes away all that is to go, and the traces of what went. What `before` gave. */
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
    // What is in memory now may lie on the disk as well, which may come back.
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

/** Takes the oldest away until the rest fits. How many went. */
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
