// Which runner options the requests of each model usually have, so that a model is warmed as its traffic needs it.
import { LRUCache } from 'lru-cache';
import type { RunnerSpec } from '../ports.ts';

/** The last requests that are looked at, and how many of them must agree: one odd request decides nothing. */
const LAST = 5;
const AGREE = 3;
/** Models remembered. */
const MOST_MODELS = 200;

export class Usual {
  /** Digest to the specs of its last requests. */
  readonly #last = new LRUCache<string, readonly RunnerSpec[]>({ max: MOST_MODELS });

  /** Notes that a request of this runner ended well. */
  used(spec: RunnerSpec): void {
    this.#last.set(spec.digest, [...(this.#last.get(spec.digest) ?? []), spec].slice(-LAST));
  }

  /** The runner that most requests of this model needed lately; the given one where they do not agree. */
  of(spec: RunnerSpec): RunnerSpec {
    // What was noted before its Modelfile was known names another runner.
    const last = (this.#last.get(spec.digest) ?? []).filter(({ weights }) => weights === spec.weights);
    const usual = last.find(({ key }) => last.filter((other) => other.key === key).length >= AGREE);
    return usual === undefined ? spec : { ...usual, model: spec.model };
  }
}
