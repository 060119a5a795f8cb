// The usual times of a model: for a whole request, and for each token of an answer. Only counts requests that ended
// well with a run of their own, since this process started. Read before adding the request in question.
import { LRUCache } from 'lru-cache';
import { Digest } from './digest.ts';

/**
 * How many models and kinds are remembered; the one measured least recently is forgotten. A digest takes about 2 KB.
 */
const MOST = 200;
/** A median of fewer samples says little. */
const LEAST_SAMPLES = 8;
/** The factor for token times, since a digest can't resolve times under a millisecond. */
const FINER = 1000;

/** Kinds of requests to one model, whose times are not comparable. */
export type Kind = 'chat' | 'embed' | 'handed_on';

interface Measured {
  readonly totals: Digest;
  readonly tokens: Digest;
  samples: number;
}

/** Medians in milliseconds; undefined when there are too few samples. */
export interface Usual {
  readonly totalMs: number | undefined;
  readonly tokenMs: number | undefined;
}

export class UsualTimes {
  readonly #measured = new LRUCache<string, Measured>({ max: MOST });

  of(model: string, kind: Kind): Usual {
    const { totals, tokens, samples = 0 } = this.#measured.get(`${kind} ${model}`) ?? {};
    if (samples < LEAST_SAMPLES) return { totalMs: undefined, tokenMs: undefined };
    const token = tokens?.quantile(0.5) ?? undefined;
    return { totalMs: totals?.quantile(0.5) ?? undefined, tokenMs: token === undefined ? undefined : token / FINER };
  }

  /** `tokenMs`: per token of the answer; undefined when Ollama did not report it. */
  add(
    model: string,
    kind: Kind,
    { totalMs, tokenMs }: { readonly totalMs: number; readonly tokenMs: number | undefined },
  ): void {
    const name = `${kind} ${model}`;
    const known = this.#measured.get(name) ?? { totals: new Digest(), tokens: new Digest(), samples: 0 };
    known.totals.add(totalMs);
    if (tokenMs !== undefined) known.tokens.add(tokenMs * FINER);
    known.samples++;
    this.#measured.set(name, known);
  }
}
