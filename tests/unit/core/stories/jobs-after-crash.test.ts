// What the process after a crash finds of accepted jobs: all of them as they were asked, with their age, and what it can't or
// may not run any more ended with a reason.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { ExactJson } from '../../../../backend/contract/go/exact-json.ts';
import { Conversations } from '../../../../backend/core/conversations/conversations.ts';
import { LOCAL, ownerOfKey } from '../../../../backend/core/ownership.ts';
import type { Answer, ChatCall } from '../../../../backend/core/requests/call.ts';
import { Requests } from '../../../../backend/core/requests/requests.ts';
import { Ticket } from '../../../../backend/core/requests/ticket.ts';
import { Jobs } from '../../../../backend/core/stories/jobs/jobs.ts';
import { openDatabase, type Database } from '../../../../backend/storage/database.ts';
import { SqlJobStore } from '../../../../backend/storage/jobs/job-store.ts';
import { KeptTime } from '../../../../backend/storage/kept-time.ts';
import { config, NO_LOG } from '../../../support/builders.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';

let clock: ManualClock;
let database: Database;
/** What was asked of the gateway by the process of now. */
let asked: ChatCall[];
let jobs: Jobs;

/** A process on the same rows; the one before is let be, as one that was killed. */
function start(): void {
  const settings = config({});
  asked = [];
  const gateway = {
    admit: () => Promise.resolve(),
    check: () => Promise.resolve(),
    chat: (call: ChatCall, ticket: Ticket = new Ticket(call, clock)): Promise<Answer> => {
      asked.push(call);
      const never = (): AsyncIterable<never> => ({
        [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }),
      });
      return Promise.resolve({
        ticket,
        events: never(),
        whole: () => new Promise<never>(() => undefined),
        tail: never,
        close: () => undefined,
      });
    },
  };
  jobs = new Jobs({
    gateway,
    requests: new Requests(),
    config: () => settings,
    conversations: new Conversations(() => settings, clock),
    clock,
    log: NO_LOG,
    store: new SqlJobStore(database),
    time: new KeptTime(database, clock),
    away: () => false,
    hold: () => () => undefined,
    onChange: () => undefined,
    onEnded: () => undefined,
    queue: { waiting: 0, full: false, eta: () => 0, isLate: () => false, moveUp: () => undefined },
  });
  jobs.open();
}

beforeEach(() => {
  clock = new ManualClock();
  database = openDatabase({ folder: undefined, clock, log: NO_LOG });
  start();
});

const call = (id: string, more: Partial<ChatCall> = {}): ChatCall => ({
  id,
  route: '/api/chat-queue',
  model: 'm',
  caller: 'a program',
  owner: LOCAL,
  class: 'background',
  classBy: 'the request',
  priority: 7,
  family: 'chat',
  request: { model: 'm', messages: [{ role: 'user', content: 'hi \ud800' }] },
  namespace: 'local\0"mine"',
  wishes: [{ read: false, store: true }],
  cacheByDefault: 'always',
  replay: 'instant',
  streamed: false,
  ...more,
});
const submit = (more: ChatCall) => jobs.submit({ call: more, ask: undefined, body: 'a body' });
const crash = async (): Promise<void> => {
  database.flush();
  start();
  await settled();
};

test('it asks what was asked, also what JSON.parse would change, by whom and with what wishes', async () => {
  const format = new ExactJson('{"2":1,"1":9007199254740993}');
  const whole = call('r1', { request: { model: 'm', messages: [], format, tools: [{ deep: [format] }] } });
  await submit(whole);
  await submit(call('r2', { maxActive: 3, keepAlive: 'force', mark: 'x', thinksIfAble: true }));
  const before = asked;
  await crash();
  const { maxActive, keepAlive, mark, thinksIfAble } = asked[1] ?? call('');
  expect([maxActive, keepAlive, mark, thinksIfAble]).toEqual([3, 'force', 'x', true]);
  for (const [i, again] of asked.entries()) {
    const { before: _before, ...same } = again;
    expect(same).toEqual({ ...before[i], comesAgain: true });
  }
  expect(asked.length).toBe(2);
});

test('time in line is its age, time without a process is not, and it was born when it was', async () => {
  await submit(call('r1'));
  const { created_at } = jobs.view('r1', LOCAL);
  await clock.advance(90_000);
  jobs.beat();
  await clock.advance(8 * 3_600_000);
  await crash();
  expect(asked[0]?.before).toEqual({ bornAt: Date.parse(created_at), waitedMs: 90_000 });
  await clock.advance(30_000);
  jobs.beat();
  await crash();
  expect(asked[0]?.before?.waitedMs).toBe(120_000);
  expect(jobs.view('r1', LOCAL)).toMatchObject({ status: 'queued', created_at });
});

test('what is handed in while older ones are not in line yet waits behind them', async () => {
  for (const id of ['r1', 'r2']) await submit(call(id));
  start();
  const { status, queue_position } = await submit(call('r3'));
  expect([status, queue_position]).toEqual(['queued', 2]);
  await settled();
  expect(asked.map(({ id }) => id)).toEqual(['r1', 'r2', 'r3']);
});

test('a job that it cannot read any more has failed and says so, and the others run', async () => {
  for (const id of ['broken', 'older', 'good']) await submit(call(id));
  database.commit((sql) => sql.run("UPDATE job SET asked = '{\"call\":' WHERE id = 'broken'"));
  database.commit((sql) => sql.run("UPDATE job SET asked = json_remove(asked, '$.call.wishes') WHERE id = 'older'"));
  await crash();
  for (const id of ['broken', 'older']) {
    const { status, code, error } = jobs.view(id, LOCAL);
    expect([status, code]).toEqual(['failed', 'invalid_request']);
    expect(error).toContain('Send it again.');
  }
  expect(asked.map(({ id }) => id)).toEqual(['good']);
});

test('a job of a key that was revoked is not run', async () => {
  await submit(call('r1', { owner: ownerOfKey('gone') }));
  await crash();
  expect(asked).toEqual([]);
  expect(jobs.view('r1', LOCAL)).toMatchObject({ status: 'failed', code: 'unauthorized' });
});

test('what was cancelled just before is not run', async () => {
  await submit(call('r1'));
  jobs.cancel('r1', LOCAL);
  await crash();
  expect([asked, jobs.view('r1', LOCAL).status]).toEqual([[], 'cancelled']);
});

test('jobs of a disk that was away at the start run when it is back, and none ends as another', async () => {
  const { away, back, open } = diskThatGoes();
  open();
  for (const id of ['one', 'two', 'mine']) await submit(call(id));
  jobs.cancel('two', LOCAL);
  away();
  open();
  const another = call('mine', { request: { model: 'm', messages: [{ role: 'user', content: 'another' }] } });
  for (const each of [call('three'), call('four'), another]) await submit(each);
  expect(() => jobs.view('one', LOCAL)).toThrow('No request');
  await back();
  jobs.cancel('three', LOCAL);
  jobs.beat();
  await settled();
  expect(asked.map(({ id }) => id)).toEqual(['three', 'four', 'mine', 'one']);
  const states = () => ['one', 'two', 'three', 'four', 'mine'].map((id) => jobs.view(id, LOCAL).status);
  expect(states()).toEqual(['queued', 'cancelled', 'cancelled', 'queued', 'queued']);
  open();
  await settled();
  expect(asked.map(({ id, request }) => [id, request])).toEqual([
    ['one', call('one').request],
    ['four', call('four').request],
    ['mine', another.request],
  ]);
  expect(states()).toEqual(['queued', 'cancelled', 'cancelled', 'queued', 'queued']);
});

test('a batch handed in again under its id while the disk was away takes the place of the first', async () => {
  const { away, back, open } = diskThatGoes();
  const accept = (ids: readonly string[], createdAt: number): SqlJobStore => {
    const store = new SqlJobStore(database);
    store.prepare(
      ids.map((id) => ({ call: call(id), ask: undefined, body: id, createdAt })),
      'mine',
    );
    store.acceptBatch({ id: 'mine', owner: LOCAL, body: ids.join(), createdAt }, ids.length);
    return store;
  };
  open();
  accept(['a', 'b'], 1000);
  away();
  open();
  const store = accept(['c', 'd', 'e'], 2000);
  await back();
  expect(store.cameBack()).toHaveLength(3);
  expect(store.idsOf('mine')).toEqual(['c', 'd', 'e']);
  expect(store.batch('mine')?.counts.waiting).toBe(3);
  expect(store.cameBack()).toEqual([]);
});

/** A disk that is taken away between two processes and comes back under the second. */
function diskThatGoes(): { open(): void; away(): void; back(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-jobs-'));
  const [data, elsewhere] = [join(folder, 'data'), join(folder, 'elsewhere')];
  onTestFinished(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });
  return {
    open() {
      database.close();
      database = openDatabase({ folder: data, clock, log: NO_LOG });
      start();
    },
    away() {
      database.close();
      renameSync(data, elsewhere);
      writeFileSync(data, '');
    },
    async back() {
      rmSync(data);
      renameSync(elsewhere, data);
      await clock.advance(16_000);
      expect(database.isDurable).toBe(true);
    },
  };
}
