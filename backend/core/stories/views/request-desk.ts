// Looks requests up for people and programs: a page of the list, one request with its detail, and cancelling a living
// one.
import { isCalled } from '../../../contract/apps.ts';
import type { AppSeen } from '../../../contract/views/app-seen.ts';
import type { DetailedRequest, RequestList } from '../../../contract/views/control.ts';
import { AppError } from '../../../contract/errors.ts';
import type { Partings } from '../../../contract/views/parting-places.ts';
import type { RequestCounts } from '../../../contract/window/request-commands.ts';
import { type RequestQuery, requestQuerySchema } from '../../../contract/views/request-query.ts';
import { parseInput } from '../../../contract/chat/parse.ts';
import type { PinName } from '../../../contract/rules/pin-rule.ts';
import { quotation, sentence } from '../../../contract/sentence.ts';
import { appsSeen } from '../../requests/apps-seen.ts';
import type { RequestLog } from '../../requests/request-log.ts';
import type { RequestSearch } from '../../requests/request-search.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { factOf } from './listed-request.ts';
import { partingsOf } from '../reasons/partings.ts';

/** Whether it may be offered to keep something stable in the prompts of a caller. */
export type MayOffer = (caller: string, what: PinName) => boolean;

export interface DeskParts {
  readonly requestLog: Pick<RequestLog, 'search' | 'find' | 'count' | 'callers'>;
  readonly jobs: Pick<Jobs, 'cancel'>;
}

export class RequestDesk {
  readonly #parts: DeskParts;
  readonly mayOffer: MayOffer;

  constructor(mayOffer: MayOffer, parts: DeskParts) {
    this.mayOffer = mayOffer;
    this.#parts = parts;
  }

  /** A page of the requests that a watcher may see. Throws invalid_request. */
  async list(query: RequestQuery, watcher: string, signal: AbortSignal): Promise<RequestList> {
    const search = this.#byName(searchOf(query, watcher));
    const { requests, next } = await this.#parts.requestLog.search(search, signal);
    return { requests: requests.map(factOf), next: next === undefined ? null : String(next) };
  }

  /** Matches an app by its display name as well as by what it calls itself. */
  #byName(search: RequestSearch): RequestSearch {
    const { caller: names } = search;
    if (names === undefined) return search;
    const meant = this.#parts.requestLog
      .callers()
      .filter(({ caller }) => [...names].some((name) => isCalled(caller, name)));
    return { ...search, caller: new Set([...names, ...meant.map(({ caller }) => caller)]) };
  }

  /** Throws request_not_found. */
  detail(id: string, watcher: string): DetailedRequest {
    const found = this.#parts.requestLog.find(id, watcher);
    if (found === undefined) throw new AppError('request_not_found', sentence`No request has the id ${quotation(id)}.`);
    const { detail } = found;
    return { ...factOf(found), ...(detail === undefined ? {} : { detail }) };
  }

  /** How many requests a watcher may see. */
  counts(watcher: string): RequestCounts {
    return this.#parts.requestLog.count(watcher);
  }

  /** The known apps that have sent requests. */
  apps(): readonly AppSeen[] {
    return appsSeen(this.#parts.requestLog.callers());
  }

  /** Where the latest prompts that a watcher may see differ. Rejects with the signal's reason. */
  async partings(watcher: string, signal: AbortSignal): Promise<Partings> {
    const { requestLog } = this.#parts;
    const { requests } = await requestLog.search(searchOf({ ...RAN, limit: LOOKED_AT }, watcher), signal);
    const whole = requests.flatMap(({ id }) => requestLog.find(id, watcher) ?? []);
    return partingsOf(whole, this.mayOffer);
  }

  /** Throws request_not_found, request_gone, not_cancellable. */
  cancel(id: string, watcher: string): void {
    const { requestLog, jobs } = this.#parts;
    try {
      jobs.cancel(id, watcher);
    } catch (error) {
      const found = requestLog.find(id, watcher);
      if (found === undefined) throw error;
      throw new AppError('not_cancellable', sentence`${quotation(id)} has already ended as ${found.status}.`);
    }
  }
}

/** The requests that a model answered, and how many of them are read. */
const RAN: RequestQuery = { source: ['miss', 'bypass'], status: ['completed'] };
const LOOKED_AT = 200;

function searchOf(query: RequestQuery, watcher: string): RequestSearch {
  const {
    app,
    model,
    source,
    class: of,
    status,
    from,
    to,
    q = '',
    cursor,
    limit,
  } = parseInput(requestQuerySchema, query);
  const oneOf = (values: readonly string[] | undefined): ReadonlySet<string> | undefined => values && new Set(values);
  return {
    watcher,
    caller: oneOf(app),
    model: oneOf(model),
    source: oneOf(source),
    class: oneOf(of),
    status: oneOf(status),
    from: from === undefined ? -Infinity : Date.parse(from),
    to: to === undefined ? Infinity : Date.parse(to),
    words: q.split(/\s+/).filter((word) => word !== ''),
    before: cursor ?? Infinity,
    limit,
  };
}
