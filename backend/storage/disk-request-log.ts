// Writes the list of requests a little at a time, so that a flood of kept answers is not held up by its own list, and takes
// away what is too old or too many. What is not yet written is listed all the same.
import { LOCAL, sees } from '../core/ownership.ts';
import type { Clock, Log, ReadConfig } from '../core/ports.ts';
import type { LoggedPage, LoggedRequest, RequestLog } from '../core/requests/request-log.ts';
import type { Database } from './database.ts';
import {
  ends,
  forgetRequests,
  putRequests,
  requestsBefore,
  requestsNamed,
  type PlacedRequest,
} from './request-rows.ts';

/**
 * Rows that are written at one time, of which so many hold nothing up, and the milliseconds to the next time; with those that
 * `later` takes these are 500 a second.
 */
const WRITTEN = 500;
const AT_ONE_GO = 50;
const BETWEEN_MS = 500;
/** Requests that wait to be written; beyond that kept answers are left out. */
const MOST_WAITING = 10_000;
/** The list's bound where it is in memory alone. */
const MOST_IN_MEMORY = 10_000;
/** Rows that are looked through at one go: those of one owner, or with one id, may be few among many. */
const LOOKED_THROUGH = 20_000;
/** Milliseconds between two looks for what is too old, where nothing is written. */
const FORGET_MS = 3_600_000;

export class DiskRequestLog implements RequestLog {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #config: ReadConfig;
  readonly #log: Log;
  /** Those that are not written yet, in the order of their places. */
  readonly #waiting: PlacedRequest[] = [];
  /** The newest place; undefined until it was read. */
  #last: number | undefined;
  #leftOut = 0;
  #closed = false;
  /** Ends the wait for the next time that something is written, or forgotten. */
  #cancelWrite: (() => void) | undefined;
  #cancelForget: (() => void) | undefined;

  constructor(database: Database, clock: Clock, config: ReadConfig, log: Log) {
    this.#database = database;
    this.#clock = clock;
    this.#config = config;
    this.#log = log;
  }

  /** Looks for what is too old from now on. */
  open(): void {
    this.#cancelForget = this.#clock.after(FORGET_MS, () => {
      this.#write();
      this.open();
    });
  }

  /** After a change of the configuration: the list may be shorter now. */
  reconfigured(): void {
    this.#write();
  }

  /** Everything is given to the database, which must be closed after this. */
  close(): void {
    this.#closed = true;
    this.#cancelForget?.();
    this.#cancelWrite?.();
    const rest = [...this.#waiting];
    if (rest.length > 0) this.#database.later((sql) => putRequests(sql, rest));
  }

  ended(request: LoggedRequest): void {
    if (this.#closed || this.#config().log.list_max === 0) return;
    if (request.source === 'hit' && this.#waiting.length >= MOST_WAITING) {
      this.#leftOut++;
      return;
    }
    this.#last ??= this.#newest();
    this.#last++;
    this.#waiting.push({ n: this.#last, request });
    this.#cancelWrite ??= this.#clock.after(BETWEEN_MS, () => this.#write());
  }

  list(watcher: string, limit: number, before = Infinity): LoggedPage {
    const mayBe = ({ n, request }: PlacedRequest): boolean =>
      n < before && sees(watcher, request.owner) && request.createdAt >= this.#since;
    const found = this.#waiting.filter(mayBe).toReversed().slice(0, limit);
    const written = Math.min(before, this.#waiting[0]?.n ?? Infinity);
    return this.#database.read((sql) => {
      const { first, last } = ends(sql);
      const top = Math.min(written, last + 1);
      const from = Math.max(first, top - LOOKED_THROUGH);
      const left = limit - found.length;
      const owner = watcher === LOCAL ? undefined : watcher;
      if (left > 0) found.push(...requestsBefore(sql, { before: top, from, since: this.#since, limit: left, owner }));
      const end = found.length === limit ? (found.at(-1)?.n ?? from) : from;
      const oldest = last > 0 ? first : (this.#waiting[0]?.n ?? 0);
      return { requests: found.map(({ request }) => request), next: end > oldest && oldest > 0 ? end : undefined };
    });
  }

  async find(id: string, watcher: string, signal: AbortSignal): Promise<LoggedRequest | undefined> {
    const isIt = ({ request }: PlacedRequest): boolean => request.id === id && sees(watcher, request.owner);
    const waiting = this.#waiting.findLast(isIt);
    if (waiting !== undefined) return waiting.request;
    const { first, last } = this.#database.read(ends);
    for (let before = last + 1; before > first; before -= LOOKED_THROUGH) {
      const rows = { before, from: before - LOOKED_THROUGH, since: this.#since };
      const found = this.#database.read((sql) => requestsNamed(sql, id, rows)).find(isIt);
      if (found !== undefined) return found.request;
      // Others have their turn in between.
      await this.#clock.sleep(0, signal);
    }
    return undefined;
  }

  /** How many may be in the list. */
  get #most(): number {
    const { list_max } = this.#config().log;
    return this.#database.isDurable ? list_max : Math.min(list_max, MOST_IN_MEMORY);
  }

  /** When the oldest in the list may have come. */
  get #since(): number {
    return this.#clock.now() - this.#config().log.list_ttl_seconds * 1000;
  }

  #newest(): number {
    return this.#database.read((sql) => ends(sql).last);
  }

  /** Writes what waits, as much as is written at one time, and takes away twice as much at most. */
  #write(): void {
    const rows = this.#waiting.slice(0, WRITTEN);
    if (this.#leftOut > 0) {
      this.#log.warn({ left_out: this.#leftOut }, 'the list of requests lacks kept answers: too many ended at once');
      this.#leftOut = 0;
    }
    for (let i = 0; i < rows.length; i += AT_ONE_GO) {
      const some = rows.slice(i, i + AT_ONE_GO);
      this.#database.later((sql) => putRequests(sql, some));
    }
    this.#database.later((sql) => {
      const limit = 2 * WRITTEN;
      const forgotten = forgetRequests(sql, { before: ends(sql).last - this.#most + 1, since: this.#since, limit });
      this.#written(rows.at(-1)?.n ?? 0, forgotten === limit);
    });
  }

  /** May be called twice for the same rows: a database that has moved does its work again. */
  #written(last: number, mayForgetMore: boolean): void {
    const left = this.#waiting.findIndex(({ n }) => n > last);
    this.#waiting.splice(0, left === -1 ? this.#waiting.length : left);
    if (this.#closed) return;
    this.#cancelWrite?.();
    this.#cancelWrite =
      this.#waiting.length > 0 || mayForgetMore ? this.#clock.after(BETWEEN_MS, () => this.#write()) : undefined;
  }
}
