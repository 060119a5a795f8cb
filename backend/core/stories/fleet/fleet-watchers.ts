// Watchers of jobs of the fleet. Each waits for news of one job, and also checks at intervals, since news can be lost.
import type { Clock } from '../../ports.ts';

/** The interval of these checks, in milliseconds. */
const LOOK_MS = 1000;

export class FleetWatchers {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Resolves when a job's state may have changed. */
  async change(id: string): Promise<void> {
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    await new Promise<void>((resolve) => {
      const told = (): void => {
        stop();
        waiting.delete(told);
        if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
        resolve();
      };
      const stop = this.#clock.after(LOOK_MS, told);
      waiting.add(told);
    });
  }

  /** Call when there is news of a job. */
  tell(id: string): void {
    for (const told of this.#waiting.get(id) ?? []) told();
  }

  tellAll(): void {
    for (const waiting of this.#waiting.values()) for (const told of waiting) told();
  }
}
