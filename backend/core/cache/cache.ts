// The response cache: finished answers and vectors. Recent ones are in memory, all of them on disk if there is one, and
// shared with other gateways if there are any. A lookup tries memory, then disk, then the other gateways, and what it
// finds comes back into memory. policy.ts decides who may use it. Removals apply to all three.
import type { Completion, Truncated } from '../../contract/chat/chat.ts';
import type { Removed } from '../../contract/views/control.ts';
import type { Tier } from '../../contract/views/fleet-view.ts';
import { canonicalName } from '../../contract/model-name.ts';
import type { Fence, Removals, SharedAnswers } from '../fleet.ts';
import { LOCAL, sees } from '../ownership.ts';
import type { Clock, ReadConfig } from '../ports.ts';
import {
  NOTED_EVERY_MS,
  type AnswerNotes,
  type AnswerStore,
  type StoredAnswer,
  type StoreFigures,
  type ToRemove,
} from '../disk.ts';
import { AnswerMemory, SHOWN_DIGITS } from './answer-memory.ts';
import type { Loss } from '../explain/missed-facts.ts';
import { Fates, type Fate } from './fates.ts';
import { emptyGroup, withMark } from './groups.ts';
import { Hit } from './hit.ts';
import type { ReadyText } from './ready-texts.ts';
import { OnTheWay } from './on-the-way.ts';
import { encodeRecord } from './record.ts';
import { NOTHING, ofBoth, type CacheFigures, type Shared } from './tiers.ts';

const MB = 1024 * 1024;

/** The metadata of an answer. */
interface About {
  /** Its owner; this machine when absent. */
  readonly owner?: string;
  readonly model: string;
  /** Lifetime in seconds. */
  readonly ttl: number;
  /** Milliseconds of model time, and tokens generated. */
  readonly runMs: number;
  readonly tokens: number;
  /** The mark of its request (cache.fresh_when). */
  readonly mark?: string | undefined;
  /** Set when its prompt did not fit. */
  readonly truncated?: Truncated | undefined;
  /** Set for a run that other gateways may take over. */
  readonly fence?: Fence | undefined;
}

export class ResponseCache {
  readonly #config: ReadConfig;
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #memory: AnswerMemory;
  readonly #fates = new Fates();
  #disk: AnswerStore | undefined;
  #shared: SharedAnswers | undefined;
  readonly #onTheWay = new OnTheWay();
  #refused = 0;

  /** `later` runs work that is not urgent, after waiting requests. */
  constructor(
    config: ReadConfig,
    clock: Pick<Clock, 'now' | 'elapsed'>,
    later: (work: () => void) => void = setImmediate,
  ) {
    this.#config = config;
    this.#clock = clock;
    const evicted = (key: string): void => this.#fates.removed(key, 'room', clock.elapsed());
    this.#memory = new AnswerMemory(config, clock, evicted, later);
  }

  /** Stores everything on this disk too from now on, and finds what it has. */
  over(disk: AnswerStore | undefined): void {
    this.#disk = disk;
  }

  /** Shares everything with other gateways from now on, so that `fetch` finds what they have; undefined for none. */
  shareThrough(shared: SharedAnswers | undefined): void {
    this.#shared = shared;
  }

  /** Whether other gateways may have what is missing here. */
  get isShared(): boolean {
    return this.#shared !== undefined;
  }

  /** Finds what other gateways have and this one lacks. Does not throw, and takes no longer than Valkey's timeout. */
  async fetch(keys: readonly string[], maxAge = Infinity): Promise<ReadonlyMap<string, Hit>> {
    const hits = new Map<string, Hit>();
    if (this.#shared === undefined) return hits;
    for (const [key, answer] of await this.#onTheWay.find(this.#shared.find(keys))) {
      if (answer.ageMs > maxAge * 1000) continue;
      const hit = this.#remember(key, answer, 'shared');
      void hit?.bytes;
      if (hit !== undefined) hits.set(key, hit);
    }
    return hits;
  }

  /** Finds an answer and counts it as used; an expired one counts as absent. `maxAge` is in seconds. */
  get(key: string, maxAge?: number): Hit | undefined {
    const hit = this.glance(key, maxAge);
    // Copy the bytes now, so that the caller may read them at any time.
    void hit?.bytes;
    return hit;
  }

  /** The same without a copy: the bytes must be read synchronously, before anything else happens. */
  glance(key: string, maxAge?: number): Hit | undefined {
    const hit = this.#memory.glance(key, maxAge);
    if (hit === undefined) return this.#disk === undefined ? undefined : this.#fromDisk(this.#disk, key, maxAge);
    this.#noteUse(key, hit);
    return hit;
  }

  /** Notes a hit in memory on disk and for the other gateways, at intervals. */
  #noteUse(key: string, { entry, now }: Hit): void {
    if (now - entry.notedAt < NOTED_EVERY_MS) return;
    entry.notedAt = now;
    this.#disk?.used(key);
    this.#shared?.used(key);
  }

  /** Finds an answer on disk that memory lacks. */
  #fromDisk(disk: AnswerStore, key: string, maxAge = Infinity): Hit | undefined {
    const found = disk.find(key);
    if (found === undefined || found.ageMs > maxAge * 1000) return undefined;
    return this.#remember(key, found, 'disk');
  }

  /** Brings an answer into memory. */
  #remember(key: string, found: StoredAnswer, tier: Tier): Hit | undefined {
    const isKept = this.#memory.keep(key, found.bytes, found, found);
    const hit = isKept ? this.#memory.glance(key) : this.#loose(key, found);
    if (hit !== undefined) hit.tier = tier;
    return hit;
  }

  /** A hit for an answer that memory has no room for. */
  #loose(key: string, { owner, model, bytes, ageMs, leftMs, ...notes }: StoredAnswer): Hit {
    const now = this.#clock.elapsed();
    const times = { storedAt: this.#clock.now() - ageMs, keptAt: now - ageMs, expiresAt: now + leftMs, notedAt: now };
    const { runMs, tokens, marks, truncated } = notes;
    const group = emptyGroup(owner, model);
    const none = { block: 0, cost: 0, use: 0 };
    const entry = { key, group, length: bytes.length, ...none, ...times, runMs, tokens, marks, truncated };
    return new Hit(entry, { read: () => bytes }, now);
  }

  /**
   * An answer as text ready to send in this `form`. If there is none yet, `write` makes it, with GAPS for what differs
   * for each caller. Undefined when the whole text differs for each caller.
   */
  readyText(hit: Hit, form: string, write: (hit: Hit) => string): ReadyText | undefined {
    return this.#memory.readyText(hit, form, write);
  }

  /**
   * Keeps a complete answer. `ttl` is in seconds; `runMs` is the time of the model run. False, without any change, when
   * the answer is larger than cache.max_entry_mb or than all available room.
   */
  put(key: string, completion: Completion, about: Omit<About, 'tokens'>): boolean {
    return this.keep(key, encodeRecord(completion), { ...about, tokens: completion.end.metrics.eval_count });
  }

  /** The same for encoded bytes, which must not change. `tokens` are those that the model generated. */
  keep(key: string, bytes: Buffer, { owner = LOCAL, mark, ttl, fence, ...about }: About): boolean {
    // Another gateway runs the same by now, and its result is the answer.
    if (fence?.holds === false) return false;
    const notes: AnswerNotes = { ...about, owner, marks: withMark(this.#marksOf(key, mark), mark) };
    const lives = { ageMs: 0, leftMs: ttl * 1000 };
    const fits = bytes.length <= this.#config().cache.max_entry_mb * MB;
    const onDisk = fits && (this.#disk?.keep(key, bytes, notes, lives.leftMs) ?? false);
    const inMemory = fits && this.#memory.keep(key, bytes, notes, lives);
    if (onDisk && !inMemory) this.#memory.drop(key);
    if (fits) this.#share(key, { bytes, notes, ttlMs: lives.leftMs, fence });
    const now = this.#clock.elapsed();
    if (onDisk || inMemory) this.#fates.kept(key, notes, now, lives.leftMs);
    else {
      this.#refused++;
      this.#fates.notKept(key, notes, 'too_large', now);
    }
    return onDisk || inMemory;
  }

  #share(key: string, answer: Parameters<SharedAnswers['keep']>[1]): void {
    void this.#shared?.keep(key, answer).then((isOurs) => {
      if (!isOurs) this.forget([{ key, watcher: LOCAL }]);
    });
  }

  /** Notes why the answer to a question is not kept. */
  notKept(key: string, whose: Pick<Fate, 'owner' | 'model'>, loss: Loss): void {
    this.#fates.notKept(key, whose, loss, this.#clock.elapsed());
  }

  /** What became of the answer for a key; undefined when unknown, as after a restart. */
  fateOf(key: string): Fate | undefined {
    return this.#fates.of(key);
  }

  /** Whether an answer for this key is kept now, as far as is remembered. Does not count as a use. */
  holds(key: string): boolean {
    const fate = this.#fates.of(key);
    if (fate?.kept === undefined) return this.#memory.marksOf(key) !== undefined;
    if (fate.kept.expiresAt <= this.#clock.elapsed()) return false;
    return fate.loss === undefined || (fate.loss === 'room' && this.#disk?.find(key) !== undefined);
  }

  /** The marks of the answer that is replaced, which the new answer inherits. */
  #marksOf(key: string, mark: string | undefined): readonly string[] {
    return this.#memory.marksOf(key) ?? (mark === undefined ? [] : (this.#disk?.find(key)?.marks ?? []));
  }

  /**
   * Removes one entry by its key, or by a prefix of at least 16 hex digits; from all gateways when `shared` resolves.
   */
  delete(key: string, watcher: string = LOCAL): Removed & Shared {
    if (key.length < SHOWN_DIGITS) return { ...NOTHING, shared: undefined };
    return { ...this.#delete(key, watcher), shared: this.#shared?.delete(key, watcher) };
  }

  #delete(key: string, watcher: string): Removed {
    this.#onTheWay.removed((whole, { owner }) => whole.startsWith(key) && sees(watcher, owner));
    this.#fates.clearedOne(key, ({ owner }) => sees(watcher, owner), this.#clock.elapsed());
    return ofBoth(this.#memory.delete(key, watcher), this.#disk?.delete(key, watcher));
  }

  /**
   * Removes entries: from now on none of them is served or counted. Without a filter, removes all that the watcher
   * sees. Their memory is freed in portions. Removed from all gateways when `shared` resolves.
   */
  clear({ watcher = LOCAL, ...which }: Partial<ToRemove> = {}): Removed & Shared {
    const asked = { ...which, watcher };
    const removed = this.#clear(asked);
    // Clear again: entries may have been fetched while the other gateways removed theirs.
    const shared = this.#shared?.clear(asked).finally(() => this.#clear(asked));
    return { ...removed, shared };
  }

  #clear(asked: ToRemove): Removed {
    const { watcher, model: named, olderThanS } = asked;
    const now = this.#clock.elapsed();
    const model = named === undefined ? undefined : canonicalName(named);
    const isOfModel = (of: string): boolean => model === undefined || canonicalName(of) === model;
    this.#onTheWay.removed((_key, answer) => isOfModel(answer.model) && sees(watcher, answer.owner));
    const before = olderThanS === undefined ? Infinity : now - olderThanS * 1000;
    this.#fates.cleared((fate) => {
      return isOfModel(fate.model) && sees(watcher, fate.owner) && (fate.kept?.at ?? 0) < before;
    }, now);
    return ofBoth(this.#memory.clear(asked), this.#disk?.clear(asked));
  }

  /** Applies what other gateways removed or replaced. */
  get removals(): Removals {
    return {
      forget: (removed) => this.forget(removed),
      clear: (which) => void this.#clear(which),
    };
  }

  forget(removed: Parameters<Removals['forget']>[0]): void {
    for (const { key, watcher } of removed) {
      if (key.length >= SHOWN_DIGITS) this.#delete(key, watcher);
    }
  }

  /** Call after a change of cache.max_size_mb. The most recently used entries that fit stay. */
  reconfigured(): void {
    this.#memory.reconfigured();
  }

  resetCounts(): void {
    this.#memory.resetCounts();
    this.#refused = 0;
  }

  /** Current entries and bytes in memory, including ready texts and expired entries that were not asked for since. */
  get size(): AnswerMemory['size'] {
    return this.#memory.size;
  }

  /** The size on disk; undefined when nothing is kept there. Most entries in memory are on disk too. */
  get onDisk(): StoreFigures | undefined {
    return this.#disk?.figures;
  }

  /** The entries in memory by model that a watcher may see, and counts of all. */
  figures(watcher: string = LOCAL): CacheFigures {
    return { ...this.#memory.figures(watcher), refused_too_large: this.#refused };
  }
}
