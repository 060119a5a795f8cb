// The circuit breaker in front of Ollama: after three failed connections in a row it refuses calls for a while, so that
// they do not each wait for their own failure. It only counts reports: it makes no calls and owns no timer.
import type { Elapsed, UpstreamState } from '../core/ports.ts';

const FAILURES_TO_OPEN = 3;
const FIRST_OPEN_MS = 5000;
const LONGEST_OPEN_MS = 60_000;

/** A trial call that reports nothing (its caller left) frees its slot after this long. */
const TRIAL_MS = 5000;

/**
 * closed → open after three failures without a success in between → half open after 5 s, twice as long each time the
 * trial fails, up to 60 s. Any success closes it.
 */
export class Breaker {
  readonly #elapsed: Elapsed;
  #failures = 0;
  #openMs = FIRST_OPEN_MS;
  #openUntil: number | undefined;
  #trialUntil = 0;

  constructor(elapsed: Elapsed) {
    this.#elapsed = elapsed;
  }

  get state(): UpstreamState['breaker'] {
    if (this.#openUntil === undefined) return 'closed';
    return this.#left(this.#openUntil) > 0 ? 'open' : 'half_open';
  }

  /**
   * 0 when a call may go through, else the milliseconds until a retry makes sense. When half open, the call takes the
   * slot of the one trial.
   */
  enter(): number {
    if (this.#openUntil === undefined) return 0;
    const wait = Math.max(this.#left(this.#openUntil), this.#left(this.#trialUntil));
    if (wait === 0) this.#trialUntil = this.#elapsed() + TRIAL_MS;
    return wait;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openMs = FIRST_OPEN_MS;
    this.#openUntil = undefined;
    this.#trialUntil = 0;
  }

  /** Failures while it is open belong to calls that started earlier, and change nothing. */
  failed(): void {
    this.#failures++;
    const state = this.state;
    if (state === 'open' || this.#failures < FAILURES_TO_OPEN) return;
    if (state === 'half_open') this.#openMs = Math.min(LONGEST_OPEN_MS, this.#openMs * 2);
    this.#openUntil = this.#elapsed() + this.#openMs;
    this.#trialUntil = 0;
  }

  /** Milliseconds until then. */
  #left(until: number): number {
    return Math.max(0, until - this.#elapsed());
  }
}
