// A clock that can be halted, for time limits that must not run out while nothing may run.
// It knows nothing of what is waited for.
import type { Clock } from './ports.ts';

export class HaltingClock {
  readonly #clock: Clock;
  #haltedAt: number | undefined;
  /** Milliseconds for which it stood still, the halt under way left out. */
  #haltedMs = 0;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get halted(): boolean {
    return this.#haltedAt !== undefined;
  }

  halt(): void {
    this.#haltedAt ??= this.#clock.elapsed();
  }

  resume(): void {
    this.#haltedMs = this.#haltedSoFar();
    this.#haltedAt = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Like Clock.elapsed, but for the time in which it stood still. */
  elapsed(): number {
    return this.#clock.elapsed() - this.#haltedSoFar();
  }

  /** Resolves after `ms` milliseconds in which it did not stand still; rejects with the signal's reason. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    // What it stood still during a sleep has yet to pass.
    for (let left = ms; left > 0;) {
      if (this.halted) await this.#resumed(signal);
      const before = this.#haltedMs;
      await this.#clock.sleep(left, signal);
      left = this.#haltedSoFar() - before;
    }
  }

  #haltedSoFar(): number {
    return this.#haltedMs + (this.#haltedAt === undefined ? 0 : this.#clock.elapsed() - this.#haltedAt);
  }

  #resumed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(wake);
        reject(signal.reason);
      };
      const wake = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      this.#waiting.add(wake);
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
  }
}
