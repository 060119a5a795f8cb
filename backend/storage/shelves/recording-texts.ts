// The texts of recordings: written a few at a time before they count, so that a gateway beside this program is never
// delayed for long, and deleted when no recording refers to them.
import { hash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { Recording } from '../../core/recordings/recordings.ts';
import type { Work } from '../database.ts';
import type { Sql } from '../rows.ts';

/**
 * The texts are in a separate table, by checksum: many can be written a few at a time, unseen, and then one small
 * transaction makes them count. A text without a recording is left over from an interrupted import. `length`: bytes of
 * the question.
 */
export const RECORDING_TABLES = `
  CREATE TABLE recording_texts (
    checksum TEXT PRIMARY KEY,
    put_at INTEGER NOT NULL,
    question TEXT NOT NULL,
    answer BLOB NOT NULL
  ) STRICT;
  CREATE TABLE recordings (
    key TEXT PRIMARY KEY,
    form INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    length INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    checksum TEXT NOT NULL,
    route TEXT NOT NULL,
    model TEXT NOT NULL,
    namespace TEXT NOT NULL,
    abilities TEXT NOT NULL
  ) STRICT;
  CREATE INDEX recordings_by_bytes ON recordings (bytes);
  CREATE INDEX recordings_by_checksum ON recordings (checksum);
`;

const checksumSchema = z.object({ checksum: z.string() });

/** Bytes per transaction, so that a gateway beside this program waits only milliseconds. */
const SLICE_BYTES = 2 ** 20;
/** Texts deleted per transaction. */
const SLICE_TEXTS = 100;
/** No import takes this long: older texts without a recording are left over. Milliseconds. */
const LEFT_OVER_MS = 3_600_000;

/** Writes texts; they do not count until a recording refers to them. */
export function putTexts(sql: Sql, recordings: readonly Recording[], now: number): void {
  for (const recording of recordings) {
    const { question, answer } = recording;
    sql.run(
      'INSERT OR REPLACE INTO recording_texts (checksum, put_at, question, answer) VALUES (?, ?, ?, ?)',
      checksumOf(recording),
      now,
      question,
      answer,
    );
  }
}

/** Throws invalid_request if somebody has removed everything meanwhile. */
export function checkThere(sql: Sql, checksums: ReadonlySet<string>): void {
  // Without SQLite nothing is stored, which the caller reports.
  if (sql.get('SELECT 1') === undefined) return;
  for (const each of checksums) {
    if (isThere(sql, each)) continue;
    throw new AppError('invalid_request', 'The recordings were removed while these were written. Import them again.');
  }
}

/** Whether a text is stored. */
export function isThere(sql: Sql, checksum: string): boolean {
  return sql.get('SELECT 1 FROM recording_texts WHERE checksum = ?', checksum) !== undefined;
}

/** The checksums of matching recordings. */
export function named(sql: Sql, where: string, ...params: string[]): string[] {
  return sql
    .all(`SELECT checksum FROM recordings ${where}`, ...params)
    .map((row) => checksumSchema.parse(row).checksum);
}

/** Texts of interrupted imports. */
export function leftOver(sql: Sql, now: number): string[] {
  return sql
    .all(
      'SELECT checksum FROM recording_texts WHERE put_at < ? AND checksum NOT IN (SELECT checksum FROM recordings)',
      now - LEFT_OVER_MS,
    )
    .map((row) => checksumSchema.parse(row).checksum);
}

/** Portions, each for its own transaction. */
export function sliced(recordings: readonly Recording[]): readonly (readonly Recording[])[] {
  const slices: Recording[][] = [];
  let bytes = Infinity;
  for (const recording of recordings) {
    bytes += bytesOf(recording);
    if (bytes > SLICE_BYTES) {
      slices.push([]);
      bytes = bytesOf(recording);
    }
    slices.at(-1)?.push(recording);
  }
  return slices;
}

/** Bytes of a question and its answer. */
export function bytesOf({ question, answer }: Recording): number {
  return Buffer.byteLength(question) + answer.length;
}

/** Identifies the texts, and proves that they are intact. */
export function checksumOf({ question, answer }: Pick<Recording, 'question' | 'answer'>): string {
  return hash('sha256', Buffer.concat([Buffer.from(question), answer])).slice(0, 32);
}

/** Deletes the given texts if no recording refers to them, a few at a time: each call of `write` runs one portion. */
export function forgetTexts(write: (work: Work<void>) => void, checksums: readonly string[]): void {
  for (let i = 0; i < checksums.length; i += SLICE_TEXTS) {
    const some = checksums.slice(i, i + SLICE_TEXTS);
    write((sql) => {
      for (const each of some) {
        if (named(sql, 'WHERE checksum = ?', each).length > 0) continue;
        sql.run('DELETE FROM recording_texts WHERE checksum = ?', each);
      }
    });
  }
}
