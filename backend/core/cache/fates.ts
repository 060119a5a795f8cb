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

type Whose = Pick<Fate, 'owner' | 'model'>;

export class Fates {
  readonly #fates = new LRUCache<string, Fate>({ max: MOST });

  of(key: string): Fate | undefined {
    return this.#fates.peek(key);
  }

  kept(key: string, { owner, model }: Whose, at: number, ttlMs: number): void {
    this.#fates.set(key, { owner, model, loss: undefined, at, kept: { at, expiresAt: at + ttlMs } });
  }

  /** An answer came that is not kept. What is kept from before stays so. */
  notKept(key: string, { owner, model }: Whose, loss: Loss, at: number): void {
    const { kept, loss: before } = this.#fates.peek(key) ?? { kept: undefined, loss };
    if (kept !== undefined && before === undefined && kept.expiresAt > at) return;
    this.#fates.set(key, { owner, model, loss, at, kept: undefined });
  }

  /** One was removed. */
  removed(key: string, loss: Loss, at: number): void {
    const fate = this.#fates.peek(key);
    if (fate?.kept === undefined) return;
    fate.loss = loss;
    fate.at = at;
  }

  /** Those that `isMeant` were removed by somebody. */
  cleared(isMeant: (fate: Fate, key: string) => boolean, at: number): void {
    for (const [key, fate] of this.#fates.entries()) {
      if (isMeant(fate, key)) this.removed(key, 'cleared', at);
    }
  }
}
