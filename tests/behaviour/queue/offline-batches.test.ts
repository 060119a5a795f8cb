// The promise: a list handed in to /api/chat-queue is accepted whole or not at all, waits on disk without filling the line,
// runs as background work, and is looked at and cancelled as one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AcceptedBatch, BatchView, QueueView } from '../../../backend/contract/views/queue-view.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { deferred } from '../../support/waiting.ts';

let hearth: Hearth;
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-batches-'));
});
afterEach(async () => {
  await hearth.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (config: HearthOptions['config'] = {}): Promise<void> => {
  hearth = await startHearth({ dataFolder: folder, config: { server: { drain_timeout_ms: 0 }, ...config } });
};
const one = (content: string, more: object = {}) => ({ messages: [{ role: 'user', content }], ...more });
const many = (count: number) => Array.from({ length: count }, (_, i) => one(`question ${i}`));
const send = (list: unknown, query = '') => hearth.post(`/api/chat-queue${query}`, list);
const view = async (query: string): Promise<BatchView> =>
  (await (await hearth.get(`/api/chat-queue?batch=${query}`)).json()) as BatchView;
const queue = async (): Promise<QueueView> => (await (await hearth.get('/api/chat-queue')).json()) as QueueView;
const remove = (batch: string) => fetch(`${hearth.url}/api/chat-queue?batch=${batch}`, { method: 'DELETE' });

test('many wait on disk and few in line, all run in their order, and the results come in pages', async () => {
  await start();
  const gate = hearth.fake.gate();
  const answer = await send(many(12), '?batch=mine');
  expect([answer.status, answer.headers.get('location')]).toEqual([202, '/api/chat-queue?batch=mine']);
  const accepted = (await answer.json()) as AcceptedBatch;
  expect(accepted).toMatchObject({ batch_id: 'mine', durable: true, counts: { total: 12 } });
  await hearth.fake.until(({ active }) => active === 1);
  const { running, waiting, behind, batches } = await queue();
  expect([running.length + waiting.length, behind]).toEqual([4, 8]);
  expect(waiting.every(({ class: of, class_by }) => of === 'background' && class_by === 'a batch')).toBe(true);
  expect(batches).toMatchObject([{ batch_id: 'mine', status: 'processing', counts: { queued: 11, processing: 1 } }]);
  expect((await view('mine&limit=12')).requests.map(({ queue_position }) => queue_position)).toEqual([
    ...Array(12).keys(),
  ]);
  gate.release();
  await expect.poll(async () => (await view('mine')).status, { timeout: 20_000 }).toBe('completed');
  expect(hearth.fake.chats().map((call) => (call.body as { messages: object[] }).messages[0])).toEqual(
    many(12).map(({ messages: [message] }) => message),
  );
  const first = await view('mine&limit=7');
  const rest = await view(`mine&limit=7&after=${first.next}`);
  expect([first.requests.length, rest.requests.length, rest.next]).toEqual([7, 5, undefined]);
  expect([...first.requests, ...rest.requests].map(({ request_id: id }) => id)).toEqual(accepted.request_ids);
  expect([...first.requests, ...rest.requests].every(({ result }) => result?.message.role === 'assistant')).toBe(true);
  expect((await queue()).batches).toEqual([]);
});

test('one that is wrong, unknown or taken is named, and none of the list is accepted', async () => {
  await start({ queue: { max_jobs: 5 } });
  await send(one('first', { requestId: 'taken' }));
  const refused: readonly [unknown, number, string][] = [
    [[...many(2), { messages: [] }], 400, 'at [2]: messages must have at least one message'],
    [[...many(2), one('x', { model: 'nobody-has-this' })], 404, 'nobody-has-this'],
    [[...many(2), one('x', { requestId: 'taken' })], 409, 'taken'],
    [[one('x', { requestId: 'twice' }), one('y', { requestId: 'twice' })], 409, 'twice'],
    [many(6), 503, 'queue.max_jobs'],
    [[], 400, 'The list is empty'],
  ];
  for (const [list, status, word] of refused) {
    const answer = await send(list, '?batch=refused');
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(word)]);
  }
  expect((await hearth.get('/api/chat-queue?batch=refused')).status).toBe(404);
  expect((await queue()).behind).toBe(0);
});

test('two at once do not pass queue.max_jobs together', async () => {
  await start({ queue: { max_jobs: 5 } });
  const gate = hearth.fake.gate();
  hearth.fake.install({ name: 'new:latest', capabilities: ['completion'] });
  const news = Array.from({ length: 3 }, (_, i) => one(`question ${i}`, { model: 'new' }));
  // Both are looked at before either is written: whether there is such a model has to be asked.
  const asked = (): number => hearth.fake.calls.filter(({ path }) => path === '/api/tags').length;
  const before = asked();
  hearth.fake.hang(true);
  const first = send(news);
  await hearth.fake.until(() => asked() > before);
  const second = send(news);
  await hearth.get('/health');
  hearth.fake.hang(false);
  expect([(await first).status, (await second).status]).toEqual([202, 503]);
  // What the one that was refused would have taken is free.
  expect((await send(many(2))).status).toBe(202);
  gate.release();
});

test('it is cancelled as one, in line and behind it, and what was done stays', async () => {
  await start();
  const held = deferred<void>();
  hearth.fake.next({}, { hold: held.promise });
  await send(many(10), '?batch=mine');
  await expect.poll(async () => (await view('mine')).counts.completed).toBe(1);
  await hearth.fake.until(({ active }) => active === 1);
  expect(await (await remove('mine')).json()).toMatchObject({ status: 'cancelled', cancelled: 9 });
  held.resolve();
  const { counts, requests } = await view('mine');
  expect(counts).toEqual({ total: 10, queued: 0, processing: 0, completed: 1, failed: 0, cancelled: 9, expired: 0 });
  expect(requests.map(({ status }) => status)).toEqual(['completed', ...Array<string>(9).fill('cancelled')]);
  expect((await remove('mine')).status).toBe(409);
  expect((await remove('nobodys')).status).toBe(404);
});

test('sent again with its id it is the same batch, and with another list refused', async () => {
  await start();
  const [first, second] = await Promise.all([send(many(3), '?batch=mine'), send(many(3), '?batch=mine')]);
  expect([first.status, second.status]).toEqual([202, 202]);
  const ids = ((await first.json()) as AcceptedBatch).request_ids;
  expect(((await second.json()) as AcceptedBatch).request_ids).toEqual(ids);
  expect((await send(many(4), '?batch=mine')).status).toBe(409);
  await expect.poll(async () => (await view('mine')).status, { timeout: 10_000 }).toBe('completed');
  expect(hearth.fake.chats().length).toBe(3);
});
