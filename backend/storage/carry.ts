// Copies the rows of small tables from one place to another, as far as they can be read.
import type { Log } from '../core/ports.ts';
import type { Param, Rows } from './rows.ts';

/**
 * All in one transaction; whether it could be written. Rows that are there already go away first with `replace`, and are
 * left as they are without. What can't be read is left behind.
 */
export function carry(from: Rows, to: Rows, tables: readonly string[], log: Log, replace = true): boolean {
  try {
    to.transaction('full', () => {
      if (replace) for (const table of tables.toReversed()) to.run(`DELETE FROM ${table}`);
      for (const table of tables) {
        for (const row of readable(from, table, log)) {
          const columns = Object.keys(row);
          const places = columns.map(() => '?').join(', ');
          to.run(`INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${places})`, ...Object.values(row));
        }
      }
    });
    return true;
  } catch (error) {
    log.warn({ err: error }, 'rows could not be carried over');
    return false;
  }
}

function* readable(from: Rows, table: string, log: Log): Iterable<Readonly<Record<string, Param>>> {
  try {
    // The tables are ours, with columns of the types that Param has.
    for (const row of from.each(`SELECT * FROM ${table}`)) yield row as Readonly<Record<string, Param>>;
  } catch (error) {
    log.warn({ err: error, table }, 'rows could not be read');
  }
}
