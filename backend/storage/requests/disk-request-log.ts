// Stores the list of requests, writing a little at a time so that a flood of cached answers is not slowed by it, and
// deletes rows that are too old or too many. Each request gets its place when it arrives. A request that ended before
// the next write is written once; a longer one is written while live, and again at its end. Live and unwritten requests
// appear in the list all the same.
import type { RequestCounts } from '../../contract/window/request-commands.ts';
import type { RequestDetail } from '../../contract/views/request-detail.ts';
import { sees } from '../../core/ownership.ts';
import type { Clock, Log, ReadConfig } from '../../core/ports.ts';
import type { CallerSeen } from '../../core/requests/apps-seen.ts';
import type { Life, LoggedPage, LoggedRequest, RequestLog } from '../../core/requests/request-log.ts';
import { isWanted, type RequestSearch } from '../../core/requests/request-search.ts';
import type { Database } from '../database.ts';
import { LeftLiving } from './left-living.ts';
import { callersIn } from './request-callers.ts';
import { countRequests } from './request-counts.ts';
import { type Finding, findRequests } from './request-finding.ts';
import {
  detailAt,
  ends,
  forgetRequests,
  placesOf,
  putRequests,
  removeRequest,
  requestAt,
  type PlacedRequest,
} from './request-rows.ts';
import type { Sql } from '../rows.ts';

/**
 * Rows per write, rows per step (few enough to delay nothing), and milliseconds to the next write; with the rows that
 * `later` takes this makes 500 a second.
 */
const WRITTEN = 500;
const AT_ONE_GO = 50;
const BETWEEN_MS = 500;
/** Requests that wait to be written; beyond that cached answers are dropped. */
const MOST_WAITING = 10_000;
/** Limit of the list when it is in memory alone. */
const MOST_IN_MEMORY = 10_000;
/** Details kept complete in memory; on disk they lack the texts of prompts. */
const MOST_WHOLE = 300;
/** Milliseconds between two checks for old rows while nothing is written. */
const FORGET_MS = 3_600_000;

/** A live request. */
interface Living {
  readonly n: number;
  now(): LoggedRequest;
  isWritten: boolean;
}

export class DiskRequestLog implements RequestLog {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #config: ReadConfig;
  readonly #log: Log;
  readonly #leftLiving: LeftLiving;
  readonly #living = new Map<object, Living>();
  /** Ended requests that are not written yet, by place. */
  readonly #waiting = new Map<number, LoggedRequest>();
  /** The latest details, by place. */
  readonly #whole = new Map<number, RequestDetail>();
  /** The newest place; undefined until it was read. */
  #last: number | undefined;
  readonly #began: number;
  #leftOut = 0;
  #closed = false;
  /** Cancel the timers of the next write and the next check. */
  #cancelWrite: (() => void) | undefined;
  #cancelForget: (() => void) | undefined;

  constructor(database: Database, clock: Clock, config: ReadConfig, log: Log) {
    this.#database = database;
    this.#leftLiving = new LeftLiving(database);
    this.#clock = clock;
    this.#config = config;
    this.#log = log;
    this.#began = clock.now();
  }

  /** Ends the requests that the previous process left live, and starts the checks for old rows. */
  open(): void {
    this.#leftLiving.end();
    this.#lookForOld();
  }

  #lookForOld(): void {
    this.#cancelForget = this.#clock.after(FORGET_MS, () => {
      this.#write();
      this.#lookForOld();
    });
  }

  /** After a change of the configuration: the list may have to shrink. */
  reconfigured(): void {
    this.#write();
  }

  /** Passes everything to the database, which must be closed after this. */
  close(): void {
    this.#closed = true;
    this.#cancelForget?.();
    this.#cancelWrite?.();
    const rest = Array.from(this.#waiting, ([n, request]) => ({ n, request }));
    if (rest.length > 0) this.#database.later((sql) => putRequests(sql, rest));
  }

  arrived(life: Life, now: () => LoggedRequest): void {
    if (this.#isOff) return;
    const before = this.#placeBefore(life);
    if (before !== undefined) this.#waiting.delete(before);
    this.#living.set(life, { n: before ?? this.#next(), now, isWritten: false });
    this.#writeSoon();
  }

  ended(request: LoggedRequest, life?: object): void {
    const living = life === undefined ? undefined : this.#living.get(life);
    if (life !== undefined) this.#living.delete(life);
    if (this.#isOff) return;
    if (request.source === 'hit' && this.#waiting.size >= MOST_WAITING) {
      this.#leftOut++;
      return;
    }
    const n = living?.n ?? this.#next();
    this.#waiting.set(n, request);
    if (request.detail !== undefined) this.#keepWhole(n, request.detail);
    this.#writeSoon();
  }

  withdrew(life: object): void {
    const living = this.#living.get(life);
    this.#living.delete(life);
    if (living?.isWritten === true) this.#database.later((sql) => removeRequest(sql, living.n));
  }

  async search(search: RequestSearch, signal: AbortSignal): Promise<LoggedPage> {
    this.#leftLiving.settle();
    const since = this.#since;
    const from = Math.max(search.from, since);
    const unwritten = [...this.#unwritten()];
    const found = unwritten.filter(
      ({ n, request }) =>
        n < search.before &&
        request.createdAt >= from &&
        request.createdAt < search.to &&
        isWanted(search, request, request.id),
    );
    const here = new Set(unwritten.map(({ n }) => n));
    found.push(...(await this.#findRows({ search, since, skip: (n) => here.has(n) }, signal)));
    const page = found.toSorted((a, b) => b.n - a.n).slice(0, search.limit);
    return {
      requests: page.map(({ request }) => request),
      next: found.length > page.length ? page.at(-1)?.n : undefined,
    };
  }

  async #findRows(finding: Finding, signal: AbortSignal): Promise<readonly PlacedRequest[]> {
    let steps = begun(finding);
    for (;;) {
      const step = this.#database.read((sql) => {
        try {
          return steps.next(sql);
        } catch (error) {
          // The store may have moved: search again.
          steps = begun(finding);
          throw error;
        }
      });
      if (step.done === true) return step.value;
      // Let other work run in between.
      await this.#clock.sleep(0, signal);
    }
  }

  find(id: string, watcher: string): LoggedRequest | undefined {
    this.#leftLiving.settle();
    const unwritten = [...this.#unwritten()].filter(({ request }) => request.id === id && sees(watcher, request.owner));
    const newest = unwritten.toSorted((a, b) => b.n - a.n)[0];
    if (newest !== undefined) return newest.request;
    return this.#database.read((sql) => {
      const n = this.#placeIn(sql, id, ({ owner, createdAt }) => sees(watcher, owner) && createdAt >= this.#since);
      const request = n === undefined ? undefined : requestAt(sql, n);
      if (n === undefined || request === undefined) return undefined;
      const detail = this.#whole.get(n) ?? detailAt(sql, n);
      return { ...request, detail: detail && { ...detail, ...toldOf(detail, request) } };
    });
  }

  count(watcher: string): RequestCounts {
    this.#leftLiving.settle();
    return this.#database.read((sql) => countRequests(sql, watcher, this.#unwritten()));
  }

  callers(): readonly CallerSeen[] {
    return this.#database.read((sql) => callersIn(sql, this.#since, this.#unwritten()));
  }

  /** Live requests, and ended ones that are not written yet. */
  *#unwritten(): Generator<PlacedRequest, void, undefined> {
    for (const { n, now } of this.#living.values()) yield { n, request: now() };
    for (const [n, request] of this.#waiting) yield { n, request };
  }

  /** The place of a request that an earlier process accepted. */
  #placeBefore({ id, owner, bornAt, comesAgain }: Life): number | undefined {
    if (bornAt >= this.#began && comesAgain !== true) return undefined;
    for (const [n, request] of this.#waiting) if (request.id === id && request.owner === owner) return n;
    return this.#database.read((sql) => this.#placeIn(sql, id, (request) => request.owner === owner));
  }

  #placeIn(sql: Sql, id: string, isIt: (request: LoggedRequest) => boolean): number | undefined {
    for (const n of placesOf(sql, id)) {
      const request = requestAt(sql, n);
      if (request !== undefined && isIt(request)) return n;
    }
    return undefined;
  }

  get #isOff(): boolean {
    return this.#closed || this.#config().log.list_max === 0;
  }

  get #most(): number {
    const { list_max } = this.#config().log;
    return this.#database.isDurable ? list_max : Math.min(list_max, MOST_IN_MEMORY);
  }

  get #since(): number {
    return this.#clock.now() - this.#config().log.list_ttl_seconds * 1000;
  }

  #next(): number {
    this.#last ??= this.#database.read((sql) => ends(sql).last);
    return ++this.#last;
  }

  #keepWhole(n: number, detail: RequestDetail): void {
    this.#whole.set(n, detail);
    const oldest = this.#whole.keys().next();
    if (this.#whole.size > MOST_WHOLE && oldest.done !== true) this.#whole.delete(oldest.value);
  }

  #writeSoon(): void {
    this.#cancelWrite ??= this.#clock.after(BETWEEN_MS, () => this.#write());
  }

  /** Writes one batch of waiting rows, and deletes at most twice as many. */
  #write(): void {
    if (this.#leftOut > 0) {
      this.#log.warn({ left_out: this.#leftOut }, 'the list of requests lacks kept answers: too many ended at once');
      this.#leftOut = 0;
    }
    const rows = this.#toWrite();
    for (let i = 0; i < rows.length; i += AT_ONE_GO) {
      const some = rows.slice(i, i + AT_ONE_GO);
      this.#database.later((sql) => putRequests(sql, some));
    }
    this.#database.later((sql) => {
      const limit = 2 * WRITTEN;
      const forgotten = forgetRequests(sql, { before: ends(sql).last - this.#most + 1, since: this.#since, limit });
      this.#written(rows, forgotten === limit);
    });
  }

  #toWrite(): readonly PlacedRequest[] {
    const rows: PlacedRequest[] = [];
    for (const living of this.#living.values()) {
      if (living.isWritten || rows.length >= WRITTEN) continue;
      living.isWritten = true;
      rows.push({ n: living.n, request: living.now() });
    }
    for (const [n, request] of this.#waiting) {
      if (rows.length >= WRITTEN) break;
      rows.push({ n, request });
    }
    return rows;
  }

  /** May be called twice for the same rows: a database that moved repeats its work. */
  #written(rows: readonly PlacedRequest[], mayForgetMore: boolean): void {
    for (const { n, request } of rows) if (this.#waiting.get(n) === request) this.#waiting.delete(n);
    if (this.#closed) return;
    this.#cancelWrite?.();
    this.#cancelWrite =
      this.#waiting.size > 0 || mayForgetMore ? this.#clock.after(BETWEEN_MS, () => this.#write()) : undefined;
  }
}

function begun(finding: Finding): ReturnType<typeof findRequests> {
  const steps = findRequests(finding);
  // Advance to where it waits for the store.
  steps.next();
  return steps;
}

/** The error, if the detail no longer has it in the caller's words. */
function toldOf(detail: RequestDetail, { error }: LoggedRequest): Pick<RequestDetail, 'error'> {
  return detail.error !== undefined || error === undefined ? {} : { error };
}
