// The waiters by the runner that they need: who was overtaken by other runners, and when a runner is no longer needed.
import { onAbort } from '../abort.ts';
import type { Waiter } from './waiter.ts';

/** The waiters for one runner. */
interface Wanted {
  /** In order of arrival. */
  readonly waiting: Set<Waiter>;
  /** Those that no request of another runner has overtaken yet. */
  readonly unpassed: Set<Waiter>;
}

export class ByRunner {
  readonly #wanted = new Map<string, Wanted>();
  readonly #unwanted = new Set<{ readonly runner: string; readonly resolve: () => void }>();
  /** Adds a waiter to a set that is in order of arrival. */
  readonly #inOrderOfArrival: (waiters: Set<Waiter>, waiter: Waiter) => Set<Waiter>;

  constructor(inOrderOfArrival: (waiters: Set<Waiter>, waiter: Waiter) => Set<Waiter>) {
    this.#inOrderOfArrival = inOrderOfArrival;
  }

  add(waiter: Waiter): void {
    const { waiting, unpassed } = this.#wanted.get(waiter.runner) ?? NOBODY();
    this.#wanted.set(waiter.runner, {
      waiting: this.#inOrderOfArrival(waiting, waiter),
      unpassed: this.#inOrderOfArrival(unpassed, waiter),
    });
  }

  remove(waiter: Waiter): void {
    const { runner } = waiter;
    const wanted = this.#wanted.get(runner);
    if (wanted === undefined) return;
    wanted.waiting.delete(waiter);
    wanted.unpassed.delete(waiter);
    if (wanted.waiting.size > 0) return;
    this.#wanted.delete(runner);
    for (const watch of this.#unwanted) if (watch.runner === runner) watch.resolve();
  }

  /** In order of arrival. */
  waitingFor(runner: string): Iterable<Waiter> {
    return this.#wanted.get(runner)?.waiting ?? [];
  }

  /**
   * Marks waiters of other runners that came before the one that runs now, and the head of the order if that is another
   * one. Each waiter is marked once, so the work is small over time.
   */
  overtake({ seq, runner }: Waiter, head: Waiter, now: number): void {
    const mark = (wanted: Wanted, waiter: Waiter): void => {
      waiter.passedSince ??= now;
      wanted.unpassed.delete(waiter);
    };
    for (const [other, wanted] of this.#wanted) {
      if (other === runner) continue;
      for (const waiter of wanted.unpassed) {
        if (waiter.seq > seq) break;
        mark(wanted, waiter);
      }
      if (other === head.runner) mark(wanted, head);
    }
  }

  /** Whether any waiter needs this runner. */
  wants(runner: string): boolean {
    return this.#wanted.has(runner);
  }

  /** Resolves when no waiter needs this runner, or when the signal aborts. */
  async unwanted(runner: string, signal: AbortSignal): Promise<void> {
    if (!this.wants(runner) || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const watch = {
        runner,
        resolve: () => {
          off();
          this.#unwanted.delete(watch);
          resolve();
        },
      };
      this.#unwanted.add(watch);
      const off = onAbort(signal, watch.resolve);
    });
  }
}

const NOBODY = (): Wanted => ({ waiting: new Set(), unpassed: new Set() });
