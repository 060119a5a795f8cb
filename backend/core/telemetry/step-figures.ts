// What is counted of the requests of some time, for all owners. Figures of parts add up to those of the whole.
import { Digest } from './digest.ts';
import { Losses } from './losses.ts';

/** The sums, by the names under which they are stored. */
export const SUMS = [
  'hits',
  'misses',
  'coalesced',
  'bypassed',
  /** Of model runs: tokens read (including cached ones) and generated, and the milliseconds of generation. */
  'prompt_tokens',
  'tokens',
  'eval_ms',
  /** Milliseconds of model time and tokens that hits and shared runs saved. */
  'saved_ms',
  'saved_tokens',
  /** Requests that ended this way. */
  'failed',
  'cancelled',
  /** Prompt tokens shared with the request before, and those of them that were still in memory; when both are known. */
  'reusable_tokens',
  'reused_tokens',
  /** Prompt tokens that were read, and those that were still in memory; when that is known. */
  'processed_tokens',
  'spared_tokens',
  /** Of the same prompts, the tokens that the runner had read before, since it was loaded. */
  'sparable_tokens',
] as const;
export type Sum = (typeof SUMS)[number];

export class Figures {
  readonly sums: Record<Sum, number> = {
    hits: 0,
    misses: 0,
    coalesced: 0,
    bypassed: 0,
    prompt_tokens: 0,
    tokens: 0,
    eval_ms: 0,
    saved_ms: 0,
    saved_tokens: 0,
    failed: 0,
    cancelled: 0,
    reusable_tokens: 0,
    reused_tokens: 0,
    processed_tokens: 0,
    spared_tokens: 0,
    sparable_tokens: 0,
  };
  /** The most requests that waited at once. Counted only for all together. */
  most_waiting = 0;
  /** Milliseconds in the queue, of requests that were not answered from the cache. */
  waits = new Digest();
  /** Milliseconds from the end of the wait to the first piece, of the same requests. */
  ttfts = new Digest();
  /** Why reusable tokens were read again. */
  losses = new Losses();

  add(other: Figures): this {
    for (const name of SUMS) this.sums[name] += other.sums[name];
    this.most_waiting = Math.max(this.most_waiting, other.most_waiting);
    this.waits.addAll(other.waits);
    this.ttfts.addAll(other.ttfts);
    this.losses.addAll(other.losses);
    return this;
  }

  get requests(): number {
    const { hits, misses, coalesced, bypassed } = this.sums;
    return hits + misses + coalesced + bypassed;
  }

  /** Requests that ran the model. */
  get needed(): number {
    return this.sums.misses + this.sums.bypassed;
  }
}

export function sumOf(all: Iterable<Figures>): Figures {
  const sum = new Figures();
  for (const each of all) sum.add(each);
  return sum;
}
