// The response cache: finished answers and vectors, bounded in bytes, least recently used out first, with a time to live.
// It decides nothing about who may use it (policy.ts) and knows no files; it counts only what it sees itself.
import { LRUCache } from 'lru-cache';
import type { Completion } from '../../contract/chat/chat.ts';
import type { Removed } from '../../contract/control.ts';
import { canonicalName } from '../../contract/model-name.ts';
import { LOCAL, sees } from '../ownership.ts';
import type { Clock, ReadConfig } from '../ports.ts';
import { decodeKept, decodeRecord, encodeRecord, type KeptAnswer } from './record.ts';

const MB = 1024 * 1024;

/**
 * Bytes an entry costs beside its record: key text, the entry object, the Buffer's own header and allocator slack, and
 * lru-cache's lists. Measured as resident memory per entry with 100,000 small entries (npm run bench, "memory").
 */
const BOOKKEEPING_BYTES = 700;

interface Entry {
  readonly bytes: Buffer;
  /** Whose it is; others have no key that leads to it. */
  readonly owner: string;
  readonly model: string;
  /** Milliseconds since 1970, for those who are shown it. */
  readonly storedAt: number;
  /** Moments of the monotonic clock: an entry's age does not change when the machine's clock is set. */
  readonly keptAt: number;
  readonly expiresAt: number;
  /** What the run had cost: milliseconds of model time and tokens written. */
  readonly runMs: number;
  readonly tokens: number;
  /** Marks with which it, or an answer in its place before, was asked for; the newest last. */
  readonly marks: readonly string[];
}

/** Marks remembered with an answer, and the bytes that one takes. */
const MOST_MARKS = 64;
const MARK_BYTES = 48;

/** A kept answer. `kept()` is the cheap form for a JSON answer. */
export interface Hit {
  readonly model: string;
  readonly storedAt: number;
  /** Whole seconds since it was stored, and until it expires. */
  readonly age: number;
  readonly ttl: number;
  readonly runMs: number;
  readonly tokens: number;
  /** What was kept: a vector, or an answer, which the two below read. */
  readonly bytes: Buffer;
  /** The marks (cache.fresh_when) that need no other answer than this. */
  readonly marks: readonly string[];
  kept(): KeptAnswer;
  record(): Completion;
}

/** What is noted with an answer. */
interface About {
  /** Whose it is; this machine's when absent. */
  readonly owner?: string;
  readonly model: string;
  /** Seconds. */
  readonly ttl: number;
  /** Milliseconds of model time, and tokens written. */
  readonly runMs: number;
  readonly tokens: number;
  /** What its request was marked with (cache.fresh_when). */
  readonly mark?: string | undefined;
}

/** Which entries to remove; all when nothing is named. `olderThanS` in seconds, `watcher` who may see them. */
export interface Which {
  readonly watcher?: string;
  readonly model?: string;
  readonly olderThanS?: number;
}

export interface CacheFigures {
  readonly entries: number;
  readonly bytes: number;
  readonly max_bytes: number;
  readonly evictions: number;
  readonly expired: number;
  /** Answers that were not stored because they exceed cache.max_entry_mb. */
  readonly refused_too_large: number;
  readonly by_model: ReadonlyMap<string, { readonly entries: number; readonly bytes: number }>;
}

interface Sum {
  entries: number;
  bytes: number;
}

export class ResponseCache {
  readonly #config: ReadConfig;
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  #entries: LRUCache<string, Entry>;
  /** Sums by owner and model, kept in step with the entries, so that figures() never walks them. LOCAL has those of all. */
  readonly #sums = new Map<string, Map<string, Sum>>();
  #evictions = 0;
  #expired = 0;
  #refused = 0;

  constructor(config: ReadConfig, clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#config = config;
    this.#clock = clock;
    this.#entries = this.#build();
  }

  #build(): LRUCache<string, Entry> {
    return new LRUCache<string, Entry>({
      maxSize: this.#maxBytes,
      sizeCalculation: ({ bytes, marks }, key) => costOf(key, bytes, marks),
      onInsert: (entry) => this.#count(entry, 1),
      dispose: (entry, _key, reason) => {
        if (reason === 'evict') this.#evictions++;
        this.#count(entry, -1);
      },
    });
  }

  /** lru-cache takes whole numbers only. */
  get #maxBytes(): number {
    return Math.floor(this.#config().cache.max_size_mb * MB);
  }

  /** Reading keeps an entry alive; an expired one is removed and counts as absent. `maxAge` in seconds. */
  get(key: string, maxAge?: number): Hit | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.#clock.elapsed();
    if (now >= entry.expiresAt) {
      this.#entries.delete(key);
      this.#expired++;
      return undefined;
    }
    if (maxAge !== undefined && now - entry.keptAt > maxAge * 1000) return undefined;
    return {
      model: entry.model,
      storedAt: entry.storedAt,
      age: Math.floor((now - entry.keptAt) / 1000),
      ttl: Math.floor((entry.expiresAt - now) / 1000),
      runMs: entry.runMs,
      tokens: entry.tokens,
      bytes: entry.bytes,
      marks: entry.marks,
      kept: () => decodeKept(entry.bytes),
      record: () => decodeRecord(entry.bytes),
    };
  }

  /**
   * Keeps a complete answer. `ttl` in seconds, `runMs` what the model run took.
   * Returns false when it is larger than cache.max_entry_mb or than the whole cache; then nothing changes.
   */
  put(key: string, completion: Completion, about: Omit<About, 'tokens'>): boolean {
    return this.keep(key, encodeRecord(completion), { ...about, tokens: completion.end.metrics.eval_count });
  }

  /** The same for what is bytes already; `tokens` are those written by the model. */
  keep(key: string, bytes: Buffer, about: About): boolean {
    const marks = this.#marks(key, about.mark);
    // lru-cache refuses too large an entry without a word, and drops the old one with it: so look first, and count.
    if (bytes.length > this.#config().cache.max_entry_mb * MB || costOf(key, bytes, marks) > this.#entries.maxSize) {
      this.#refused++;
      return false;
    }
    const keptAt = this.#clock.elapsed();
    this.#entries.set(key, {
      bytes,
      owner: about.owner ?? LOCAL,
      model: about.model,
      storedAt: this.#clock.now(),
      keptAt,
      expiresAt: keptAt + about.ttl * 1000,
      runMs: about.runMs,
      tokens: about.tokens,
      marks,
    });
    return true;
  }

  /** Those of the answer whose place is taken, and the new one. */
  #marks(key: string, mark: string | undefined): readonly string[] {
    const before = this.#entries.peek(key)?.marks ?? [];
    return mark === undefined || before.includes(mark) ? before : [...before, mark].slice(-MOST_MARKS);
  }

  #count(entry: Entry, sign: 1 | -1): void {
    for (const owner of new Set([LOCAL, entry.owner])) {
      const sums = this.#sums.get(owner) ?? new Map<string, Sum>();
      const sum = sums.get(entry.model) ?? { entries: 0, bytes: 0 };
      sum.entries += sign;
      sum.bytes += sign * entry.bytes.length;
      if (sum.entries === 0) sums.delete(entry.model);
      else sums.set(entry.model, sum);
      if (sums.size === 0) this.#sums.delete(owner);
      else this.#sums.set(owner, sums);
    }
  }

  /** Removes one entry by its key, or by an unambiguous beginning of at least 16 hex digits (X-Cache-Key). */
  delete(key: string, watcher: string = LOCAL): Removed {
    const named = key.length === 64 ? [key] : [...this.#entries.keys()].filter((k) => k.startsWith(key));
    const found = named.filter((k) => sees(watcher, this.#entries.peek(k)?.owner ?? LOCAL));
    return key.length < 16 || found.length !== 1 ? { removed: 0, freed_bytes: 0 } : this.#remove(found);
  }

  clear(which: Which = {}): Removed {
    const now = this.#clock.elapsed();
    const model = which.model === undefined ? undefined : canonicalName(which.model);
    const doomed: string[] = [];
    for (const [key, entry] of this.#entries.entries()) {
      if (!sees(which.watcher ?? LOCAL, entry.owner)) continue;
      if (model !== undefined && canonicalName(entry.model) !== model) continue;
      if (which.olderThanS !== undefined && now - entry.keptAt <= which.olderThanS * 1000) continue;
      doomed.push(key);
    }
    return this.#remove(doomed);
  }

  #remove(keys: readonly string[]): Removed {
    const before = this.#entries.calculatedSize;
    let removed = 0;
    for (const key of keys) if (this.#entries.delete(key)) removed++;
    return { removed, freed_bytes: before - this.#entries.calculatedSize };
  }

  /** After a change of cache.max_size_mb: the most recently used entries that fit stay. */
  reconfigured(): void {
    if (this.#entries.maxSize === this.#maxBytes) return;
    const old = this.#entries;
    this.#entries = this.#build();
    this.#sums.clear();
    for (const [key, entry] of [...old.entries()].toReversed()) this.#entries.set(key, entry);
  }

  resetCounts(): void {
    this.#evictions = 0;
    this.#expired = 0;
    this.#refused = 0;
  }

  /** Entries and bytes now, including ones that have expired but have not been asked for since. */
  get size(): { readonly entries: number; readonly bytes: number; readonly max_bytes: number } {
    return { entries: this.#entries.size, bytes: this.#entries.calculatedSize, max_bytes: this.#entries.maxSize };
  }

  /** What is kept for a watcher by model, and counts of the whole. */
  figures(watcher: string = LOCAL): CacheFigures {
    return {
      ...this.size,
      evictions: this.#evictions,
      expired: this.#expired,
      refused_too_large: this.#refused,
      by_model: this.#sums.get(watcher) ?? new Map(),
    };
  }
}

/** Bytes that an entry costs in all; a mark is a short text and its place in a list. */
function costOf(key: string, bytes: Buffer, marks: readonly string[]): number {
  return bytes.length + key.length + BOOKKEEPING_BYTES + marks.length * MARK_BYTES;
}
