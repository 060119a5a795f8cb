// The response cache: finished answers and vectors, the hot ones in memory, all of them on the disk, where there is one, and
// shared with other gateways, where there are some. What memory misses is looked for on the disk, and what both miss with the
// others; here and nowhere else, and it comes back into memory. It decides nothing about who may use it (policy.ts), and keeps
// the three together: what is removed is removed from all.
import type { Completion, Truncated } from '../../contract/chat/chat.ts';
import type { Removed } from '../../contract/control.ts';
import type { Tier } from '../../contract/fleet-view.ts';
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
  /** Its prompt did not fit. */
  readonly truncated?: Truncated | undefined;
  /** Of a run that other gateways may take over. */
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

  /** `later` runs what is not urgent once waiting requests have been served. */
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

  /** From now on all is kept on this disk too, and what it has is found. */
  over(disk: AnswerStore | undefined): void {
    this.#disk = disk;
  }

  /** From now on all is kept with other gateways too, and `fetch` finds what they have; undefined: there are none. */
  shareThrough(shared: SharedAnswers | undefined): void {
    this.#shared = shared;
  }

  /** Whether there are others who may have what is not here. */
  get isShared(): boolean {
    return this.#shared !== undefined;
  }

  /** What neither memory nor disk has, and other gateways may have. It throws nothing, and takes no longer than Valkey may. */
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

  /** Reading keeps an answer alive; an expired one counts as absent. `maxAge` in seconds. */
  get(key: string, maxAge?: number): Hit | undefined {
    const hit = this.glance(key, maxAge);
    // Copy the bytes now, so that the caller may read them at any time.
    void hit?.bytes;
    return hit;
  }

  /** The same without a copy: its bytes can be read only at once, before anything else happens. */
  glance(key: string, maxAge?: number): Hit | undefined {
    const hit = this.#memory.glance(key, maxAge);
    if (hit === undefined) return this.#disk === undefined ? undefined : this.#fromDisk(this.#disk, key, maxAge);
    this.#noteUse(key, hit);
    return hit;
  }

  /** Of one that was found in memory. */
  #noteUse(key: string, { entry, now }: Hit): void {
    if (now - entry.notedAt < NOTED_EVERY_MS) return;
    entry.notedAt = now;
    this.#disk?.used(key);
    this.#shared?.used(key);
  }

  /** What memory does not have. */
  #fromDisk(disk: AnswerStore, key: string, maxAge = Infinity): Hit | undefined {
    const found = disk.find(key);
    if (found === undefined || found.ageMs > maxAge * 1000) return undefined;
    return this.#remember(key, found, 'disk');
  }

  /** Brings one into memory. */
  #remember(key: string, found: StoredAnswer, tier: Tier): Hit | undefined {
    const isKept = this.#memory.keep(key, found.bytes, found, found);
    const hit = isKept ? this.#memory.glance(key) : this.#loose(key, found);
    if (hit !== undefined) hit.tier = tier;
    return hit;
  }

  /** One that memory has no room for. */
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
   * An answer as the text that goes out in this `form`. Where none is kept yet, `write` makes it, with GAPS where each
   * caller gets something else. Undefined where the whole text differs for each caller.
   */
  readyText(hit: Hit, form: string, write: (hit: Hit) => string): ReadyText | undefined {
    return this.#memory.readyText(hit, form, write);
  }

  /**
   * Keeps a complete answer. `ttl` in seconds, `runMs` what the model run took.
   * Returns false when it is larger than cache.max_entry_mb or than all room that there is; then nothing changes.
   */
  put(key: string, completion: Completion, about: Omit<About, 'tokens'>): boolean {
    return this.keep(key, encodeRecord(completion), { ...about, tokens: completion.end.metrics.eval_count });
  }

  /** The same for what is bytes already, which must not change; `tokens` are those written by the model. */
  keep(key: string, bytes: Buffer, { owner = LOCAL, mark, ttl, fence, ...about }: About): boolean {
    // Somebody else runs the same by now, and what comes of that is the answer.
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

  /** What became of the answer of a key; undefined where it is not known, as after a restart. */
  fateOf(key: string): Fate | undefined {
    return this.#fates.of(key);
  }

  /** Whether an answer is kept under this key now, by what is remembered of it. Looking does not keep it alive. */
  holds(key: string): boolean {
    const fate = this.#fates.of(key);
    if (fate?.kept === undefined) return this.#memory.marksOf(key) !== undefined;
    if (fate.kept.expiresAt <= this.#clock.elapsed()) return false;
    return fate.loss === undefined || (fate.loss === 'room' && this.#disk?.find(key) !== undefined);
  }

  /** Those that the answer before it was good for are not lost with it. */
  #marksOf(key: string, mark: string | undefined): readonly string[] {
    return this.#memory.marksOf(key) ?? (mark === undefined ? [] : (this.#disk?.find(key)?.marks ?? []));
  }

  /** Removes one entry by its key, or by a beginning of at least 16 hex digits (X-Cache-Key); for all gateways once `shared` resolves. */
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
   * From now on none of them is served or counted, all that the watcher sees where nothing else is named. Their room is freed in
   * portions. For all gateways once `shared` resolves.
   */
  clear({ watcher = LOCAL, ...which }: Partial<ToRemove> = {}): Removed & Shared {
    const asked = { ...which, watcher };
    const removed = this.#clear(asked);
    // What was read again while the others' were removed goes too.
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

  /** What other gateways have removed, or have another answer for. */
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

  /** After a change of cache.max_size_mb: the most recently used entries that fit stay. */
  reconfigured(): void {
    this.#memory.reconfigured();
  }

  resetCounts(): void {
    this.#memory.resetCounts();
    this.#refused = 0;
  }

  /** Entries and bytes in memory now, ready texts among them, including ones that have expired but have not been asked for since. */
  get size(): AnswerMemory['size'] {
    return this.#memory.size;
  }

  /** What is kept on the disk; undefined where nothing is. Most of what is in memory is on the disk too. */
  get onDisk(): StoreFigures | undefined {
    return this.#disk?.figures;
  }

  /** What is in memory for a watcher by model, and counts of the whole. */
  figures(watcher: string = LOCAL): CacheFigures {
    return { ...this.#memory.figures(watcher), refused_too_large: this.#refused };
  }
}
