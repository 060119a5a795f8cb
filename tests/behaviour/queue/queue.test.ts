// The queue as its users see it: places, refusals, cancelling, and requests without a connection.
import { afterEach, expect, test } from 'vitest';
import {
  acceptedSchema,
  queueSchema,
  requestViewSchema,
  type RequestView,
} from '../../../backend/contract/views/queue-view.ts';
import { piecesOf, startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { deferred, eventually, reading } from '../../support/waiting.ts';

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth(options);
};
afterEach(() => hearth.stop());

const view = async (id: string): Promise<RequestView> =>
  requestViewSchema.parse(await (await hearth.get(`/api/chat-queue?requestId=${id}`)).json());

const status = (id: string, wanted: RequestView['status']): Promise<RequestView> =>
  eventually(`${id} is ${wanted}`, async () => {
    const seen = await view(id);
    return seen.status === wanted && seen;
  });

const waiting = (length: number): Promise<true> =>
  eventually(`${length} wait`, async () => {
    const queue = queueSchema.parse(await (await hearth.get('/api/chat-queue')).json());
    return queue.queue_length === length;
  });

const handIn = async (content: string, more: object = {}): Promise<string> => {
  const response = await hearth.post('/api/chat-queue', { messages: [{ role: 'user', content }], ...more });
  expect(response.status).toBe(202);
  return acceptedSchema.parse(await response.json()).request_id;
};

test('a full queue refuses with 503 and says when to come back', async () => {
  await start({ config: { queue: { max_queue_size: 1 } } });
  const gate = hearth.fake.gate();
  const running = hearth.chat('runs');
  await hearth.fake.until(({ active }) => active === 1);
  const id = await handIn('waits');
  for (const stream of [false, true]) {
    const refused = await hearth.chat('too many', { stream });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(120);
    expect(await refused.json()).toMatchObject({
      code: 'queue_full',
      retryable: true,
      error: expect.stringMatching(/^The queue is full: 1 wait\. Try again in about /),
    });
  }
  gate.release();
  await (await running).text();
  await status(id, 'completed');
});

test('while it waits, a stream says its position and estimate, and goes on saying so', async () => {
  await start({ patience: { heartbeatMs: 30, jsonAfterMs: 60_000 } });
  const gate = hearth.fake.gate();
  const running = hearth.chat('runs');
  await hearth.fake.until(({ active }) => active === 1);
  const waiting = await hearth.chat('waits', { stream: true });
  const answer = reading(waiting);
  const seen = await answer.until((text) => text.split('\n\n').length >= 4);
  const [first] = seen
    .split('\n\n')
    .map((line) => JSON.parse(line.slice(6) || '{}') as { queue: { position: number; eta_ms: number } });
  expect(first).toMatchObject({ content: '', done: false, cached: false, queue: { position: 1 } });
  expect(first?.queue.eta_ms).toBeGreaterThan(0);
  gate.release();
  expect(await answer.rest()).toMatch(/"done":true/);
  await (await running).text();
});

test('the estimate counts down wherever it is shown, and stands still during a pause', async () => {
  await start({ patience: { heartbeatMs: 30, jsonAfterMs: 60_000 } });
  const gate = hearth.fake.gate();
  const id = await handIn('runs');
  await hearth.fake.until(({ active }) => active === 1);
  const second = await handIn('waits');
  const first = (await view(second)).estimated_wait_time;
  expect(first).toBeGreaterThan(29_000);
  hearth.clock.forward(10_000);
  const about = (ms: number): unknown => expect.toSatisfy((eta: number) => Math.abs(eta - ms) < 5000);
  expect(await view(second)).toMatchObject({ status: 'queued', estimated_wait_time: about(20_000) });
  const { waiting } = queueSchema.parse(await (await hearth.get('/api/chat-queue')).json());
  expect(waiting).toMatchObject([{ request_id: second, estimated_wait_time: about(20_000) }]);
  // Who comes later is told what is left now, and heart-beats go on from there.
  const follower = await hearth.chat('waits', { stream: true });
  const reader = follower.body?.pipeThrough(new TextDecoderStream()).getReader();
  const heard = async (): Promise<unknown> => {
    const line = ((await reader?.read())?.value ?? '').split('\n\n').at(-2) ?? '';
    return (JSON.parse(line.slice(6)) as { queue: { eta_ms: number } }).queue.eta_ms;
  };
  expect(await heard()).toEqual(about(20_000));
  hearth.clock.forward(10_000);
  await heard(); // one that may have been on its way
  expect(await heard()).toEqual(about(10_000));
  hearth.backend.control.pause(true);
  await expect.poll(async () => (await view(second)).estimated_wait_time).toEqual(about(10_000));
  hearth.clock.forward(3_600_000);
  expect(await view(second)).toMatchObject({ status: 'queued', estimated_wait_time: about(10_000) });
  hearth.backend.control.pause(false);
  gate.release();
  await status(id, 'completed');
  await status(second, 'completed');
  while ((await reader?.read())?.done === false);
});

test('an idle request is not delayed', async () => {
  await start();
  await (await hearth.chat('warm up')).text();
  const { timing } = (await (await hearth.chat('alone')).json()) as { timing: { queue_ms: number } };
  expect(timing.queue_ms).toBeLessThan(50);
});

test('handed in without a connection: 202, its place, its text so far, its result', async () => {
  await start();
  const { promise: until, resolve: release } = deferred();
  hearth.fake.next({ pieces: ['so ', 'far'], pauseAfter: { pieces: 1, until } });
  const response = await hearth.post('/api/chat-queue', {
    messages: [{ role: 'user', content: 'job' }],
    requestId: 'job-1',
    priority: -1,
  });
  expect(response.status).toBe(202);
  expect(response.headers.get('location')).toBe('/api/chat-queue?requestId=job-1');
  expect(acceptedSchema.parse(await response.json())).toMatchObject({
    request_id: 'job-1',
    priority: -1,
    model: 'llama3.2',
  });
  const second = await handIn('behind');
  expect(await view(second)).toMatchObject({ status: 'queued', queue_position: 1, queue_length: 1 });
  const partly = await eventually('a part of the answer', async () => {
    const seen = await view('job-1');
    return seen.partial === 'so ' && seen;
  });
  expect(partly).toMatchObject({ status: 'processing', queue_position: 0 });
  release();
  const done = await status('job-1', 'completed');
  expect(done.result).toMatchObject({ message: { content: 'so far' }, source: 'miss', request_id: 'job-1' });
  expect(done.partial).toBeUndefined();
  expect(Date.parse(done.finished_at ?? '')).toBeGreaterThanOrEqual(Date.parse(done.started_at ?? ''));
  await status(second, 'completed');
});

test('the 202 itself says where the request stands', async () => {
  await start();
  const gate = hearth.fake.gate();
  const place = async (content: string): Promise<unknown> => {
    const response = await hearth.post('/api/chat-queue', { messages: [{ role: 'user', content }] });
    return acceptedSchema.parse(await response.json()).status;
  };
  expect(await place('first')).toMatchObject({ queue_position: 0, queue_length: 0, is_processing: true });
  // The estimate before anything has been measured is 30 s a request.
  const waits = { is_processing: false, estimated_wait_time: expect.closeTo(30_000, -4) };
  expect(await place('second')).toMatchObject({ ...waits, queue_position: 1, queue_length: 1 });
  expect(await place('third')).toMatchObject({ is_processing: false, queue_position: 2, queue_length: 2 });
  // Who asks the same stands where the other stands.
  expect(await place('second')).toMatchObject({ ...waits, queue_position: 1, queue_length: 2 });
  expect(await place('first')).toMatchObject({ queue_position: 0, queue_length: 2, is_processing: true });
  gate.release();
});

test('the life of a request as a stream: queue changes, tokens, the end', async () => {
  await start();
  const gate = hearth.fake.gate();
  const first = await handIn('first');
  await hearth.fake.until(({ active }) => active === 1);
  hearth.fake.next({ pieces: ['one ', 'two'] });
  const second = await handIn('second');
  const life = await fetch(`${hearth.url}/api/chat-queue?requestId=${second}`, {
    headers: { accept: 'text/event-stream' },
  });
  gate.release();
  const pieces = await piecesOf(life);
  expect(pieces[0]).toMatchObject({ queue: { position: 1 } });
  expect(pieces.map(({ content }) => content ?? '').join('')).toBe('one two');
  expect(pieces.at(-1)).toMatchObject({ done: true, source: 'miss' });
  await status(first, 'completed');
  const after = await piecesOf(
    await fetch(`${hearth.url}/api/chat-queue?requestId=${second}`, { headers: { accept: 'text/event-stream' } }),
  );
  expect(after.map(({ content }) => content ?? '').join('')).toBe('one two');
});

test('the queue as a stream says how things are now, also while nothing changes', async () => {
  await start({ patience: { heartbeatMs: 30, jsonAfterMs: 60_000 } });
  const gate = hearth.fake.gate();
  await handIn('runs');
  await hearth.fake.until(({ active }) => active === 1);
  await handIn('waits');
  const left = new AbortController();
  const init = { headers: { accept: 'text/event-stream' }, signal: left.signal };
  const response = await fetch(`${hearth.url}/api/chat-queue`, init);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const waits = async (): Promise<number> => {
    const text = (await reader?.read())?.value ?? '';
    const block = text.split('\n\n').findLast((each) => each !== '') ?? '';
    return queueSchema.parse(JSON.parse(block.slice('data: '.length))).waiting[0]?.estimated_wait_time ?? 0;
  };
  const before = await waits();
  hearth.clock.forward(10_000);
  await expect.poll(waits).toBeLessThan(before - 5000);
  left.abort();
  gate.release();
});

test('onlookers neither keep a request alive nor end it', async () => {
  await start();
  const gate = hearth.fake.gate();
  const id = await handIn('looked at');
  const left = new AbortController();
  const life = await fetch(`${hearth.url}/api/chat-queue?requestId=${id}`, {
    headers: { accept: 'text/event-stream' },
    signal: left.signal,
  });
  await life.body?.getReader().read();
  left.abort();
  gate.release();
  expect((await status(id, 'completed')).result?.source).toBe('miss');
});

test('cancelling a waiter: it never reaches Ollama', async () => {
  await start();
  const gate = hearth.fake.gate();
  const running = await handIn('runs');
  await hearth.fake.until(({ active }) => active === 1);
  const waiting = await handIn('waits');
  const cancelled = await fetch(`${hearth.url}/api/chat-queue?requestId=${waiting}`, { method: 'DELETE' });
  expect(cancelled.status).toBe(200);
  expect(await cancelled.json()).toEqual({ request_id: waiting, status: 'cancelled' });
  expect(await status(waiting, 'cancelled')).toMatchObject({ code: 'cancelled' });
  gate.release();
  await status(running, 'completed');
  expect(hearth.fake.chats()).toHaveLength(1);
  const again = await fetch(`${hearth.url}/api/chat-queue?requestId=${running}`, { method: 'DELETE' });
  expect(again.status).toBe(409);
  expect(await again.json()).toMatchObject({ code: 'not_cancellable' });
});

test('cancelling a running request of any route aborts it upstream and tells its caller', async () => {
  await start();
  hearth.fake.gate();
  const streaming = await hearth.chat('streams', { stream: true }, { headers: { 'x-request-id': 'mine' } });
  await hearth.fake.until(({ active }) => active === 1);
  const listed = queueSchema.parse(await (await hearth.get('/api/chat-queue')).json());
  expect(listed.running.map(({ request_id, route }) => ({ request_id, route }))).toEqual([
    { request_id: 'mine', route: '/api/chat-optimized' },
  ]);
  await fetch(`${hearth.url}/api/chat-queue?requestId=mine`, { method: 'DELETE' });
  await hearth.fake.until(({ active }) => active === 0);
  expect((await piecesOf(streaming)).at(-1)).toEqual({
    error: 'The request was cancelled.',
    code: 'cancelled',
    done: true,
    cached: false,
  });
});

test('a caller who leaves while it waits is gone, and its request never runs', async () => {
  await start();
  const gate = hearth.fake.gate();
  const running = hearth.chat('runs');
  await hearth.fake.until(({ active }) => active === 1);
  const left = new AbortController();
  const gone = hearth.chat('leaves', { stream: true }, { signal: left.signal });
  const response = await gone;
  await response.body?.getReader().read();
  left.abort();
  await waiting(0);
  gate.release();
  await (await running).text();
  expect(hearth.fake.chats()).toHaveLength(1);
});

test('unknown, malformed, taken and forgotten ids', async () => {
  await start({ config: { queue: { retention_seconds: 60 } } });
  const code = async (path: string): Promise<unknown> => {
    const response = await hearth.get(path);
    return { status: response.status, code: ((await response.json()) as { code: string }).code };
  };
  expect(await code('/api/chat-queue?requestId=nobody')).toEqual({ status: 404, code: 'request_not_found' });
  expect(await code('/api/chat-queue?requestId=no%20spaces')).toEqual({ status: 400, code: 'invalid_request' });
  const id = await handIn('kept', { requestId: 'kept' });
  await status(id, 'completed');
  const taken = await hearth.post('/api/chat-queue', { messages: [{ role: 'user', content: 'x' }], requestId: 'kept' });
  expect(taken.status).toBe(409);
  expect(await taken.json()).toMatchObject({ code: 'request_exists' });
  hearth.clock.forward(61_000);
  expect(await code('/api/chat-queue?requestId=kept')).toEqual({ status: 410, code: 'request_gone' });
});

test('higher priority runs first; X-Queue-Priority has words for it', async () => {
  await start();
  const gate = hearth.fake.gate();
  const running = hearth.chat('0');
  await hearth.fake.until(({ active }) => active === 1);
  const low = hearth.chat('low', {}, { headers: { 'x-queue-priority': 'low' } });
  const normal = hearth.chat('normal');
  const high = hearth.chat('high', {}, { headers: { 'x-queue-priority': 'high' } });
  await waiting(3);
  gate.release();
  for (const response of await Promise.all([running, low, normal, high])) await response.text();
  const order = hearth.fake
    .chats()
    .map((call) => (call.body?.['messages'] as { content: string }[] | undefined)?.[0]?.content);
  expect(order).toEqual(['0', 'high', 'normal', 'low']);
});

test('all models in memory go before one that has to be loaded and would push one of them out', async () => {
  await start({
    fake: { maxLoaded: 2, models: [{ name: 'a:latest' }, { name: 'b:latest' }, { name: 'c:latest' }] },
    config: { batch: { max_batch_size: 10, batch_timeout_ms: 60_000 } },
  });
  for (const model of ['a', 'b']) await (await hearth.chat('warm', { model })).text();
  const gate = hearth.fake.gate();
  const all = [hearth.chat('0', { model: 'a' })];
  await hearth.fake.until(({ active }) => active === 1);
  for (const [i, model] of ['c', 'b', 'a', 'b'].entries()) {
    all.push(hearth.chat(`${i + 1}`, { model }));
    await waiting(i + 1);
  }
  gate.release();
  for (const response of await Promise.all(all)) await response.text();
  expect(hearth.fake.chats().map((call) => call.body?.['model'])).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'c']);
  expect(hearth.fake.loads.map(({ model }) => model)).toEqual(['a:latest', 'b:latest', 'c:latest']);
});

test('A B A B under load runs as A A B B, and the switches avoided are counted', async () => {
  await start({
    fake: { maxLoaded: 1, models: [{ name: 'a:latest' }, { name: 'b:latest' }] },
    config: { ollama: { model: 'a' } },
  });
  const gate = hearth.fake.gate();
  const all = [hearth.chat('0', { model: 'a' })];
  await hearth.fake.until(({ active }) => active === 1);
  for (const [i, model] of ['b', 'a', 'b', 'a'].entries()) {
    all.push(hearth.chat(`${i + 1}`, { model }));
    await waiting(i + 1);
  }
  gate.release();
  for (const response of await Promise.all(all)) await response.text();
  expect(hearth.fake.chats().map((call) => call.body?.['model'])).toEqual(['a', 'a', 'a', 'b', 'b']);
  const { batch_processor } = (await (await hearth.get('/api/cache-stats')).json()) as {
    batch_processor: Record<string, number>;
  };
  expect(batch_processor).toMatchObject({ model_switches: 1, model_switches_avoided: 3, average_batch_size: 2.5 });
});
