// The life of one caller's request: where it stands, how long each part took, how it ended.
// A ticket belongs to one caller, not to a flight: followers have tickets of their own.
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
import type { Mode } from '../../contract/mode.ts';
import type { PinnedSpans } from '../../contract/pin-rule.ts';
import type { KeepAliveRule } from '../../contract/queue-rule.ts';
import type { AppError } from '../../contract/errors.ts';
import type { Hit } from '../cache/hit.ts';
import type { CachePlan } from '../cache/policy.ts';
import type { Clock } from '../ports.ts';
import type { Trace } from './trace.ts';

export type TicketStatus = 'queued' | 'processing' | 'completed' | 'failed' | 'cancelled';

/** What is known of a request when it arrives. */
export interface TicketOptions extends Place {
  readonly id: string;
  /** Another id will do where this one is taken: no caller asks for it by that. */
  readonly anyId?: boolean;
  readonly route: string;
  readonly model: string;
  readonly caller: string;
  /** Whose it is: others from elsewhere may not see it. */
  readonly owner: string;
  /** The most requests of this owner that may live at once; no limit when absent. */
  readonly maxActive?: number | undefined;
  /** Whose keep_alive counts; `default` when absent. */
  readonly keepAlive?: KeepAliveRule | undefined;
  /** The mode that it asks for; that of the settings (cache.mode) when absent. */
  readonly mode?: Mode | undefined;
  /** Whoever asks comes again by itself when it is refused for now. */
  readonly comesAgain?: boolean | undefined;
  /** What was of it before this process began; absent where it came since. */
  readonly before?: EarlierLife | undefined;
}

/** A request that was accepted by a process before this one. */
export interface EarlierLife {
  /** When it came, by the clock on the wall. */
  readonly bornAt: number;
  /** Milliseconds that it stood in line. */
  readonly waitedMs: number;
}

/** What the cache did for a request; the response headers say it. */
export interface CacheOutcome {
  readonly plan: CachePlan;
  /** 64 hex digits; undefined when the request has no key (unknown model). */
  readonly key: string | undefined;
  readonly hit: Pick<Hit, 'age' | 'ttl' | 'storedAt' | 'runMs' | 'truncated'> | undefined;
  /** Becomes true when the run's answer, whole, was stored. */
  readonly landed: { stored: boolean };
  /** What of its prompt was kept the same before its key was made; undefined where all of it is as it was sent. */
  readonly pinned?: readonly PinnedSpans[] | undefined;
}

/**
 * The life of one caller's request. Its times are moments of the monotonic clock, in milliseconds; the clock on the wall is
 * read once, at its birth, so that what is shown never contradicts what was measured.
 */
export class Ticket {
  /** Its own among those that live, once it is registered. */
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
  /** What gave it the class. */
  readonly classBy: string;
  /** A word that it asked for and that is no class. */
  readonly unknownWord: string | undefined;
  /** Lower is sooner inside its class. Ask for it at each use: it may become more urgent while the request waits. */
  priority: number;
  readonly createdAt: number;
  /** The same moment on the wall. Milliseconds since 1970. */
  readonly bornAt: number;
  readonly #clock: Clock;
  #abort: AbortController | undefined;
  #wokeAt = -Infinity;
  /** Who ended it early: the caller by leaving, or somebody by asking for it. */
  cancelledBy: 'caller' | 'request' | undefined;
  /** Where its answer comes from; undefined until that is known, as while it waits for its turn in a conversation. */
  source: Source | undefined;
  /** What the cache did for it; known together with the source. */
  cache: CacheOutcome | undefined;
  /** Where its conversation stands, once its turn has come; undefined when it belongs to none. */
  conversation: ConversationState | undefined;
  status: TicketStatus = 'queued';
  waiting: Waiting = { phase: 'queued', position: 0, eta_ms: 0 };
  startedAt: number | undefined;
  /** When its model stood ready and began to work for it. */
  ranAt: number | undefined;
  firstPieceAt: number | undefined;
  lastPieceAt: number | undefined;
  /** Pieces its caller has been given. */
  pieces = 0;
  /** It was let in to wait for a run; from then on it waits also while Ollama is away. */
  admitted = false;
  /** Its caller was told that it was admitted, so it also waits for an Ollama that was away without anybody noticing. */
  promised = false;
  /** Which run it takes part in; requests with one flight get one answer. */
  flight: string | undefined;
  finishedAt: number | undefined;
  error: AppError | undefined;
  /** What is measured of it beside its times. */
  readonly trace: Trace = {};
  /** Its end was told to those who list and watch. */
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
    // The clock on the wall may have been set back meanwhile.
    this.createdAt = clock.elapsed() - Math.max(0, now - this.bornAt);
  }

  /** Aborts when the request is cancelled, by whomever. Made when first needed: a hit never needs it. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** Ends the request early; its events throw `reason`. */
  cancel(by: 'caller' | 'request', reason: AppError): void {
    if (this.finishedAt !== undefined || this.cancelledBy !== undefined) return;
    this.cancelledBy = by;
    this.#abort ??= new AbortController();
    this.#abort.abort(reason);
  }

  /** One step more urgent from now on. */
  lift(): void {
    this.priority = Math.max(PRIORITY.least, this.priority - 1);
  }

  moved(waiting: Waiting): void {
    this.waiting = waiting;
    if (waiting.phase === 'running') this.ranAt ??= this.#clock.elapsed();
    if (waiting.phase !== 'queued') this.started();
    else if (this.status === 'processing') this.#stopped();
  }

  /** Milliseconds until it starts, by now: by what it was told last, or by `waiting`. */
  eta(waiting: Waiting = this.waiting): number {
    return etaOf(waiting, this.#clock.elapsed());
  }

  /** Whether what it waits for takes longer than expected. */
  waitsForLate(waiting: Waiting = this.waiting): boolean {
    return isLate(waiting, this.#clock.elapsed());
  }

  /** Milliseconds of its estimate that come after the end of the answer that it waits for. */
  get etaAfter(): number {
    return Math.round(etaAfter(this.waiting));
  }

  started(): void {
    this.startedAt ??= this.#clock.elapsed();
    if (this.status === 'queued') this.status = 'processing';
    // A follower may get pieces without having been told that the run has begun.
    if (this.waiting.phase === 'queued') this.waiting = RUNNING;
  }

  /** Ollama went away before it said anything: it waits again as if it had never started. */
  #stopped(): void {
    this.status = 'queued';
    this.startedAt = undefined;
    this.ranAt = undefined;
  }

  /** Since when nothing has come from the model that works for it; undefined while none does. The time of a sleep is no silence. */
  get silentSince(): number | undefined {
    if (this.startedAt === undefined) return undefined;
    return Math.max(this.lastPieceAt ?? this.ranAt ?? this.startedAt, this.#wokeAt);
  }

  /** The machine has slept until now. */
  woke(): void {
    this.#wokeAt = this.#clock.elapsed();
  }

  firstPiece(): void {
    this.started();
    this.firstPieceAt ??= this.#clock.elapsed();
  }

  /** Its caller has been given a piece. */
  piece(): void {
    this.firstPiece();
    this.lastPieceAt = this.#clock.elapsed();
    this.pieces++;
  }

  /** Ends the life once; `error` says how when it did not end well. */
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

  /** A moment of its life as people are shown it: RFC 3339, in UTC. */
  shown(moment: number): string {
    return new Date(this.bornAt + (moment - this.createdAt)).toISOString();
  }
}
