// The life of one caller's request: its state, how long each part took, how it ended. A ticket belongs to one caller,
// not to a flight: followers have tickets of their own.
import {
  etaAfter,
  etaOf,
  isLate,
  RUNNING,
  type ConversationState,
  type Source,
  type Timing,
  type Waiting,
} from '../../contract/chat/chat.ts';
import { PRIORITY, type Place, type QueueClass } from '../../contract/chat/chat-request.ts';
import type { Mode } from '../../contract/rules/mode.ts';
import type { PinnedSpans } from '../../contract/rules/pin-rule.ts';
import type { KeepAliveRule } from '../../contract/rules/queue-rule.ts';
import type { AppError } from '../../contract/errors.ts';
import type { Hit } from '../cache/hit.ts';
import type { CachePlan } from '../cache/policy.ts';
import type { Clock } from '../ports.ts';
import type { Trace } from './trace.ts';

export type TicketStatus = 'queued' | 'processing' | 'completed' | 'failed' | 'cancelled';

/** What is known of a request when it arrives. */
export interface TicketOptions extends Place {
  readonly id: string;
  /** Whether it may get another id if this one is taken, since no caller refers to it. */
  readonly anyId?: boolean;
  readonly route: string;
  readonly model: string;
  readonly caller: string;
  /** Its owner; others, except from this machine, may not see it. */
  readonly owner: string;
  /** How many requests of this owner may live at once; absent for no limit. */
  readonly maxActive?: number | undefined;
  /** Whose keep_alive applies; `default` when absent. */
  readonly keepAlive?: KeepAliveRule | undefined;
  /** The mode that it asks for; cache.mode when absent. */
  readonly mode?: Mode | undefined;
  /** Whether its caller retries by itself when it is refused for now. */
  readonly comesAgain?: boolean | undefined;
  /** Its life before this process; absent if it came later. */
  readonly before?: EarlierLife | undefined;
}

/** A request that an earlier process accepted. */
export interface EarlierLife {
  /** When it came, on the wall clock. */
  readonly bornAt: number;
  /** Milliseconds that it was queued. */
  readonly waitedMs: number;
}

/** What the cache did for a request, as the response headers report it. */
export interface CacheOutcome {
  readonly plan: CachePlan;
  /** 64 hex digits; undefined when the request has no key (unknown model). */
  readonly key: string | undefined;
  readonly hit: Pick<Hit, 'age' | 'ttl' | 'storedAt' | 'runMs' | 'truncated'> | undefined;
  /** Set to true when the whole answer of the run was stored. */
  readonly landed: { stored: boolean };
  /** The parts of its prompt that were kept stable before its key was made; undefined when nothing was changed. */
  readonly pinned?: readonly PinnedSpans[] | undefined;
}

/**
 * The life of one caller's request. Its times are on the monotonic clock, in milliseconds. The wall clock is read once,
 * at its start, so that displayed times never contradict measured ones.
 */
export class Ticket {
  /** Unique among living requests, once it is registered. */
  id: string;
  readonly anyId: boolean;
  readonly route: string;
  readonly model: string;
  readonly caller: string;
  readonly owner: string;
  readonly maxActive: number | undefined;
  /** See TicketOptions. */
  readonly mode: Mode | undefined;
  readonly comesAgain: boolean;
  readonly class: QueueClass;
  /** What set its class. */
  readonly classBy: string;
  /** A requested class that does not exist. */
  readonly unknownWord: string | undefined;
  /** Lower is sooner within its class. Read it at each use, since it may become more urgent while waiting. */
  priority: number;
  readonly createdAt: number;
  /** The same moment on the wall clock, in milliseconds since 1970. */
  readonly bornAt: number;
  readonly #clock: Clock;
  #abort: AbortController | undefined;
  #wokeAt = -Infinity;
  /** Who cancelled it: the caller by leaving, or somebody by request. */
  cancelledBy: 'caller' | 'request' | undefined;
  /** Where its answer comes from; undefined until known, as while it waits for its turn in a conversation. */
  source: Source | undefined;
  /** What the cache did for it; known together with the source. */
  cache: CacheOutcome | undefined;
  /** The state of its conversation, once its turn has come; undefined when it belongs to none. */
  conversation: ConversationState | undefined;
  status: TicketStatus = 'queued';
  waiting: Waiting = { phase: 'queued', position: 0, eta_ms: 0 };
  startedAt: number | undefined;
  /** When its model was ready and began to work for it. */
  ranAt: number | undefined;
  firstPieceAt: number | undefined;
  lastPieceAt: number | undefined;
  /** Pieces that its caller has received. */
  pieces = 0;
  /** It was admitted to wait for a run; from then on it also waits while Ollama is away. */
  admitted = false;
  /** Its caller was told that it was admitted, so it also waits for an Ollama that was away unnoticed. */
  promised = false;
  /** The run that it takes part in; requests of one flight get one answer. */
  flight: string | undefined;
  finishedAt: number | undefined;
  error: AppError | undefined;
  /** Measurements besides its times. */
  readonly trace: Trace = {};
  /** Its end was reported to the list and to watchers. */
  isTold = false;

  constructor(options: TicketOptions, clock: Clock) {
    this.id = options.id;
    this.anyId = options.anyId ?? false;
    this.route = options.route;
    this.model = options.model;
    this.caller = options.caller;
    this.trace.caller = options.caller;
    this.owner = options.owner;
    this.maxActive = options.maxActive;
    this.mode = options.mode;
    this.comesAgain = options.comesAgain ?? false;
    this.class = options.class;
    this.classBy = options.classBy;
    this.unknownWord = options.unknownWord;
    this.priority = options.priority;
    this.#clock = clock;
    const now = clock.now();
    this.bornAt = options.before?.bornAt ?? now;
    // The wall clock may have been set back meanwhile.
    this.createdAt = clock.elapsed() - Math.max(0, now - this.bornAt);
  }

  /** Aborts when the request is cancelled. Created on first use, since a hit never needs it. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** Cancels the request; its events throw `reason`. */
  cancel(by: 'caller' | 'request', reason: AppError): void {
    if (this.finishedAt !== undefined || this.cancelledBy !== undefined) return;
    this.cancelledBy = by;
    this.#abort ??= new AbortController();
    this.#abort.abort(reason);
  }

  /** Makes it one step more urgent. */
  lift(): void {
    this.priority = Math.max(PRIORITY.least, this.priority - 1);
  }

  moved(waiting: Waiting): void {
    this.waiting = waiting;
    if (waiting.phase === 'running') this.ranAt ??= this.#clock.elapsed();
    if (waiting.phase !== 'queued') this.started();
    else if (this.status === 'processing') this.#stopped();
  }

  /** Milliseconds until it starts, as of now, by its last waiting state or by `waiting`. */
  eta(waiting: Waiting = this.waiting): number {
    return etaOf(waiting, this.#clock.elapsed());
  }

  /** Whether the answer ahead of it takes longer than expected. */
  waitsForLate(waiting: Waiting = this.waiting): boolean {
    return isLate(waiting, this.#clock.elapsed());
  }

  /** Milliseconds of its estimate that come after the end of the answer ahead of it. */
  get etaAfter(): number {
    return Math.round(etaAfter(this.waiting));
  }

  started(): void {
    this.startedAt ??= this.#clock.elapsed();
    if (this.status === 'queued') this.status = 'processing';
    // A follower may get pieces without having been told that the run began.
    if (this.waiting.phase === 'queued') this.waiting = RUNNING;
  }

  /** Ollama went away before any piece came: it waits again as if it had never started. */
  #stopped(): void {
    this.status = 'queued';
    this.startedAt = undefined;
    this.ranAt = undefined;
  }

  /**
   * Since when its model has produced nothing; undefined when none works for it. The sleep of the machine is left out.
   */
  get silentSince(): number | undefined {
    if (this.startedAt === undefined) return undefined;
    return Math.max(this.lastPieceAt ?? this.ranAt ?? this.startedAt, this.#wokeAt);
  }

  /** The machine slept until now. */
  woke(): void {
    this.#wokeAt = this.#clock.elapsed();
  }

  firstPiece(): void {
    this.started();
    this.firstPieceAt ??= this.#clock.elapsed();
  }

  /** Call when its caller has received a piece. */
  piece(): void {
    this.firstPiece();
    this.lastPieceAt = this.#clock.elapsed();
    this.pieces++;
  }

  /** Ends the life, once; `error` says how, unless it ended well. */
  finish(error?: AppError): void {
    if (this.finishedAt !== undefined) return;
    this.finishedAt = this.#clock.elapsed();
    this.error = error;
    if (error === undefined) this.status = 'completed';
    else this.status = error.code === 'cancelled' ? 'cancelled' : 'failed';
  }

  /** Milliseconds from arrival to slot, first piece and end; what has not come yet counts up to now. */
  get timing(): Timing {
    const now = this.finishedAt ?? this.#clock.elapsed();
    return {
      queue_ms: Math.round((this.startedAt ?? now) - this.createdAt),
      ttft_ms: Math.round((this.firstPieceAt ?? now) - this.createdAt),
      total_ms: Math.round(now - this.createdAt),
    };
  }

  /** A moment of its life for display: RFC 3339, in UTC. */
  shown(moment: number): string {
    return new Date(this.bornAt + (moment - this.createdAt)).toISOString();
  }
}
