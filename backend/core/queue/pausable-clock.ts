// A clock that can be paused, for time limits that must not run out while nothing may run. Independent of what is
// waited for.
import { onAbort } from '../abort.ts';
import type { Clock } from '../ports.ts';

export class PausableClock {
  readonly #clock: Clock;
  #pausedAt: number | undefined;
  /** Milliseconds for which it stood still, without the current pause. */
  #pausedMs = 0;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get paused(): boolean {
    return this.#pausedAt !== undefined;
  }

  pause(): void {
    this.#pausedAt ??= this.#clock.elapsed();
  }

  resume(): void {
    this.#pausedMs = this.#pausedSoFar();
    this.#pausedAt = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Skips milliseconds that nobody could use, because the machine slept. */
  skip(ms: number): void {
    if (!this.paused) this.#pausedMs += ms;
  }

  /** Like Clock.elapsed, but without the time in which it stood still. */
  elapsed(): number {
    return this.#clock.elapsed() - this.#pausedSoFar();
  }

  /** Resolves after `ms` milliseconds in which it did not stand still; rejects with the signal's reason. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const until = this.elapsed() + ms;
    for (;;) {
      if (this.paused) await this.#resumed(signal);
      const left = until - this.elapsed();
      if (left <= 0) return;
      await this.#clock.sleep(left, signal);
    }
  }

  #pausedSoFar(): number {
    return this.#pausedMs + (this.#pausedAt === undefined ? 0 : this.#clock.elapsed() - this.#pausedAt);
  }

  #resumed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        off();
        resolve();
      };
      this.#waiting.add(wake);
      const off = onAbort(signal, (reason) => {
        this.#waiting.delete(wake);
        reject(reason);
      });
    });
  }
}
