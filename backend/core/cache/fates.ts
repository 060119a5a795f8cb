// What became of the answers to the last questions: kept, and why one is gone again or never was. Nobody who has a kept
// answer needs it; it is asked where there is none. Bounded in number, in memory alone.
import { LRUCache } from 'lru-cache';
import type { Loss } from '../explain/missed-facts.ts';

/** Times are moments of the monotonic clock, in milliseconds. */
export interface Fate {
  readonly owner: string;
  readonly model: string;
  /** Undefined: it was kept, and was not removed since. */
  loss: Loss | undefined;
  /** When that became so. */
  at: number;
  /** Of one that was kept. */
  readonly kept: { readonly at: number; readonly expiresAt: number } | undefined;
}

/** Answers that are remembered. */
const MOST = 4096;

/** Removals of many that are remembered. */
const MOST_CLEARS = 64;

/** Characters of a key by which a fate is found. Of two keys that begin alike the later one is remembered. */
const PLACE = 16;

type Whose = Pick<Fate, 'owner' | 'model'>;
type IsMeant = (fate: Fate) => boolean;

interface Remembered {
  readonly key: string;
  readonly fate: Fate;
  /** How many removals of many had been when its fate was last made sure of. */
  clears: number;
}

export class Fates {
  readonly #fates = new LRUCache<string, Remembered>({ max: MOST });
  /** The last removals of many. They are not looked for in all fates at once, which takes milliseconds, but in each once it is asked for. */
  readonly #clears: { readonly isMeant: IsMeant; readonly at: number }[] = [];
  /** Removals of many, ever. */
  #cleared = 0;

  /** Undefined: it is not known, or no longer. */
  of(key: string): Fate | undefined {
    const remembered = this.#remembered(key);
    return remembered?.key === key ? remembered.fate : undefined;
  }

  kept(key: string, { owner, model }: Whose, at: number, ttlMs: number): void {
    this.#set(key, { owner, model, loss: undefined, at, kept: { at, expiresAt: at + ttlMs } });
  }

  /** An answer came that is not kept. What is kept from before stays so. */
  notKept(key: string, { owner, model }: Whose, loss: Loss, at: number): void {
    const { kept, loss: before } = this.of(key) ?? { kept: undefined, loss };
    if (kept !== undefined && before === undefined && kept.expiresAt > at) return;
    this.#set(key, { owner, model, loss, at, kept: undefined });
  }

  /** One was removed. */
  removed(key: string, loss: Loss, at: number): void {
    lose(this.of(key), loss, at);
  }

  /** Somebody removed the one whose key begins so, with 16 digits at least, where it `isMeant`. */
  clearedOne(start: string, isMeant: IsMeant, at: number): void {
    const remembered = this.#remembered(start);
    if (remembered?.key.startsWith(start) === true && isMeant(remembered.fate)) lose(remembered.fate, 'cleared', at);
  }

  /** Somebody removed all those that `isMeant`. */
  cleared(isMeant: IsMeant, at: number): void {
    this.#clears.push({ isMeant, at });
    this.#cleared++;
    if (this.#clears.length > MOST_CLEARS) this.#clears.shift();
  }

  /** By the beginning of its key, and made sure of. Not where it is older than the removals that are remembered. */
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
