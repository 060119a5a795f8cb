// What the queue says is true: which rows are runs, that an answer is late, where a move has led, and when to come back.
import OpenAI from 'openai';
import { afterEach, expect, test } from 'vitest';
import {
  acceptedSchema,
  queueSchema,
  requestViewSchema,
  type QueueView,
  type RequestView,
} from '../../../backend/contract/views/queue-view.ts';
import { deferred } from '../../support/waiting.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

/** A machine that is busy with other things may take long. */
const PATIENT = { timeout: 15_000 };

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth(options);
};
afterEach(() => hearth.stop());

const queue = async (): Promise<QueueView> => queueSchema.parse(await (await hearth.get('/api/chat-queue')).json());
const view = async (id: string): Promise<RequestView> =>
  requestViewSchema.parse(await (await hearth.get(`/api/chat-queue?requestId=${id}`)).json());
const handIn = async (content: string, requestId: string): Promise<void> => {
  const response = await hearth.post('/api/chat-queue', { messages: [{ role: 'user', content }], requestId });
  expect(response.status).toBe(202);
};

test('of those who share a run one stands for it, and when it leaves, another one', async () => {
  await start();
  const gate = hearth.fake.gate();
  await handIn('runs', 'run-1');
  await handIn('runs', 'run-2');
  await handIn('waits', 'wait-1');
  await handIn('waits', 'wait-2');
  await handIn('waits', 'wait-3');
  const leading = async (): Promise<unknown> => {
    const { running, waiting } = await queue();
    return [running, waiting].map((rows) => rows.filter(({ leads }) => leads).map(({ request_id }) => request_id));
  };
  expect(await leading()).toEqual([['run-1'], ['wait-1']]);
  for (const id of ['run-1', 'wait-1']) hearth.backend.control.cancel(id);
  await expect.poll(leading, PATIENT).toEqual([['run-2'], ['wait-2']]);
  gate.release();
  await expect.poll(async () => (await view('wait-3')).status, PATIENT).toBe('completed');
});

test('a late answer says so wherever it is shown, and estimates grow instead of standing still', async () => {
  await start({ patience: { heartbeatMs: 30, jsonAfterMs: 60_000 } });
  const gate = hearth.fake.gate();
  await handIn('runs', 'runs');
  await hearth.fake.until(({ active }) => active === 1);
  await handIn('first', 'first');
  await handIn('second', 'second');
  expect(await view('first')).not.toHaveProperty('late');
  expect((await queue()).running).toMatchObject([{ late: false }]);
  // Nothing has been measured, so that 30 s are expected of each.
  hearth.clock.forward(50_000);
  const about = (ms: number): unknown => expect.toSatisfy((eta: number) => Math.abs(eta - ms) < 5000);
  expect(await view('runs')).toMatchObject({ status: 'processing', late: true });
  expect(await view('first')).toMatchObject({ status: 'queued', late: true, estimated_wait_time: about(20_000) });
  const { running, waiting } = await queue();
  expect(running).toMatchObject([{ late: true }]);
  expect(waiting).toMatchObject([
    { request_id: 'first', late: true, wait_after_ms: about(0), estimated_wait_time: about(20_000) },
    { request_id: 'second', late: true, wait_after_ms: about(30_000), estimated_wait_time: about(50_000) },
  ]);
  // Who comes now is told so, and a stream that goes on is too.
  const accepted = await hearth.post('/api/chat-queue', { messages: [{ role: 'user', content: 'third' }] });
  expect(acceptedSchema.parse(await accepted.json()).status).toMatchObject({ late: true });
  const stream = await hearth.chat('first', { stream: true });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  const piece = JSON.parse(((await reader?.read())?.value ?? '').split('\n\n')[0]?.slice(6) ?? '{}') as object;
  expect(piece).toMatchObject({ queue: { position: 1, eta_ms: about(20_000), late: true } });
  gate.release();
  while ((await reader?.read())?.done === false);
  await expect.poll(async () => (await view('second')).status, PATIENT).toBe('completed');
  await expect.poll(async () => (await queue()).is_processing, PATIENT).toBe(false);
});

test('a move is one place, tells the new one, and takes along all who share the run', async () => {
  await start();
  const gate = hearth.fake.gate();
  await handIn('runs', 'runs');
  for (const id of ['a', 'b', 'c', 'd']) await handIn(id, id);
  await handIn('d', 'd-too');
  const { control } = hearth.backend;
  const order = async (): Promise<string> => (await queue()).waiting.map(({ request_id }) => request_id).join(' ');
  expect(control.moveUp('d-too')).toBe(3);
  await expect.poll(order, PATIENT).toBe('a b d d-too c');
  expect(control.moveUp('c')).toBe(3);
  await expect.poll(order, PATIENT).toBe('a b c d d-too');
  expect(control.moveUp('a')).toBe(1);
  expect(() => control.moveUp('runs')).toThrow('does not wait');
  gate.release();
  await expect.poll(async () => (await view('d-too')).status, PATIENT).toBe('completed');
  const asked = hearth.fake
    .chats()
    .map(({ body }) => (body?.['messages'] as { content: string }[] | undefined)?.[0]?.content);
  expect(asked).toEqual(['runs', 'a', 'b', 'c', 'd']);
});

test('jobs that share a run count against the bound of their caller, and connections do not', async () => {
  await start({ config: { queue: { max_queue_size: 3 } } });
  const gate = hearth.fake.gate();
  const submit = (caller: string): Promise<Response> =>
    hearth.post('/api/chat-queue', { messages: [{ role: 'user', content: 'same' }] }, { headers: { 'user-agent': caller } }); // prettier-ignore
  const accepted = await Promise.all(Array.from({ length: 4 }, () => submit('one')));
  expect(accepted.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
  const refused = await submit('one');
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await refused.json()).toMatchObject({ code: 'queue_full', retryable: true });
  expect((await submit('another')).status).toBe(202);
  const connected = Array.from({ length: 5 }, () => hearth.chat('same', {}, { headers: { 'user-agent': 'one' } }));
  await expect.poll(async () => (await queue()).running.length, PATIENT).toBe(10);
  gate.release();
  for (const answer of connected) expect((await answer).status).toBe(200);
  await expect.poll(async () => (await queue()).running.length, PATIENT).toBe(0);
  expect(hearth.fake.chats()).toHaveLength(1);
});

test('an embed that waits is moved in its own lane', async () => {
  await start();
  const gate = hearth.fake.gate();
  const embed = (input: string): Promise<Response> =>
    hearth.post('/api/embed', { model: 'nomic-embed-text', input, options: { num_ctx: 512 + input.length } }, { headers: { 'x-request-id': input } }); // prettier-ignore
  const answers = [embed('e')];
  await hearth.fake.until(({ active }) => active === 1);
  for (const input of ['ee', 'eee']) {
    answers.push(embed(input));
    await expect
      .poll(async () => (await queue()).waiting.some(({ request_id }) => request_id === input), PATIENT)
      .toBe(true);
  }
  await expect.poll(async () => (await queue()).queue_length, PATIENT).toBe(2);
  const places = async (): Promise<unknown> =>
    (await queue()).waiting.map(({ request_id, queue_position }) => [request_id, queue_position]);
  expect(await places()).toEqual([['ee', 1], ['eee', 2]]); // prettier-ignore
  expect(hearth.backend.control.moveUp('eee')).toBe(1);
  expect(await places()).toEqual([['eee', 1], ['ee', 2]]); // prettier-ignore
  gate.release();
  for (const answer of answers) expect((await answer).status).toBe(200);
});

test('an embed that goes up with one that waits has the place of that one', async () => {
  await start();
  const gate = hearth.fake.gate();
  const embed = (input: string): Promise<Response> =>
    hearth.post('/api/embed', { model: 'nomic-embed-text', input }, { headers: { 'x-request-id': input } });
  const answers = [embed('runs')];
  await hearth.fake.until(({ active }) => active === 1);
  for (const input of ['waits', 'joins']) {
    answers.push(embed(input));
    await expect
      .poll(async () => (await queue()).waiting.find(({ request_id }) => request_id === input)?.queue_position, PATIENT)
      .toBe(1);
  }
  gate.release();
  for (const answer of answers) expect((await answer).status).toBe(200);
});

test('a request moved up while it waits for its turn in a conversation is sooner when that comes', async () => {
  await start();
  const [first, second] = [deferred<void>(), deferred<void>()];
  hearth.fake.next(...[first, second].map(({ promise }) => ({ pauseAfter: { pieces: 1, until: promise } })));
  const say = async (requestId: string, more: object = {}): Promise<void> => {
    const body = { messages: [{ role: 'user', content: requestId }], requestId, ...more };
    expect((await hearth.post('/api/chat-queue', body)).status).toBe(202);
  };
  await say('one', { conversation_id: 'talk' });
  await hearth.fake.until(({ active }) => active === 1);
  await say('x');
  await say('y');
  await say('two', { conversation_id: 'talk' });
  expect(hearth.backend.control.moveUp('two')).toBe(1);
  expect(await view('two')).toMatchObject({ status: 'queued', queue_position: 1, priority: -1 });
  first.resolve();
  const order = async (): Promise<string[]> => {
    const { running, waiting } = await queue();
    return [...running, ...waiting].map(({ request_id }) => request_id);
  };
  await expect.poll(order, PATIENT).toSatisfy((ids: string[]) => ids.length === 3 && ids.at(-1) === 'y');
  second.resolve();
  await expect.poll(async () => (await view('y')).status, PATIENT).toBe('completed');
  const asked = hearth.fake
    .chats()
    .map(({ body }) => (body?.['messages'] as { content: string }[] | undefined)?.at(-1)?.content);
  expect([asked.length, asked.at(-1)]).toEqual([4, 'y']);
});

test('eight calls of a client to a queue of two come back one by one, and all are answered', async () => {
  await start({
    fake: { answer: () => ({ firstPieceMs: 300 }) },
    config: { queue: { max_queue_size: 2, estimated_time_per_request_ms: 5000 }, cache: { drop_in: 'off' } },
  });
  const told: number[] = [];
  const client = new OpenAI({
    apiKey: 'none',
    maxRetries: 20,
    baseURL: `${hearth.url}/v1`,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      if (response.status === 429) told.push(Number(response.headers.get('retry-after')));
      return response;
    },
  });
  const ask = async (n: number): Promise<unknown> => {
    const { choices } = await client.chat.completions.create({ model: 'llama3.2', messages: [{ role: 'user', content: `${n}` }] }); // prettier-ignore
    return choices[0]?.finish_reason;
  };
  expect(await Promise.all(Array.from({ length: 8 }, (_, n) => ask(n)))).toEqual(Array<string>(8).fill('stop'));
  expect(told.length).toBeGreaterThanOrEqual(5);
  // 5 s are guessed for each: while nothing is measured, who is refused comes to see sooner.
  expect(Math.max(...told)).toBeLessThanOrEqual(5);
});
