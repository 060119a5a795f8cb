// Finished answers and vectors in memory, bounded in bytes, least recently used out first, with a time to live. It knows
// nothing of the disk (cache.ts); it counts only what it sees itself.
import type { Removed } from '../../contract/control.ts';
import { sees } from '../ownership.ts';
import { Groups, MARK_BYTES, type Entry, type Group, type Sum } from './groups.ts';
import type { Clock, ReadConfig } from '../ports.ts';
import type { AnswerNotes, ToRemove } from '../disk.ts';
import { Hit } from './hit.ts';
import { ReadyText, ReadyTexts } from './ready-texts.ts';
import { Recent } from './recent.ts';
import { Slabs } from './slabs.ts';

const MB = 1024 * 1024;

/**
 * Bytes an entry costs beside the blocks of its record and its key's text: the entry object, its place among all and
 * in its group. Measured as resident memory per entry with 60,000 small entries (npm run bench, "entry").
 */
const BOOKKEEPING_BYTES = 600;

/** Digits of a key by which an entry is found: those that X-Cache-Key shows. */
export const SHOWN_DIGITS = 16;

/** The most entries evicted in one go; the rest waits until other requests have been served. */
const EVICTED_AT_ONCE = 1000;

/** One part in this many is for ready texts; a missing one is made again. */
const READY_SHARE = 16;

export interface MemoryFigures {
  readonly entries: number;
  readonly bytes: number;
  readonly max_bytes: number;
  readonly evictions: number;
  readonly expired: number;
  readonly by_model: ReadonlyMap<string, Readonly<Sum>>;
}

/** How old an answer is, and how long it lives still; milliseconds. */
export interface Lives {
  readonly ageMs: number;
  readonly leftMs: number;
}

const NOTHING: Removed = { removed: 0, freed_bytes: 0 };

export class AnswerMemory {
  readonly #config: ReadConfig;
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #later: (work: () => void) => void;
  readonly #evicted: (key: string) => void;
  /**
   * By the beginning of their keys, so that one is found by what X-Cache-Key shows. If two keys ever begin alike, the later
   * one replaces the other. This class decides what has to go, by bytes; the index knows which was used when.
   */
  readonly #entries = new Recent<Entry>((entry) => this.#left(entry));
  readonly #groups = new Groups();
  readonly #slabs = new Slabs();
  /** Answers as the texts that go out; each counts with its entry. */
  readonly #ready = new ReadyTexts<Entry>(
    () => this.#maxBytes / READY_SHARE,
    (entry, bytes) => this.#costsMore(entry, bytes),
  );
  /** Removed, but still taking room. */
  readonly #gone: Group[] = [];
  /** Bytes of all entries, and of those that are gone. */
  #bytes = 0;
  #goneBytes = 0;
  #goneEntries = 0;
  #tidying = false;
  #evictions = 0;
  #expired = 0;

  /** `evicted` is told of each that made room for others; `later` runs what is not urgent once waiting requests have been served. */
  constructor(
    config: ReadConfig,
    clock: Pick<Clock, 'now' | 'elapsed'>,
    evicted: (key: string) => void,
    later: (work: () => void) => void,
  ) {
    this.#config = config;
    this.#clock = clock;
    this.#evicted = evicted;
    this.#later = later;
  }

  get #maxBytes(): number {
    return Math.floor(this.#config().cache.max_size_mb * MB);
  }

  /**
   * Reading keeps an entry alive; an expired one is removed and counts as absent. `maxAge` in seconds. The bytes can be read
   * only at once, before anything else happens.
   */
  glance(key: string, maxAge?: number): Hit | undefined {
    const entry = this.#entries.get(placeOf(key));
    if (entry === undefined || entry.key !== key || entry.group.isGone) return undefined;
    const now = this.#clock.elapsed();
    if (now >= entry.expiresAt) {
      this.#entries.delete(placeOf(key));
      this.#expired++;
      return undefined;
    }
    if (maxAge !== undefined && now - entry.keptAt > maxAge * 1000) return undefined;
    return new Hit(entry, this.#slabs, now);
  }

  /**
   * An answer as the text that goes out in this `form`. Where none is kept yet, `write` makes it, with GAPS where each
   * caller gets something else. Undefined where the whole text differs for each caller.
   */
  readyText(hit: Hit, form: string, write: (hit: Hit) => string): ReadyText | undefined {
    const ready = this.#ready.get(hit.entry, form);
    if (ready !== undefined || hit.hasCalls) return ready;
    const made = new ReadyText(write(hit));
    if (!hit.entry.group.entries.has(hit.entry)) return made;
    this.#ready.keep(hit.entry, form, made);
    this.#makeRoom();
    return made;
  }

  /** The marks of the answer of a key. Undefined: there is none. */
  marksOf(key: string): readonly string[] | undefined {
    const entry = this.#entries.peek(placeOf(key));
    return entry?.key === key && !entry.group.isGone ? entry.marks : undefined;
  }

  /** Keeps a copy of the bytes. `lives` in milliseconds. False when it is larger than all of memory's share; then nothing changes. */
  keep(key: string, bytes: Buffer, notes: AnswerNotes, { ageMs, leftMs }: Lives): boolean {
    const { owner, model, runMs, tokens, marks, truncated } = notes;
    const cost = Slabs.costOf(bytes.length) + key.length + BOOKKEEPING_BYTES + marks.length * MARK_BYTES;
    if (cost > this.#maxBytes) return false;
    this.#entries.delete(placeOf(key));
    this.#makeRoom(cost);
    const now = this.#clock.elapsed();
    const entry: Entry = {
      key,
      group: this.#groups.for(owner, model),
      block: this.#slabs.keep(bytes),
      length: bytes.length,
      cost,
      storedAt: this.#clock.now() - ageMs,
      keptAt: now - ageMs,
      expiresAt: now + leftMs,
      runMs,
      tokens,
      marks,
      truncated,
      notedAt: now,
      use: 0,
    };
    this.#entries.set(placeOf(key), entry);
    this.#groups.add(entry);
    this.#bytes += cost;
    return true;
  }

  /** No longer as it is: another takes its place, which memory has no room for. */
  drop(key: string): void {
    if (this.#entries.peek(placeOf(key))?.key === key) this.#entries.delete(placeOf(key));
  }

  /** An entry costs so many bytes more than before, or less. */
  #costsMore(entry: Entry, bytes: number): void {
    entry.cost += bytes;
    entry.group.cost += bytes;
    this.#bytes += bytes;
    if (entry.group.isGone) this.#goneBytes += bytes;
  }

  /** An entry has left its place. */
  #left(entry: Entry): void {
    this.#ready.drop(entry);
    this.#bytes -= entry.cost;
    if (entry.group.isGone) {
      this.#goneBytes -= entry.cost;
      this.#goneEntries--;
    }
    this.#groups.delete(entry);
    this.#slabs.free(entry.block, entry.length);
  }

  /** Removes one entry by its key, or by a beginning of at least 16 hex digits (X-Cache-Key). */
  delete(key: string, watcher: string): Removed {
    const entry = this.#entries.peek(placeOf(key));
    if (entry === undefined || !entry.key.startsWith(key)) return NOTHING;
    if (entry.group.isGone || !sees(watcher, entry.group.owner)) return NOTHING;
    const { cost } = entry;
    this.#entries.delete(placeOf(key));
    return { removed: 1, freed_bytes: cost };
  }

  /** From now on none of them is served or counted. Their room is freed in portions, and used first. */
  clear({ watcher, model, olderThanS }: ToRemove): Removed {
    const before = olderThanS === undefined ? undefined : this.#clock.elapsed() - olderThanS * 1000;
    const taken = this.#groups.take({ watcher, model, before });
    const removed = taken.reduce((sum, { entries }) => sum + entries.size, 0);
    const bytes = taken.reduce((sum, { cost }) => sum + cost, 0);
    this.#gone.push(...taken);
    this.#goneEntries += removed;
    this.#goneBytes += bytes;
    this.#tidy();
    return { removed, freed_bytes: bytes };
  }

  /** After a change of cache.max_size_mb: the most recently used entries that fit stay. */
  reconfigured(): void {
    this.#ready.trim();
    this.#tidy();
  }

  /** Takes out one portion of what is to go, and the rest later. */
  #tidy(): void {
    if (this.#tidying) return;
    this.#makeRoom();
    this.#takeApart();
    if (this.#gone.length === 0 && this.#bytes <= this.#maxBytes) return;
    this.#tidying = true;
    this.#later(() => {
      this.#tidying = false;
      this.#tidy();
    });
  }

  /** Takes the entries of one group that is gone out of their places. False: there is none. */
  #takeApart(): boolean {
    const group = this.#gone.pop();
    for (const { key } of group?.entries ?? []) this.#entries.delete(placeOf(key));
    return group !== undefined;
  }

  /** Makes `cost` bytes fit: removed entries go first, then those not used for the longest time. */
  #makeRoom(cost: number = 0): void {
    const most = this.#maxBytes - cost;
    for (let evicted = 0; this.#bytes > most && evicted < EVICTED_AT_ONCE;) {
      if (this.#takeApart()) continue;
      const entry = this.#entries.pop();
      if (entry !== undefined) this.#evicted(entry.key);
      this.#evictions++;
      evicted++;
    }
  }

  resetCounts(): void {
    this.#evictions = 0;
    this.#expired = 0;
  }

  /** Entries and bytes now, ready texts among them, including ones that have expired but have not been asked for since. */
  get size(): { readonly entries: number; readonly bytes: number; readonly max_bytes: number } {
    return {
      entries: this.#entries.size - this.#goneEntries,
      bytes: this.#bytes - this.#goneBytes,
      max_bytes: this.#maxBytes,
    };
  }

  /** What is kept for a watcher by model, and counts of the whole. */
  figures(watcher: string): MemoryFigures {
    return {
      ...this.size,
      evictions: this.#evictions,
      expired: this.#expired,
      by_model: this.#groups.sums(watcher),
    };
  }
}

/** Where in the index the entry of a key is. */
function placeOf(key: string): string {
  return key.slice(0, SHOWN_DIGITS);
}
