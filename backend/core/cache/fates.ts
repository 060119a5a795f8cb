// What became of the answers to recent questions: whether they were kept, and why one was removed or never kept. Only
// read when there is no kept answer. Limited in number, in memory only.
import { LRUCache } from 'lru-cache';
import type { Loss } from '../explain/missed-facts.ts';

/** Times are on the monotonic clock, in milliseconds. */
export interface Fate {
  readonly owner: string;
  readonly model: string;
  /** Undefined when it was kept and not removed since. */
  loss: Loss | undefined;
  /** When that happened. */
  at: number;
  /** Set for an answer that was kept. */
  readonly kept: { readonly at: number; readonly expiresAt: number } | undefined;
}

/** How many answers are remembered. */
const MOST = 4096;

/** How many bulk removals are remembered. */
const MOST_CLEARS = 64;

/** How many characters of a key identify a fate. Of two keys with the same beginning, the later one is remembered. */
const PLACE = 16;

type Whose = Pick<Fate, 'owner' | 'model'>;
type IsMeant = (fate: Fate) => boolean;

interface Remembered {
  readonly key: string;
  readonly fate: Fate;
  /** How many bulk removals had been applied when this fate was last checked. */
  clears: number;
}

export class Fates {
  readonly #fates = new LRUCache<string, Remembered>({ max: MOST });
  /**
   * The last bulk removals. They are applied to a fate when it is read, since applying them to all fates takes
   * milliseconds.
   */
  readonly #clears: { readonly isMeant: IsMeant; readonly at: number }[] = [];
  /** The number of bulk removals so far. */
  #cleared = 0;

  /** Undefined when unknown or forgotten. */
  of(key: string): Fate | undefined {
    const remembered = this.#remembered(key);
    return remembered?.key === key ? remembered.fate : undefined;
  }

  kept(key: string, { owner, model }: Whose, at: number, ttlMs: number): void {
    this.#set(key, { owner, model, loss: undefined, at, kept: { at, expiresAt: at + ttlMs } });
  }

  /** Notes an answer that was not kept. An earlier answer that is kept stays so. */
  notKept(key: string, { owner, model }: Whose, loss: Loss, at: number): void {
    const { kept, loss: before } = this.of(key) ?? { kept: undefined, loss };
    if (kept !== undefined && before === undefined && kept.expiresAt > at) return;
    this.#set(key, { owner, model, loss, at, kept: undefined });
  }

  /** Notes that an entry was removed. */
  removed(key: string, loss: Loss, at: number): void {
    lose(this.of(key), loss, at);
  }

  /** Notes that somebody removed the entry whose key has this prefix of at least 16 digits, if it `isMeant`. */
  clearedOne(start: string, isMeant: IsMeant, at: number): void {
    const remembered = this.#remembered(start);
    if (remembered?.key.startsWith(start) === true && isMeant(remembered.fate)) lose(remembered.fate, 'cleared', at);
  }

  /** Notes that somebody removed all entries that `isMeant`. */
  cleared(isMeant: IsMeant, at: number): void {
    this.#clears.push({ isMeant, at });
    this.#cleared++;
    if (this.#clears.length > MOST_CLEARS) this.#clears.shift();
  }

  /**
   * Finds a fate by the beginning of its key and applies removals to it. Undefined if it is older than the remembered
   * removals.
   */
  #remembered(key: string): Remembered | undefined {
    const remembered = this.#fates.peek(key.slice(0, PLACE));
    if (remembered === undefined) return undefined;
    const since = this.#cleared - remembered.clears;
    if (since > this.#clears.length) return undefined;
    for (const { isMeant, at } of this.#clears.slice(this.#clears.length - since)) {
      if (isMeant(remembered.fate)) lose(remembered.fate, 'cleared', at);
    }
    remembered.clears = this.#cleared;
    return remembered;
  }

  #set(key: string, fate: Fate): void {
    this.#fates.set(key.slice(0, PLACE), { key, fate, clears: this.#cleared });
  }
}

function lose(fate: Fate | undefined, loss: Loss, at: number): void {
  if (fate?.kept === undefined) return;
  fate.loss = loss;
  fate.at = at;
}
