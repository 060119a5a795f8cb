// Finished answers and vectors in memory: limited in bytes, evicted least recently used first, with a time to live.
// Independent of the disk (cache.ts); counts only what it sees itself.
import type { Removed } from '../../contract/views/control.ts';
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
 * Bytes that an entry costs besides the blocks of its record and the text of its key: the entry object, and its places
 * in the index and in its group. Measured as resident memory per entry with 60,000 small entries (npm run bench,
 * "entry").
 */
const BOOKKEEPING_BYTES = 600;

/** How many digits of a key identify an entry: those that X-Cache-Key shows. */
export const SHOWN_DIGITS = 16;

/** How many entries are evicted in one go; the rest follows after other requests were served. */
const EVICTED_AT_ONCE = 1000;

/** Ready texts may take one part in this many of the memory; a missing one is made again. */
const READY_SHARE = 16;

export interface MemoryFigures {
  readonly entries: number;
  readonly bytes: number;
  readonly max_bytes: number;
  readonly evictions: number;
  readonly expired: number;
  readonly by_model: ReadonlyMap<string, Readonly<Sum>>;
}

/** The age of an answer and its remaining lifetime; milliseconds. */
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
   * By the beginning of the keys, so that an entry is found by what X-Cache-Key shows. Of two keys with the same
   * beginning, the later one replaces the other. This class decides by bytes what to evict; the index knows the order
   * of use.
   */
  readonly #entries = new Recent<Entry>((entry) => this.#left(entry));
  readonly #groups = new Groups();
  readonly #slabs = new Slabs();
  /** Answers as texts ready to send; each counts towards its entry. */
  readonly #ready = new ReadyTexts<Entry>(
    () => this.#maxBytes / READY_SHARE,
    (entry, bytes) => this.#costsMore(entry, bytes),
  );
  /** Removed groups that still take memory. */
  readonly #gone: Group[] = [];
  /** Bytes of all entries, and of the removed ones. */
  #bytes = 0;
  #goneBytes = 0;
  #goneEntries = 0;
  #tidying = false;
  #evictions = 0;
  #expired = 0;

  /**
   * Calls `evicted` for each entry that made room for others. `later` runs work that is not urgent, after waiting
   * requests.
   */
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
   * Finds an entry and counts it as used. An expired one is removed and counts as absent. `maxAge` is in seconds. The
   * bytes must be read synchronously, before anything else happens.
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
   * An answer as text ready to send in this `form`. If there is none yet, `write` makes it, with GAPS for what differs
   * for each caller. Undefined when the whole text differs for each caller.
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

  /** The marks of the answer for a key; undefined when there is no answer. */
  marksOf(key: string): readonly string[] | undefined {
    const entry = this.#entries.peek(placeOf(key));
    return entry?.key === key && !entry.group.isGone ? entry.marks : undefined;
  }

  /**
   * Keeps a copy of the bytes. `lives` is in milliseconds. False, without any change, if the entry is larger than the
   * limit.
   */
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

  /** Drops an entry that was replaced by one that memory has no room for. */
  drop(key: string): void {
    if (this.#entries.peek(placeOf(key))?.key === key) this.#entries.delete(placeOf(key));
  }

  /** Adjusts the cost of an entry by this many bytes. */
  #costsMore(entry: Entry, bytes: number): void {
    entry.cost += bytes;
    entry.group.cost += bytes;
    this.#bytes += bytes;
    if (entry.group.isGone) this.#goneBytes += bytes;
  }

  /** Called when an entry has left the index. */
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

  /** Removes one entry by its key, or by a prefix of at least 16 hex digits (X-Cache-Key). */
  delete(key: string, watcher: string): Removed {
    const entry = this.#entries.peek(placeOf(key));
    if (entry === undefined || !entry.key.startsWith(key)) return NOTHING;
    if (entry.group.isGone || !sees(watcher, entry.group.owner)) return NOTHING;
    const { cost } = entry;
    this.#entries.delete(placeOf(key));
    return { removed: 1, freed_bytes: cost };
  }

  /**
   * Removes entries: from now on none of them is served or counted. Their memory is freed in portions, and reused
   * first.
   */
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

  /** Call after a change of cache.max_size_mb. The most recently used entries that fit stay. */
  reconfigured(): void {
    this.#ready.trim();
    this.#tidy();
  }

  /** Frees one portion of what has to go, and schedules the rest. */
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

  /** Removes the entries of one removed group from the index. False when there is no such group. */
  #takeApart(): boolean {
    const group = this.#gone.pop();
    for (const { key } of group?.entries ?? []) this.#entries.delete(placeOf(key));
    return group !== undefined;
  }

  /** Makes room for `cost` bytes. Removed entries go first, then the least recently used ones. */
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

  /** Current entries and bytes, including ready texts and expired entries that were not asked for since. */
  get size(): { readonly entries: number; readonly bytes: number; readonly max_bytes: number } {
    return {
      entries: this.#entries.size - this.#goneEntries,
      bytes: this.#bytes - this.#goneBytes,
      max_bytes: this.#maxBytes,
    };
  }

  /** The entries by model that a watcher may see, and counts of all. */
  figures(watcher: string): MemoryFigures {
    return {
      ...this.size,
      evictions: this.#evictions,
      expired: this.#expired,
      by_model: this.#groups.sums(watcher),
    };
  }
}

/** The key of an entry in the index. */
function placeOf(key: string): string {
  return key.slice(0, SHOWN_DIGITS);
}
