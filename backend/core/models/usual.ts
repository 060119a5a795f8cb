// The runner options that the requests of each model usually have, so that a warm-up fits its traffic.
import { LRUCache } from 'lru-cache';
import type { RunnerSpec } from '../ports.ts';

/** How many of the last requests are compared, and how many must agree: a single odd request decides nothing. */
const LAST = 5;
const AGREE = 3;
/** How many models are remembered. */
const MOST_MODELS = 200;

export class Usual {
  /** From a digest to the specs of its last requests. */
  readonly #last = new LRUCache<string, readonly RunnerSpec[]>({ max: MOST_MODELS });

  /** Notes that a request on this runner ended well. */
  used(spec: RunnerSpec): void {
    this.#last.set(spec.digest, [...(this.#last.get(spec.digest) ?? []), spec].slice(-LAST));
  }

  /** The runner that most recent requests of this model needed; the given one when they do not agree. */
  of(spec: RunnerSpec): RunnerSpec {
    // Specs that were noted before the Modelfile was known name another runner.
    const last = (this.#last.get(spec.digest) ?? []).filter(({ weights }) => weights === spec.weights);
    const usual = last.find(({ key }) => last.filter((other) => other.key === key).length >= AGREE);
    return usual === undefined ? spec : { ...usual, model: spec.model };
  }
}
