// Answers on the disk in a real file, for tests of what is there after a restart and what never comes back.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach } from 'vitest';
import type { AnswerNotes } from '../../backend/core/disk.ts';
import { ANSWER_PARTS, ANSWER_TABLES, DiskAnswers } from '../../backend/storage/shelves/answer-store.ts';
import { openDatabase, type Database } from '../../backend/storage/database.ts';
import { KeptTime, TIME_TABLE } from '../../backend/storage/kept-time.ts';
import { config } from './builders.ts';
import { ManualClock } from './clocks.ts';

/** What stands beside an answer, unless a test says otherwise. */
export const NOTES: AnswerNotes = { owner: 'local', model: 'a:latest', runMs: 12.5, tokens: 7, marks: [] };
/** Milliseconds. */
export const TTL = 3_600_000;

export const keyOf = (n: number): string => n.toString(16).padStart(8, '0').repeat(8);
export const bytesOf = (n: number, length = 5000): Buffer => Buffer.alloc(length, n % 251);

export interface AnswersOptions {
  readonly clock?: ManualClock;
  readonly mb?: number;
  /** Undefined: the disk is not used. */
  readonly path?: string | undefined;
}

/** To be called once in a file of tests: each test has a folder of its own. What it returns opens the answers in it. */
export function answersOnDisk() {
  let folder = '';
  let images = 0;
  const opened: Database[] = [];
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-answers-'))));
  afterEach(() => {
    for (const each of opened.splice(0)) each.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function open({ clock = new ManualClock(), mb = 64, ...options }: AnswersOptions = {}) {
    const path = 'path' in options ? options.path : folder;
    const schema = { migrations: [ANSWER_TABLES, TIME_TABLE, ANSWER_PARTS], carried: [] };
    const database = openDatabase({ folder: path, clock, log: pino({ level: 'silent' }), schema });
    opened.push(database);
    const settings = config({ cache: { disk_max_size_mb: mb } });
    const time = new KeptTime(database, clock);
    const answers = new DiskAnswers(database, time, () => settings);
    const put = (n: number, notes: Partial<AnswerNotes> = {}, length = 5000, ttl = TTL): boolean =>
      answers.keep(keyOf(n), bytesOf(n, length), { ...NOTES, ...notes }, ttl);
    const found = (n: number): boolean => answers.find(keyOf(n)) !== undefined;
    const which = (count: number): number[] => Array.from({ length: count }, (_, n) => n).filter(found);
    return {
      answers,
      time,
      database,
      clock,
      put,
      found,
      which,
      /** The process has gone: what was written is there, and nothing else. */
      killed: (): string => {
        const image = join(folder, `image-${images++}`);
        mkdirSync(image);
        for (const name of ['hearth.db', 'hearth.db-wal']) copyFileSync(join(folder, name), join(image, name));
        return image;
      },
      close: (): void => {
        answers.close();
        time.close();
        database.close();
      },
    };
  }

  return open;
}
