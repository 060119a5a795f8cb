// Removals done here that Valkey does not know yet. They are sent one after another; those that cannot be sent now are
// stored on disk beside the answers, so that a restart of this gateway brings back nothing that was cleared.
import type { UntoldStore } from '../core/disk.ts';
import { LOCAL } from '../core/ownership.ts';
import { removalIn, type Removal } from './removal-list.ts';

/** Removals that may wait for Valkey; beyond that everything is removed. */
const MOST_UNTOLD = 1000;

export interface UntoldRemovalsParts {
  /** Name of the list of removals in Valkey. */
  readonly name: string;
  /** Called at the first use. */
  store(): UntoldStore;
  /** Whether Valkey is reachable. */
  isUp(): boolean;
  /** Removes in Valkey, and tells the others. Rejects if the outcome is unknown. */
  tell(removal: Removal): Promise<void>;
}

interface Untold {
  readonly number: number;
  readonly removal: Removal;
  isWritten: boolean;
}

export class UntoldRemovals {
  readonly #parts: UntoldRemovalsParts;
  /** In the order they came; undefined before they are read from disk. */
  #known: Untold[] | undefined;
  #last = 0;
  #telling: Promise<void> | undefined;

  constructor(parts: UntoldRemovalsParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#all.length;
  }

  /** Sends a removal after all earlier ones. False: it cannot be sent now, and is on disk when this resolves. */
  async add(removal: Removal): Promise<boolean> {
    const { isUp } = this.#parts;
    const untold = this.#added(removal);
    if (!isUp()) this.#write(untold);
    await this.tellAll();
    // It may have come just when the earlier ones were done.
    if (this.#all.includes(untold) && isUp()) await this.tellAll();
    if (!this.#all.includes(untold)) return true;
    this.#write(untold);
    return false;
  }

  /** Sends all removals; those that cannot be sent stay. Throws nothing. */
  tellAll(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
    return this.#telling;
  }

  /** Writes all unsent removals to disk. For when nothing can be sent any more. */
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
      // Valkey is away, or accepts nothing now.
    }
  }

  get #all(): Untold[] {
    if (this.#known !== undefined) return this.#known;
    const { name, store } = this.#parts;
    this.#known = store()
      .untold(name)
      // A removal by a newer Hearth may mean anything.
      .map(({ number, removal }) => ({ number, removal: removalIn(removal) ?? EVERYTHING, isWritten: true }));
    this.#last = this.#known.at(-1)?.number ?? 0;
    return this.#known;
  }

  #added(removal: Removal): Untold {
    const all = this.#all;
    if (all.length < MOST_UNTOLD) return this.#put(removal);
    // The first may be on its way.
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
