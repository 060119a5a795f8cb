// Counts of what happened to requests. Each rate is defined once, here, for every page that shows it.
// It keeps no text of prompts or answers.
import { LRUCache } from 'lru-cache';
import type { Source } from '../../contract/chat/chat.ts';
import type { Tier } from '../../contract/fleet-view.ts';
import type { History, PromptRead } from './history.ts';
import { OTHERS, type Whose } from './tally.ts';
import type { Meter, Now, RunFigures } from '../ports.ts';
import { LOCAL } from '../ownership.ts';

/** Owners other than this machine that get figures by model; the one that asked longest ago makes room. */
const MAX_OWNERS = 200;
/** Models that get figures of their own; all others are counted together, so that hostile names cannot fill memory. */
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
  /** Turned away at the door: no place in line, breaker open, stopping. */
  readonly refused: number;
  readonly hits: number;
  readonly misses: number;
  readonly coalesced: number;
  readonly bypassed: number;
  /** Model time in milliseconds, and tokens, that answers from the cache and shared runs did not cost again. */
  readonly time_saved_ms: number;
  readonly tokens_saved: number;
}

/** Requests by the tier that their kept answer was found in; one with many vectors counts for the furthest of them. */
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
  /** The same facts over time, for plots. */
  readonly history: History;

  /** When counting began. Milliseconds since 1970. */
  since: number;
  readonly #now: Now;

  readonly #meter: Pick<Meter, 'ran' | 'saved'> | undefined;

  /** `meter` counts the same for programs, and is never reset. */
  constructor(history: History, now: Now, meter?: Pick<Meter, 'ran' | 'saved'>) {
    this.history = history;
    this.#now = now;
    this.#meter = meter;
    this.since = now();
  }

  /** The source of a request is known: from here on it counts in the rates. `tier`: of a hit, where it was found. */
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

  /** What a hit or a follower did not cost again: milliseconds of model time and tokens. */
  saved(whose: Whose, ms: number, tokens: number): void {
    this.#counts.time_saved_ms += ms;
    this.#counts.tokens_saved += tokens;
    this.history.saved(whose, ms, tokens);
    this.#meter?.saved(whose.model, ms, tokens);
  }

  /** A run of the model that gave its answer, and how much of its prompt was read, where that is known. */
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

  /** Starts counting again. A watcher that may not see everything resets only its own figures. */
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

  /** How many of the hits were found where; those of a recording in none of these. */
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

/** The share of cache-asking requests that cost no model run of their own. */
export function rates({ hits, coalesced, misses }: Pick<Counts, 'hits' | 'coalesced' | 'misses'>): Rates {
  const asked = hits + coalesced + misses;
  if (asked === 0) return { hit_rate: 0, miss_rate: 0 };
  const hitRate = (hits + coalesced) / asked;
  return { hit_rate: hitRate, miss_rate: 1 - hitRate };
}
