// The list of requests that have ended: who asked which model when, how it was answered and how long that took. No text of
// a prompt or an answer. The port that storage fills.
import type { RequestFact } from '../../contract/control.ts';

/** A request that has ended. */
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
}

/** One page of the list, the newest first. */
export interface LoggedPage {
  readonly requests: readonly LoggedRequest[];
  /** Where the next page begins; undefined when there is none. A page may have few requests, or none, before that. */
  readonly next: number | undefined;
}

export interface RequestLog {
  /** Takes it into the list, which is written soon. Never throws. */
  ended(request: LoggedRequest): void;
  /** What a watcher may see of the requests before a place of the list, or of all; at most so many. */
  list(watcher: string, limit: number, before?: number): LoggedPage;
  /** The newest request with this id that a watcher may see. An old one takes a while to find. Rejects with the signal's reason. */
  find(id: string, watcher: string, signal: AbortSignal): Promise<LoggedRequest | undefined>;
}
