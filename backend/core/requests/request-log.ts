// The list of requests: who asked which model when, how it was answered, where the time went and why. No text of a prompt or an
// answer. The port that storage fills.
import type { RequestFact } from '../../contract/control.ts';
import type { RequestCounts } from '../../contract/request-commands.ts';
import type { RequestDetail } from '../../contract/request-detail.ts';
import type { CallerSeen } from './apps-seen.ts';
import type { RequestSearch } from './request-search.ts';

/** A request as it is listed: one that has ended, or a living one as it is now. */
export interface LoggedRequest extends Pick<RequestFact, 'route' | 'model' | 'caller' | 'source' | 'status'> {
  /** A program may have given several requests one id. */
  readonly id: string;
  readonly owner: string;
  /** When it came, by the clock on the wall: milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds from then to slot, first piece and end. */
  readonly queue_ms: number;
  readonly ttft_ms: number;
  readonly total_ms: number;
  /** Undefined for a kept answer, which never stood in line. */
  readonly class: RequestFact['class'];
  readonly class_by: RequestFact['class_by'];
  readonly code: RequestFact['code'];
  /** What went wrong, without what was quoted. */
  readonly error: string | undefined;
  /** Of the answer and the prompt; undefined where not known. */
  readonly tokens: number | undefined;
  readonly prompt_tokens: number | undefined;
  readonly load_ms: number | undefined;
  readonly slow: boolean;
  readonly missed: string | undefined;
  /** Undefined for a kept answer that was given at once, and in a list. */
  readonly detail: RequestDetail | undefined;
}

/** One page of the list, the newest first. */
export interface LoggedPage {
  readonly requests: readonly LoggedRequest[];
  /** Where the next page begins; undefined when there is none. */
  readonly next: number | undefined;
}

/** What makes a request known again that a process before this one has listed. */
export interface Life extends Pick<LoggedRequest, 'id' | 'owner'> {
  /** When it came: milliseconds since 1970. */
  readonly bornAt: number;
  /** It may have been listed before, whatever the clock on the wall says. */
  readonly comesAgain?: boolean;
}

export interface RequestLog {
  /**
   * A request has come, and has its place in the list from now on; one that a process before this one had listed has its old
   * place. `life` is the same object at its end; `now` tells how it stands, and is asked as seldom as may be. Never throws.
   */
  arrived(life: Life, now: () => LoggedRequest): void;
  /** It has ended; without a `life` it has not been told of before. It is written soon. Never throws. */
  ended(request: LoggedRequest, life?: object): void;
  /** It was refused for now, and whoever asked comes again by itself: it was never there. Never throws. */
  withdrew(life: object): void;
  /** Those that are searched for, the newest first. Many may have to be looked through: rejects with the signal's reason. */
  search(search: RequestSearch, signal: AbortSignal): Promise<LoggedPage>;
  /** The newest request with this id that a watcher may see, with its detail. */
  find(id: string, watcher: string): LoggedRequest | undefined;
  /** How many a watcher may see. It looks at all of them, so ask seldom where they are many. */
  count(watcher: string): RequestCounts;
  /** Who has sent requests, and when last: for the host of the gateway alone, who may see all of them. */
  callers(): readonly CallerSeen[];
}
