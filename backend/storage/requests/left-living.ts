// What a process that was killed has left living in the list of requests. It is ended once, with what else is written after a
// start, or before anything of the list is read where somebody asks in the first moments.
import type { Database } from '../database.ts';
import { endLeftLiving } from './request-rows.ts';

const LANE = 'list';

export class LeftLiving {
  readonly #database: Database;
  #is: 'unknown' | 'to be ended' | 'ended' = 'unknown';

  constructor(database: Database) {
    this.#database = database;
  }

  /** Within a second. */
  end(): void {
    if (this.#is !== 'unknown') return;
    this.#is = 'to be ended';
    this.#database.later((sql) => {
      endLeftLiving(sql);
      this.#is = 'ended';
    }, LANE);
  }

  /** Now, where that was not done yet. */
  settle(): void {
    if (this.#is === 'ended') return;
    this.end();
    this.#database.flush(LANE);
  }
}
