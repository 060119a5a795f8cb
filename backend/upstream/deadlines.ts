// One call to Ollama and everything that can end it early: the caller's signal, a timeout, the end itself. It knows
// neither HTTP nor Ollama. The code that opens a call closes it in a `finally`, which removes all timers and listeners.
import { onAbort, OVER } from '../core/abort.ts';
import type { Clock } from '../core/ports.ts';

/** A timer this late means that the machine slept and the process could do nothing. Milliseconds. */
const SLEPT_MS = 10_000;

/** Makes the error of a timeout at the moment it fires. */
export type Late = () => Error;

/** How long a call may make no progress, in milliseconds. */
export interface Limit {
  readonly ms: number;
  readonly late: Late;
}

/**
 * Joins the caller's signal and the timeouts into one `signal` whose reason says what ended the call. Own wiring
 * instead of AbortSignal.any, which keeps its sources alive in Node 20 (nodejs/node#54614).
 */
export class Call {
  readonly #stop = new AbortController();
  readonly #clock: Clock;
  readonly #off: () => void;
  #cancel = (): void => undefined;
  #progress = 0;
  #lastProgressAt = 0;
  #held = false;

  constructor(caller: AbortSignal, clock: Clock) {
    this.#clock = clock;
    this.#off = onAbort(caller, (reason) => this.#stop.abort(reason));
  }

  /** Aborts once, with the caller's reason or with a timeout's error. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * Aborts the call with `late()` after `ms` without progress. The clock starts now and replaces any earlier timeout;
   * each `resume` restarts it.
   */
  expect(ms: number, late: Late): void {
    this.#cancel();
    if (!this.#stop.signal.aborted) this.#watch(ms, ms, late);
  }

  /** Pauses the timeout while the consumer handles a piece: the consumer's time is not the model's silence. */
  hold(): void {
    this.#held = true;
  }

  /** Hearth waits for the model again; counts as progress. */
  resume(): void {
    this.#held = false;
    this.#progress++;
    this.#lastProgressAt = this.#clock.elapsed();
  }

  /** Ends the call: aborts what still runs on `signal`, and removes timers and listeners. May be called again. */
  close(): void {
    this.#cancel();
    this.#off();
    this.#stop.abort(OVER);
  }

  // One timer per stretch of silence instead of one per piece: when it fires, it checks whether anything arrived
  // meanwhile.
  #watch(left: number, ms: number, late: Late): void {
    const seen = this.#progress;
    const from = this.#clock.elapsed();
    this.#cancel = this.#clock.after(left, () => {
      // A sleeping machine could not answer: the timeout restarts.
      if (this.#clock.elapsed() - from - left > SLEPT_MS) return this.#watch(ms, ms, late);
      if (seen === this.#progress && !this.#held) return this.#stop.abort(late());
      // A process that was held up reads what arrived meanwhile before the timeout fires.
      const silent = this.#held ? 0 : this.#clock.elapsed() - this.#lastProgressAt;
      this.#watch(Math.max(ms / 10, ms - silent), ms, late);
    });
  }
}
