// The promise: what was accepted with 202 is run once and its result can be fetched, though the gateway stops in between.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBackend } from '../../../backend/backend.ts';
import type { Backend } from '../../../backend/hosting.ts';
import type { Accepted, BatchView, QueueView, RequestView } from '../../../backend/contract/views/queue-view.ts';
import { NO_LOG } from '../../support/builders.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

let folder = '';
let hearth: Hearth;
/** The gateway after the first one, on the same folder. */
let second: Backend | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-jobs-'));
});
afterEach(async () => {
  await second?.stop();
  second = undefined;
  await hearth.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** No time for what runs when it stops. */
const AT_ONCE = { server: { drain_timeout_ms: 0 } };

async function start(config: HearthOptions['config'] = {}): Promise<void> {
  hearth = await startHearth({ dataFolder: folder, config: { ...AT_ONCE, ...config } });
}

async function restart(config: HearthOptions['config'] = {}): Promise<void> {
  await hearth.backend.stop();
  const options = { log: NO_LOG, version: '0.0.0-test', clock: hearth.clock, dataFolder: folder };
  second = await startBackend({ ...options, config: hearth.config({ ...AT_ONCE, ...config }) });
}

const url = (): string => second?.url ?? hearth.url;
const body = (content: string, more: object = {}) => ({ messages: [{ role: 'user', content }], ...more });
const handIn = async <T = Accepted>(asked: object, headers: Record<string, string> = {}, query = ''): Promise<T> => {
  const init = {
    method: 'POST',
    body: JSON.stringify(asked),
    headers: { 'content-type': 'application/json', ...headers },
  };
  return (await (await fetch(`${url()}/api/chat-queue${query}`, init)).json()) as T;
};
const look = async <T = RequestView>(query: string): Promise<T> =>
  (await (await fetch(`${url()}/api/chat-queue?${query}`)).json()) as T;
const ends = async (id: string): Promise<void> => {
  await expect.poll(async () => (await look(`requestId=${id}`)).status, { timeout: 20_000 }).toBe('completed');
};
const asked = (): unknown[] =>
  hearth.fake.chats().map((call) => (call.body as { messages: { content: string }[] }).messages.at(-1)?.content);

test('what ran begins again and what waited runs after it, in the old order, each once', async () => {
  await start();
  const gate = hearth.fake.gate();
  const before = [
    await handIn(body('one', { requestId: 'one' })),
    await handIn(body('two', { requestId: 'two', priority: 'background' })),
  ];
  before.push(await handIn(body('three', { requestId: 'three' }), { 'user-agent': 'another program' }));
  await hearth.fake.until(({ active }) => active === 1);
  await restart();
  const queue = await look<QueueView>('');
  expect([...queue.running, ...queue.waiting].length + queue.behind).toBe(3);
  gate.release();
  for (const { request_id: id } of before) await ends(id);
  expect(asked()).toEqual(['one', 'one', 'three', 'two']);
  for (const { request_id, created_at, class: of, model } of before) {
    const view = await look(`requestId=${request_id}`);
    expect(view).toMatchObject({
      status: 'completed',
      created_at,
      class: of,
      model,
      result: { request_id, source: 'miss' },
    });
    expect(view).not.toHaveProperty('partial');
  }
});

test('an id that was sent before the stop is the same job after it', async () => {
  await start();
  const gate = hearth.fake.gate();
  const first = await handIn(body('one', { requestId: 'mine' }));
  await hearth.fake.until(({ active }) => active === 1);
  await restart();
  gate.release();
  const again = await handIn(body('one', { requestId: 'mine' }));
  expect(again).toMatchObject({ request_id: 'mine', created_at: first.created_at, durable: true });
  await ends('mine');
  expect(await handIn(body('one', { requestId: 'mine' }))).toMatchObject({ request_id: 'mine' });
  expect(await handIn(body('two', { requestId: 'mine' }))).toMatchObject({ code: 'request_exists' });
  expect(asked()).toEqual(['one', 'one']);
});

test('results and failures can be read as before, until they are gone, which they stay', async () => {
  await start({ queue: { retention_seconds: 60 } });
  await handIn(body('one', { requestId: 'good' }));
  await ends('good');
  hearth.fake.next({ fail: { status: 500, error: 'it broke' } });
  await handIn(body('two', { requestId: 'bad' }));
  await expect.poll(async () => (await look('requestId=bad')).status).toBe('failed');
  const before = [await look('requestId=good'), await look('requestId=bad')];
  await restart({ queue: { retention_seconds: 60 } });
  expect([await look('requestId=good'), await look('requestId=bad')]).toEqual(before);
  const stream = await fetch(`${url()}/api/chat-queue?requestId=good`, { headers: { accept: 'text/event-stream' } });
  expect(await stream.text()).toContain('"done":true');
  hearth.clock.forward(61_000);
  expect(await look('requestId=good')).toMatchObject({ code: 'request_gone' });
  expect((await fetch(`${url()}/api/chat-queue?requestId=bad`)).status).toBe(410);
});

test('a result is kept for its time though the machine slept for hours before it ended', async () => {
  await start();
  await handIn(body('first', { requestId: 'first' }));
  await ends('first');
  // The clock on the wall goes on meanwhile, and the monotonic one does not.
  hearth.clock.jump(8 * 3_600_000);
  await handIn(body('one', { requestId: 'one' }));
  await ends('one');
  await handIn([body('two')], {}, '?batch=many');
  await expect.poll(async () => (await look<BatchView>('batch=many')).status).toBe('completed');
  const batch = await look<BatchView>('batch=many');
  expect(hearth.clock.now() - Date.parse(batch.finished_at ?? '')).toBeLessThan(60_000);
  await restart();
  for (const id of ['first', 'one']) expect(await look(`requestId=${id}`)).toMatchObject({ status: 'completed' });
  expect(await look('batch=many')).toEqual(batch);
});

test('a cancelled job stays cancelled', async () => {
  await start();
  const gate = hearth.fake.gate();
  await handIn(body('one', { requestId: 'runs' }));
  await handIn(body('two', { requestId: 'waits' }));
  await hearth.fake.until(({ active }) => active === 1);
  for (const id of ['waits', 'runs']) {
    const answer = await fetch(`${url()}/api/chat-queue?requestId=${id}`, { method: 'DELETE' });
    expect(await answer.json()).toEqual({ request_id: id, status: 'cancelled' });
  }
  gate.release();
  await restart();
  for (const id of ['runs', 'waits']) expect(await look(`requestId=${id}`)).toMatchObject({ status: 'cancelled' });
  await handIn(body('three', { requestId: 'later' }));
  await ends('later');
  expect(asked()).toEqual(['one', 'three']);
});
