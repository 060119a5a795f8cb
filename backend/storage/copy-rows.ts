// Copies the rows of small tables between two stores, as far as they can be read, and tracks which rows changed since,
// so that only those are copied back.
import type { Log } from '../core/ports.ts';
import type { Opened } from './opening.ts';
import type { Param, Rows } from './rows.ts';
import type { Schema } from './schema.ts';

interface CarryOptions {
  readonly schema: Schema;
  readonly log: Log;
}

/**
 * Upserts all rows in one transaction; false if that failed. A new store gets every readable row. When memory returns
 * to a file that has the other rows, only the rows that changed since `noteChanges` are written, and rows deleted since
 * then are deleted there too. All other rows stay: they may have been unreadable when they should have been copied, or
 * a program beside Hearth has changed them.
 */
export function copyRows(from: Opened, to: Opened, { schema: { carried }, log }: CarryOptions): boolean {
  const isReturn = from.notesChanges === true && to.folder !== undefined && to.isNew !== true;
  try {
    to.rows.transaction('full', () => {
      for (const table of carried) {
        if (isReturn) putChanges(from.rows, to.rows, table);
        else for (const row of readable(from.rows, table, log)) put(to.rows, table, row);
      }
    });
    return true;
  } catch (error) {
    log.warn({ err: error }, 'rows could not be carried over');
    return false;
  }
}

function putChanges(from: Rows, to: Rows, table: string): void {
  const keys = keysOf(from, table);
  const isOne = keys.map((key) => `${key} = ?`).join(' AND ');
  for (const changed of from.each(`SELECT ${keys.join(', ')} FROM ${notesOf(table)}`)) {
    const one = Object.values(changed as Row);
    const row = from.get(`SELECT * FROM ${table} WHERE ${isOne}`, ...one);
    if (row === undefined) to.run(`DELETE FROM ${table} WHERE ${isOne}`, ...one);
    else put(to, table, row as Row);
  }
}

/** Starts tracking. For a store that disappears when closed, such as memory: the notes are not written to a file. */
export function noteChanges(rows: Rows, tables: readonly string[]): void {
  for (const table of tables) {
    const keys = keysOf(rows, table);
    const notes = notesOf(table);
    const note = (which: string): string =>
      `INSERT OR IGNORE INTO ${notes} VALUES (${keys.map((key) => `${which}.${key}`).join(', ')});`;
    rows.run(`CREATE TEMP TABLE ${notes} (${keys.join(', ')}, PRIMARY KEY (${keys.join(', ')}))`);
    for (const [what, noted] of [
      ['INSERT', note('new')],
      ['UPDATE', note('old') + note('new')],
      ['DELETE', note('old')],
    ] as const) {
      rows.run(`CREATE TEMP TRIGGER ${notes}_${what} AFTER ${what} ON main.${table} BEGIN ${noted} END`);
    }
  }
}

/** Hearth's own tables, with columns of Param's types. */
type Row = Readonly<Record<string, Param>>;

const notesOf = (table: string): string => `changed_${table}`;

function keysOf(rows: Rows, table: string): readonly string[] {
  const columns = rows.all('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk', table);
  return (columns as readonly { readonly name: string }[]).map(({ name }) => name);
}

function put(to: Rows, table: string, row: Row): void {
  const columns = Object.keys(row);
  const places = columns.map(() => '?').join(', ');
  to.run(`INSERT OR REPLACE INTO ${table} (${columns.join(', ')}) VALUES (${places})`, ...Object.values(row));
}

function* readable(from: Rows, table: string, log: Log): Iterable<Row> {
  try {
    for (const row of from.each(`SELECT * FROM ${table}`)) yield row as Row;
  } catch (error) {
    log.warn({ err: error, table }, 'rows could not be read');
  }
}
