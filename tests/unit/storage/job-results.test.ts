// Rows of jobs that go: the oldest results when they are too many, and batches, some at a time so that nothing is held up.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { EndedJob, JobOutcome } from '../../../backend/core/stories/jobs/stored-jobs.ts';
import { DiskConversations } from '../../../backend/storage/shelves/conversation-store.ts';
import { openDatabase, type Database } from '../../../backend/storage/database.ts';
import { SqlJobStore } from '../../../backend/storage/jobs/job-store.ts';
import { KeptTime } from '../../../backend/storage/kept-time.ts';
import { trim } from '../../../backend/storage/jobs/job-tables.ts';
import type { Sql } from '../../../backend/storage/rows.ts';
import { config, NO_LOG } from '../../support/builders.ts';
import { ManualClock } from '../../support/clocks.ts';

let database: Database;
beforeEach(() => {
  database = openDatabase({ folder: undefined, clock: new ManualClock(), log: NO_LOG });
});

const KEPT = `INSERT INTO job (seq, id, owner, body, state, model, class, class_by, priority, created_at, waited_ms, moves, ended_at, bytes)
  VALUES (?1, 'r' || ?1, 'local', '', 'completed', 'm', 'normal', '', 0, 0, 0, 0, ?1, ?2)`;

/** What goes, and how many rows were read for that. */
function trimmed(maxBytes: number): { readonly gone: string[]; readonly read: number } {
  let read = 0;
  const gone = database.commit((sql) => {
    const counting: Sql = {
      run: (text, ...params) => sql.run(text, ...params),
      get: (text, ...params) => sql.get(text, ...params),
      all: (text, ...params) => {
        const rows = sql.all(text, ...params);
        read += rows.length;
        return rows;
      },
    };
    return trim(counting, maxBytes).map(({ id }) => id);
  });
  return { gone, read };
}

test('only the oldest go that must, one too large takes no other with it, and few rows are read', () => {
  database.commit((sql) => {
    for (let seq = 1; seq <= 500; seq++) sql.run(KEPT, seq, 10);
  });
  expect(trimmed(5000)).toEqual({ gone: [], read: 0 });
  const one = trimmed(4985);
  expect(one.gone).toEqual(['r1', 'r2']);
  expect(one.read).toBeLessThan(20);
  database.commit((sql) => sql.run(KEPT, 501, 6000));
  expect(trimmed(4980).gone).toEqual(['r501']);
  expect(trimmed(4700).gone).toEqual(Array.from({ length: 28 }, (_, at) => `r${at + 3}`));
  expect(trimmed(1).gone).toHaveLength(470);
});

test('a batch is forgotten some jobs at a time, and its ids with them', () => {
  const store = new SqlJobStore(database);
  database.commit((sql) => {
    for (let seq = 1; seq <= 500; seq++) sql.run(KEPT, seq, 10);
    sql.run("UPDATE job SET batch = 'mine'");
  });
  const left = [500];
  for (let isMore = true; isMore;) {
    isMore = store.dropSome('mine');
    left.push(store.idsOf('mine').length);
  }
  expect(left).toEqual([500, 300, 100, 0]);
  expect([store.has('r1'), store.has('r500')]).toEqual([false, false]);
});

test('a result that is damaged on the disk is told as failed', () => {
  const store = new SqlJobStore(database);
  const outcome = { finishedAt: new Date(0).toISOString(), record: new TextEncoder().encode('answer') };
  const end = (seq: number): void => {
    database.commit((sql) => sql.run(KEPT, seq, 10));
    database.commit((sql) => sql.run("UPDATE job SET state = 'waiting', ended_at = NULL WHERE seq = ?", seq));
    store.end(seq, { state: 'completed', outcome, now: 7 }, { singleMs: 1000, batchMs: 1000, maxBytes: 1e9 });
  };
  for (const seq of [1, 2, 3]) end(seq);
  database.commit((sql) => {
    sql.run('UPDATE job SET record = ? WHERE seq = 1', new TextEncoder().encode('answes'));
    sql.run("UPDATE job SET outcome = replace(outcome, '1970', '1971') WHERE seq = 2");
  });
  expect([1, 2, 3].map((seq) => store.find(seq)?.ended?.code)).toEqual(['internal', 'internal', undefined]);
  expect(store.find(1)?.ended?.record).toBeUndefined();
  expect(store.find(3)?.ended).toEqual(outcome);
});

test('what a job said in a conversation is on the disk with its end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-job-turns-'));
  const clock = new ManualClock();
  const onDisk = openDatabase({ folder, clock, log: NO_LOG });
  const talks = new DiskConversations(onDisk, new KeptTime(onDisk, clock), () => config({}));
  const store = new SqlJobStore(onDisk);
  const written = (): unknown => onDisk.read((sql) => sql.get('SELECT count(*) AS talks FROM conversations'));
  onDisk.commit((sql) => {
    for (const seq of [1, 2]) sql.run(KEPT, seq, 10);
    sql.run("UPDATE job SET state = 'waiting', ended_at = NULL");
  });
  talks.keep('local\ntalk', '[]', 1000);
  const ended = (conversation: JobOutcome['conversation']): EndedJob => ({
    state: 'completed',
    outcome: { finishedAt: new Date(0).toISOString(), conversation, record: undefined },
    now: 7,
  });
  const retention = { singleMs: 1000, batchMs: 1000, maxBytes: 1e9 };
  // One that speaks in none has no need to wait for what others said.
  store.end(1, ended(undefined), retention);
  expect(written()).toEqual({ talks: 0 });
  store.end(2, ended({ id: 'talk', resumed: false, messages: 2 }), retention);
  expect(written()).toEqual({ talks: 1 });
  onDisk.close();
  rmSync(folder, { recursive: true });
});

test('what waited to be written of a job changes nothing of how it ended meanwhile', () => {
  const store = new SqlJobStore(database);
  database.commit((sql) => {
    sql.run(KEPT, 1, 10);
    sql.run("UPDATE job SET state = 'waiting', ended_at = NULL");
  });
  store.entered(1, 5);
  store.moved(1);
  store.prioritised(1, 3);
  store.alive(6);
  const outcome = { finishedAt: new Date(0).toISOString(), record: new TextEncoder().encode('answer') };
  expect(store.end(1, { state: 'completed', outcome, now: 7 }, { singleMs: 1000, batchMs: 1000, maxBytes: 1e9 })).toBe(
    true,
  );
  database.flush();
  expect(store.find(1)).toMatchObject({ state: 'completed', priority: 3, endedAt: 7, ended: outcome });
  expect(database.read((sql) => sql.get('SELECT in_line_at FROM job'))).toEqual({ in_line_at: null });
  expect(store.open(100)).toEqual([]);
});
