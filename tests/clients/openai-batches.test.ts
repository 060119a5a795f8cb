// npm `openai` runs batches through the gateway as it does at OpenAI: hand a file in, create, look, fetch; and they outlast a
// restart of the gateway.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startBackend } from '../../backend/backend.ts';
import type { Backend } from '../../backend/hosting.ts';
import { systemClock } from '../../backend/clock.ts';
import { addKey } from '../../backend/core/access/api-keys.ts';
import type { Config } from '../../backend/contract/config/config.ts';
import { resolveConfig } from '../../backend/contract/config/config-sources.ts';
import { openDatabase } from '../../backend/storage/database.ts';
import { startFakeOllama, type FakeOllama } from '../support/fake-ollama/fake-ollama.ts';
import { deferred, eventually } from '../support/waiting.ts';

const model = 'llama3.2';
let folder = '';
let fake: FakeOllama;
let backend: Backend;
/** What somebody set the clock on the wall by, and what has passed; milliseconds. */
let wall = 0;
let passed = 0;

/** Without the moment that background work waits at first. */
function configOf(change: object): Config {
  const data = { server: { port: 0 }, ollama: { api_url: fake.url, model }, queue: { settle_ms: 0 }, ...change };
  const { config, problems } = resolveConfig({ file: { path: 'test', data } }, 'headless');
  expect(problems).toEqual([]);
  return config;
}

async function start(config: object = {}): Promise<OpenAI> {
  const now = (): number => systemClock.now() + wall + passed;
  const clock = { ...systemClock, now, elapsed: () => systemClock.elapsed() + passed };
  backend = await startBackend({
    config: configOf(config),
    log: pino({ level: 'silent' }),
    version: 'test',
    dataFolder: folder,
    clock,
  });
  return at(backend);
}

const at = ({ url }: Backend, apiKey = 'any'): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });

beforeEach(async () => {
  wall = passed = 0;
  folder = mkdtempSync(join(tmpdir(), 'hearth-batches-'));
  fake = await startFakeOllama();
});
afterEach(async () => {
  await backend.stop();
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
  if (fake.open !== 0) throw new Error(`left over: ${fake.open} open calls`);
});

const chatBody = (content: string): object => ({ model, temperature: 0, messages: [{ role: 'user', content }] });
const line = (custom_id: string, body: object, url = '/v1/chat/completions'): string =>
  JSON.stringify({ custom_id, method: 'POST', url, body });
const chats = (count: number): string =>
  Array.from({ length: count }, (_, i) => `${line(`c${i}`, chatBody(`Question ${i}`))}\n`).join('');

async function handIn(client: OpenAI, text: string): Promise<string> {
  const file = await client.files.create({ file: await toFile(Buffer.from(text), 'in.jsonl'), purpose: 'batch' });
  return file.id;
}

type Endpoint = OpenAI.BatchCreateParams['endpoint'];

async function create(client: OpenAI, text: string, endpoint: Endpoint = '/v1/chat/completions') {
  const input_file_id = await handIn(client, text);
  return await client.batches.create({ input_file_id, endpoint, completion_window: '24h' });
}

const ended = (client: OpenAI, id: string): Promise<OpenAI.Batch> =>
  eventually('the batch has ended', async () => {
    const batch = await client.batches.retrieve(id);
    return ['completed', 'failed', 'cancelled', 'expired'].includes(batch.status) && batch;
  });

interface Told {
  readonly id: string;
  readonly custom_id: string | null;
  readonly response: { readonly status_code: number; readonly request_id: string; readonly body: never } | null;
  readonly error: { readonly code: string; readonly message: string; readonly line?: number } | null;
}

async function linesOf(client: OpenAI, file: string | undefined): Promise<Told[]> {
  const text = await (await client.files.content(file ?? '')).text();
  return text
    .trimEnd()
    .split('\n')
    .map((each) => JSON.parse(each) as Told);
}

test('a batch is handed in, looked at and fetched, answered in the form of the live route', async () => {
  const client = await start();
  const live = await client.chat.completions.create({
    model,
    temperature: 0,
    messages: [{ role: 'user', content: 'Question 1' }],
  });
  const batch = await create(client, chats(3));
  expect(batch).toMatchObject({ object: 'batch', status: 'validating', endpoint: '/v1/chat/completions' });
  const done = await ended(client, batch.id);
  expect(done).toMatchObject({ status: 'completed', request_counts: { total: 3, completed: 3, failed: 0 } });
  expect(done.error_file_id).toBeNull();
  const told = await linesOf(client, done.output_file_id);
  expect(told.map(({ custom_id }) => custom_id)).toEqual(['c0', 'c1', 'c2']);
  expect(told[1]).toMatchObject({
    error: null,
    response: {
      status_code: 200,
      body: { ...live, id: expect.stringMatching(/^chatcmpl-/), created: expect.any(Number) },
    },
  });
  // The question that was asked before cost no run.
  expect(fake.chats().length).toBe(3);
  const { data } = await client.files.list({ purpose: 'batch_output' });
  expect(data).toMatchObject([{ id: done.output_file_id, purpose: 'batch_output', status: 'processed' }]);
});

test.each([
  ['/v1/completions', { model, temperature: 0, prompt: 'Bread' }, { object: 'text_completion' }],
  ['/v1/embeddings', { model: 'nomic-embed-text', input: ['a', 'b'] }, { object: 'list' }],
  ['/v1/responses', { model, input: 'Bread' }, { object: 'response', status: 'completed' }],
] as const)('a line of %s is answered in its form', async (endpoint, body, form) => {
  const client = await start();
  const { id } = await create(client, line('one', body, endpoint), endpoint);
  const { output_file_id: output } = await ended(client, id);
  expect(await linesOf(client, output)).toMatchObject([{ response: { status_code: 200, body: form } }]);
});

describe('what is wrong', () => {
  test('a wrong line goes to the error file with its number, and the others are answered', async () => {
    const client = await start();
    const wrong = [
      line('ok', chatBody('Fine')),
      '{"custom_id": "broken"',
      '',
      line('other', chatBody('x'), '/v1/completions'),
      JSON.stringify({ method: 'POST', url: '/v1/chat/completions', body: {} }),
      line('unknown', { model: 'no-such-model', messages: [{ role: 'user', content: 'x' }] }),
      line('empty', { model, messages: [] }),
    ].join('\r\n');
    const done = await ended(client, (await create(client, wrong)).id);
    expect(done).toMatchObject({ status: 'completed', request_counts: { total: 6, completed: 1, failed: 5 } });
    expect(done.errors?.data?.map(({ line: at, code }) => [at, code])).toEqual([
      [2, 'invalid_json_line'],
      [4, 'invalid_url'],
      [5, 'missing_required_parameter'],
    ]);
    expect(await linesOf(client, done.output_file_id)).toMatchObject([{ custom_id: 'ok' }]);
    expect(await linesOf(client, done.error_file_id)).toMatchObject([
      { custom_id: null, response: null, error: { code: 'invalid_json_line', line: 2 } },
      { custom_id: 'other', error: { code: 'invalid_url', line: 4 } },
      { custom_id: null, error: { code: 'missing_required_parameter', line: 5 } },
      { custom_id: 'unknown', error: null, response: { status_code: 404, body: { error: expect.anything() } } },
      { custom_id: 'empty', error: null, response: { status_code: 400, body: { error: expect.anything() } } },
    ]);
  });

  test.each([
    ['empty', '\n\n', 'empty_file', null],
    ['without a line that can be asked', 'no json\nnor this', 'invalid_json_line', 1],
    ['with a custom_id twice', chats(2) + line('c1', chatBody('x')), 'duplicate_custom_id', 3],
    ['with more lines than allowed', chats(5), 'too_many_requests_in_file', null],
  ])('a file %s makes the batch fail', async (_what, text, code, at) => {
    const client = await start({ files: { max_lines: 4 } });
    const done = await ended(client, (await create(client, text)).id);
    expect(done).toMatchObject({ status: 'failed', output_file_id: null, error_file_id: null });
    expect(done.errors?.data?.[0]).toMatchObject({ code, line: at, message: expect.stringMatching(/\.$/) });
    expect(fake.chats()).toEqual([]);
  });

  test('what can’t be is refused in OpenAI’s form, with what to do', async () => {
    const client = await start({ files: { max_file_mb: 0.1, max_count: 4 } });
    const file = await toFile(Buffer.from(chats(1)), 'in.jsonl');
    await expect(client.files.create({ file, purpose: 'user_data' })).rejects.toThrow(/400 purpose must be "batch"/);
    const form = new FormData();
    for (let i = 0; i < 600; i++) form.append(`field-${i}`, 'x'.repeat(100));
    const beside = await fetch(`${backend.url}/v1/files`, { method: 'POST', body: form });
    expect([beside.status, await beside.text()]).toEqual([400, expect.stringContaining('Send purpose and file alone')]);
    await expect(handIn(client, 'x'.repeat(110_000))).rejects.toThrow(/413 The file is over 0.1 MB/);
    const missing = { input_file_id: 'file-none', endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
    await expect(client.batches.create(missing)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const other = { ...missing, endpoint: '/v1/moderations' } as const;
    await expect(client.batches.create(other)).rejects.toThrow(/400 endpoint must be "\/v1\/chat\/completions"/);
    await expect(client.batches.retrieve('batch_none')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(client.files.list({ limit: 0 })).rejects.toThrow(/400 limit must be/);
    for (let i = 0; i < 4; i++) await handIn(client, chats(1));
    await expect(handIn(client, chats(1))).rejects.toThrow(/413 4 files are kept, and 4 may be/);
    expect((await client.files.list()).data.length).toBe(4);
  });
});

test('a batch goes on after a restart where it was, and asks no line twice that has its answer', async () => {
  let client = await start({ files: { lines_at_once: 2 } });
  const last = deferred();
  fake.when(({ rawBody }) => /Question [6-9]/.test(rawBody), { hold: last.promise });
  const { id } = await create(client, chats(10));
  await eventually('six are done', async () => (await client.batches.retrieve(id)).request_counts?.completed === 6);
  await backend.stop();
  // As a kill between a line and its count leaves it.
  const database = openDatabase({ folder, clock: systemClock, log: pino({ level: 'silent' }) });
  database.commit((sql) => sql.run('UPDATE batches SET completed = completed - 1'));
  database.close();
  const before = fake.chats().filter(({ outcome }) => outcome === 'done').length;
  last.resolve();
  client = await start();
  const done = await ended(client, id);
  expect(done.request_counts).toEqual({ total: 10, completed: 10, failed: 0 });
  const told = await linesOf(client, done.output_file_id);
  expect(told.map(({ custom_id }) => custom_id)).toEqual(Array.from({ length: 10 }, (_, i) => `c${i}`));
  expect(before).toBe(6);
  expect(fake.chats().filter(({ outcome }) => outcome === 'done').length).toBe(10);
});

test('one whose file was damaged on the disk fails with what is done, and says so', async () => {
  let client = await start({ files: { lines_at_once: 1 } });
  const held = deferred();
  fake.when(({ rawBody }) => rawBody.includes('Question 2'), { hold: held.promise });
  const { id, input_file_id: file } = await create(client, chats(5));
  await eventually('two are done', async () => (await client.batches.retrieve(id)).request_counts?.completed === 2);
  await backend.stop();
  held.resolve();
  const database = openDatabase({ folder, clock: systemClock, log: pino({ level: 'silent' }) });
  database.commit((sql) => sql.run('UPDATE file_blocks SET checksum = checksum + 1 WHERE file = 1'));
  database.close();
  client = await start();
  const done = await ended(client, id);
  expect(done).toMatchObject({ status: 'failed', request_counts: { total: 5, completed: 2 } });
  expect(done.errors?.data).toMatchObject([{ code: 'file_damaged', param: 'input_file_id' }]);
  expect((await linesOf(client, done.output_file_id)).map(({ custom_id }) => custom_id)).toEqual(['c0', 'c1']);
  await expect(client.files.content(file)).rejects.toThrow(/500 The file .* was damaged on the disk/);
});

test('cancel ends a batch early, and what is done can be fetched', async () => {
  const client = await start({ files: { lines_at_once: 1 } });
  const held = deferred();
  fake.when(({ rawBody }) => rawBody.includes('Question 2'), { hold: held.promise });
  const { id } = await create(client, chats(5));
  await eventually('two are done', async () => (await client.batches.retrieve(id)).request_counts?.completed === 2);
  expect(await client.batches.cancel(id)).toMatchObject({ status: 'cancelling' });
  const done = await ended(client, id);
  expect(done).toMatchObject({ status: 'cancelled', request_counts: { total: 5, completed: 2 } });
  expect((await linesOf(client, done.output_file_id)).length).toBe(2);
  await expect(client.batches.cancel(id)).rejects.toBeInstanceOf(OpenAI.ConflictError);
  held.resolve();
});

test('what is not asked when its time is over is told so in the error file', async () => {
  const client = await start({ files: { lines_at_once: 1 } });
  const [first, second] = [deferred(), deferred()];
  fake.when(({ rawBody }) => rawBody.includes('Question 1'), { hold: first.promise });
  fake.when(({ rawBody }) => rawBody.includes('Question 2'), { hold: second.promise });
  const { id } = await create(client, chats(5));
  const completed = async (): Promise<number | undefined> =>
    (await client.batches.retrieve(id)).request_counts?.completed;
  await eventually('one is done', async () => (await completed()) === 1);
  // Somebody sets the clock for the length of one line, which is no time that passes.
  wall += 25 * 3_600_000;
  first.resolve();
  await eventually('two are done', async () => (await completed()) === 2);
  wall = 0;
  passed += 25 * 3_600_000;
  second.resolve();
  const done = await ended(client, id);
  expect(done).toMatchObject({ status: 'expired', request_counts: { total: 5, completed: 3, failed: 2 } });
  expect(await linesOf(client, done.error_file_id)).toMatchObject([
    { custom_id: 'c3', response: null, error: { code: 'batch_expired' } },
    { custom_id: 'c4', response: null, error: { code: 'batch_expired' } },
  ]);
});

test('a file is kept from deletion while a batch needs it, and deleted by whom it belongs to', async () => {
  const client = await start();
  const held = deferred();
  fake.always({ hold: held.promise });
  const { id, input_file_id: input } = await create(client, chats(1));
  await expect(client.files.delete(input)).rejects.toBeInstanceOf(OpenAI.ConflictError);
  held.resolve();
  await ended(client, id);
  expect(await client.files.delete(input)).toEqual({ id: input, object: 'file', deleted: true });
  await expect(client.files.retrieve(input)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  await expect(client.files.content(input)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
});

test('a file is forgotten when its time is over', async () => {
  let client = await start();
  const file = await client.files.create({
    file: await toFile(Buffer.from(chats(1)), 'in.jsonl'),
    purpose: 'batch',
    expires_after: { anchor: 'created_at', seconds: 3600 },
  });
  expect((file.expires_at ?? 0) - file.created_at).toBe(3600);
  const other = await handIn(client, chats(1));
  // A sleep, or somebody who sets the clock.
  wall += 2 * 3_600_000;
  await backend.stop();
  client = await start();
  expect(await client.files.retrieve(file.id)).toEqual(file);
  await backend.stop();
  wall += 2 * 3_600_000;
  client = await start();
  await eventually('the file is gone', async () => (await client.files.list()).data.length === 1);
  expect(await client.files.retrieve(other)).toMatchObject({ filename: 'in.jsonl' });
});

test('lists come in pages, newest first', async () => {
  const client = await start();
  const made: string[] = [];
  for (let i = 0; i < 5; i++) made.unshift((await create(client, chats(1))).id);
  const batches: string[] = [];
  for await (const { id } of client.batches.list({ limit: 2 })) batches.push(id);
  expect(batches).toEqual(made);
  const files: string[] = [];
  for await (const { id } of client.files.list({ limit: 2, purpose: 'batch', order: 'asc' })) files.push(id);
  expect(files.length).toBe(5);
  // Silence would look like the end of the list.
  await expect(client.files.list({ after: 'file-none' })).rejects.toThrow(/404 No file has the id "file-none"/);
  await expect(client.batches.list({ after: 'batch_none' })).rejects.toThrow(/404 No batch has the id "batch_none"/);
  const order = 'newest' as 'asc';
  await expect(client.files.list({ order })).rejects.toThrow(/400 order must be "asc" or "desc". It was "newest"/);
});

test('thousands of lines stand in the queue a few at a time, behind everybody else', async () => {
  const client = await start();
  const gate = fake.gate();
  const { id } = await create(client, chats(2000));
  await eventually('the lines have come', async () => {
    const { waiting } = (await (await fetch(`${backend.url}/api/chat-queue`)).json()) as { waiting: unknown[] };
    return waiting.length === 3;
  });
  const queue = (await (await fetch(`${backend.url}/api/chat-queue`)).json()) as {
    waiting: { class: string; class_by: string }[];
  };
  expect(queue.waiting.every(({ class: of, class_by: by }) => of === 'background' && by === 'batch')).toBe(true);
  await client.batches.cancel(id);
  await ended(client, id);
  gate.release();
});

test('while the disk is away it is to be tried again, and what was there goes on when it is back', async () => {
  const gate = fake.gate();
  const before = await create(await start(), chats(1));
  await backend.stop();
  renameSync(folder, `${folder}-away`);
  writeFileSync(folder, '');
  const client = await start();
  const isAway = { status: 503, code: 'disk_away' };
  await expect(handIn(client, chats(1))).rejects.toMatchObject(isAway);
  await expect(client.batches.list()).rejects.toMatchObject(isAway);
  await expect(client.batches.retrieve(before.id)).rejects.toMatchObject(isAway);
  await backend.stop();
  rmSync(folder);
  renameSync(`${folder}-away`, folder);
  gate.release();
  expect(await ended(await start(), before.id)).toMatchObject({ request_counts: { completed: 1 } });
});

describe('of several owners', () => {
  test('nobody sees or uses the files and batches of another key, and its lines end with the key', async () => {
    const one = addKey([], { name: 'one', scopes: ['chat'] }, new Date());
    const two = addKey(one.keys, { name: 'two', scopes: ['chat'] }, new Date());
    await start({ server: { port: 0, api_keys: two.keys }, files: { lines_at_once: 1 } });
    const [first, second] = [at(backend, one.secret), at(backend, two.secret)];
    const held = deferred();
    fake.when(({ rawBody }) => rawBody.includes('Question 1'), { hold: held.promise });
    const { id, input_file_id: input } = await create(first, chats(3));
    await expect(second.batches.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(second.batches.cancel(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(second.files.content(input)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(
      second.batches.create({ input_file_id: input, endpoint: '/v1/chat/completions', completion_window: '24h' }),
    ).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    expect((await second.files.list()).data).toEqual([]);
    expect((await second.batches.list()).data).toEqual([]);
    await eventually('one is done', async () => (await first.batches.retrieve(id)).request_counts?.completed === 1);
    backend.configure(configOf({ server: { port: 0, api_keys: [two.key] }, files: { lines_at_once: 1 } }));
    held.resolve();
    const local = at(backend);
    const done = await ended(local, id);
    expect(done.request_counts).toEqual({ total: 3, completed: 2, failed: 1 });
    expect(await linesOf(local, done.error_file_id)).toMatchObject([
      { custom_id: 'c2', response: { status_code: 401 } },
    ]);
  });
});
