// Single-flight: identical requests share one upstream run. A flight is an append-only log of events; everyone who
// takes part holds a seat and reads the log with a cursor of their own, so a late one has the beginning at once and a
// slow one delays nobody. The run is aborted when the last seat is left.
// It knows neither cache nor queue: what a flight runs is handed in.
import { levelOf, mostUrgent, type Urgency } from '../contract/chat/chat-request.ts';
import { RUNNING, type ChatEvent, type Waiting } from '../contract/chat/chat.ts';
import { AppError } from '../contract/errors.ts';
import { onAbort } from './abort.ts';
import type { Fence } from './fleet.ts';

/** What the run of a flight is given. */
export interface FlightContext {
  /** What all who take part ask for; their tickets name it as `flight`. */
  readonly key: string;
  /** Aborts when the last seat is left. */
  readonly signal: AbortSignal;
  /** That of the most urgent one who takes part, now; the least there is when nobody does any more. */
  urgency(): Urgency;
  /** Tells all seats where the run stands before its first piece; only the latest word counts. */
  waiting(waiting: Waiting): void;
  /** Adds to the log what came; the end event is the last that counts. */
  tell(event: ChatEvent): void;
  /** Whether anything was told yet. */
  begun(): boolean;
  /**
   * From now on the run is not given up at once when the last seat is left: `ask` is called each time, and gives it up later by
   * what it is given, which does nothing when somebody has come meanwhile.
   */
  whenLeft(ask: (giveUp: () => void) => void): void;
  /** Of a run that other gateways may take over: whether what it gives still counts. */
  readonly fence?: Fence | undefined;
}

/**
 * Starts the run, and resolves when it is wound up; it tells an end event before, or rejects. It may throw at once (the
 * queue is full): then there is no flight and join() throws the same.
 */
export type Lead = (context: FlightContext) => Promise<void>;

export interface JoinOptions<N = unknown> {
  /** When it aborts, the seat is left and its events end by throwing the signal's reason. */
  readonly signal: AbortSignal;
  /** Asked at each use, since it may change. */
  urgency(): Urgency;
  /** Whether the run goes on for the cache although the last seat was left for this reason (cache.finish_abandoned). */
  finishAbandoned(reason: unknown): boolean;
  /** What all who take part find in their seats, where this one starts the flight. */
  readonly note?: N;
}

/** A place in a flight. Leave it in any case; leaving twice is harmless. */
export interface Seat<N = unknown> {
  /** Whether this seat started the flight. */
  readonly led: boolean;
  /** Whether it was more urgent than all who were here before it. */
  readonly lifts: boolean;
  /** That of the one who started the flight. */
  readonly note: N | undefined;
  /** The log from its beginning, then what comes, to the end event; throws what the run threw. Read it once. */
  readonly events: AsyncIterable<ChatEvent>;
  /** Where the run stands now, before anything of it is read; undefined when nothing was said of it yet. */
  readonly waiting: Waiting | undefined;
  /** A further reader of the same log, that neither keeps the run alive nor counts as taking part. */
  tail(signal: AbortSignal): AsyncIterable<ChatEvent>;
  leave(): void;
}

/** Why a seat that was left has no more events; one for all, since an error collects a stack and every seat is left. */
const LEFT = new AppError('cancelled', 'The caller left.');

export class Flights<N = unknown> {
  readonly #flights = new Map<string, Flight<N>>();

  /** Flights under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** Whether there is a flight of this key. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** Takes a seat in the flight of this key, starting one when there is none. Throws the signal's reason, or what lead throws. */
  join(key: string, options: JoinOptions<N>, lead: Lead): Seat<N> {
    options.signal.throwIfAborted();
    const running = this.#flights.get(key);
    if (running !== undefined) return running.board(options, false);
    const flight = new Flight<N>(key, options.note, () => {
      // Gone from the table in the same tick, so that nobody joins a run that has ended or was given up.
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    const seat = flight.board(options, true);
    flight.start(lead);
    this.#flights.set(key, flight);
    return seat;
  }
}

/** One who reads a log, and may leave at any time. An AbortSignal would do, and cost more than all that is read. */
class Reader {
  left: { readonly reason: unknown } | undefined;
  /** Ends its sleep, where it sleeps. */
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
    // Before the run is wound up: nobody who reads need wait for that.
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

  /** The most urgent one of those who take part. */
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
