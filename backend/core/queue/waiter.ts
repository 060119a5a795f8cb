// One in line: what it asks for, and its promise of a lease. It ends once, by a grant or a refusal; whatever was set up
// for the time of waiting (timer, listeners) hangs on `over`. Who is next is order.ts, who decides is queue.ts.
import type { Waiting } from '../../contract/chat/chat.ts';
import type { QueueClass, Urgency } from '../../contract/chat/chat-request.ts';
import { OVER } from '../abort.ts';
import type { Readable } from '../beginnings.ts';
import type { Waiting as Standing } from './order.ts';

/** Embeds have slots of their own: they are short, and must not stand behind a long answer. */
export const LANES = ['chat', 'embed'] as const;
export type Lane = (typeof LANES)[number];

/** For whom a run is, as it is remembered for those whom it kept waiting. */
export interface Asks {
  /** Of the request. */
  readonly id: string;
  readonly owner: string;
  /** What gave it its class. */
  readonly classBy: string;
  /** What the run is for, as tickets name it. */
  readonly flights: readonly string[];
}

/** What somebody asks for. */
export interface LeaseWish {
  readonly lane: Lane;
  readonly runner: string;
  readonly model: string;
  readonly caller: string;
  /** What it asks, where that is known: a prompt that goes on with what the runner has read goes first among equals. */
  readonly prompt?: Readable | undefined;
  /** Its class, and its number there. Asked when it comes, and again at LeaseQueue.recheck. */
  urgency(): Urgency;
  /** Milliseconds that it stood in line before this process began: it ages by them, and its patience begins anew. Absent: none. */
  readonly waitedMs?: number | undefined;
  /** Milliseconds that it stood in the line of another machine, which went away: its age and its patience go on. Absent: none. */
  readonly stoodMs?: number | undefined;
  /** Expected milliseconds of the run, load not included; 0 when nothing is known of it. */
  expectedMs(): number;
  /** Whether that is a guess, since nothing like it has been measured. */
  isGuess?(): boolean;
  /** Whether the run is for these: a flight, as tickets name it. */
  serves?(flight: string): boolean;
  /** Asked when it gets a slot. Absent: Hearth itself. */
  asks?(): Asks;
  /** Whether its run can be given up and made anew with nobody noticing: nothing of it has been told. Absent: it cannot. */
  mayBeginAgain?(): boolean;
  /** Told at every change of position or estimate while waiting; in a line of more than ten once in a while (outlook.ts). */
  onWaiting(waiting: Waiting): void;
}

/** Why a run ends that lets somebody go first: it stands in line again, and is made anew. One for all, as OVER. */
export const GIVES_WAY = new Error('Somebody else goes first.');

/** The right to run. Release it in any case; twice is harmless. */
export interface Lease {
  /**
   * Aborts with the reason of the signal with which it stood in line; or with GIVES_WAY, when a person is to go first.
   * Then nothing may be told of the run any more, and as soon as it has ended the slot is given `back`.
   */
  readonly signal: AbortSignal;
  /** The model stands ready: what the run itself takes counts from here. */
  began(): void;
  /**
   * Gives the slot back and stands in line again, with what is left of the patience that it came with: before all others,
   * or where it stood before if it gives way. Throws shutting_down, or the signal's reason; then the slot is still to be released.
   */
  back(signal: AbortSignal): Place;
  release(): void;
}

/** A place in line. `lease` rejects with the signal's reason, queue_timeout, or shutting_down. */
export interface Place {
  readonly lease: Promise<Lease>;
  /** Whether there was a slot at once. */
  readonly granted: boolean;
}

/** How somebody came. */
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
  /** When another runner's request first overtook it. */
  passedSince: number | undefined;
  /** When, in its turn, one whose prompt goes on first went before it. */
  heldBackSince: number | undefined;
  /** It got its turn since its prompt goes on. */
  wentOn = false;
  /** Those who were moved before it by hand. */
  readonly letsFirst = new Set<Waiter>();
  /** Its turn had come, and it let another one go first. */
  turnCame = false;
  /** Somebody moved it nearer by hand, and so wants it sooner than people would let it go. */
  movedByHand = false;
  /** It ran, and let a person go first. */
  gaveWay = false;
  left = false;
  /** The last word about its place, and whether what it waits for was late then. */
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

  /** The wish's, as of the last time it was asked. */
  get class(): QueueClass {
    return this.#urgency.class;
  }

  /** Likewise. */
  get priority(): number {
    return this.#urgency.priority;
  }

  /** It is so urgent from now on. Take it out of its file before. */
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

/** As it is now: who asks may become more urgent, and stands where it stood until it is asked again. */
function copied({ class: of, priority }: Urgency): Urgency {
  return { class: of, priority };
}
