// What is recorded in front of an Ollama is answered again where there is none, on every route that runs a model.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Backend } from '../../../backend/hosting.ts';
import { withRecordings } from '../../../backend/storage/shelves/recording-file.ts';
import { Connection } from '../../../backend/storage/rows.ts';
import { NO_LOG } from '../../support/builders.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { startReplay } from '../../support/replaying.ts';

let dataFolder: string;
let replay: Backend | undefined;
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'hearth-recorded-'));
});
afterEach(async () => {
  await replay?.stop();
  replay = undefined;
  await rm(dataFolder, { recursive: true });
});

/** What is asked of a gateway at an address. */
type Ask = (url: string) => Promise<unknown>;

const post =
  (path: string, body: object, headers: Record<string, string> = {}): Ask =>
  async (url) => {
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-stream-replay': 'original', ...headers },
      body: JSON.stringify(body),
    });
    return answer.text();
  };

/** Records what `asks` get, ends that gateway and its Ollama, and replays. */
async function recorded(
  script: (hearth: Hearth) => void | Promise<void>,
  ...asks: readonly Ask[]
): Promise<readonly unknown[]> {
  const hearth = await startHearth({ dataFolder, config: { cache: { mode: 'record' } } });
  await script(hearth);
  const answers: unknown[] = [];
  for (const ask of asks) answers.push(await ask(hearth.url));
  await hearth.stop();
  replay = await startReplay({ dataFolder });
  return answers;
}

/** Without what is new in each answer: ids, times, and durations of this very request. */
const steady = (text: unknown): string =>
  String(text)
    .replaceAll(/,"cached_at":"[^"]*","age":\d+,"saved_ms":\d+/g, '')
    .replaceAll(
      /"(?:id|item_id|request_id|created_at|created|completed_at|tool_use_id|call_id)":\s*("[^"]*"|\d+)/g,
      '""',
    )
    .replaceAll(/"(?:total|load)_duration":\d+,/g, '')
    .replaceAll(/"timing":\{[^}]*\}|"(?:cached|source)":[^,}]*/g, '""');

const hot = { options: { temperature: 1 } };
const talk = [{ role: 'user', content: 'Why does bread rise?' }];
const TOOL = {
  type: 'function',
  function: { name: 'look', parameters: { type: 'object', properties: { where: { type: 'string' } } } },
};

describe('each route', () => {
  const asks: Readonly<Record<string, Ask>> = {
    'our own, as JSON': post('/api/chat-optimized', { model: 'llama3.2', messages: talk, ...hot }),
    'our own, streamed': post('/api/chat-optimized', { model: 'llama3.2', messages: talk, stream: true, ...hot }),
    'Ollama chat': post('/api/chat', { model: 'llama3.2', messages: talk, ...hot }),
    'Ollama generate': post('/api/generate', { model: 'llama3.2', prompt: 'Why?', ...hot }),
    'Ollama embed': post('/api/embed', { model: 'nomic-embed-text', input: ['one', 'two'] }),
    'Ollama embeddings': post('/api/embeddings', { model: 'nomic-embed-text', prompt: 'one' }),
    'OpenAI chat': post('/v1/chat/completions', { model: 'llama3.2', messages: talk, stream: true }),
    'OpenAI completion': post('/v1/completions', { model: 'llama3.2', prompt: 'Why?' }),
    'OpenAI embeddings': post('/v1/embeddings', { model: 'nomic-embed-text', input: 'one' }),
    'OpenAI Responses': post('/v1/responses', { model: 'llama3.2', input: 'Why?', stream: true }),
    Anthropic: post('/v1/messages', { model: 'llama3.2', max_tokens: 50, messages: talk, stream: true }),
  };

  test('tells a recorded answer again with no Ollama there, whatever its temperature', async () => {
    const said = await recorded(() => undefined, ...Object.values(asks));
    const url = replay?.url ?? '';
    for (const [i, [name, ask]] of Object.entries(asks).entries()) {
      expect([name, steady(await ask(url))]).toEqual([name, steady(said[i])]);
    }
  });
});

test('an answer recorded by one dialect answers the same question in another one', async () => {
  await recorded(
    ({ fake }) => fake.next({ pieces: ['Yeast ', 'makes gas.'] }),
    post('/v1/chat/completions', { model: 'llama3.2', messages: talk, temperature: 0 }),
  );
  const body = { model: 'LLAMA3.2:latest', messages: talk, options: { temperature: 0 } };
  const own = JSON.parse(String(await post('/api/chat-optimized', body)(replay?.url ?? '')));
  expect(own).toMatchObject({ message: { content: 'Yeast makes gas.' }, cached: true, source: 'hit' });
});

test('thinking, tool calls and their pieces come back, and calls with new ids', async () => {
  const ask = post('/api/chat', { model: 'thinker', messages: talk, tools: [TOOL], think: true, ...hot });
  const [said] = await recorded(({ fake }) => {
    fake.install({ name: 'thinker:latest', capabilities: ['completion', 'tools', 'thinking'] });
    fake.next({
      pieces: [
        { thinking: 'Hm, ' },
        { thinking: 'where?' },
        { content: 'Let me ' },
        { content: 'look.' },
        { tool_calls: [{ id: 'call_recorded', function: { name: 'look', arguments: { where: 'oven' } } }] },
      ],
    });
  }, ask);
  const again = String(await ask(replay?.url ?? ''));
  expect(steady(again)).toBe(steady(said));
  expect(String(said)).toContain('call_recorded');
  expect(again).not.toContain('call_recorded');
});

test('the end of an answer waits for no disk, and a program beside Hearth finds it soon', async () => {
  const hearth = await startHearth({ dataFolder, config: { cache: { mode: 'record' } } });
  const ask = (content: string) => hearth.chat(content).then((answer) => answer.text());
  await ask('first');
  const waits = vi.spyOn(Connection.prototype, 'transaction');
  for (const content of ['second', 'third']) await ask(content);
  const folder = { folder: dataFolder, create: false, maxBytes: () => 2 ** 20, clock: hearth.clock, log: NO_LOG };
  await expect.poll(() => withRecordings(folder, ({ size }) => size.entries), { interval: 10, timeout: 400 }).toBe(3);
  expect(waits.mock.calls.map(([sync]) => sync)).not.toContain('full');
  waits.mockRestore();
  await hearth.stop();
});

test('the last answer to a question is the one that is replayed', async () => {
  const ask = post('/api/chat-optimized', {
    model: 'llama3.2',
    messages: talk,
    stream: false,
    cache: { 'no-cache': true },
  });
  await recorded(({ fake }) => fake.next({ pieces: ['first'] }, { pieces: ['second'] }), ask, ask);
  expect(JSON.parse(String(await ask(replay?.url ?? '')))).toMatchObject({ message: { content: 'second' } });
});

test('what the cache answered while recording is recorded too', async () => {
  const ask = post('/api/chat-optimized', { model: 'llama3.2', messages: talk });
  await recorded(async ({ fake, url, backend, config }) => {
    backend.configure(config({ cache: { mode: 'live' } }));
    fake.next({ pieces: ['kept before'] });
    await ask(url);
    backend.configure(config({ cache: { mode: 'record' } }));
  }, ask);
  expect(JSON.parse(String(await ask(replay?.url ?? '')))).toMatchObject({ message: { content: 'kept before' } });
});

test('a conversation goes on turn by turn, whatever it is called', async () => {
  const turn = (content: string, conversation_id: string): Ask =>
    post('/api/chat-optimized', { model: 'llama3.2', conversation_id, messages: [{ role: 'user', content }] });
  await recorded(
    ({ fake }) => fake.next({ pieces: ['one'] }, { pieces: ['two'] }),
    turn('first', 'a'),
    turn('second', 'a'),
  );
  const url = replay?.url ?? '';
  expect(JSON.parse(String(await turn('first', 'b')(url)))).toMatchObject({ message: { content: 'one' } });
  expect(JSON.parse(String(await turn('second', 'b')(url)))).toMatchObject({
    message: { content: 'two' },
    conversation: { messages: 4 },
  });
});

test('a job is recorded, and replayed', async () => {
  const job: Ask = async (url) => {
    const at = `${url}/api/chat-queue?requestId=${randomUUID()}`;
    const body = JSON.stringify({ model: 'llama3.2', messages: talk, requestId: at.split('=')[1] });
    await (await fetch(at, { method: 'POST', body })).text();
    const life = await fetch(at, { headers: { accept: 'text/event-stream' } });
    await life.text();
    return ((await (await fetch(at)).json()) as { result?: { message: unknown } }).result?.message;
  };
  const [said] = await recorded(({ fake }) => fake.next({ pieces: ['from a job'] }), job);
  expect(said).toMatchObject({ content: 'from a job' });
  expect(await job(replay?.url ?? '')).toEqual(said);
});

test('a failure, a question of live mode and a load are not recorded', async () => {
  const failing = post('/api/chat-optimized', { model: 'llama3.2', messages: [{ role: 'user', content: 'fail' }] });
  const live = post('/api/chat-optimized', { model: 'llama3.2', messages: talk }, { 'x-hearth-mode': 'live' });
  const load = post('/api/chat', { model: 'llama3.2', messages: [] });
  await recorded(({ fake }) => fake.next({ fail: { status: 500, error: 'out of memory' } }), failing, live, load);
  const url = replay?.url ?? '';
  expect(JSON.parse(String(await failing(url)))).toMatchObject({ code: 'not_cached' });
  const answer = JSON.parse(String(await post('/api/chat', { model: 'llama3.2', messages: talk })(url)));
  expect(answer).toMatchObject({ code: 'not_cached', error: expect.stringContaining('there is none') });
});
