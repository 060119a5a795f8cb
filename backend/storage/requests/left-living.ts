// Ends the requests that a killed process left live in the list. This happens once: with other writes after a start,
// or, if somebody asks in the first moments, before the list is read.
import type { Database } from '../database.ts';
import { endLeftLiving } from './request-rows.ts';

const LANE = 'list';

export class LeftLiving {
  readonly #database: Database;
  #is: 'unknown' | 'to be ended' | 'ended' = 'unknown';

  constructor(database: Database) {
    this.#database = database;
  }

  /** Ends them within a second. */
  end(): void {
    if (this.#is !== 'unknown') return;
    this.#is = 'to be ended';
    this.#database.later((sql) => {
      endLeftLiving(sql);
      this.#is = 'ended';
    }, LANE);
  }

  /** Ends them now, unless that was done. */
  settle(): void {
    if (this.#is === 'ended') return;
    this.end();
    this.#database.flush(LANE);
  }
}
