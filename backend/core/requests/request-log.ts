// The list of requests: who asked which model when, how it was answered, where the time went and why. It has no text of
// prompts or answers. A port that storage implements.
import type { RequestFact } from '../../contract/views/control.ts';
import type { RequestCounts } from '../../contract/window/request-commands.ts';
import type { RequestDetail } from '../../contract/views/request-detail.ts';
import type { CallerSeen } from './apps-seen.ts';
import type { RequestSearch } from './request-search.ts';

/** A request as it is listed: an ended one, or a living one in its current state. */
export interface LoggedRequest extends Pick<RequestFact, 'route' | 'model' | 'caller' | 'source' | 'status'> {
  /** Not unique: a program may give several requests one id. */
  readonly id: string;
  readonly owner: string;
  /** When it came, in milliseconds since 1970 on the wall clock. */
  readonly createdAt: number;
  /** Milliseconds from then to slot, first piece and end. */
  readonly queue_ms: number;
  readonly ttft_ms: number;
  readonly total_ms: number;
  /** Undefined for a kept answer, which was never queued. */
  readonly class: RequestFact['class'];
  readonly class_by: RequestFact['class_by'];
  readonly code: RequestFact['code'];
  /** The error without quoted text. */
  readonly error: string | undefined;
  /** Tokens of the answer and the prompt; undefined when unknown. */
  readonly tokens: number | undefined;
  readonly prompt_tokens: number | undefined;
  readonly load_ms: number | undefined;
  readonly slow: boolean;
  readonly missed: string | undefined;
  /** Undefined for a kept answer given at once, and inside a list. */
  readonly detail: RequestDetail | undefined;
}

/** One page of the list, the newest first. */
export interface LoggedPage {
  readonly requests: readonly LoggedRequest[];
  /** The start of the next page; undefined when there is none. */
  readonly next: number | undefined;
}

/** Identifies a request that an earlier process has listed. */
export interface Life extends Pick<LoggedRequest, 'id' | 'owner'> {
  /** When it came, in milliseconds since 1970. */
  readonly bornAt: number;
  /** It may have been listed before, whatever the wall clock says. */
  readonly comesAgain?: boolean;
}

export interface RequestLog {
  /**
   * Adds a request that came to the list; one that an earlier process listed keeps its old place. `life` must be the
   * same object at its end. `now` returns its current state, and is called as rarely as possible. Never throws.
   */
  arrived(life: Life, now: () => LoggedRequest): void;
  /** Notes that a request has ended; without a `life` it is new. Written soon. Never throws. */
  ended(request: LoggedRequest, life?: object): void;
  /** Removes a request that was refused for now and will be retried by its caller. Never throws. */
  withdrew(life: object): void;
  /** The matching requests, the newest first. A search may look through many: rejects with the signal's reason. */
  search(search: RequestSearch, signal: AbortSignal): Promise<LoggedPage>;
  /** The newest request with this id that a watcher may see, with its detail. */
  find(id: string, watcher: string): LoggedRequest | undefined;
  /** How many requests a watcher may see. Looks at all of them, so call it rarely. */
  count(watcher: string): RequestCounts;
  /** Who has sent requests, and when last. Only for the gateway's own machine, which may see all. */
  callers(): readonly CallerSeen[];
}
