// Files in blocks for core/offline; each block has a checksum.
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import type { Expiry, FileQuery, FileStore, KeptFile, Page } from '../../core/offline/offline-store.ts';
import type { Sql } from '../rows.ts';
import type { Database } from '../database.ts';
import { mustKeep } from '../no-store.ts';

/**
 * `files` has visible and incomplete files; `ended` is 1 once a file is complete. Blocks refer to a file by number,
 * which is never reused, so that they can be freed long after the file was deleted (`files_gone`).
 */
export const FILE_TABLES = `
  CREATE TABLE files (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE file_blocks (
    file INTEGER NOT NULL,
    n INTEGER NOT NULL,
    block BLOB NOT NULL,
    PRIMARY KEY (file, n)
  ) STRICT;
  CREATE TABLE files_gone (number INTEGER PRIMARY KEY) STRICT;
`;

/** When a file or a batch ends by the store's own time; `expires_at` is shown to callers. */
export const DUE_AT = ['files', 'batches']
  .map(
    (table) =>
      `ALTER TABLE ${table} ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0; UPDATE ${table} SET due_at = expires_at;`,
  )
  .join('\n');

/** Null in blocks of an older Hearth. */
export const BLOCK_CHECKSUM = 'ALTER TABLE file_blocks ADD COLUMN checksum INTEGER;';

const fileRow = z
  .object({
    id: z.string(),
    owner: z.string(),
    name: z.string(),
    purpose: z.enum(['batch', 'batch_output']),
    bytes: z.number(),
    created_at: z.number(),
    expires_at: z.number(),
    due_at: z.number(),
  })
  .transform(({ created_at: createdAt, expires_at: expiresAt, due_at: dueAt, ...row }): KeptFile => ({
    ...row,
    createdAt,
    expiresAt,
    dueAt,
  }));
const numberRow = z.object({ number: z.number() });
const idRow = z.object({ id: z.string() });
const blockRow = z.object({ n: z.number(), block: z.instanceof(Uint8Array), checksum: z.number().nullable() });
const sizeRow = z.object({ n: z.number(), bytes: z.number() });
const totalsRow = z.object({ files: z.number(), bytes: z.number() });

const MB = 1024 * 1024;
/** Maximum bytes that wait when a file arrives faster than it is written. */
const WAITS = 64 * 1024;
/** Blocks checked for one portion. */
const LOOK = 500;

export class SqlFileStore implements FileStore {
  readonly #database: Database;
  /** Bytes since the last flush. */
  #fresh = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  begin({ id, owner, name, purpose, createdAt, expiresAt, dueAt }: Omit<KeptFile, 'bytes'>): void {
    mustKeep(this.#database);
    this.#database.later((sql) => {
      sql.run(
        'INSERT INTO files (id, owner, name, purpose, created_at, expires_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
        id,
        owner,
        name,
        purpose,
        Math.floor(createdAt),
        Math.floor(expiresAt),
        Math.floor(dueAt),
      );
    }, 'offline');
  }

  put(id: string, n: number, block: Uint8Array): void {
    this.#database.later((sql) => {
      sql.run(
        'INSERT INTO file_blocks (file, n, block, checksum) SELECT number, ?, ?, ? FROM files WHERE id = ?',
        n,
        block,
        checksumOf(id, n, block),
        id,
      );
      sql.run('UPDATE files SET bytes = bytes + ? WHERE id = ?', block.length, id);
    }, 'offline');
    this.#fresh += block.length;
    if (this.#fresh < WAITS) return;
    this.#fresh = 0;
    this.#database.flush('offline');
  }

  end(id: string, expiry?: Expiry): KeptFile | undefined {
    this.#database.flush('offline');
    this.#database.commit((sql) => {
      sql.run(
        'UPDATE files SET ended = 1, expires_at = coalesce(?, expires_at), due_at = coalesce(?, due_at) WHERE id = ?',
        whole(expiry?.expiresAt),
        whole(expiry?.dueAt),
        id,
      );
    });
    return this.get(id);
  }

  get(id: string): KeptFile | undefined {
    const row = this.#database.read((sql) => sql.get('SELECT * FROM files WHERE id = ? AND ended = 1', id));
    return row === undefined ? undefined : fileRow.parse(row);
  }

  list({ owner, purpose, oldestFirst }: FileQuery, { after, limit }: Page): KeptFile[] {
    const [beyond, order] = oldestFirst === true ? ['>', 'ASC'] : ['<', 'DESC'];
    const rows = this.#database.read((sql) =>
      sql.all(
        `SELECT * FROM files
         WHERE ended = 1 AND owner = coalesce(?, owner) AND purpose = coalesce(?, purpose)
           AND (? IS NULL OR number ${beyond} (SELECT number FROM files WHERE id = ?))
         ORDER BY number ${order} LIMIT ?`,
        owner ?? null,
        purpose ?? null,
        after ?? null,
        after ?? null,
        limit + 1,
      ),
    );
    return rows.map((row) => fileRow.parse(row));
  }

  blocks(id: string, n: number): readonly { readonly n: number; readonly block: Uint8Array }[] {
    return this.#database.read((sql) => {
      const file = numberOf(sql, id);
      const last = file === undefined ? undefined : portionAfter(sql, file, n);
      if (file === undefined || last === undefined) return [];
      const rows = sql.all(
        'SELECT n, block, checksum FROM file_blocks WHERE file = ? AND n > ? AND n <= ? ORDER BY n',
        file,
        n,
        last,
      );
      return rows.map((row) => wholeBlock(id, row));
    });
  }

  places(id: string): readonly number[] {
    this.#database.flush('offline');
    const rows = this.#database.read((sql) =>
      sql.all('SELECT n FROM file_blocks WHERE file = (SELECT number FROM files WHERE id = ?)', id),
    );
    return rows.map((row) => z.object({ n: z.number() }).parse(row).n);
  }

  delete(id: string): void {
    // Its first write may still wait, and would come after this one.
    this.#database.flush('offline');
    this.#database.commit((sql) => {
      sql.run('INSERT INTO files_gone SELECT number FROM files WHERE id = ?', id);
      sql.run('DELETE FROM files WHERE id = ?', id);
    });
  }

  sweep(): boolean {
    const found = this.#database.read((sql) => sql.get('SELECT number FROM files_gone LIMIT 1'));
    if (found === undefined) return false;
    const { number: file } = numberRow.parse(found);
    this.#database.later((sql) => {
      const last = portionAfter(sql, file, -1);
      if (last === undefined) sql.run('DELETE FROM files_gone WHERE number = ?', file);
      else sql.run('DELETE FROM file_blocks WHERE file = ? AND n <= ?', file, last);
    }, 'offline');
    this.#database.flush('offline');
    return true;
  }

  expired(now: number): readonly string[] {
    return this.#ids('SELECT id FROM files WHERE ended = 1 AND due_at < ?', Math.floor(now));
  }

  unended(): readonly string[] {
    return this.#ids('SELECT id FROM files WHERE ended = ?', 0);
  }

  #ids(question: string, value: number): string[] {
    return this.#database.read((sql) => sql.all(question, value)).map((row) => idRow.parse(row).id);
  }

  get totals(): { readonly files: number; readonly bytes: number } {
    const row = this.#database.read((sql) =>
      sql.get('SELECT count(*) AS files, coalesce(sum(bytes), 0) AS bytes FROM files'),
    );
    return row === undefined ? { files: 0, bytes: 0 } : totalsRow.parse(row);
  }
}

/** Throws file_damaged if a block differs from what was stored. */
function wholeBlock(id: string, row: unknown): { readonly n: number; readonly block: Uint8Array } {
  const { n, block, checksum } = blockRow.parse(row);
  if (checksum === null || checksum === checksumOf(id, n, block)) return { n, block };
  throw new AppError(
    'file_damaged',
    sentence`The file ${quotation(id)} was damaged on the disk and cannot be read to its end. Hand it in again, or run the batch again that wrote it.`,
  );
}

/** Covers the position and the file, so a misplaced block fails too. */
function checksumOf(id: string, n: number, block: Uint8Array): number {
  return crc32(block, crc32(`${id} ${n}`));
}

function numberOf(sql: Sql, id: string): number | undefined {
  const row = sql.get('SELECT number FROM files WHERE id = ?', id);
  return row === undefined ? undefined : numberRow.parse(row).number;
}

/** The position of the last of the next blocks that together have about a megabyte; undefined at the end. */
function portionAfter(sql: Sql, file: number, n: number): number | undefined {
  const rows = sql.all(
    'SELECT n, length(block) AS bytes FROM file_blocks WHERE file = ? AND n > ? ORDER BY n LIMIT ?',
    file,
    n,
    LOOK,
  );
  let left = MB;
  let last: number | undefined;
  for (const row of rows) {
    const { n: place, bytes } = sizeRow.parse(row);
    left -= bytes;
    if (left < 0 && last !== undefined) break;
    last = place;
  }
  return last;
}

function whole(moment: number | undefined): number | null {
  return moment === undefined ? null : Math.floor(moment);
}
