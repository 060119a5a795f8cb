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

/** The library, and the file to load it from once more in another thread. */
export interface FoundSqlite {
  readonly file: string;
  readonly sqlite: Sqlite;
}

/**
 * Beside the program, where a build puts it (build/libraries.ts); or the package, which has it for each system; or Node's
 * own, which has it since 22.13 and warns on standard error that it is new.
 */
const BESIDE = `./hearth-sqlite-${process.platform}-${process.arch}`;
const PLACES = [`${BESIDE}.node`, `${BESIDE}-musl.node`, '@photostructure/sqlite', 'node:sqlite'];

let found: FoundSqlite | undefined;

/**
 * The first that this machine can load; one that was made for another libc cannot be loaded and does no harm. Throws where
 * there is none.
 */
export function loadSqlite(): FoundSqlite {
  found ??= search();
  return found;
}

function search(): FoundSqlite {
  // In a bundle this file is the program.
  const require = createRequire(import.meta.url);
  const failures: unknown[] = [];
  for (const place of PLACES) {
    try {
      return { file: require.resolve(place), sqlite: require(place) as Sqlite };
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, `no library of SQLite for ${process.platform} on ${process.arch} was found`);
}
