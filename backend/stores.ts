// What the gateway keeps beyond its life, put together: one database, and a face of it for each kind of thing. Made by
// backend.ts alone.
import type { Config } from './contract/config/config.ts';
import type { Clock, Log } from './core/ports.ts';
import { openDatabase, type Database } from './storage/database.ts';

export interface StoresOptions {
  /** Where hearth.db is; undefined: nothing is written. */
  readonly dataFolder: string | undefined;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells people. */
  notice(text: string): void;
}

export interface Stores {
  readonly database: Database;
  /** Opens the file, unless it is open already. The start of the gateway does not wait for it. */
  open(): void;
  /** Once everything that would be kept has ended. */
  close(): void;
}

export function openStores({ dataFolder, config, clock, log, notice }: StoresOptions): Stores {
  const folder = config.cache.persist ? dataFolder : undefined;
  const database = openDatabase({ folder, clock, log });
  const deaf = database.onChange(({ sentence }) => notice(sentence));
  return {
    database,
    open: () => void database.isDurable,
    close() {
      deaf();
      database.close();
    },
  };
}
