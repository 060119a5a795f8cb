// A waiter: its wish, and its promise of a lease. It ends once, by a grant or a refusal. Whatever was set up for the
// wait (timer, listeners) is attached to `over`. order.ts decides who is next, queue.ts when.
import type { Waiting } from '../../contract/chat/chat.ts';
import type { QueueClass, Urgency } from '../../contract/chat/chat-request.ts';
import { OVER } from '../abort.ts';
import type { Readable } from '../beginnings.ts';
import type { Waiting as Standing } from './order.ts';

/** Embeds have slots of their own: they are short, and must not wait behind a long answer. */
export const LANES = ['chat', 'embed'] as const;
export type Lane = (typeof LANES)[number];

/** For whom a run is, remembered for those that it kept waiting. */
export interface Asks {
  /** The id of the request. */
  readonly id: string;
  readonly owner: string;
  /** What set its class. */
  readonly classBy: string;
  /** The flights that the run serves, as tickets name them. */
  readonly flights: readonly string[];
}

/** What a request wants from the queue. */
export interface LeaseWish {
  readonly lane: Lane;
  readonly runner: string;
  readonly model: string;
  readonly caller: string;
  /** Its prompt, if known: one that continues what the runner read goes first among equals. */
  readonly prompt?: Readable | undefined;
  /** Its class and its priority. Called when it comes, and again at LeaseQueue.recheck. */
  urgency(): Urgency;
  /** Milliseconds that it was queued before this process started. They count for its age, but its timeout restarts. */
  readonly waitedMs?: number | undefined;
  /** Milliseconds that it was queued at another machine, which was lost. They count for its age and its timeout. */
  readonly stoodMs?: number | undefined;
  /** Expected milliseconds of the run without its load; 0 when unknown. */
  expectedMs(): number;
  /** Whether that is a guess, since nothing like it was measured. */
  isGuess?(): boolean;
  /** Whether the run serves this flight, as tickets name it. */
  serves?(flight: string): boolean;
  /** Called when it gets a slot. Absent when it is Hearth itself. */
  asks?(): Asks;
  /** Whether its run can be retried unnoticed, since nothing of it was sent yet. Absent when it can't. */
  mayBeginAgain?(): boolean;
  /**
   * Called at every change of position or estimate while waiting; less often with more than ten waiters (outlook.ts).
   */
  onWaiting(waiting: Waiting): void;
}

/** The abort reason of a run that gives way: it waits again, and is retried. One shared error, as OVER is. */
export const GIVES_WAY = new Error('Somebody else goes first.');

/** The right to run. Always release it; releasing twice is harmless. */
export interface Lease {
  /**
   * Aborts with the reason of the signal that it waited with, or with GIVES_WAY when a person goes first. Then nothing
   * more of the run may be sent, and the slot is given `back` as soon as the run has ended.
   */
  readonly signal: AbortSignal;
  /** Call when the model is ready: the time of the run counts from here. */
  began(): void;
  /**
   * Gives the slot back and waits again, with what is left of its timeout: before all others, or in its old place if it
   * gives way. Throws shutting_down, or the signal's reason; then the slot still has to be released.
   */
  back(signal: AbortSignal): Place;
  release(): void;
}

/** A place in the queue. `lease` rejects with the signal's reason, queue_timeout, or shutting_down. */
export interface Place {
  readonly lease: Promise<Lease>;
  /** Whether a slot was free at once. */
  readonly granted: boolean;
}

/** The arrival of a waiter. */
export interface Arrival {
  /** Grows with arrival. */
  readonly seq: number;
  /** When it came. */
  readonly since: number;
  /** Whether first-come-first-served would have switched the runner here. */
  readonly fifoSwitch: boolean;
  /** Ends its waiting. */
  readonly signal: AbortSignal;
}

export class Waiter implements Standing<Waiter>, Arrival {
  readonly wish: LeaseWish;
  #urgency: Urgency;
  readonly seq: number;
  readonly since: number;
  readonly fifoSwitch: boolean;
  readonly signal: AbortSignal;
  readonly lease: Promise<Lease>;
  /** When a request of another runner first overtook it. */
  passedSince: number | undefined;
  /** When another waiter first took its turn because of its prompt. */
  heldBackSince: number | undefined;
  /** It took another waiter's turn because of its prompt. */
  wentOn = false;
  /** The waiters that were moved before it by hand. */
  readonly letsFirst = new Set<Waiter>();
  /** It had its turn, and let another one go first. */
  turnCame = false;
  /** Somebody moved it up by hand, so it need not wait for people. */
  movedByHand = false;
  /** It ran, and gave way to a person. */
  gaveWay = false;
  left = false;
  /** The last state that it was told, and whether what it waits for was late then. */
  told: Waiting | undefined;
  toldLate = false;
  readonly #over = new AbortController();
  #resolve: (lease: Lease) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;

  constructor(wish: LeaseWish, { seq, since, fifoSwitch, signal }: Arrival) {
    this.wish = wish;
    this.#urgency = copied(wish.urgency());
    this.seq = seq;
    this.since = since;
    this.fifoSwitch = fifoSwitch;
    this.signal = signal;
    this.lease = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The wish's class, as of the last time it was asked. */
  get class(): QueueClass {
    return this.#urgency.class;
  }

  /** The wish's priority, as of the last time it was asked. */
  get priority(): number {
    return this.#urgency.priority;
  }

  /** Changes its urgency. Remove it from its file first. */
  become(urgency: Urgency): void {
    this.#urgency = copied(urgency);
  }

  get caller(): string {
    return this.wish.caller;
  }

  get prompt(): Readable | undefined {
    return this.wish.prompt;
  }

  get waitedMs(): number {
    return this.wish.waitedMs ?? 0;
  }

  get runner(): string {
    return this.wish.runner;
  }

  /** Aborts when the waiting is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  grant(lease: Lease): void {
    this.#over.abort(OVER);
    this.#resolve(lease);
  }

  refuse(reason: unknown): void {
    this.#over.abort(OVER);
    this.#reject(reason);
  }
}

/** A snapshot of its urgency: a change takes effect at the next `recheck`. */
function copied({ class: of, priority }: Urgency): Urgency {
  return { class: of, priority };
}
