// A mark in time every few seconds, by which it is seen that the machine slept: then far more time has gone by than the wait
// was long, on the wall at least, and by the monotonic clock too where that goes on meanwhile (macOS, Windows).
import type { Clock } from './core/ports.ts';

/** Milliseconds between two marks. */
const BEAT_MS = 5000;

/** A wait that took so much longer was a sleep; a busy process, or a clock that was set by a little, is none. Milliseconds. */
const SLEPT_MS = 10_000;

export interface BeatOptions {
  readonly clock: Clock;
  /** Each few seconds, from the beginning on. */
  onBeat(): void;
  /** The machine slept; `counted`: the milliseconds of that which the monotonic clock has counted. */
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

  /** Looks whether the machine slept since the last look; the host may know it before a beat does. */
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
