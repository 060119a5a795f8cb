// When each loaded model was last used, through Hearth or directly. A load that Hearth starts by itself must not evict
// a model that somebody works with.
import type { Clock, LoadedModel } from '../ports.ts';

/** Hearth may load a model by itself when no other was used for this long. Milliseconds. */
export const IDLE_MS = 300_000;

/** A use of a model moves its expiry in Ollama's list by at least this much. Milliseconds. */
const MOVED_MS = 1000;

export class Uses {
  readonly #clock: Clock;
  readonly #weights: (digest: string) => string;
  /** By weights, the last use, on the monotonic clock. */
  readonly #usedAt = new Map<string, number>();
  /** By weights in memory, their expiry by the last list; undefined before the first list. */
  #shown: ReadonlyMap<string, number> | undefined;
  /** The weights whose expiry Hearth itself moved. */
  readonly #ours = new Set<string>();
  /** The weights that somebody unloaded through Hearth, and nobody has used since. */
  readonly #putAway = new Set<string>();

  constructor(clock: Clock, weights: (digest: string) => string) {
    this.#clock = clock;
    this.#weights = weights;
  }

  /** Notes that a request ended. */
  used(weights: string): void {
    this.#usedAt.set(weights, this.#clock.elapsed());
    this.touched(weights);
  }

  /** Notes that an empty request of Hearth loaded or renewed the model, which does not count as a use. */
  touched(weights: string): void {
    this.#ours.add(weights);
    this.#putAway.delete(weights);
  }

  /** Notes that somebody unloaded it, and so wants its memory for something else. */
  putAway(weights: string): void {
    this.#usedAt.delete(weights);
    this.#ours.add(weights);
    this.#putAway.add(weights);
  }

  /** Whether it was unloaded by somebody, and not loaded since. */
  isPutAway(weights: string): boolean {
    return this.#putAway.has(weights);
  }

  /**
   * Reads a list of loaded models: an expiry that Hearth did not move was moved by a program that uses Ollama directly.
   * Nothing is known about the models of the first list, except what was known before Ollama was away. Returns the
   * weights that such a program used.
   */
  look(loaded: readonly LoadedModel[]): ReadonlySet<string> {
    const shown = new Map(loaded.map(({ digest, expires_at }) => [this.#weights(digest), expires_at]));
    const before = this.#shown ?? shown;
    const byOthers = new Set<string>();
    if (this.#shown === undefined) {
      for (const weights of this.#usedAt.keys()) if (!shown.has(weights)) this.#usedAt.delete(weights);
    }
    for (const [weights, at] of shown) {
      if (!before.has(weights)) this.#putAway.delete(weights);
      const moved = Math.abs(at - (before.get(weights) ?? -Infinity)) >= MOVED_MS;
      if (!moved || this.#ours.delete(weights)) continue;
      byOthers.add(weights);
      this.#usedAt.set(weights, this.#clock.elapsed());
    }
    // Forget models that have left memory and were not used for long.
    const old = this.#clock.elapsed() - IDLE_MS;
    for (const [weights, at] of this.#usedAt) if (!shown.has(weights) && at < old) this.#usedAt.delete(weights);
    this.#shown = shown;
    return byOthers;
  }

  /** Ollama is away: models that are missing when it returns were not evicted by another one. */
  away(): void {
    this.#shown = undefined;
    this.#putAway.clear();
  }

  /** Milliseconds since a model other than this was used; Infinity when none was. */
  othersIdleMs(weights: string): number {
    const others = [...this.#usedAt].filter(([other]) => other !== weights).map(([, at]) => at);
    return this.#clock.elapsed() - Math.max(-Infinity, ...others);
  }
}
