// Removals from a shelf that could not be done while the disk was unusable: they are done as soon as it is back.
import type { Database, Work } from '../database.ts';
import type { Sql } from '../rows.ts';

/** Clears that may wait; beyond that everything stored before is removed. */
const MOST_CLEARS = 1000;
/** Single records that may wait. */
const MOST_KEYS = 10_000;

export interface OwedRemovalsOptions {
  takeOut(sql: Sql, key: string): void;
  /** Removes all that was stored until now, whenever it runs. */
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

  /** The record was removed, or stored again in memory: the disk's version must not come back. */
  key(key: string): void {
    if (this.#keys.size === MOST_KEYS) this.#all();
    this.#keys.add(key);
  }

  #all(): void {
    this.#clears = [this.#options.all()];
    this.#keys.clear();
  }

  /** Does all pending removals. False: the disk failed again, and they stay pending. */
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
