// The life of a request that is answered by a kept answer in one go: it neither waits nor runs, and is over before anybody
// could cancel it. So it has no ticket and is in no register; what is told of it is the same.
import type { Timing } from '../../contract/chat/chat.ts';
import type { Clock } from '../ports.ts';
import type { CacheOutcome, Ticket } from './ticket.ts';

/** What is told of a request that has ended; a kept answer that was given at once has neither class nor trace. */
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

/** A request as it is known when its kept answer was found. */
interface AnsweredAtOnce {
  readonly id: string;
  readonly about: Pick<Ended, 'route' | 'model' | 'caller' | 'owner'>;
  readonly cache: CacheOutcome;
  /** When it was known what is asked. */
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
  /** Moments of the monotonic clock, as a ticket has them. */
  readonly createdAt: number;
  readonly firstPieceAt: number;
  /** The moment of `createdAt` on the wall. */
  readonly bornAt: number;

  /** Now it has its answer. */
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
