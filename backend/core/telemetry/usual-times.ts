// What is usual for a model: how long its requests take in all, and how long each token of an answer. Of those that ended well and
// ran for themselves, since this process began. Who asks for one that has just ended, asks before it is added.
import { LRUCache } from 'lru-cache';
import { Digest } from './digest.ts';

/** Models and kinds remembered; the one measured longest ago is forgotten. A digest takes about 2 KB. */
const MOST = 200;
/** A median of fewer says little. */
const LEAST_SAMPLES = 8;
/** Times of tokens are kept in these, since a digest counts nothing under a millisecond. */
const FINER = 1000;

/** What is asked of one model in different ways has nothing in common. */
export type Kind = 'chat' | 'embed' | 'handed_on';

interface Measured {
  readonly totals: Digest;
  readonly tokens: Digest;
  samples: number;
}

/** Medians in milliseconds; undefined where too few were measured. */
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

  /** `tokenMs`: for each token of its answer; undefined where Ollama did not tell. */
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
