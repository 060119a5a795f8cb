// Recordings in the store: what an update of Hearth, a damaged page and a full share do to them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { recordingsIn } from '../../../backend/core/recordings/recording-line.ts';
import type { Recording } from '../../../backend/core/recordings/recordings.ts';
import { openDatabase, type Database } from '../../../backend/storage/database.ts';
import { withRecordings } from '../../../backend/storage/shelves/recording-file.ts';
import { RECORDINGS, RecordingStore } from '../../../backend/storage/shelves/recording-store.ts';
import { Soon } from '../../../backend/storage/soon.ts';
import { ManualClock } from '../../support/clocks.ts';

let folder = '';
let database: Database;
let clock: ManualClock;
let store: RecordingStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-recordings-'));
  open();
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(maxBytes = 10_000): void {
  clock = new ManualClock();
  database = openDatabase({ folder, clock, log: pino({ level: 'silent' }) });
  store = storeOn(database, maxBytes);
}

function storeOn(on: Pick<Database, 'read' | 'commit' | 'flush'>, maxBytes: number): RecordingStore {
  const soon = new Soon(database, clock, RECORDINGS);
  return new RecordingStore({ database: on, soon, maxBytes: () => maxBytes, now: () => 0 });
}

function recording(content: string, answer = 'Yes.'): Recording {
  const line = {
    route: 'chat',
    model: 'm',
    question: { messages: [{ role: 'user', content }] },
    answer: { content: answer },
  };
  const [read] = recordingsIn(JSON.stringify(line));
  if (read === undefined) throw new Error('no recording');
  return read;
}

test('one made by an older form of key is found again after an update', () => {
  const one = recording('one');
  store.put([one]);
  database.commit((sql) => sql.run("UPDATE recordings SET form = 1, key = 'of old'"));
  database.close();
  open();
  expect(store.get(one.key)).toEqual(one);
  expect(store.size.entries).toBe(1);
});

test('one that is damaged is not told, and the others are', () => {
  const [one, two] = [recording('one'), recording('two')];
  store.put([one, two]);
  database.commit((sql) =>
    sql.run('UPDATE recording_texts SET answer = ? WHERE question = ?', Buffer.from('broken'), one.question),
  );
  expect(store.get(one.key)).toBe(undefined);
  expect([...store.all()]).toEqual([two]);
});

test('what does not fit changes nothing, and a later answer takes the place of the first', () => {
  store.put([recording('one', 'first')]);
  const before = [...store.all()];
  expect(store.put([recording('one', 'second'), recording('two', 'x'.repeat(20_000))])).toBe(false);
  expect([...store.all()]).toEqual(before);
  const second = recording('one', 'second');
  expect(store.put([second])).toBe(true);
  expect([...store.all()]).toEqual([second]);
});

test('of a long recording the questions of about the same length are looked through', () => {
  const long = Array.from({ length: 5 }, (_, i) => recording(`${i}`.repeat(500)));
  store.put([recording('Why is it so?'), ...long, recording('Why is it?')]);
  const texts = (length: number, most: number) =>
    store.questionsNear('chat', length, most).map(({ question }) => /Why[^"]*|\d+/.exec(question)?.[0]);
  expect(texts(50, 200)).toEqual(['Why is it?', 'Why is it so?']);
  expect(texts(560, 2000)).toEqual(['0', '1', '2'].map((digit) => digit.repeat(500)));
  expect(store.questionsNear('generate', 50, 200)).toEqual([]);
});

test('many are written in portions, which nobody sees before all are there', () => {
  const many = Array.from({ length: 30 }, (_, i) => recording(`${i}`, `${i}`.repeat(100_000)));
  store.put([recording('0', 'old')]);
  const seen = new Set<number>();
  const looking: Pick<Database, 'read' | 'commit' | 'flush'> = {
    read: (work) => database.read(work),
    flush: (lane) => database.flush(lane),
    commit(work) {
      const result = database.commit(work);
      seen.add(store.get(many[0]?.key ?? '')?.answer.length ?? 0);
      return result;
    },
  };
  const [before, after] = [recording('0', 'old'), many[0]].map((each) => each?.answer.length);
  const slow = storeOn(looking, 10_000_000);
  expect(slow.put(many)).toBe(true);
  expect([...seen]).toEqual([before, after]);
  expect(texts()).toBe(30);
  expect(slow.put([recording('0', 'new')], true)).toBe(true);
  expect(texts()).toBe(1);
});

test('what an import that was broken off has left is taken away by a later one', () => {
  database.commit((sql) => sql.run("INSERT INTO recording_texts VALUES ('of old', -4000000, '', x'00')"));
  const two = [recording('one', 'x'.repeat(700_000)), recording('two', 'y'.repeat(700_000))];
  expect(storeOn(database, 10_000_000).put(two)).toBe(true);
  expect(texts()).toBe(2);
});

/** As a program beside us finds them in the file. */
const inFile = (): Recording[] => {
  const beside = { folder, create: false, maxBytes: () => 10_000, clock, log: pino({ level: 'silent' }) };
  return withRecordings(beside, (recordings) => [...recordings.all()]);
};

test('what is kept waits for no disk: it is found at once, and in the file a moment later', async () => {
  expect(store.size.entries).toBe(0);
  const commits = vi.spyOn(database, 'commit');
  const told = vi.fn<(fits: boolean) => void>();
  const [one, two] = [recording('one'), recording('two')];
  store.keep([one], told);
  expect([commits.mock.calls.length, inFile()]).toEqual([0, []]);
  expect(store.get(one.key)).toEqual(one);
  store.keep([two], told);
  store.keep([recording('two', 'x'.repeat(9_500))], told);
  await clock.advance(30);
  expect(inFile()).toEqual([one, two]);
  store.keep([recording('three', 'x'.repeat(20_000))], told);
  store.keep([recording('two', 'anew')], told);
  await clock.advance(30);
  expect(told.mock.calls).toEqual([[true], [true], [false], [false], [true]]);
  expect([inFile(), texts()]).toEqual([[one, recording('two', 'anew')], 2]);
  expect(commits).not.toHaveBeenCalled();
});

test('of many that are kept at once none is left out, and none that was cleared comes back', async () => {
  const large = storeOn(database, 10_000_000);
  const many = Array.from({ length: 30 }, (_, i) => recording(`${i}`, `${i}`.repeat(100_000)));
  const told = vi.fn<(fits: boolean) => void>();
  large.keep(many, told);
  expect(large.size.entries).toBe(30);
  large.keep([recording('0', 'new')], told);
  expect(large.clear().removed).toBe(30);
  await clock.advance(1000);
  expect([large.size.entries, texts(), told.mock.calls.length]).toEqual([0, 0, 2]);
});

test('an import and a clear beside a gateway whose store is in memory count when it is back', async () => {
  const [old, kept, imported] = ['old', 'kept', 'imported'].map((text) => recording(text));
  if (old === undefined || kept === undefined || imported === undefined) throw new Error('no recordings');
  store.put([old]);
  let isBusy = true;
  database.commit(() => {
    const wasBusy = isBusy;
    isBusy = false;
    // SQLITE_BUSY: the end of an import took too long.
    if (wasBusy) throw Object.assign(new Error('busy'), { errcode: 5 });
  });
  store.put([kept]);
  expect([...store.all()]).toHaveLength(2);
  const beside = { folder, create: false, maxBytes: () => 10_000, clock, log: pino({ level: 'silent' }) };
  withRecordings(beside, (recordings) => {
    recordings.clear();
    recordings.put([imported]);
  });
  await clock.advance(16_000);
  expect(database.isDurable).toBe(true);
  expect([...store.all()]).toEqual([imported, kept]);
  expect(texts()).toBe(2);
});

function texts(): number {
  const row = database.read((sql) => sql.get('SELECT COUNT(*) AS n FROM recording_texts'));
  return (row as { readonly n: number }).n;
}
