// The promise: a gateway that is killed in the middle of its work loses no job or batch that it has accepted, runs none to its
// end twice, and has the answers of a second ago. The built program as a real process, killed with SIGKILL.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Health } from '../../../backend/contract/views/control.ts';
import type { RequestView } from '../../../backend/contract/views/queue-view.ts';
import { startCli, type Cli } from '../../support/built-cli.ts';
import { startFakeOllama, type FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { deferred, eventually } from '../../support/waiting.ts';

let fake: FakeOllama;
let folder: string;
let cli: Cli;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-killed-'));
  fake = await startFakeOllama({ parallel: 4 });
  await start();
});
afterEach(async () => {
  cli.child.kill('SIGKILL');
  await cli.exit();
  await fake.stop();
  await rm(folder, { recursive: true });
});

async function start(): Promise<void> {
  const env = { PORT: '0', OLLAMA_API_URL: fake.url, OLLAMA_MODEL: 'llama3.2', HEARTH_DATA_DIR: folder };
  cli = startCli({ env: { ...env, QUEUE__MAX_CONCURRENT: '4', QUEUE__SETTLE_MS: '0' }, cwd: folder });
  url = await cli.ready();
}

async function killAndStart(): Promise<void> {
  cli.child.kill('SIGKILL');
  await cli.exit();
  await start();
}

const handIn = async (requestId: string, content: string, more: object = {}): Promise<void> => {
  const body = { messages: [{ role: 'user', content }], requestId, ...more };
  const answer = await fetch(`${url}/api/chat-queue`, { method: 'POST', body: JSON.stringify(body) });
  expect(await answer.json()).toMatchObject({ request_id: requestId, durable: true });
  expect(answer.status).toBe(202);
};
const look = async (id: string): Promise<RequestView> =>
  (await (await fetch(`${url}/api/chat-queue?requestId=${id}`)).json()) as RequestView;
/** How often each question was asked. */
const asked = (content: string): number =>
  fake.chats().filter(({ body }) => JSON.stringify(body).includes(`"${content}"`)).length;

test('what had ended stays so, what ran begins again, and what waited runs, each of them once', async () => {
  await handIn('done', 'ended before');
  await expect.poll(async () => (await look('done')).status).toBe('completed');
  const done = await look('done');
  const gate = fake.gate();
  const ids = Array.from({ length: 6 }, (_, i) => `job-${i}`);
  for (const id of ids) await handIn(id, `question ${id}`);
  await handIn('talk-1', 'I am Ada', { conversation_id: 'talk' });
  await handIn('talk-2', 'Who am I?', { conversation_id: 'talk' });
  await fake.until(({ active }) => active === 4);
  const before = await Promise.all(ids.map(look));
  await killAndStart();
  gate.release();
  for (const id of [...ids, 'talk-1', 'talk-2']) {
    await expect.poll(async () => (await look(id)).status, { timeout: 20_000 }).toBe('completed');
  }
  expect(await look('done')).toEqual(done);
  expect(asked('ended before')).toBe(1);
  for (const [i, id] of ids.entries()) {
    const view = await look(id);
    expect(view).toMatchObject({ created_at: before[i]?.created_at, result: { request_id: id, source: 'miss' } });
    expect(asked(`question ${id}`)).toBe(before[i]?.status === 'processing' ? 2 : 1);
  }
  expect(await look('talk-2')).toMatchObject({ result: { conversation: { resumed: true, messages: 4 } } });
});

test('a batch in OpenAI’s form goes on where it was, with each answer once', async () => {
  const client = (): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any' });
  const line = (i: number): string =>
    JSON.stringify({
      custom_id: `c${i}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'llama3.2', messages: [{ role: 'user', content: `line ${i}` }] },
    });
  const text = Array.from({ length: 9 }, (_, i) => line(i)).join('\n');
  const late = deferred();
  fake.when(({ rawBody }) => /line [3-8]"/.test(rawBody), { hold: late.promise });
  const file = await client().files.create({ file: await toFile(Buffer.from(text), 'in.jsonl'), purpose: 'batch' });
  const { id } = await client().batches.create({
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  const done = async (): Promise<number | undefined> => (await client().batches.retrieve(id)).request_counts?.completed;
  await expect.poll(done, { timeout: 20_000 }).toBe(3);
  await fake.until(({ active }) => active === 4);
  await killAndStart();
  late.resolve();
  await expect.poll(done, { timeout: 20_000 }).toBe(9);
  const batch = await eventually('it has ended', async () => {
    const found = await client().batches.retrieve(id);
    return found.status === 'completed' && found;
  });
  const told = await (await client().files.content(batch.output_file_id ?? '')).text();
  const ids = told
    .trim()
    .split('\n')
    .map((each) => (JSON.parse(each) as { custom_id: string }).custom_id);
  expect(ids).toEqual(Array.from({ length: 9 }, (_, i) => `c${i}`));
  expect([0, 1, 2].map((i) => asked(`line ${i}`))).toEqual([1, 1, 1]);
});

test('answers of a second ago are there, later ones right or missing, and cleared ones gone', async () => {
  const ask = async (content: string): Promise<readonly [cache: string | null, answer: string]> => {
    const body = JSON.stringify({ messages: [{ role: 'user', content }] });
    const response = await fetch(`${url}/api/chat-optimized`, { method: 'POST', body });
    const { message } = (await response.json()) as { message: { content: string } };
    return [response.headers.get('x-cache'), message.content];
  };
  const onDisk = async (): Promise<number | undefined> =>
    ((await (await fetch(`${url}/health`)).json()) as Health).cache.disk?.entries;
  const [, early] = await ask('early');
  await expect.poll(onDisk, { timeout: 5000 }).toBe(1);
  const [, late] = await ask('late');
  await killAndStart();
  expect(await ask('early')).toEqual(['HIT', early]);
  expect((await ask('late'))[1]).toBe(late);
  const cleared = await fetch(`${url}/api/cache-stats`, { method: 'POST', body: JSON.stringify({ action: 'clear' }) });
  expect(cleared.status).toBe(200);
  await killAndStart();
  for (const question of ['early', 'late']) expect((await ask(question))[0]).toBe('MISS');
});
