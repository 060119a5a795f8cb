// Single-flight: identical requests share one upstream run. A flight is an append-only log of events. Every passenger
// holds a seat and reads the log with its own cursor, so a late one gets the beginning at once and a slow one delays
// nobody. The run is aborted when the last seat is left. Independent of cache and queue: the caller passes in what a
// flight runs.
import { levelOf, mostUrgent, type Urgency } from '../contract/chat/chat-request.ts';
import { RUNNING, type ChatEvent, type Waiting } from '../contract/chat/chat.ts';
import { AppError } from '../contract/errors.ts';
import { onAbort } from './abort.ts';
import type { Fence } from './fleet.ts';

/** What the run of a flight gets. */
export interface FlightContext {
  /** The key that all passengers share; their tickets name it as `flight`. */
  readonly key: string;
  /** Aborts when the last seat is left. */
  readonly signal: AbortSignal;
  /** Urgency of the most urgent passenger; the lowest one when none is left. */
  urgency(): Urgency;
  /** Tells all seats the state of the run before its first piece. Only the latest one counts. */
  waiting(waiting: Waiting): void;
  /** Appends an event to the log. Events after the end event are ignored. */
  tell(event: ChatEvent): void;
  /** Whether any event was appended yet. */
  begun(): boolean;
  /**
   * From now on the run is not given up at once when the last seat is left. Instead `ask` is called with a function
   * that gives it up, which does nothing if somebody has joined meanwhile.
   */
  whenLeft(ask: (giveUp: () => void) => void): void;
  /** For a run that other gateways may take over: whether its result still counts. */
  readonly fence?: Fence | undefined;
}

/**
 * Starts the run, and resolves when it has finished cleaning up. It tells an end event before that, or rejects. It may
 * throw at once (the queue is full): then there is no flight, and join() throws the same.
 */
export type Lead = (context: FlightContext) => Promise<void>;

export interface JoinOptions<N = unknown> {
  /** When it aborts, the seat is left and its events throw the signal's reason. */
  readonly signal: AbortSignal;
  /** Called at each use, since it may change. */
  urgency(): Urgency;
  /** Whether the run continues for the cache after the last seat was left for this reason (cache.finish_abandoned). */
  finishAbandoned(reason: unknown): boolean;
  /** The note that all passengers find in their seats, if this one starts the flight. */
  readonly note?: N;
}

/** A place in a flight. Always leave it; leaving twice is harmless. */
export interface Seat<N = unknown> {
  /** Whether this seat started the flight. */
  readonly led: boolean;
  /** Whether it was more urgent than all passengers before it. */
  readonly lifts: boolean;
  /** The note of the passenger that started the flight. */
  readonly note: N | undefined;
  /** The log from its beginning up to the end event; throws the error of the run. Read it once. */
  readonly events: AsyncIterable<ChatEvent>;
  /** The state of the run before anything of it is read; undefined until it is known. */
  readonly waiting: Waiting | undefined;
  /** Another reader of the same log, which neither keeps the run alive nor counts as a passenger. */
  tail(signal: AbortSignal): AsyncIterable<ChatEvent>;
  leave(): void;
}

/** The error of a seat that was left. One shared error, since an error collects a stack and every seat is left. */
const LEFT = new AppError('cancelled', 'The caller left.');

export class Flights<N = unknown> {
  readonly #flights = new Map<string, Flight<N>>();

  /** The number of flights under way. */
  get size(): number {
    return this.#flights.size;
  }

  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /**
   * Takes a seat in the flight of this key, starting one if there is none. Throws the signal's reason, or what lead
   * throws.
   */
  join(key: string, options: JoinOptions<N>, lead: Lead): Seat<N> {
    options.signal.throwIfAborted();
    const running = this.#flights.get(key);
    if (running !== undefined) return running.board(options, false);
    const flight = new Flight<N>(key, options.note, () => {
      // Remove it in the same tick, so that nobody joins a run that has ended or was given up.
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    const seat = flight.board(options, true);
    flight.start(lead);
    this.#flights.set(key, flight);
    return seat;
  }
}

/**
 * A reader of a log, which may leave at any time. An AbortSignal would do, but costs more than everything that is read.
 */
class Reader {
  left: { readonly reason: unknown } | undefined;
  /** Ends its sleep, if it sleeps. */
  wake = (): void => undefined;

  leave(reason: unknown): void {
    this.left ??= { reason };
    this.wake();
  }
}

class Flight<N> {
  readonly #abort = new AbortController();
  readonly #passengers = new Set<JoinOptions<N>>();
  readonly #key: string;
  readonly #note: N | undefined;
  readonly #onClosed: () => void;
  readonly #log: ChatEvent[] = [];
  #waiting: (ChatEvent & { type: 'waiting' }) | undefined;
  #outcome: { readonly failure?: unknown } | undefined;
  #sleepers: (() => void)[] = [];
  #whenLeft: ((giveUp: () => void) => void) | undefined;

  constructor(key: string, note: N | undefined, onClosed: () => void) {
    this.#key = key;
    this.#note = note;
    this.#onClosed = onClosed;
  }

  start(lead: Lead): void {
    const context: FlightContext = {
      key: this.#key,
      signal: this.#abort.signal,
      urgency: () => this.#urgency(),
      waiting: (waiting) => {
        this.#waiting = { type: 'waiting', waiting };
        this.#wake();
      },
      tell: (event) => this.#tell(event),
      begun: () => this.#log.length > 0,
      whenLeft: (ask) => {
        this.#whenLeft = ask;
      },
    };
    try {
      void this.#windUp(lead(context));
    } catch (failure) {
      this.#close({ failure });
      throw failure;
    }
  }

  #tell(event: ChatEvent): void {
    if (this.#outcome !== undefined) return;
    this.#log.push(event);
    // Before the run has cleaned up, since no reader needs to wait for that.
    if (event.type === 'end') this.#close({});
    else this.#wake();
  }

  async #windUp(run: Promise<void>): Promise<void> {
    try {
      await run;
      if (this.#outcome === undefined) throw new Error('a run stopped without an end event');
    } catch (failure) {
      this.#close({ failure });
    }
  }

  #close(outcome: { readonly failure?: unknown }): void {
    this.#outcome ??= outcome;
    this.#onClosed();
    this.#wake();
  }

  /** The urgency of the most urgent passenger. */
  #urgency(): Urgency {
    return mostUrgent(Array.from(this.#passengers, (passenger) => passenger.urgency()));
  }

  board(options: JoinOptions<N>, led: boolean): Seat<N> {
    const lifts = levelOf(options.urgency()) < levelOf(this.#urgency());
    this.#passengers.add(options);
    const reader = new Reader();
    const leave = (): void => {
      off();
      if (!this.#passengers.delete(options)) return;
      const reason: unknown = options.signal.aborted ? options.signal.reason : LEFT;
      reader.leave(reason);
      if (this.#passengers.size > 0 || this.#outcome !== undefined) return;
      if (options.finishAbandoned(reason)) return;
      if (this.#whenLeft === undefined) this.#giveUp(reason);
      else this.#whenLeft(() => this.#giveUp(reason));
    };
    const off = onAbort(options.signal, leave);
    const standing = (): Waiting | undefined => {
      const told = this.#waiting?.waiting;
      return this.#log.length > 0 && told?.phase !== 'running' ? RUNNING : told;
    };
    return {
      led,
      lifts,
      note: this.#note,
      get waiting() {
        return standing();
      },
      events: this.#read(reader),
      tail: (signal) => this.#tail(signal),
      leave,
    };
  }

  #giveUp(reason: unknown): void {
    if (this.#passengers.size > 0 || this.#outcome !== undefined) return;
    this.#onClosed();
    this.#abort.abort(reason);
  }

  async *#tail(signal: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
    const reader = new Reader();
    const off = onAbort(signal, (reason) => reader.leave(reason));
    try {
      yield* this.#read(reader);
    } finally {
      off();
    }
  }

  async *#read(reader: Reader): AsyncGenerator<ChatEvent, void, undefined> {
    let at = 0;
    let told: ChatEvent | undefined;
    for (;;) {
      if (reader.left !== undefined) throw reader.left.reason;
      const event = this.#log[at];
      if (event !== undefined) {
        at++;
        yield event;
      } else if (this.#outcome !== undefined) {
        if ('failure' in this.#outcome) throw this.#outcome.failure;
        return;
      } else if (at === 0 && this.#waiting !== undefined && this.#waiting !== told) {
        told = this.#waiting;
        yield this.#waiting;
      } else {
        await new Promise<void>((changed) => {
          reader.wake = changed;
          this.#sleepers.push(changed);
        });
      }
    }
  }

  #wake(): void {
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const wake of sleepers) wake();
  }
}
