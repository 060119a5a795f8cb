// What was removed here and Valkey does not know yet. It is told one after the other; what cannot be told now lies on the disk beside
// the answers until it is, so that no end of this gateway brings back what was cleared.
import type { UntoldStore } from '../core/disk.ts';
import { LOCAL } from '../core/ownership.ts';
import { removalIn, type Removal } from './removal-list.ts';

/** Removals that wait for Valkey; beyond them everything is removed. */
const MOST_UNTOLD = 1000;

export interface UntoldRemovalsParts {
  /** Of the list of removals in Valkey. */
  readonly name: string;
  /** Asked for at the first use. */
  store(): UntoldStore;
  /** Whether Valkey can be asked. */
  isUp(): boolean;
  /** Does it in Valkey, and tells the others. Rejects where it is not known to be done. */
  tell(removal: Removal): Promise<void>;
}

interface Untold {
  readonly number: number;
  readonly removal: Removal;
  isWritten: boolean;
}

export class UntoldRemovals {
  readonly #parts: UntoldRemovalsParts;
  /** In the order in which they came; undefined before they are asked for. */
  #known: Untold[] | undefined;
  #last = 0;
  #telling: Promise<void> | undefined;

  constructor(parts: UntoldRemovalsParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#all.length;
  }

  /** Tells it, after all that came before it. False: it can't be told now, and is on the disk when this resolves. */
  async add(removal: Removal): Promise<boolean> {
    const { isUp } = this.#parts;
    const untold = this.#added(removal);
    if (!isUp()) this.#write(untold);
    await this.tellAll();
    // It may have come when the others were just done.
    if (this.#all.includes(untold) && isUp()) await this.tellAll();
    if (!this.#all.includes(untold)) return true;
    this.#write(untold);
    return false;
  }

  /** What can't be told stays. Throws nothing. */
  tellAll(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
    return this.#telling;
  }

  /** All that is not told is on the disk when this resolves. For when nothing can be told any more. */
  async rest(): Promise<void> {
    await this.#telling;
    for (const untold of this.#all) this.#write(untold);
  }

  async #tellAll(): Promise<void> {
    const { name, store, isUp, tell } = this.#parts;
    try {
      for (let next = this.#all[0]; next !== undefined && isUp(); next = this.#all[0]) {
        await tell(next.removal);
        this.#all.shift();
        if (next.isWritten) store().told(name, next.number);
      }
    } catch {
      // Valkey is away, or takes nothing now.
    }
  }

  get #all(): Untold[] {
    if (this.#known !== undefined) return this.#known;
    const { name, store } = this.#parts;
    this.#known = store()
      .untold(name)
      // What a newer Hearth has written may mean anything.
      .map(({ number, removal }) => ({ number, removal: removalIn(removal) ?? EVERYTHING, isWritten: true }));
    this.#last = this.#known.at(-1)?.number ?? 0;
    return this.#known;
  }

  #added(removal: Removal): Untold {
    const all = this.#all;
    if (all.length < MOST_UNTOLD) return this.#put(removal);
    // The first may be under way.
    all.splice(1);
    const untold = this.#put(EVERYTHING);
    this.#write(untold);
    this.#parts.store().told(this.#parts.name, untold.number - 1);
    return untold;
  }

  #put(removal: Removal): Untold {
    const untold = { number: ++this.#last, removal, isWritten: false };
    this.#all.push(untold);
    return untold;
  }

  #write(untold: Untold): void {
    if (!untold.isWritten) this.#parts.store().owe(this.#parts.name, untold.number, JSON.stringify(untold.removal));
    untold.isWritten = true;
  }
}

const EVERYTHING: Removal = { clear: { watcher: LOCAL } };
