// The texts of recordings: written a few at a time before they count, so that a gateway beside us is never held up for long, and
// taken away when no recording names them.
import { hash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import type { Recording } from '../../core/recordings/recordings.ts';
import type { Work } from '../database.ts';
import type { Sql } from '../rows.ts';

/**
 * The texts lie apart, by their checksum: many of them can be put there a few at a time, which nobody sees, and what is small
 * then says at one stroke which of them count. A text that no recording names was left by an import that was broken off.
 * `length`: bytes of the question.
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

/** So much is written in one transaction, so that a gateway beside us is held up by milliseconds. Bytes. */
const SLICE_BYTES = 2 ** 20;
/** Texts that are taken away in one transaction. */
const SLICE_TEXTS = 100;
/** No import takes so long: what it put and never named is left over. Milliseconds. */
const LEFT_OVER_MS = 3_600_000;

/** They count for nothing until a recording names them. */
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

/** Throws invalid_request where somebody has removed everything meanwhile. */
export function checkThere(sql: Sql, checksums: ReadonlySet<string>): void {
  // Where there is no SQLite nothing is kept, which whoever asks is told.
  if (sql.get('SELECT 1') === undefined) return;
  for (const each of checksums) {
    if (isThere(sql, each)) continue;
    throw new AppError('invalid_request', 'The recordings were removed while these were written. Import them again.');
  }
}

/** Whether a text was put and nobody has removed it. */
export function isThere(sql: Sql, checksum: string): boolean {
  return sql.get('SELECT 1 FROM recording_texts WHERE checksum = ?', checksum) !== undefined;
}

/** The checksums of the recordings that are meant. */
export function named(sql: Sql, where: string, ...params: string[]): string[] {
  return sql
    .all(`SELECT checksum FROM recordings ${where}`, ...params)
    .map((row) => checksumSchema.parse(row).checksum);
}

/** What an import that was broken off has put. */
export function leftOver(sql: Sql, now: number): string[] {
  return sql
    .all(
      'SELECT checksum FROM recording_texts WHERE put_at < ? AND checksum NOT IN (SELECT checksum FROM recordings)',
      now - LEFT_OVER_MS,
    )
    .map((row) => checksumSchema.parse(row).checksum);
}

/** Portions, each for a transaction of its own. */
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

/** Of a question and its answer. */
export function bytesOf({ question, answer }: Recording): number {
  return Buffer.byteLength(question) + answer.length;
}

/** By which the texts are found, and known to be whole. */
export function checksumOf({ question, answer }: Pick<Recording, 'question' | 'answer'>): string {
  return hash('sha256', Buffer.concat([Buffer.from(question), answer])).slice(0, 32);
}

/** Takes away those of the texts that no recording names, a few at a time: each time `write` does it. */
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
