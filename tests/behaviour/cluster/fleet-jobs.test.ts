// Jobs of a fleet: any gateway accepts them, one runs each, all can tell of them and take them back.
import { once } from 'node:events';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ACCEPT, BEGIN, SURE, UNSURE } from '../../../backend/cluster/job-scripts.ts';
import { JobTurns, LOCK_MS, STALLED_MS, turnKeys } from '../../../backend/cluster/job-turns.ts';
import { runScript } from '../../../backend/cluster/script.ts';
import { ValkeyJobs } from '../../../backend/cluster/shared-job-store.ts';
import { Link } from '../../../backend/cluster/link.ts';
import { newClient } from '../../../backend/cluster/valkey-client.ts';
import { systemClock } from '../../../backend/clock.ts';
import type { Config } from '../../../backend/contract/config/config.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import type { BatchView, RequestView } from '../../../backend/contract/views/queue-view.ts';
import { fleetLine, type FleetLineParts } from '../../../backend/core/stories/fleet/fleet-line.ts';
import type { FleetTurn } from '../../../backend/core/stories/fleet/shared-jobs.ts';
import type { Gate } from '../../support/fake-ollama/fake-ollama.ts';
import { piecesOf, startHearth, type Hearth } from '../../support/hearth.ts';
import { startValkey, type Valkey } from '../../support/valkey.ts';
import { eventually } from '../../support/waiting.ts';

let valkey: Valkey;
let fleet: Hearth[] = [];

beforeEach(async () => {
  valkey = await startValkey({ appendonly: 'yes' });
});
afterEach(async () => {
  await Promise.all(fleet.splice(0).map((each) => each.stop()));
  await valkey.stop();
});

/** So many gateways, each before an Ollama of its own, of which one answers at a time. */
async function gateways(count: number, queue: object = {}, cluster: object = {}): Promise<readonly [Hearth, Hearth]> {
  fleet = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      startHearth({
        config: {
          cluster: { url: valkey.url, node: `node-${at}`, timeout_ms: 2000, ...cluster },
          queue: { max_concurrent: 1, ...queue },
          cache: { enabled: false },
        },
      }),
    ),
  );
  for (const { get } of fleet) {
    await eventually(
      'it is one of the fleet',
      async () => (await get('/api/chat-queue?requestId=none')).status === 404,
    );
  }
  const [first, second = first] = fleet;
  if (first === undefined || second === undefined) throw new Error('two are needed');
  return [first, second];
}

const saying = (content: string, more: object = {}): object => ({ messages: [{ role: 'user', content }], ...more });
const handIn = async ({ post }: Hearth, body: unknown, path = '/api/chat-queue') => {
  const response = await post(path, body);
  return {
    status: response.status,
    body: (await response.json()) as RequestView & { code?: string; durable?: boolean },
  };
};
const look = async ({ get }: Hearth, id: string): Promise<RequestView> =>
  (await (await get(`/api/chat-queue?requestId=${id}`)).json()) as RequestView;
const ended = (hearth: Hearth, id: string): Promise<RequestView> =>
  eventually(`${id} has ended`, async () => {
    const view = await look(hearth, id);
    return view.status === 'queued' || view.status === 'processing' ? undefined : view;
  });
const runs = (): string[] =>
  fleet.flatMap(({ fake }) =>
    fake.chats().map(({ body }) => String((body?.['messages'] as { content: string }[] | undefined)?.at(-1)?.content)),
  );
const gated = (): Gate[] => fleet.map(({ fake }) => fake.gate());

test('a job is run once, by any gateway, and all tell its answer', async () => {
  const [a, b] = await gateways(2);
  for (let n = 0; n < 6; n++) {
    const { status, body } = await handIn(n % 2 === 0 ? a : b, saying(`question ${n}`, { requestId: `job-${n}` }));
    expect([status, body.durable]).toEqual([202, true]);
  }
  for (let n = 0; n < 6; n++) {
    const [here, there] = [await ended(a, `job-${n}`), await ended(b, `job-${n}`)];
    // How many wait has changed between the two.
    expect({ ...here, queue_length: 0 }).toEqual({ ...there, queue_length: 0 });
    expect(here).toMatchObject({
      status: 'completed',
      result: { message: { content: expect.stringContaining(`question ${n}`) as string } },
    });
  }
  expect(runs().toSorted()).toEqual(Array.from({ length: 6 }, (_, n) => `question ${n}`));
});

test('the same id at another gateway is the same job, and another body is refused', async () => {
  const [a, b] = await gateways(2);
  const [first, second] = await Promise.all([a, b].map((each) => handIn(each, saying('one', { requestId: 'same' }))));
  expect([first?.status, second?.status]).toEqual([202, 202]);
  expect(await handIn(b, saying('two', { requestId: 'same' }))).toMatchObject({
    status: 409,
    body: { code: 'request_exists' },
  });
  await ended(a, 'same');
  expect((await handIn(b, saying('one', { requestId: 'same' }))).status).toBe(202);
  expect(runs()).toEqual(['one']);
});

test('where a job stands is counted over the fleet, and any gateway takes it back', async () => {
  const [a, b] = await gateways(2);
  const gates = gated();
  for (let n = 0; n < 8; n++) await handIn(a, saying(`question ${n}`, { requestId: `job-${n}` }));
  const running = await eventually('two run', () => (runs().length === 2 ? runs() : undefined));
  const all = await Promise.all(Array.from({ length: 8 }, (_, n) => look(b, `job-${n}`)));
  await eventually(
    'the others know',
    async () =>
      (await Promise.all(Array.from({ length: 8 }, (_, n) => look(b, `job-${n}`)))).filter(
        ({ status }) => status === 'processing',
      ).length === 2,
  );
  expect(Math.max(...all.map(({ queue_position }) => queue_position))).toBeGreaterThanOrEqual(5);
  const cancelled = ['job-7', running[0]?.replace('question ', 'job-') ?? ''];
  for (const id of cancelled) {
    expect((await fetch(`${b.url}/api/chat-queue?requestId=${id}`, { method: 'DELETE' })).status).toBe(200);
    expect(await look(a, id)).toMatchObject({ status: 'cancelled', code: 'cancelled' });
    expect((await fetch(`${a.url}/api/chat-queue?requestId=${id}`, { method: 'DELETE' })).status).toBe(409);
  }
  for (const gate of gates) gate.release();
  for (let n = 0; n < 7; n++)
    if (!cancelled.includes(`job-${n}`)) expect((await ended(b, `job-${n}`)).status).toBe('completed');
  expect(runs()).not.toContain('question 7');
});

test('a gateway that stops gives its jobs to the others, which run them', async () => {
  const [a, b] = await gateways(2);
  const gate = a.fake.gate();
  for (let n = 0; n < 4; n++) await handIn(a, saying(`question ${n}`, { requestId: `job-${n}` }));
  await a.fake.until(({ active }) => active === 1);
  fleet = [b];
  const stopped = a.stop();
  for (let n = 0; n < 4; n++) expect((await ended(b, `job-${n}`)).status).toBe('completed');
  gate.release();
  await stopped;
});

test('who looks on at another gateway is told the answer when it is whole', async () => {
  const [a, b] = await gateways(2);
  const [held, free] = gated();
  await handIn(a, saying('question', { requestId: 'job' }));
  await eventually('it runs', () => runs().length === 1);
  const streams = await Promise.all(
    [a, b].map(({ url }) => fetch(`${url}/api/chat-queue?requestId=job`, { headers: { accept: 'text/event-stream' } })),
  );
  held?.release();
  free?.release();
  for (const stream of streams) {
    const pieces = await piecesOf(stream);
    expect(pieces.map(({ content }) => content).join('')).toContain('question');
    expect(pieces.at(-1)).toMatchObject({ done: true, request_id: 'job', source: 'bypass' });
  }
});

test('a batch is accepted as a whole, shared out, and looked at from any gateway', async () => {
  const [a, b] = await gateways(2, { max_jobs: 12 });
  const list = Array.from({ length: 10 }, (_, n) => saying(`line ${n}`, { requestId: `line-${n}` }));
  expect(await handIn(a, list, '/api/chat-queue?batch=many')).toMatchObject({
    status: 202,
    body: { batch_id: 'many', durable: true },
  });
  const others = Array.from({ length: 13 }, (_, n) => saying(`more ${n}`));
  expect(await handIn(b, others, '/api/chat-queue?batch=more')).toMatchObject({
    status: 503,
    body: { code: 'queue_full' },
  });
  const view = await eventually('the batch has ended', async () => {
    const seen = (await (await b.get('/api/chat-queue?batch=many&limit=4')).json()) as BatchView;
    return seen.status === 'completed' ? seen : undefined;
  });
  expect(view).toMatchObject({ counts: { total: 10, completed: 10 }, next: expect.any(String) as string });
  expect(view.requests.map(({ request_id }) => request_id)).toEqual(['line-0', 'line-1', 'line-2', 'line-3']);
  expect(runs().length).toBe(10);
});

test('without Valkey a job is refused; what was accepted before is done when it is back', async () => {
  const [a, b] = await gateways(2);
  const gates = gated();
  for (let n = 0; n < 4; n++) await handIn(a, saying(`question ${n}`, { requestId: `job-${n}` }));
  await eventually('two run', () => runs().length === 2);
  await valkey.kill();
  expect(await handIn(b, saying('late', { requestId: 'late' }))).toMatchObject({
    status: 503,
    body: { code: 'fleet_unreachable' },
  });
  for (const gate of gates) gate.release();
  await valkey.start();
  await eventually(
    'it is accepted',
    async () => (await handIn(b, saying('late', { requestId: 'late' }))).status === 202,
  );
  await eventually('the other gateway has Valkey again too', async () => (await look(a, 'late')).status !== undefined);
  for (const id of ['job-0', 'job-1', 'job-2', 'job-3', 'late']) expect((await ended(a, id)).status).toBe('completed');
  expect(runs().toSorted()).toEqual(['late', 'question 0', 'question 1', 'question 2', 'question 3']);
});

test('a job whose turn comes to its own gateway again runs on, and once', async () => {
  const [a] = await gateways(1);
  const gate = a.fake.gate();
  await handIn(a, saying('question', { requestId: 'job' }));
  await eventually('it runs', async () => (await look(a, 'job')).status === 'processing');
  const turns = 'hearth:{hearth}:1:turns';
  const client = new Redis(valkey.port, '127.0.0.1', { maxRetriesPerRequest: null });
  // As when Valkey was away for longer than a turn lasts.
  await client.del(`${turns}:j1:lock`, `${turns}:stalled-check`);
  const looker = new Worker('turns', null, {
    connection: client,
    prefix: 'hearth:{hearth}:1',
    autorun: false,
    stalledInterval: 50,
    maxStalledCount: 100,
    skipVersionCheck: true,
  });
  const stalled = once(looker, 'stalled');
  await looker.startStalledCheckTimer();
  await stalled;
  await looker.close();
  await eventually('it has its turn again', () => client.exists(`${turns}:j1:lock`));
  for (let n = 0; n < 5; n++) expect((await look(a, 'job')).status).toBe('processing');
  gate.release();
  expect((await ended(a, 'job')).status).toBe('completed');
  await eventually('BullMQ has forgotten it', async () => (await client.exists(`${turns}:j1`)) === 0);
  expect(runs()).toEqual(['question']);
  client.disconnect();
});

test('a job that no replica has is refused and does not wait; it holds up nothing else', async () => {
  const [a, b] = await gateways(2, {}, { job_replicas: 1 });
  const again = (): ReturnType<typeof handIn> => handIn(a, saying('one', { requestId: 'one' }));
  const refused = { status: 503, body: { code: 'fleet_unreachable' } };
  // Each of them waits for a replica; who looks at something meanwhile does not.
  const waiting = Promise.all([again(), handIn(b, saying('one', { requestId: 'one' })), handIn(a, saying('two'))]);
  const client = new Redis(valkey.port, '127.0.0.1');
  await eventually('they wait', async () => /blocked_clients:[1-9]/.test(await client.info()));
  expect((await a.get('/api/chat-queue?requestId=none')).status).toBe(404);
  expect(await client.info()).toMatch(/blocked_clients:[1-9]/);
  for (const answer of await waiting) expect(answer).toMatchObject(refused);
  expect(await again()).toMatchObject(refused);
  for (const { get } of fleet) expect((await get('/api/chat-queue?requestId=one')).status).toBe(404);
  expect(await client.keys('hearth:*:jobs:job:*')).toEqual([]);
  const replica = await startValkey({ replicaof: `127.0.0.1 ${valkey.port}` });
  await eventually('it is accepted', async () => (await again()).status === 202);
  expect((await ended(b, 'one')).status).toBe('completed');
  expect(runs()).toEqual(['one']);
  client.disconnect();
  await replica.stop();
});

test('one that is refused stays where somebody else was accepted with the same id', async () => {
  const client = new Redis(valkey.port, '127.0.0.1');
  const seq = (await runScript(client, ACCEPT, 'test:', [9, 'job', 'owner', 'local'])) as [number];
  for (const [at, script] of [SURE, UNSURE, SURE, UNSURE].entries()) {
    await runScript(client, script, 'test:', ['job', seq[0]]);
    expect([at, await client.zcard('test:open')]).toEqual([at, 1]);
  }
  await runScript(client, UNSURE, 'test:', ['job', seq[0] + 1]);
  await runScript(client, BEGIN, 'test:', ['job', 'token']);
  await runScript(client, UNSURE, 'test:', ['job', seq[0]]);
  expect(await client.zcard('test:open')).toBe(1);
  client.disconnect();
});

test('a batch whose gateway was killed while it wrote it is accepted when it is handed in again', async () => {
  const [a] = await gateways(1);
  const { store, link } = await storeOf('hearth:{hearth}:1:');
  const call = { ...CALL, id: 'line-0', owner: 'local', class: 'normal', classBy: 'default', priority: 0 } as const;
  await store.prepare([{ call, ask: undefined, body: 'b', createdAt: 0 }], 'many');
  await link.close();
  const list = [0, 1].map((n) => saying(`line ${n}`, { requestId: `line-${n}` }));
  expect((await handIn(a, list, '/api/chat-queue?batch=many')).status).toBe(202);
  for (const id of ['line-0', 'line-1']) expect((await ended(a, id)).status).toBe('completed');
});

test('a job that one gateway alone can run is told of when that was gone for long enough', async () => {
  const { store, link } = await storeOf('test:{home}:');
  const call = { ...CALL, id: 'job', owner: 'local', class: 'normal', classBy: 'default', priority: 0 } as const;
  const job = { ask: undefined, body: 'b', createdAt: 0, rank: 1 };
  await store.accept({ ...job, call, home: 'a' }, 10);
  await store.accept({ ...job, call: { ...call, id: 'other' }, home: undefined }, 10);
  expect(await store.homeless(['a', 'b'], 0)).toEqual([]);
  // From when it is first seen to be gone.
  expect(await store.homeless(['aa', 'b'], 0)).toEqual([]);
  expect(await store.homeless(['b'], 60_000)).toEqual([]);
  const gone = { id: 'job', home: 'a' };
  expect(await store.homeless(['b'], 0)).toEqual([gone]);
  expect(await store.homeless(['b', 'a'], 0)).toEqual([]);
  expect(await store.homeless(['b'], 0)).toEqual([]);
  expect(await store.homeless(['b'], 0)).toEqual([gone]);
  // Nobody looked for a while, as while Valkey was away: it may have been there.
  const client = new Redis(valkey.port, '127.0.0.1');
  await client.decrby('test:{home}:jobs:homes:looked', 31_000);
  expect(await store.homeless(['b'], 0)).toEqual([]);
  expect(await store.homeless(['b'], 0)).toEqual([gone]);
  const outcome = {
    finishedAt: new Date(0).toISOString(),
    error: 'gone',
    code: 'fleet_unreachable',
    record: undefined,
  } as const;
  // It is back, and faster.
  await store.begin('job', 'token');
  expect(await store.abandon(gone, 0, outcome, RETENTION)).toBe(false);
  expect((await store.find('job'))?.state).toBe('waiting');
  // It has died while it ran it.
  for (const found of [[], [gone]]) expect(await store.homeless(['b'], 0)).toEqual(found);
  expect(await store.abandon(gone, 60_000, outcome, RETENTION)).toBe(false);
  expect(await store.abandon(gone, 0, outcome, RETENTION)).toBe(true);
  expect(await store.find('job')).toMatchObject({
    state: 'failed',
    ended: { error: 'gone', code: 'fleet_unreachable' },
  });
  expect(await store.homeless(['b'], 0)).toEqual([]);
  client.disconnect();
  await link.close();
});

test('nothing of a gateway that is gone for good stays in Valkey', async () => {
  const { store, link } = await storeOf('test:{home}:');
  const call = { ...CALL, owner: 'local', class: 'normal', classBy: 'default', priority: 0 } as const;
  const turns = turnsAt('test:{home}');
  const accepted: FleetTurn[] = [];
  for (const id of ['one', 'two', 'three']) {
    const job = { call: { ...call, id }, ask: undefined, body: 'b', createdAt: 0, rank: 1, home: 'a' };
    accepted.push((await store.accept(job, 10)) as FleetTurn);
  }
  await turns.add([...accepted, { id: 'other', seq: 9, rank: 1, home: 'b' }]);
  const client = new Redis(valkey.port, '127.0.0.1');
  const left = (): Promise<string[]> => client.keys('test:{home}:turns@a:*');
  expect(await left()).toContain('test:{home}:turns@a:j3');
  const outcome = { finishedAt: new Date(0).toISOString(), error: 'gone', record: undefined } as const;
  for (let n = 0; n < 2; n++)
    for (const job of await store.homeless(['b'], 0)) await store.abandon(job, 0, outcome, RETENTION);
  for (let n = 0; n < 2; n++) expect(await store.homeless(['b'], 0)).toEqual([]);
  expect(await left()).toEqual([]);
  expect(await client.hkeys('test:{home}:jobs:homes')).toEqual(['b']);
  expect(await client.keys('test:{home}:jobs:homed:*')).toEqual([]);
  expect(await client.keys('test:{home}:turns@b:j*')).toHaveLength(1);
  client.disconnect();
  await turns.close();
  await link.close();
});

test('a new batch is handed round at once, however many wait', async () => {
  const { store, link } = await storeOf('test:{batch}:');
  const call = { ...CALL, owner: 'local', class: 'normal', classBy: 'default', priority: 0 } as const;
  const accept = async (batch: string, count: number): Promise<readonly number[]> => {
    const ids = Array.from({ length: count }, (_, n) => `${batch}-${n}`);
    const jobs = ids.map((id) => ({ call: { ...call, id }, ask: undefined, body: 'b', createdAt: 0 }));
    const seqs: number[] = [];
    for (let at = 0; at < count; at += 50) seqs.push(...(await store.prepare(jobs.slice(at, at + 50), batch)));
    await store.acceptBatch({ id: batch, owner: 'local', body: 'b', createdAt: 0 }, count);
    return seqs;
  };
  const turns = turnsAt('test:{batch}');
  const parts = { jobs: { isStopped: false }, store, turns } as unknown as FleetLineParts;
  const line = fleetLine(parts);
  const client = new Redis(valkey.port, '127.0.0.1');
  const handed = (): Promise<number> => client.zcard('test:{batch}:turns:prioritized');
  for (const [batch, count] of [['many', 510] as const, ['few', 3] as const]) {
    const before = await handed();
    line.add((await accept(batch, count)).map((seq) => ({ seq, batch })));
    await eventually('all of it is handed round', async () => (await handed()) === before + count);
  }
  client.disconnect();
  await turns.close();
  await link.close();
});

test('where the clock of Valkey was set back no turn outlives its time, and no job is left out', async () => {
  const { store, link } = await storeOf('test:{clock}:');
  const client = new Redis(valkey.port, '127.0.0.1');
  const HOUR_MS = 3_600_000;
  const turns = 'test:{clock}:turns';
  await client.rpush(`${turns}:active`, 'j1');
  for (const key of [`${turns}:j1:lock`, `${turns}:stalled-check`]) await client.set(key, 'dead', 'PX', HOUR_MS);
  await store.beat(RETENTION);
  expect(await client.pttl(`${turns}:j1:lock`)).toBeLessThanOrEqual(LOCK_MS);
  expect(await client.pttl(`${turns}:stalled-check`)).toBeLessThanOrEqual(STALLED_MS);
  const call = { ...CALL, id: 'job', owner: 'local', class: 'normal', classBy: 'default', priority: 0 } as const;
  await store.accept({ call, ask: undefined, body: 'b', createdAt: 0, rank: 1, home: undefined }, 10);
  await client.hset('test:{clock}:jobs:job:job', 'created', Date.now() + HOUR_MS);
  expect((await store.strayed()).map(({ id }) => id)).toEqual(['job']);
  await store.begin('job', 'token');
  expect(Number(await client.hget('test:{clock}:jobs:job:job', 'created'))).toBeLessThan(Date.now() + HOUR_MS / 2);
  client.disconnect();
  await link.close();
});

test('a gateway that stops without Valkey leaves no timer and no connection', async () => {
  const open = (): number => process.getActiveResourcesInfo().filter((each) => /^(?:Timeout|TCP)/.test(each)).length;
  const before = open();
  const turns = turnsAt('test:{stop}');
  turns.room(1);
  turns.open(
    () => Promise.resolve(true),
    () => undefined,
  );
  const client = new Redis(valkey.port, '127.0.0.1', { retryStrategy: () => null });
  await eventually('it waits for a turn', async () => /blocked_clients:2/.test(await client.info()));
  const ended = once(client, 'end');
  await valkey.kill();
  await ended;
  await turns.close();
  await eventually('nothing is left', () => open() <= before);
});

test('a connection that ends while it subscribes again leaves no rejection that nobody handles', async () => {
  const rejected: unknown[] = [];
  const note = (why: unknown): void => void rejected.push(why);
  process.on('unhandledRejection', note);
  const clients = new Map<string, Redis>();
  const turns = turnsAt('test:{news}', clients);
  turns.open(
    () => Promise.resolve(true),
    () => undefined,
  );
  const client = new Redis(valkey.port, '127.0.0.1');
  const channel = 'test:{news}:jobs:news';
  await eventually('it listens', async () => (await client.pubsub('NUMSUB', channel))[1] === 1);
  const news = clients.get('news');
  if (news === undefined) throw new Error('there is no connection for news');
  await news.ping();
  news.disconnect(true);
  await once(news, 'ready');
  // As where Valkey does not answer any more, and the gateway stops.
  news.disconnect();
  news.stream.destroy();
  await once(news, 'end');
  await new Promise((next) => setImmediate(next));
  process.off('unhandledRejection', note);
  expect(rejected).toEqual([]);
  client.disconnect();
  await turns.close();
});

function turnsAt(prefix: string, clients = new Map<string, Redis>()): JobTurns {
  const access = { cluster: fleetConfig(), trust: () => Promise.resolve(undefined) };
  const note = (): void => undefined;
  return new JobTurns({
    prefix,
    node: 'test',
    log: { debug: note, info: note, warn: note, error: note },
    newClient: async (purpose, more) => {
      const client = await newClient(access, purpose, more);
      clients.set(purpose, client);
      return client;
    },
    clock: systemClock,
  });
}

test('a gateway from which a job was taken cannot end it any more', async () => {
  const { store, link } = await storeOf('test:{fence}:');
  const call = { ...CALL, id: 'job', owner: 'local', class: 'normal', classBy: 'default', priority: 0 } as const;
  await store.accept({ call, ask: undefined, body: 'b', createdAt: 0, rank: 1, home: undefined }, 10);
  expect((await store.begin('job', 'first'))?.call).toEqual(call);
  for (const node of ['a-1', 'a', 'a']) {
    await store.begin('job', 'other');
    await store.back('job', 'other', node);
  }
  expect((await store.begin('job', 'second'))?.without.map(({ node }) => node)).toEqual(['a', 'a-1']);
  const ended = {
    state: 'completed',
    outcome: { finishedAt: new Date(0).toISOString(), record: Buffer.from('answer') },
  } as const;
  expect(await store.end('job', 'first', ended, RETENTION)).toBe(false);
  expect((await store.find('job'))?.state).toBe('waiting');
  expect(await store.end('job', 'second', ended, RETENTION)).toBe(true);
  expect(await store.end('job', 'second', ended, RETENTION)).toBe(false);
  expect(await store.begin('job', 'third')).toBeUndefined();
  expect((await store.find('job'))?.ended?.record?.toString()).toBe('answer');
  // The room of results: the oldest go, and are known to be gone.
  await store.accept(
    { call: { ...call, id: 'next' }, ask: undefined, body: 'b', createdAt: 0, rank: 1, home: undefined },
    10,
  );
  await store.begin('next', 'first');
  await store.end('next', 'first', ended, { ...RETENTION, maxBytes: 3000 });
  expect([await store.find('job'), await store.gone('job', 'job')]).toEqual([undefined, 'local']);
  await link.close();
});

/** What lies in Valkey of the jobs of a fleet, as a gateway writes it. */
async function storeOf(prefix: string): Promise<{ readonly store: ValkeyJobs; readonly link: Link }> {
  const link = new Link({
    cluster: fleetConfig(),
    trust: () => Promise.resolve(undefined),
    clock: systemClock,
    clientName: 'test',
  });
  link.open();
  await eventually('the link is up', () => link.isUp);
  const parts = {
    link,
    prefix,
    turns: `${prefix}turns`,
    turnKeys,
    taken: [`${prefix}turns`, LOCK_MS, STALLED_MS] as const,
    clock: systemClock,
    kept: undefined,
  };
  const store = new ValkeyJobs({
    ...parts,
    most: () => 1000,
    isDurable: () => true,
    onAccepted: () => undefined,
    onChange: () => undefined,
  });
  return { store, link };
}

const RETENTION = { singleMs: 60_000, batchMs: 60_000, maxBytes: 1_000_000 };
const CALL = {
  route: '/api/chat-queue',
  model: 'llama3.2',
  caller: 'test',
  family: 'chat',
  namespace: 'local',
  wishes: [],
  request: { model: 'llama3.2', messages: [] },
  cacheByDefault: 'always',
  replay: 'instant',
  streamed: false,
} as const;

function fleetConfig(): Config['cluster'] {
  return resolveConfig({ file: { path: 'test', data: { cluster: { url: valkey.url, timeout_ms: 5000 } } } }, 'headless')
    .config.cluster;
}
