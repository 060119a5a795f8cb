// What is to be removed from a shelf, and could not be while the disk could not be used: it is done as soon as that is back.
import type { Database, Work } from '../database.ts';
import type { Sql } from '../rows.ts';

/** Clears that wait; beyond them all that was kept before is removed. */
const MOST_CLEARS = 1000;
/** The same of single records. */
const MOST_KEYS = 10_000;

export interface OwedRemovalsOptions {
  takeOut(sql: Sql, key: string): void;
  /** Removes all that was kept until now, whenever it is done. */
  all(): Work<void>;
}

export class OwedRemovals {
  readonly #options: OwedRemovalsOptions;
  #clears: Work<void>[] = [];
  readonly #keys = new Set<string>();

  constructor(options: OwedRemovalsOptions) {
    this.#options = options;
  }

  clear(work: Work<void>): void {
    if (this.#clears.length === MOST_CLEARS) this.#all();
    this.#clears.push(work);
  }

  /** It was removed, or kept anew in memory: the disk must not come back with what it has under this key. */
  key(key: string): void {
    if (this.#keys.size === MOST_KEYS) this.#all();
    this.#keys.add(key);
  }

  #all(): void {
    this.#clears = [this.#options.all()];
    this.#keys.clear();
  }

  /** Does it all. False: the disk has failed again, and it waits. */
  pay(db: Pick<Database, 'commit' | 'isDurable'>): boolean {
    db.commit((sql) => {
      for (const clear of this.#clears) clear(sql);
      for (const key of this.#keys) this.#options.takeOut(sql, key);
    });
    if (!db.isDurable) return false;
    this.#clears = [];
    this.#keys.clear();
    return true;
  }
}
