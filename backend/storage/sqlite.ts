// Finds and loads SQLite's native library at the first use of a database, so that a start does not wait for it.
import { createRequire } from 'node:module';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';

/** The part of the library that is used: the API of `node:sqlite`. */
export interface Sqlite {
  readonly DatabaseSync: new (
    location: string,
    options?: { readonly readOnly?: boolean; readonly timeout?: number },
  ) => DatabaseSyncInstance;
}

/** The library, and its file, for loading it in another thread. */
export interface FoundSqlite {
  readonly file: string;
  readonly sqlite: Sqlite;
}

/**
 * Beside the program, where a build puts it (build/libraries.ts); or the package, which has it for each system; or
 * Node's own, built in since 22.13, which warns on standard error that it is experimental.
 */
const BESIDE = `./hearth-sqlite-${process.platform}-${process.arch}`;
const PLACES = [`${BESIDE}.node`, `${BESIDE}-musl.node`, '@photostructure/sqlite', 'node:sqlite'];

let found: FoundSqlite | undefined;

/**
 * The first library that this machine can load; one for another libc fails to load and does no harm. Throws if there is
 * none.
 */
export function loadSqlite(): FoundSqlite {
  found ??= search();
  return found;
}

function search(): FoundSqlite {
  // In a bundle this file is the program itself.
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
