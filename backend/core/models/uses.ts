// When each model in memory was last used, through Hearth or past it. What Hearth does on its own account must not take
// memory from a model that somebody works with.
import type { Clock, LoadedModel } from '../ports.ts';

/** After this long without a use of any other, a model may be loaded on our own account. Milliseconds. */
export const IDLE_MS = 300_000;

/** A time that Ollama shows moves by this much at least when a model was used. Milliseconds. */
const MOVED_MS = 1000;

export class Uses {
  readonly #clock: Clock;
  readonly #weights: (digest: string) => string;
  /** Weights to the time of the last use, by the monotonic clock. */
  readonly #usedAt = new Map<string, number>();
  /** Weights in memory, to the time at which they will leave as it was shown last; undefined before the first look. */
  #shown: ReadonlyMap<string, number> | undefined;
  /** Of these we moved that time ourselves. */
  readonly #ours = new Set<string>();

  constructor(clock: Clock, weights: (digest: string) => string) {
    this.#clock = clock;
    this.#weights = weights;
  }

  /** Notes that a request of somebody ended. */
  used(weights: string): void {
    this.#usedAt.set(weights, this.#clock.elapsed());
    this.#ours.add(weights);
  }

  /** Notes that an empty request of our own loaded or renewed it: that is no use. */
  touched(weights: string): void {
    this.#ours.add(weights);
  }

  /**
   * Takes in what Ollama lists: a time that moved without us was moved by somebody who works past us. Of what is there
   * at the first look nothing is known, but what was known before Ollama was away.
   */
  look(loaded: readonly LoadedModel[]): void {
    const shown = new Map(loaded.map(({ digest, expires_at }) => [this.#weights(digest), expires_at]));
    const before = this.#shown ?? shown;
    if (this.#shown === undefined) {
      for (const weights of this.#usedAt.keys()) if (!shown.has(weights)) this.#usedAt.delete(weights);
    }
    for (const [weights, at] of shown) {
      const moved = Math.abs(at - (before.get(weights) ?? -Infinity)) >= MOVED_MS;
      if (moved && !this.#ours.delete(weights)) this.#usedAt.set(weights, this.#clock.elapsed());
    }
    // What has left memory and was not used for long says nothing any more.
    const old = this.#clock.elapsed() - IDLE_MS;
    for (const [weights, at] of this.#usedAt) if (!shown.has(weights) && at < old) this.#usedAt.delete(weights);
    this.#shown = shown;
  }

  /** Ollama is away: what is not in its memory when it comes back was not pushed out by anybody. */
  away(): void {
    this.#shown = undefined;
  }

  /** Milliseconds since another model than this was used; Infinity when none was. */
  othersIdleMs(weights: string): number {
    const others = [...this.#usedAt].filter(([other]) => other !== weights).map(([, at]) => at);
    return this.#clock.elapsed() - Math.max(-Infinity, ...others);
  }
}
