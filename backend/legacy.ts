// What a gateway leaves to the next one in the same process: what it kept in memory, and the store. So a restart for a setting
// loses nothing, also where nothing is written to the disk.
import { ResponseCache } from './core/cache/cache.ts';
import { Conversations } from './core/conversations/conversations.ts';
import type { Clock, Log, ReadConfig } from './core/ports.ts';
import { openDatabase, type Database } from './storage/database.ts';

/** The gateway that works with it now. */
interface Heir {
  readonly config: ReadConfig;
  /** Milliseconds until somebody who waits may begin. */
  nextPlace(): number;
}

interface Kept {
  readonly cache: ResponseCache;
  readonly conversations: Conversations;
}

export class Legacy {
  readonly database: Database;
  readonly #clock: Clock;
  #heir: Heir | undefined;
  #kept: Kept | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.database = openDatabase({ folder: undefined, clock, log });
  }

  /** From now on a gateway works with it, by its configuration; the one before has stopped. */
  takenBy(heir: Heir): Kept {
    this.#heir = heir;
    this.#kept ??= this.#begin(heir);
    this.#kept.cache.reconfigured();
    this.#kept.conversations.reconfigured();
    return this.#kept;
  }

  #begin(first: Heir): Kept {
    const now = (): Heir => this.#heir ?? first;
    const config: ReadConfig = () => now().config();
    return {
      cache: new ResponseCache(config, this.#clock),
      conversations: new Conversations(config, this.#clock, () => now().nextPlace()),
    };
  }
}
