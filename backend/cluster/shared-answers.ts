// Cached answers and vectors in Valkey, behind each gateway's memory and disk: as many as fit into its maxmemory,
// evicted least recently used first, each with a time to live. A key's name has the digits that X-Cache-Key shows; the
// whole key is in the text.
import { canonicalName } from '../contract/model-name.ts';
import type { StoredAnswer, ToRemove, UntoldStore } from '../core/disk.ts';
import type { Fence, SharedAnswers, ToShare } from '../core/fleet.ts';
import { LOCAL } from '../core/ownership.ts';
import type { Clock } from '../core/ports.ts';
import { KEEP, REMOVE, REPLACED, SWEEP, TELL } from './answer-scripts.ts';
import { read, written } from './answer-text.ts';
import type { Link, LinkUser } from './link.ts';
import { MOST_REMOVALS, type Removal } from './removal-list.ts';
import { UntoldRemovals } from './untold-removals.ts';
import { isReply } from './valkey-failure.ts';

/** Digits of a cache key in the name of its answer. */
const NAMED_DIGITS = 16;
/** Answers per lookup, and answers checked in one step of a sweep. */
const FOUND_AT_ONCE = 32;
const SWEPT_AT_ONCE = 250;
/** Maximum bytes on their way to Valkey; answers beyond that are not shared. */
const MOST_ON_THE_WAY = 64 * 1024 * 1024;

/** A fence as the script KEEP checks it. */
export interface AnswerLead extends Fence {
  readonly name: string;
  readonly token: string;
  /** Milliseconds since it was taken. */
  readonly ageMs: number;
  /** Call when another gateway has it. */
  lost(): void;
}

const isLead = (fence: Fence | undefined): fence is AnswerLead => fence !== undefined && 'token' in fence;

export interface SharedAnswersParts {
  readonly link: Link;
  readonly clock: Pick<Clock, 'after'>;
  /** Stores removals that Valkey cannot be told now. */
  untold(): UntoldStore;
  /** Timeout for a whole lookup. Milliseconds. */
  readonly timeoutMs: number;
  /** Prefix of the answers' names, and the name of the list of removals. */
  readonly prefix: string;
  readonly removals: string;
  readonly self: string;
  /** Called when Valkey has no room, or has room again. */
  full(isFull: boolean): void;
  /** Called after this gateway removed something in Valkey, as nobody else reports it. */
  onTold(): void;
}

const NOTHING: ReadonlyMap<string, StoredAnswer> = new Map();

export class ValkeyAnswers implements SharedAnswers, LinkUser {
  readonly #parts: SharedAnswersParts;
  readonly #asked = new Map<string, Promise<StoredAnswer | undefined>>();
  readonly #untold: UntoldRemovals;
  #onTheWay = 0;

  constructor(parts: SharedAnswersParts) {
    this.#parts = parts;
    const { link, removals, untold, onTold } = parts;
    this.#untold = new UntoldRemovals({
      name: removals,
      store: untold,
      isUp: () => link.isUp,
      tell: async (removal) => {
        await ('clear' in removal ? this.#sweep(removal.clear) : this.#remove(removal.key, removal.watcher));
        onTold();
      },
    });
  }

  up(): void {
    void this.#untold.tellAll();
  }

  /** Number of removals that the other gateways have not been told yet. */
  get pending(): number {
    return this.#untold.count;
  }

  /** Call when the link is closed. */
  async rest(): Promise<void> {
    await this.#untold.rest();
  }

  async find(keys: readonly string[]): Promise<ReadonlyMap<string, StoredAnswer>> {
    // Answers that must still be removed must not be found.
    if (!this.#parts.link.isUp) return NOTHING;
    if (this.#untold.count > 0) {
      void this.#untold.tellAll();
      return NOTHING;
    }
    const found = new Map<string, StoredAnswer>();
    const { clock, timeoutMs } = this.#parts;
    let isLate = false;
    let stop: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      stop = clock.after(timeoutMs, () => {
        isLate = true;
        resolve();
      });
    });
    for (let from = 0; from < keys.length && !isLate; from += FOUND_AT_ONCE) {
      const some = keys.slice(from, from + FOUND_AT_ONCE).map(async (key) => {
        const answer = await this.#one(key);
        if (answer !== undefined && !isLate) found.set(key, answer);
      });
      await Promise.race([Promise.all(some), late]);
    }
    stop();
    return found;
  }

  /** Concurrent lookups of the same key share one request. */
  #one(key: string): Promise<StoredAnswer | undefined> {
    const known = this.#asked.get(key);
    if (known !== undefined) return known;
    const asking = this.#ask(key).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asking);
    return asking;
  }

  async #ask(key: string): Promise<StoredAnswer | undefined> {
    const name = this.nameOf(key);
    try {
      const found = await this.#parts.link.ask((redis) => redis.pipeline().getBuffer(name).pttl(name).exec());
      const [text, leftMs] = repliesOf<[Buffer | null, number]>(found);
      if (text === null || leftMs <= 0) return undefined;
      const answer = read(key, text, leftMs);
      // Valkey's clock was set back: the answer must not outlive its time.
      if (answer !== undefined && answer.leftMs < leftMs)
        await this.#parts.link.ask((redis) => redis.pexpire(name, answer.leftMs));
      if (answer === undefined) await this.#parts.link.ask((redis) => redis.unlink(name));
      return answer;
    } catch {
      return undefined;
    }
  }

  async keep(key: string, { bytes, notes, ttlMs, fence }: ToShare): Promise<boolean> {
    const { link, self, removals, full, onTold } = this.#parts;
    const lead = isLead(fence) ? fence : undefined;
    if (lead?.holds === false) return false;
    if (!link.isUp || this.#onTheWay + bytes.length > MOST_ON_THE_WAY) return true;
    const names = [this.nameOf(key), removals, ...(lead === undefined ? [] : [lead.name])];
    const word: Removal = { key, watcher: LOCAL };
    const text = written(key, bytes, notes, ttlMs);
    const args = [
      text,
      Math.ceil(ttlMs),
      self,
      MOST_REMOVALS,
      JSON.stringify(word),
      lead?.token ?? '',
      lead?.ageMs ?? 0,
    ];
    this.#onTheWay += bytes.length;
    try {
      const kept = await link.ask((redis) => redis.eval(KEEP, names.length, ...names, ...args));
      full(false);
      if (kept === REPLACED) onTold();
      if (kept !== 0) return true;
      lead?.lost();
      return false;
    } catch (error) {
      if (isReply(error)) full(true);
      return true;
    } finally {
      this.#onTheWay -= bytes.length;
    }
  }

  used(key: string): void {
    this.#parts.link.ask((redis) => redis.touch(this.nameOf(key))).catch(() => undefined);
  }

  delete(beginning: string, watcher: string): Promise<boolean> {
    return this.#untold.add({ key: beginning, watcher });
  }

  clear(which: ToRemove): Promise<boolean> {
    return this.#untold.add({ clear: which });
  }

  async #remove(beginning: string, watcher: string): Promise<void> {
    const { link, removals, self } = this.#parts;
    const word: Removal = { key: beginning, watcher };
    const args = [beginning, ownerOf(watcher), self, MOST_REMOVALS, JSON.stringify(word)];
    await link.ask((redis) => redis.eval(REMOVE, 2, this.nameOf(beginning), removals, ...args));
  }

  /** Removes in Valkey first, then tells the others: what they read meanwhile is removed when they are told. */
  async #sweep(which: ToRemove): Promise<void> {
    const { link, prefix, removals, self } = this.#parts;
    const { watcher, model, olderThanS = 0 } = which;
    const [seconds, micros] = await link.ask((redis) => redis.time());
    const before = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000) + 1 - olderThanS * 1000;
    const args = [ownerOf(watcher), model === undefined ? '' : canonicalName(model), before];
    let cursor = '0';
    do {
      const [next, names] = await link.ask((redis) =>
        redis.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SWEPT_AT_ONCE),
      );
      if (names.length > 0) await link.ask((redis) => redis.eval(SWEEP, names.length, ...names, ...args));
      cursor = next;
    } while (cursor !== '0');
    const word: Removal = { clear: which };
    await link.ask((redis) => redis.eval(TELL, 1, removals, self, MOST_REMOVALS, JSON.stringify(word)));
  }

  /** The name of an answer in Valkey. */
  nameOf(key: string): string {
    return this.#parts.prefix + key.slice(0, NAMED_DIGITS);
  }
}

/** The results of a pipeline, which is sent in one write. Throws Valkey's error about the first refused command. */
function repliesOf<T extends readonly unknown[]>(replies: readonly (readonly [Error | null, unknown])[] | null): T {
  return (replies ?? []).map(([error, reply]) => {
    if (error !== null) throw error;
    return reply;
  }) as unknown as T;
}

/** Whose answers a watcher may remove; '' for everybody's. */
function ownerOf(watcher: string): string {
  return watcher === LOCAL ? '' : watcher;
}
