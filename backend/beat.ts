// A heartbeat every few seconds, which reveals that the machine slept: then far more time has passed than the timer was
// set for, by the wall clock at least, and by the monotonic clock too where that continues during sleep (macOS,
// Windows).
import type { Clock } from './core/ports.ts';

/** Milliseconds between two beats. */
const BEAT_MS = 5000;

/**
 * A timer that is late by more than this means sleep; a busy process, or a clock set by a little, stays below.
 * Milliseconds.
 */
const SLEPT_MS = 10_000;

export interface BeatOptions {
  readonly clock: Clock;
  /** Called every few seconds, starting at once. */
  onBeat(): void;
  /** The machine slept; `counted`: milliseconds of the sleep that the monotonic clock counted. */
  onWoke(counted: number): void;
}

export class Beat {
  readonly #options: BeatOptions;
  #at: { readonly wall: number; readonly elapsed: number };

  constructor(options: BeatOptions) {
    this.#options = options;
    this.#at = this.#now();
  }

  /** Beats until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#options.onBeat();
      await this.#options.clock.sleep(BEAT_MS, signal).catch(() => undefined);
      if (!signal.aborted) this.look();
    }
  }

  /** Checks whether the machine slept since the last check; the host may know it before the next beat. */
  look(): void {
    const before = this.#at;
    this.#at = this.#now();
    const counted = this.#at.elapsed - before.elapsed - BEAT_MS;
    const slept = Math.max(counted, this.#at.wall - before.wall - BEAT_MS);
    if (slept > SLEPT_MS) this.#options.onWoke(Math.max(0, counted));
  }

  #now(): { readonly wall: number; readonly elapsed: number } {
    const { now, elapsed } = this.#options.clock;
    return { wall: now(), elapsed: elapsed() };
  }
}
