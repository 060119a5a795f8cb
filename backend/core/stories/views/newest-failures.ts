// The newest failed requests of a range, from the list of requests. The window asks each second, so the result for this
// machine is cached until another request fails or the range moves on.
import type { DayFailure } from '../../../contract/views/day.ts';
import { LOCAL } from '../../ownership.ts';
import type { LoggedRequest, RequestLog } from '../../requests/request-log.ts';
import { iso } from '../standing.ts';

export interface FailuresWanted {
  /** The start of the range, in milliseconds since 1970. */
  readonly since: number;
  readonly watcher: string;
  /** How many failed in that range. */
  readonly failed: number;
}

/** How many are reported. */
const MOST = 5;
/** How many ranges may be asked for in turn. */
const MOST_KEPT = 10;

export class Failures {
  readonly #log: Pick<RequestLog, 'search'>;
  readonly #life: AbortSignal;
  readonly #kept = new Map<string, readonly DayFailure[]>();

  /** `life` aborts when the gateway ends. */
  constructor(log: Pick<RequestLog, 'search'>, life: AbortSignal) {
    this.#log = log;
    this.#life = life;
  }

  /** Rejects when the gateway ends. */
  async newest({ since, watcher, failed }: FailuresWanted): Promise<readonly DayFailure[]> {
    if (failed === 0) return [];
    const key = `${since} ${failed}`;
    const known = watcher === LOCAL ? this.#kept.get(key) : undefined;
    if (known !== undefined) return known;
    const any = { caller: undefined, model: undefined, source: undefined, class: undefined };
    const range = { from: since, to: Infinity, limit: MOST, before: Infinity };
    const search = { ...any, ...range, watcher, status: new Set(['failed']), words: [] };
    const { requests } = await this.#log.search(search, this.#life);
    const found = requests.map(failureOf);
    if (watcher === LOCAL) this.#keep(key, found);
    return found;
  }

  #keep(key: string, found: readonly DayFailure[]): void {
    this.#kept.set(key, found);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

function failureOf({ id, createdAt, caller, model, code, error }: LoggedRequest): DayFailure {
  return {
    request_id: id,
    at: iso(createdAt),
    caller,
    model,
    ...(code === undefined ? {} : { code }),
    ...(error === undefined ? {} : { error }),
  };
}
