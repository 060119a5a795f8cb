// Counts what happened to requests. Each rate is defined here, once, for every page that shows it. It has no text of
// prompts or answers.
import { LRUCache } from 'lru-cache';
import type { Source } from '../../contract/chat/chat.ts';
import type { Tier } from '../../contract/views/fleet-view.ts';
import type { History, PromptRead } from './history.ts';
import { OTHERS, type Whose } from './tally.ts';
import type { Meter, Now, RunFigures } from '../ports.ts';
import { LOCAL } from '../ownership.ts';

/** How many owners other than this machine have figures by model; the least recent one is dropped. */
const MAX_OWNERS = 200;
/**
 * How many models have figures of their own. All others are counted together, so that hostile names can't fill memory.
 */
const MAX_MODELS = 100;

export interface ModelCounts {
  hits: number;
  misses: number;
  coalesced: number;
  bypassed: number;
}

/** Counts since the start or the last reset. */
export interface Counts {
  readonly requests: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Refused on arrival: queue full, breaker open, stopping. */
  readonly refused: number;
  readonly hits: number;
  readonly misses: number;
  readonly coalesced: number;
  readonly bypassed: number;
  /** Model time in milliseconds, and tokens, that cached answers and shared runs saved. */
  readonly time_saved_ms: number;
  readonly tokens_saved: number;
}

/** Hits by the tier where they were found; a request with many vectors counts for the most distant one. */
export type TierHits = Readonly<Record<Tier, number>>;
const nowhere = (): Record<Tier, number> => ({ memory: 0, disk: 0, shared: 0 });

export interface Rates {
  /** (hits + coalesced) / (hits + coalesced + misses); 0 before the first such request. */
  readonly hit_rate: number;
  readonly miss_rate: number;
}

export class Telemetry {
  #counts = zero();
  #found = nowhere();
  readonly #models = new Map<string, ModelCounts>();
  /** By owner. This machine has no entry, since it sees the figures of all. */
  readonly #owned = new LRUCache<string, Map<string, ModelCounts>>({ max: MAX_OWNERS });
  /** The same figures over time, for plots. */
  readonly history: History;

  /** When counting began, in milliseconds since 1970. */
  since: number;
  readonly #now: Now;

  readonly #meter: Pick<Meter, 'ran' | 'saved'> | undefined;

  /** `meter` counts the same for monitoring programs, and is never reset. */
  constructor(history: History, now: Now, meter?: Pick<Meter, 'ran' | 'saved'>) {
    this.history = history;
    this.#now = now;
    this.#meter = meter;
    this.since = now();
  }

  /** Counts a request in the rates, now that its source is known. `tier`: where a hit was found. */
  sourced(whose: Whose, source: Source, tier?: Tier): void {
    const { model, owner } = whose;
    const field = FIELD[source];
    if (tier !== undefined) this.#found[tier]++;
    this.#counts.requests++;
    this.#counts[field]++;
    countsOf(this.#models, model)[field]++;
    if (owner !== LOCAL) {
      const own = this.#owned.get(owner) ?? new Map<string, ModelCounts>();
      countsOf(own, model)[field]++;
      this.#owned.set(owner, own);
    }
    this.history.sourced(whose, source);
  }

  /** Counts what a hit or a follower saved: milliseconds of model time, and tokens. */
  saved(whose: Whose, ms: number, tokens: number): void {
    this.#counts.time_saved_ms += ms;
    this.#counts.tokens_saved += tokens;
    this.history.saved(whose, ms, tokens);
    this.#meter?.saved(whose.model, ms, tokens);
  }

  /** Counts a run that gave its answer, and how much of its prompt was read, if known. */
  ran(whose: Whose, figures: RunFigures, read?: PromptRead): void {
    this.history.ran(whose, figures);
    if (read !== undefined) this.history.read(whose, read);
    this.#meter?.ran(whose.model, figures);
  }

  ended(how: 'completed' | 'failed' | 'cancelled'): void {
    this.#counts[how]++;
  }

  refused(): void {
    this.#counts.refused++;
  }

  /** Resets the counts. A watcher that may not see everything resets only its own figures. */
  reset(watcher: string = LOCAL): void {
    this.#owned.delete(watcher);
    if (watcher !== LOCAL) return;
    this.#counts = zero();
    this.#found = nowhere();
    this.#models.clear();
    this.#owned.clear();
    this.since = this.#now();
  }

  get counts(): Counts {
    return { ...this.#counts };
  }

  /** Hits by tier. Hits of a recording are not included. */
  get found(): TierHits {
    return { ...this.#found };
  }

  get models(): ReadonlyMap<string, Readonly<ModelCounts>> {
    return this.#models;
  }

  /** The figures by model that a watcher may see. */
  modelsFor(watcher: string): ReadonlyMap<string, Readonly<ModelCounts>> {
    return watcher === LOCAL ? this.#models : (this.#owned.peek(watcher) ?? new Map());
  }
}

function countsOf(models: Map<string, ModelCounts>, name: string): ModelCounts {
  const known = models.get(name);
  if (known !== undefined) return known;
  const counted = models.size < MAX_MODELS ? name : OTHERS;
  const counts = models.get(counted) ?? { hits: 0, misses: 0, coalesced: 0, bypassed: 0 };
  models.set(counted, counts);
  return counts;
}

const FIELD = {
  hit: 'hits',
  miss: 'misses',
  coalesced: 'coalesced',
  bypass: 'bypassed',
} as const satisfies Record<Source, keyof ModelCounts>;

function zero(): { -readonly [K in keyof Counts]: number } {
  return {
    requests: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    refused: 0,
    hits: 0,
    misses: 0,
    coalesced: 0,
    bypassed: 0,
    time_saved_ms: 0,
    tokens_saved: 0,
  };
}

/** The share of requests to the cache that needed no model run of their own. */
export function rates({ hits, coalesced, misses }: Pick<Counts, 'hits' | 'coalesced' | 'misses'>): Rates {
  const asked = hits + coalesced + misses;
  if (asked === 0) return { hit_rate: 0, miss_rate: 0 };
  const hitRate = (hits + coalesced) / asked;
  return { hit_rate: hitRate, miss_rate: 1 - hitRate };
}
