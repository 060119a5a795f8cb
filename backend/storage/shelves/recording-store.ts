// Recordings in the store: kept until somebody removes them, each with a checksum, all within a share of the disk. A
// program beside the gateway may read and write them too (recording-file.ts), so nothing is cached here.
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { SCHEMA_VERSION } from '../../core/cache/fingerprint.ts';
import type { Now } from '../../core/ports.ts';
import { recordingKey, type RecordedQuestion, type RecordedRoute } from '../../core/recordings/recorded-question.ts';
import type { QuestionText, RecordedModel, Recording, Recordings } from '../../core/recordings/recordings.ts';
import type { Database, Lane, Work } from '../database.ts';
import {
  bytesOf,
  checksumOf,
  checkThere,
  forgetTexts,
  isThere,
  leftOver,
  named,
  putTexts,
  sliced,
} from './recording-texts.ts';
import type { Sql } from '../rows.ts';
import type { Soon } from '../soon.ts';

const routes = ['chat', 'generate', 'embed', 'embeddings'] as const satisfies readonly RecordedRoute[];
const abilities = ['completion', 'embedding', 'thinking', 'tools', 'vision'] as const;

const abilitiesText = z.string().transform((text) => abilities.filter((each) => text.split(' ').includes(each)));
const rowSchema = z.object({
  key: z.string(),
  route: z.enum(routes),
  model: z.string(),
  namespace: z.string(),
  question: z.string(),
  answer: z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
  abilities: abilitiesText,
  checksum: z.string(),
});
/** Empty without SQLite. */
const sizeSchema = z.object({ entries: z.number(), bytes: z.number() }).catch({ entries: 0, bytes: 0 });
const keySchema = z.object({ key: z.string(), bytes: z.number() });
const placeSchema = z.object({ checksum: z.string(), bytes: z.number() });
const questionSchema = rowSchema.pick({ route: true, model: true, namespace: true, question: true });
const modelSchema = z.object({ model: z.string(), abilities: abilitiesText });

const WITH_TEXTS = 'recordings JOIN recording_texts USING (checksum)';
const SELECT = `SELECT key, route, model, namespace, question, answer, abilities, checksum FROM ${WITH_TEXTS}`;

/** A single statement, as thousands would delay everything; only the texts of the nearest questions are read. */
const NEAR_IN_LENGTH = `
  SELECT route, model, namespace, question FROM (
    SELECT place, SUM(length) OVER (ORDER BY apart, place) AS so_far FROM (
      SELECT rowid AS place, length, abs(length - ?) AS apart FROM recordings WHERE route = ?
    )
  ) CROSS JOIN recordings ON recordings.rowid = place JOIN recording_texts USING (checksum)
  WHERE so_far <= ? ORDER BY so_far`;

/** The lane of pending writes. */
export const RECORDINGS: Lane = 'recordings';

/** The recordings' share of the disk for cached answers: the live cache must not find all of it taken. */
const SHARE = 1 / 4;

/** Maximum size of all recordings in bytes. */
export function recordingShare({ disk_max_size_mb: mb }: { readonly disk_max_size_mb: number }): number {
  return Math.floor(mb * SHARE * 1024 * 1024);
}

export interface RecordingStoreOptions {
  readonly database: Pick<Database, 'read' | 'commit' | 'flush'>;
  /** Writes recordings, in the lane RECORDINGS. */
  readonly soon: Pick<Soon, 'write'>;
  /** Maximum size of questions and answers together; read each time. */
  maxBytes(): number;
  readonly now: Now;
}

export class RecordingStore implements Recordings {
  readonly #options: RecordingStoreOptions;
  #isCurrent = false;
  /** Recordings that are not written yet. */
  readonly #waiting = new Set<Work<void>>();

  constructor(options: RecordingStoreOptions) {
    this.#options = options;
  }

  get(key: string): Recording | undefined {
    return this.#read((sql) => recordingAt(sql, key));
  }

  put(recordings: readonly Recording[], alone = false): boolean {
    const most = this.#options.maxBytes();
    if (recordings.reduce((sum, each) => sum + bytesOf(each), 0) > most) return false;
    const now = this.#options.now();
    const slices = sliced(recordings);
    const inSlices = slices.length > 1;
    const commit = (work: Work<void>): void => this.#database.commit(work);
    if (inSlices) {
      forgetTexts(
        commit,
        this.#read((sql) => leftOver(sql, now)),
      );
      for (const slice of slices) commit((sql) => putTexts(sql, slice, now));
    }
    const checksums = new Set(recordings.map(checksumOf));
    let unused: readonly string[] = inSlices ? [...checksums] : [];
    try {
      const placed = this.#database.commit((sql) => {
        if (inSlices) checkThere(sql, checksums);
        else putTexts(sql, recordings, now);
        return place(sql, recordings, { alone, most, now });
      });
      ({ unused } = placed);
      return placed.fits;
    } finally {
      forgetTexts(commit, unused);
    }
  }

  keep(recordings: readonly Recording[], told: (fits: boolean) => void): void {
    const most = this.#options.maxBytes();
    if (recordings.reduce((sum, each) => sum + bytesOf(each), 0) > most) return told(false);
    const now = this.#options.now();
    for (const slice of sliced(recordings)) this.#soon((sql) => putTexts(sql, slice, now));
    this.#soon((sql) => {
      // Somebody may have removed all of them meanwhile.
      const there = recordings.filter((each) => isThere(sql, checksumOf(each)));
      const { fits, unused } = place(sql, there, { most, now });
      forgetTexts((work) => this.#soon(work), unused);
      // Outside the transaction: the callback may query this store.
      queueMicrotask(() => told(fits));
    });
  }

  #soon(work: Work<void>): void {
    const one: Work<void> = (sql) => {
      work(sql);
      this.#waiting.delete(one);
    };
    this.#waiting.add(one);
    this.#options.soon.write(one);
  }

  questionsNear(route: RecordedRoute, length: number, most: number): readonly QuestionText[] {
    const rows = this.#read((sql) => sql.all(NEAR_IN_LENGTH, length, route, most));
    return rows.map((row) => questionSchema.parse(row));
  }

  *all(): Iterable<Recording> {
    // Read one at a time: together they may be large.
    const keys = this.#read((sql) =>
      sql.all(`SELECT key, bytes FROM ${WITH_TEXTS} ORDER BY model, route, namespace, question`),
    );
    for (const row of keys) {
      const recording = this.get(keySchema.parse(row).key);
      if (recording !== undefined) yield recording;
    }
  }

  models(): readonly RecordedModel[] {
    const rows = this.#read((sql) =>
      sql.all('SELECT DISTINCT model, abilities FROM recordings ORDER BY model').map((row) => modelSchema.parse(row)),
    );
    return [...new Set(rows.map(({ model }) => model))].map((name) => {
      const seen = rows.filter(({ model }) => model === name).flatMap((row) => row.abilities);
      return { name, abilities: abilities.filter((each) => seen.includes(each)) };
    });
  }

  clear(): { readonly removed: number; readonly freed_bytes: number } {
    return this.#database.commit((sql) => {
      const { bytes } = sizeOf(sql);
      const { changes: removed } = sql.run('DELETE FROM recordings');
      sql.run('DELETE FROM recording_texts');
      return { removed, freed_bytes: bytes };
    });
  }

  get size(): { readonly entries: number; readonly bytes: number; readonly max_bytes: number } {
    return { ...this.#read(sizeOf), max_bytes: this.#options.maxBytes() };
  }

  /** The database, with all pending recordings written. */
  get #database(): Pick<Database, 'read' | 'commit'> {
    const { database } = this.#options;
    if (this.#waiting.size > 0) database.flush(RECORDINGS);
    if (!this.#isCurrent) {
      this.#isCurrent = true;
      if (database.read(isOutdated)) database.commit(renew);
    }
    return database;
  }

  #read<T>(work: (sql: Sql) => T): T {
    return this.#database.read(work);
  }
}

/**
 * Stores all recordings; with `alone` removes all others. Throws invalid_request if they do not fit, or nothing can be
 * stored.
 */
export function keepAll(store: Recordings, recordings: readonly Recording[], alone = false): void {
  if (store.put(recordings, alone)) {
    if (store.size.entries >= recordings.length) return;
    throw new AppError('invalid_request', 'Nothing is kept, since SQLite cannot be loaded on this machine.');
  }
  const mb = Math.round((store.size.max_bytes / (1024 * 1024)) * 10) / 10;
  throw new AppError(
    'invalid_request',
    `The recordings do not fit into ${mb} MB, a quarter of cache.disk_max_size_mb. Make that larger.`,
  );
}

/**
 * Makes recordings count whose texts are stored, in place of those with the same keys, or of all. Changes nothing if
 * they would exceed `most` bytes. Returns the checksums of texts that are no longer used.
 */
function place(
  sql: Sql,
  recordings: readonly Recording[],
  { alone = false, most, now }: { readonly alone?: boolean; readonly most: number; readonly now: number },
): { readonly fits: boolean; readonly unused: readonly string[] } {
  const last = new Map(recordings.map((each) => [each.key, each]));
  const old = [...last.keys()].flatMap((key) => sql.all('SELECT checksum, bytes FROM recordings WHERE key = ?', key));
  const before = alone ? 0 : sizeOf(sql).bytes - sumOf(old.map((row) => placeSchema.parse(row).bytes));
  if (before + sumOf([...last.values()].map(bytesOf)) > most) {
    return { fits: false, unused: recordings.map(checksumOf) };
  }
  const gone = alone ? named(sql, '') : old.map((row) => placeSchema.parse(row).checksum);
  if (alone) sql.run('DELETE FROM recordings');
  for (const recording of last.values()) insert(sql, recording, now);
  const checksums = new Set([...last.values()].map(checksumOf));
  return { fits: true, unused: [...gone, ...recordings.map(checksumOf)].filter((each) => !checksums.has(each)) };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

function insert(sql: Sql, recording: Recording, now: number): void {
  const { key, route, model, namespace } = recording;
  sql.run(
    `INSERT OR REPLACE INTO recordings (key, form, bytes, length, recorded_at, checksum, route, model, namespace, abilities)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    key,
    SCHEMA_VERSION,
    bytesOf(recording),
    Buffer.byteLength(recording.question),
    now,
    checksumOf(recording),
    route,
    model,
    namespace,
    recording.abilities.join(' '),
  );
}

/** Undefined also for a damaged recording. */
function recordingAt(sql: Sql, key: string): Recording | undefined {
  const row = rowSchema.safeParse(sql.get(`${SELECT} WHERE key = ?`, key));
  if (!row.success) return undefined;
  const { checksum, ...recording } = row.data;
  return checksumOf(recording) === checksum ? recording : undefined;
}

function sizeOf(sql: Sql): { readonly entries: number; readonly bytes: number } {
  return sizeSchema.parse(sql.get('SELECT COUNT(*) AS entries, COALESCE(SUM(bytes), 0) AS bytes FROM recordings'));
}

// ---- an update of Hearth may change keys: they are computed again from the questions

function isOutdated(sql: Sql): boolean {
  return sql.get('SELECT 1 FROM recordings WHERE form <> ? LIMIT 1', SCHEMA_VERSION) !== undefined;
}

function renew(sql: Sql): void {
  for (const row of sql.all('SELECT key, bytes FROM recordings WHERE form <> ?', SCHEMA_VERSION)) {
    const { key } = keySchema.parse(row);
    const found = sql.get(`SELECT route, model, namespace, question FROM ${WITH_TEXTS} WHERE key = ?`, key);
    const { question, ...rest } = questionSchema.parse(found);
    const asks = JSON.parse(question) as RecordedQuestion['asks'];
    const next = recordingKey({ ...rest, asks });
    sql.run('UPDATE OR REPLACE recordings SET key = ?, form = ? WHERE key = ?', next, SCHEMA_VERSION, key);
  }
}
