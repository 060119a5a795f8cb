// Finds and loads SQLite: the native library beside the program, or the package's. Loaded at the first use of a database,
// so that a start does not wait for it.
import { createRequire } from 'node:module';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';

/** What of the library is used. */
export interface Sqlite {
  readonly DatabaseSync: new (
    location: string,
    options?: { readonly readOnly?: boolean; readonly timeout?: number },
  ) => DatabaseSyncInstance;
}

/** Throws when this machine has no library that can be loaded: a processor or a libc that the package has none for. */
export function loadSqlite(): Sqlite {
  return createRequire(import.meta.url)('@photostructure/sqlite') as Sqlite;
}
