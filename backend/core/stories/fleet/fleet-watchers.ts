// Those who look on at jobs of the fleet: each waits for news of one, and looks by itself from time to time, since news can be
// lost.
import type { Clock } from '../../ports.ts';

/** Milliseconds. */
const LOOK_MS = 1000;

export class FleetWatchers {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Resolves when it is worth to look again where a job stands. */
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

  /** There is news of one. */
  tell(id: string): void {
    for (const told of this.#waiting.get(id) ?? []) told();
  }

  tellAll(): void {
    for (const waiting of this.#waiting.values()) for (const told of waiting) told();
  }
}
