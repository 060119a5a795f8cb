// A request that is answered at once from the cache. It neither waits nor runs, and is over before anybody could cancel
// it, so it has no ticket and no entry in the register. The same is reported about it.
import type { Timing } from '../../contract/chat/chat.ts';
import type { Clock } from '../ports.ts';
import type { CacheOutcome, Ticket } from './ticket.ts';

/** What is reported about an ended request. A kept answer given at once has neither class nor trace. */
export type Ended = Pick<
  Ticket,
  | 'id'
  | 'route'
  | 'model'
  | 'caller'
  | 'owner'
  | 'source'
  | 'status'
  | 'error'
  | 'createdAt'
  | 'bornAt'
  | 'firstPieceAt'
  | 'timing'
> &
  Partial<
    Pick<
      Ticket,
      | 'class'
      | 'classBy'
      | 'cache'
      | 'startedAt'
      | 'ranAt'
      | 'finishedAt'
      | 'silentSince'
      | 'flight'
      | 'trace'
      | 'comesAgain'
    >
  > & { shown(moment: number): string };

/** A request at the time when its kept answer was found. */
interface AnsweredAtOnce {
  readonly id: string;
  readonly about: Pick<Ended, 'route' | 'model' | 'caller' | 'owner'>;
  readonly cache: CacheOutcome;
  /** When the request was understood. */
  readonly createdAt: number;
}

export class AtOnce implements Ended {
  readonly source = 'hit';
  readonly status = 'completed';
  readonly error = undefined;
  readonly conversation = undefined;
  readonly id: string;
  readonly route: string;
  readonly model: string;
  readonly caller: string;
  readonly owner: string;
  readonly cache: CacheOutcome;
  /** On the monotonic clock, as in a ticket. */
  readonly createdAt: number;
  readonly firstPieceAt: number;
  /** `createdAt` on the wall clock. */
  readonly bornAt: number;

  /** Call it when the request has its answer. */
  constructor({ id, about, cache, createdAt }: AnsweredAtOnce, clock: Clock) {
    const { route, model, caller, owner } = about;
    this.id = id;
    this.route = route;
    this.model = model;
    this.caller = caller;
    this.owner = owner;
    this.cache = cache;
    this.createdAt = createdAt;
    this.firstPieceAt = clock.elapsed();
    this.bornAt = clock.now();
  }

  get timing(): Timing {
    const ms = Math.round(this.firstPieceAt - this.createdAt);
    return { queue_ms: ms, ttft_ms: ms, total_ms: ms };
  }

  shown(moment: number): string {
    return new Date(this.bornAt + (moment - this.createdAt)).toISOString();
  }
}
