// One call to Ollama and everything that can end it early: the caller's signal, a deadline of ours, the end itself.
// Knows neither HTTP nor Ollama. Whoever opens a call closes it in a `finally`; nothing of it is left afterwards.
import { onAbort, OVER } from '../core/abort.ts';
import type { Clock } from '../core/ports.ts';

/** A wait that took so much longer was no wait of a process that could do anything: the machine slept. Milliseconds. */
const SLEPT_MS = 10_000;

/** Makes the error of a deadline at the moment it strikes. */
export type Late = () => Error;

/** How long a call may make no progress, in milliseconds. */
export interface Limit {
  readonly ms: number;
  readonly late: Late;
}

/**
 * Joins the caller's signal and our deadlines into one `signal` whose reason says which of them struck.
 * Own wiring instead of AbortSignal.any, which keeps its sources alive in Node 20 (nodejs/node#54614).
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

  /** Aborts once, with the caller's reason or with a deadline's error. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * Aborts the call with `late()` after `ms` without progress. The clock starts now and replaces any earlier deadline;
   * each `resume` starts it anew.
   */
  expect(ms: number, late: Late): void {
    this.#cancel();
    if (!this.#stop.signal.aborted) this.#watch(ms, ms, late);
  }

  /** Stops the deadline while the consumer looks at what has come: its own time is not the model's silence. */
  hold(): void {
    this.#held = true;
  }

  /** We wait for the model again; counts as progress. */
  resume(): void {
    this.#held = false;
    this.#progress++;
    this.#lastProgressAt = this.#clock.elapsed();
  }

  /** Ends the call: what still runs on `signal` is aborted, no timer and no listener stays. May be called again. */
  close(): void {
    this.#cancel();
    this.#off();
    this.#stop.abort(OVER);
  }

  // One timer per stretch of silence, not one per piece: when it strikes it sees whether anything has come meanwhile.
  #watch(left: number, ms: number, late: Late): void {
    const seen = this.#progress;
    const from = this.#clock.elapsed();
    this.#cancel = this.#clock.after(left, () => {
      // What was not awake could not answer: the deadline starts anew.
      if (this.#clock.elapsed() - from - left > SLEPT_MS) return this.#watch(ms, ms, late);
      if (seen === this.#progress && !this.#held) return this.#stop.abort(late());
      // For a process that was held up: what came meanwhile is read before the deadline strikes.
      const silent = this.#held ? 0 : this.#clock.elapsed() - this.#lastProgressAt;
      this.#watch(Math.max(ms / 10, ms - silent), ms, late);
    });
  }
}
