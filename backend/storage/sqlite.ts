// Finds and loads SQLite's native library. Done at the first use of a database, so that a start does not wait for it.
import { createRequire } from 'node:module';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';

/** What of the library is used: the API of `node:sqlite`. */
export interface Sqlite {
  readonly DatabaseSync: new (
    location: string,
    options?: { readonly readOnly?: boolean; readonly timeout?: number },
  ) => DatabaseSyncInstance;
}

const require = createRequire(import.meta.url);

/** The module that has it. Throws where there is none. */
export function findSqlite(): string {
  return require.resolve('@photostructure/sqlite');
}

/** Throws when this machine has no library that can be loaded: a processor or a libc that the package has none for. */
export function loadSqlite(): Sqlite {
  return require(findSqlite()) as Sqlite;
}
