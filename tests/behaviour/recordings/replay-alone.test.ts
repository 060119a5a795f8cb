// A gateway that replays stands alone: clients find its models, a question that has no answer is told what differs, and
// nobody gets past the recording.
import { afterEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../../backend/hosting.ts';
import { recordingsIn } from '../../../backend/core/recordings/recording-line.ts';
import { NO_METRICS } from '../../support/builders.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { startReplay } from '../../support/replaying.ts';

let replay: Backend | undefined;
let hearth: Hearth | undefined;
afterEach(async () => {
  await replay?.stop();
  await hearth?.stop();
  replay = hearth = undefined;
});

const long = 'Bread rises because yeast makes gas. '.repeat(40);
const LINES = [
  {
    route: 'chat',
    model: 'llama3.2',
    question: {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Why?' },
        { role: 'user', content: `${long}Is that so?` },
      ],
      options: { temperature: 0 },
    },
    answer: { content: 'It is so.' },
  },
  {
    route: 'chat',
    model: 'llama3.2',
    question: { messages: [{ role: 'user', content: 'Look.', images: ['aGVsbG8='] }], tools: [{ type: 'function' }] },
    answer: { content: 'A picture.' },
  },
  { route: 'embed', model: 'nomic-embed-text', question: { input: 'one' }, vector: [0.5, -0.25], tokens: 1 },
];
const SLOW = {
  route: 'chat',
  model: 'llama3.2',
  question: { messages: [{ role: 'user', content: 'Slowly.' }] },
  answer: { content: 'One two.' },
  pieces: [['content', 3, 5]],
  end: {
    created_at: '2026-01-01T00:00:00Z',
    done_reason: 'stop',
    metrics: { ...NO_METRICS, prompt_eval_duration: 0.4e9, eval_duration: 0.6e9 },
  },
};
const recordings = recordingsIn([...LINES, SLOW].map((line) => JSON.stringify(line)).join('\n'));

async function start(settings: object = {}): Promise<string> {
  replay = await startReplay({ recordings }, settings);
  return replay.url;
}

async function post(url: string, path: string, body: object, headers: Record<string, string> = {}) {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}

test('clients that look before they ask find the models of the recording', async () => {
  const url = await start();
  const json = async (path: string): Promise<unknown> => (await fetch(url + path)).json();
  const names = ['llama3.2:latest', 'nomic-embed-text:latest'];
  expect(await json('/api/tags')).toMatchObject({ models: names.map((name) => ({ name, model: name })) });
  expect(await json('/v1/models')).toMatchObject({ data: names.map((id) => ({ id })) });
  expect(await json('/v1/models/llama3.2')).toMatchObject({ id: 'llama3.2' });
  expect(await json('/api/version')).toEqual({ version: '0.33.0' });
  expect(await json('/api/ps')).toEqual({ models: [] });
  expect(await (await fetch(url)).text()).toBe('Ollama is running');
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
  const shown = await post(url, '/api/show', { model: 'llama3.2' });
  expect(shown.body).toMatchObject({ capabilities: ['completion', 'tools', 'vision'] });
  expect((await post(url, '/api/show', { model: 'other' })).status).toBe(404);
  // Loads and unloads are done at once.
  expect((await post(url, '/api/chat', { model: 'llama3.2', messages: [] })).body).toMatchObject({ done: true });
  expect((await post(url, '/api/chat', { model: 'llama3.2', messages: [], keep_alive: 0 })).status).toBe(200);
  expect((await post(url, '/api/embed', { model: 'nomic-embed-text', input: [] })).status).toBe(200);
});

test('it is healthy, says its mode, and does not call Ollama down', async () => {
  const url = await start();
  const health = await fetch(`${url}/health?ready=1`);
  expect(health.headers.get('x-hearth-mode')).toBe('replay');
  expect([health.status, await health.json()]).toMatchObject([
    200,
    { status: 'healthy', mode: 'replay', upstream: { reachable: true, reason: null } },
  ]);
});

describe('a question without a recorded answer', () => {
  const messages = LINES[0]?.question.messages ?? [];
  const ask = async (url: string, change: object) =>
    await post(url, '/api/chat', {
      model: 'llama3.2',
      messages,
      options: { temperature: 0 },
      stream: false,
      ...change,
    });

  test('is told what the nearest recorded one has otherwise', async () => {
    const url = await start();
    expect(await ask(url, {})).toMatchObject({ status: 200, body: { message: { content: 'It is so.' } } });
    const [system, user] = messages;
    const cases: readonly (readonly [object, string])[] = [
      [{ options: { temperature: 0.7 } }, 'temperature 0.7 instead of 0'],
      [
        { messages: [system, user, { role: 'user', content: `${long}Or not?` }] },
        'message 3 differs from character 1,481',
      ],
      [{ messages: [system, user] }, '1 message fewer'],
      [
        { model: 'qwen3', format: 'json' },
        'format "json" instead of nothing; model "qwen3:latest" instead of "llama3.2:latest"',
      ],
    ];
    for (const [change, words] of cases) {
      const { status, body } = await ask(url, change);
      expect([status, body['code'], body['error']]).toEqual([
        504,
        'not_cached',
        `No answer to this question is recorded. Compared with the nearest one: ${words}.`,
      ]);
    }
    expect(
      (await post(url, '/api/embed', { model: 'nomic-embed-text', input: ['one', 'two'] })).body['error'],
    ).toContain('input differs from character 1');
  });

  test('is told no more than that where it comes from elsewhere', async () => {
    const url = await start({ cors: { allowed_origins: ['https://app.example'] } });
    const { body } = await post(
      url,
      '/api/chat',
      { model: 'llama3.2', messages: messages.slice(1) },
      { origin: 'https://app.example' },
    );
    expect(body['error']).toBe('No answer to this question is recorded for /api/chat.');
  });

  test('is refused on routes that Ollama alone would answer', async () => {
    const url = await start();
    for (const path of ['/v1/audio/transcriptions', '/api/pull', '/v1/messages/batches']) {
      const { status } = await post(url, path, { model: 'llama3.2' });
      expect([path, status]).toEqual([path, 504]);
    }
  });
});

describe('X-Hearth-Mode', () => {
  const one = { model: 'llama3.2', messages: [{ role: 'user', content: 'one' }], stream: false };
  const mode = (word: string): Record<string, string> => ({ 'x-hearth-mode': word });

  test('records and replays single requests of a gateway that is live', async () => {
    hearth = await startHearth();
    const { url, fake } = hearth;
    fake.next({ pieces: ['once'] });
    const recorded = await post(url, '/api/chat', one, mode('Record'));
    expect(recorded.headers.get('x-hearth-mode')).toBe('record');
    await fake.goDown();
    const replayed = await post(url, '/api/chat', one, mode('replay'));
    expect(replayed.body).toMatchObject({ message: { content: 'once' } });
    expect(replayed.headers.get('cache-status')).toBe('hearth; hit; detail="recorded"');
    // Not without it, and what is asked live is never known by what was replayed.
    const live = await post(url, '/api/chat', one);
    expect(live.status).toBe(502);
    expect(live.headers.get('x-hearth-mode')).toBe(null);
    expect((await post(url, '/v1/audio/transcriptions', one, mode('replay'))).status).toBe(504);
    await fake.comeBack();
  });

  test('is refused where it would let a request reach an Ollama that is to be left alone', async () => {
    const url = await start();
    expect((await post(url, '/api/chat', one, mode('live'))).status).toBe(400);
    expect((await post(url, '/api/chat', one, mode('record'))).status).toBe(400);
    expect((await post(url, '/api/chat', one, mode('replay'))).status).toBe(504);
    expect((await post(url, '/api/chat', one, mode('rewind'))).body['error']).toContain('live, record, replay');
  });

  test('is for who may manage Hearth, but to be left out of a recording is for all', async () => {
    hearth = await startHearth({ config: { cors: { allowed_origins: ['https://app.example'] } } });
    const from = { origin: 'https://app.example' };
    expect((await post(hearth.url, '/api/chat', one, { ...from, ...mode('record') })).status).toBe(403);
    expect((await post(hearth.url, '/api/chat', one, { ...from, ...mode('replay') })).status).toBe(403);
    hearth.backend.configure(
      hearth.config({ cache: { mode: 'record' }, cors: { allowed_origins: ['https://app.example'] } }),
    );
    expect((await post(hearth.url, '/api/chat', one, { ...from, ...mode('live') })).status).toBe(200);
  });
});

test('a stream that asks for the original pace gets it, and others do not wait', async () => {
  const url = await start({ cache: { mode: 'replay', replay: 'instant' } });
  const took = async (headers: Record<string, string>): Promise<number> => {
    const from = performance.now();
    const body = JSON.stringify({ model: 'llama3.2', ...SLOW.question });
    const answer = await fetch(`${url}/api/chat`, { method: 'POST', headers, body });
    expect((await answer.text()).trim().split('\n').length).toBeGreaterThan(1);
    return performance.now() - from;
  };
  const [paced, instant] = [await took({ 'x-stream-replay': 'original' }), await took({})];
  expect(paced).toBeGreaterThan(950);
  expect(instant).toBeLessThan(paced);
});

test('the mode changes while the gateway runs, and with it what answers', async () => {
  hearth = await startHearth({ config: { cache: { mode: 'record' } } });
  const { url, fake, backend, config } = hearth;
  fake.next({ pieces: ['once'] });
  const ask = { model: 'llama3.2', messages: [{ role: 'user', content: 'one' }], stream: false };
  await post(url, '/api/chat', ask);
  backend.configure(config({ cache: { mode: 'replay' } }));
  const calls = fake.chats().length;
  expect((await post(url, '/api/chat', ask)).body).toMatchObject({ message: { content: 'once' } });
  expect(await (await fetch(`${url}/api/tags`)).json()).toMatchObject({ models: [{ name: 'llama3.2:latest' }] });
  expect(fake.chats()).toHaveLength(calls);
  backend.configure(config({}));
  fake.next({ pieces: ['anew'] });
  expect((await post(url, '/api/chat', ask)).body).toMatchObject({ message: { content: 'anew' } });
});
