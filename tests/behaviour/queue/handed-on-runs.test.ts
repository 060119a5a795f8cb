// The promise: everything that runs a model stands in the one line, also what is handed on to Ollama in its own words. It is
// counted, shown, cancelled, drained and refused like every other, on the runner that it needs.
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { queueSchema } from '../../../backend/contract/views/queue-view.ts';
import { DEFAULT_MODELS } from '../../support/fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { deferred, eventually, reading } from '../../support/waiting.ts';

const EAR = { name: 'ear:latest', capabilities: ['completion', 'vision', 'audio'] };
const TRANSCRIBE = '/v1/audio/transcriptions';

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth({ ...options, fake: { models: [...DEFAULT_MODELS, EAR], ...options.fake } });
};
afterEach(() => hearth.stop());

const queue = async () => queueSchema.parse(await (await hearth.get('/api/chat-queue')).json());

/** Resolves with the entry of a route that waits. */
const waits = (route: string) =>
  eventually(`${route} waits`, async () => (await queue()).waiting.find((entry) => entry.route === route));

const cancel = (id: string): Promise<Response> =>
  fetch(`${hearth.url}/api/chat-queue?requestId=${id}`, { method: 'DELETE' });

/** Takes the one slot; the result lets it go. */
async function busy(model = 'llama3.2'): Promise<() => Promise<void>> {
  const gate = hearth.fake.gate();
  const running = hearth.chat('runs', { model, use_cache: false });
  await hearth.fake.until(({ active }) => active === 1);
  return async () => {
    gate.release();
    await (await running).text();
  };
}

function recording(model = 'ear'): FormData {
  const form = new FormData();
  // As OpenAI's clients send it: the model stands behind the file.
  form.append('file', new Blob([Buffer.from([0, 255, 13, 10, 45, 45])]), 'a.wav');
  form.append('model', model);
  return form;
}

const transcribe = (form = recording(), init: RequestInit = {}): Promise<Response> =>
  fetch(hearth.url + TRANSCRIBE, { method: 'POST', body: form, ...init });

/** A body for routes that nobody knows yet. */
const future = { model: 'llama3.2', whatever: [1] };

describe('every route of Ollama (server/routes.go)', () => {
  const model = 'llama3.2';
  const messages = [{ role: 'user', content: 'hello' }];
  const RUNS: readonly (readonly [path: string, body: object])[] = [
    ['/api/chat', { model, messages }],
    ['/api/generate', { model, prompt: 'hello' }],
    ['/v1/chat/completions', { model, messages }],
    ['/v1/completions', { model, prompt: 'hello' }],
    ['/v1/responses', { model, input: 'hello' }],
    ['/v1/messages', { model, max_tokens: 5, messages }],
    [TRANSCRIBE, recording()],
    // Not there yet, or in another spelling.
    ['/v1/images/generations', { model, prompt: 'a cat' }],
    ['/v1/responses/compact', { model, input: 'hello' }],
    ['/api/experimental/dream', future],
    ['/api/%63hat', { model, messages }],
  ];
  const LOOKS: readonly (readonly [method: string, path: string, body?: object])[] = [
    ['GET', '/'],
    ['HEAD', '/'],
    ['GET', '/api/version'],
    ['HEAD', '/api/version'],
    ['GET', '/api/status'],
    ['GET', '/api/tags'],
    ['HEAD', '/api/tags'],
    ['GET', '/api/ps'],
    ['POST', '/api/show', { model }],
    ['POST', '/api/pull', { model: 'new', stream: false }],
    ['POST', '/api/push', { model, stream: false }],
    ['POST', '/api/create', { model: 'made', from: model, stream: false }],
    ['POST', '/api/copy', { source: model, destination: 'copy' }],
    ['DELETE', '/api/delete', { model: 'copy' }],
    ['HEAD', `/api/blobs/sha256:${'0'.repeat(64)}`],
    ['POST', `/api/blobs/sha256:${'0'.repeat(64)}`],
    ['POST', '/api/me'],
    ['POST', '/api/signout'],
    ['DELETE', '/api/user/keys/abc'],
    ['POST', '/api/experimental/web_search', { query: 'hello' }],
    ['POST', '/api/experimental/web_fetch', { url: 'http://localhost' }],
    ['GET', '/api/experimental/model-recommendations'],
    ['GET', '/v1/models'],
    ['GET', `/v1/models/${model}`],
  ];

  test('waits for the slot where a model runs, and is answered at once where none does', async () => {
    await start();
    const free = await busy();
    for (const [path, body] of RUNS) {
      const asked = body instanceof FormData ? transcribe(body) : hearth.post(path, body);
      const { request_id: id, source, caller } = await waits(path);
      expect([path, source, caller]).toEqual([path, expect.stringMatching(/^(?:miss|bypass)$/), 'node']);
      await cancel(id);
      expect([path, (await asked).status]).toEqual([path, 499]);
    }
    for (const [method, path, body] of LOOKS) {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await fetch(hearth.url + path, { method, ...sent });
      await answer.text();
      expect([path, answer.status >= 500 || answer.status === 499]).toEqual([path, false]);
    }
    const seen = hearth.fake.calls.map(({ path }) => path);
    expect(RUNS.map(([path]) => path).filter((path) => seen.includes(path) && path !== '/api/chat')).toEqual([]);
    await free();
  });

  // Texts for vectors have slots of their own, and are joined; embed-* tests say how.
  test.each([
    ['/api/embed', { model: 'nomic-embed-text', input: 'a' }],
    ['/api/embeddings', { model: 'nomic-embed-text', prompt: 'b' }],
    ['/v1/embeddings', { model: 'nomic-embed-text', input: 'c' }],
  ])('%s waits for a slot of its own lane', async (path, body) => {
    await start();
    const gate = hearth.fake.gate();
    const first = hearth.post('/api/embed', { model: 'nomic-embed-text', input: 'first' });
    await hearth.fake.until(({ active }) => active === 1);
    const second = hearth.post(path, body);
    await waits(path);
    gate.release();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });
});

describe('what is handed on with a lease', () => {
  test('goes up byte for byte, comes back as it is, and is counted and told as a run', async () => {
    await start();
    const form = new Response(recording());
    const bytes = Buffer.from(await form.arrayBuffer());
    const headers = { 'content-type': form.headers.get('content-type') ?? '', 'x-request-id': 'mine' };
    const answer = await fetch(hearth.url + TRANSCRIBE, { method: 'POST', body: bytes, headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-cache')).toBe('BYPASS');
    expect(((await answer.json()) as { text: string }).text).toMatch(/\w/);
    expect(hearth.fake.calls.find(({ path }) => path === TRANSCRIBE)?.rawBody).toBe(bytes.toString());
    const stats = (await (await hearth.get('/api/cache-stats')).json()) as {
      queue: object;
      response_cache: { by_model: Record<string, object> };
    };
    expect(stats.queue).toMatchObject({ totals: { requests: 1, completed: 1, failed: 0 } });
    expect(stats.response_cache.by_model['ear:latest']).toMatchObject({ bypassed: 1 });
    const view = await hearth.get('/api/chat-queue?requestId=mine');
    expect(view.status).toBe(404);
  });

  test('loads its model once for itself and a chat behind it', async () => {
    await start();
    expect((await transcribe()).status).toBe(200);
    expect((await hearth.chat('hello', { model: 'ear' })).status).toBe(200);
    expect(hearth.fake.loads.map(({ model }) => model)).toEqual(['ear:latest']);
  });

  test('has its model stay as long as the settings say, since it can’t be told so itself', async () => {
    await start({ config: { ollama: { keep_alive: '2h' } } });
    expect((await transcribe()).status).toBe(200);
    const [{ expires_at = '' } = {}] = hearth.fake.loaded();
    expect(Date.parse(expires_at) - Date.now()).toBeGreaterThan(3600_000);
  });

  test('never runs beside a request for another runner, however many slots there are', async () => {
    await start({ config: { queue: { max_concurrent: 4 } }, fake: { maxLoaded: 1 } });
    const free = await busy('llama3.2');
    const ear = transcribe();
    await waits(TRANSCRIBE);
    expect(hearth.fake.open).toBe(1);
    await free();
    expect((await ear).status).toBe(200);
    expect(hearth.fake.peakOpen).toBe(1);
  });

  test('is counted as failed where Ollama refuses it, and its refusal comes back as it is', async () => {
    await start();
    hearth.fake.next({ fail: { status: 500, error: 'it broke' } });
    const answer = await transcribe();
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { error: expect.objectContaining({ message: 'it broke' }) },
    ]);
    expect((await queue()).totals).toMatchObject({ completed: 0, failed: 1 });
  });

  test('is asked again when Ollama was away before anything of it had come', async () => {
    await start();
    const free = await busy();
    const waiting = transcribe();
    await waits(TRANSCRIBE);
    await free();
    const gate = hearth.fake.gate();
    await hearth.fake.until(({ calls }) => calls.some(({ path, kind }) => path === TRANSCRIBE && kind === 'run'));
    await hearth.fake.restart();
    gate.release();
    expect((await waiting).status).toBe(200);
    expect(hearth.fake.calls.filter(({ path }) => path === TRANSCRIBE).length).toBe(2);
  });

  test('gives way to a person before anything of it has come, and is asked again', async () => {
    await start({ config: { queue: { settle_ms: 0 } } });
    const gate = hearth.fake.gate();
    const background = transcribe(recording(), { headers: { 'x-queue-priority': 'low' } });
    await hearth.fake.until(({ active }) => active === 1);
    const person = hearth.chat('hello', { stream: true });
    await hearth.fake.until(({ calls }) => calls.some(({ path, aborted }) => path === TRANSCRIBE && aborted));
    gate.release();
    expect([(await person).status, (await background).status]).toEqual([200, 200]);
    const runs = hearth.fake.chats().map(({ path, outcome }) => `${path} ${outcome}`);
    expect(runs).toEqual([`${TRANSCRIBE} aborted`, '/api/chat done', `${TRANSCRIBE} done`]);
  });

  test('leaves the line with its caller, and a run with it', async () => {
    await start();
    const free = await busy();
    const leave = new AbortController();
    const left = transcribe(recording(), { signal: leave.signal }).catch(() => 'left');
    await waits(TRANSCRIBE);
    leave.abort();
    expect(await left).toBe('left');
    await expect.poll(async () => (await queue()).queue_length).toBe(0);
    await free();
    expect(hearth.fake.calls.some(({ path }) => path === TRANSCRIBE)).toBe(false);
  });

  test.each([
    ['ends whole while Hearth stops', 10_000, 200],
    ['is refused when the time to finish is up', 50, 503],
  ])('%s', async (_what, drain_timeout_ms, status) => {
    await start({ config: { server: { drain_timeout_ms } } });
    const gate = hearth.fake.gate();
    const running = transcribe();
    await hearth.fake.until(({ active }) => active === 1);
    const stopped = hearth.backend.stop();
    if (status === 200) gate.release();
    expect((await running).status).toBe(status);
    gate.release();
    await stopped;
  });

  test('is told live with its end, as its owner sees it', async () => {
    await start();
    const events = reading(await hearth.get('/api/events'));
    await (await transcribe()).text();
    const told = await events.until((text) => text.includes('"ended":[{'));
    const [, fact = ''] = /event: request\ndata: (.*"ended":\[\{.*)\n/.exec(told) ?? [];
    const ended = { route: TRANSCRIBE, model: 'ear', source: 'bypass', status: 'completed' };
    expect(JSON.parse(fact)).toMatchObject({ ended: [ended] });
    await events.cancel();
  });

  test('a name that is not installed runs nothing, and is Ollama’s to refuse, at once', async () => {
    await start();
    const free = await busy();
    const answer = await transcribe(recording('nope'));
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { error: expect.objectContaining({ type: 'not_found_error' }) },
    ]);
    await free();
  });

  test('a packed body goes up unpacked', async () => {
    await start();
    hearth.fake.instead(({ path }) => path === '/v1/dreams', { status: 200, body: 'dreamt' });
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
    const answer = await fetch(`${hearth.url}/v1/dreams`, {
      method: 'POST',
      headers,
      body: gzipSync(JSON.stringify(future)),
    });
    expect(await answer.text()).toBe('dreamt');
    const call = hearth.fake.calls.find(({ path }) => path === '/v1/dreams');
    expect([call?.body, call?.headers['content-encoding']]).toEqual([future, undefined]);
  });

  test('an upload that names no model is streamed up as it comes', async () => {
    await start();
    const free = await busy();
    const rest = deferred();
    const body = new ReadableStream({
      async start(stream) {
        stream.enqueue(Buffer.from('{"model":'));
        await rest.promise;
        stream.close();
      },
    });
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = fetch(`${hearth.url}/v1/uploads`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    await hearth.fake.until(({ calls }) => calls.some(({ path }) => path === '/v1/uploads'));
    rest.resolve();
    expect((await answer).status).toBe(404);
    await free();
  });
});

describe('a refusal before it runs has the form of its dialect', () => {
  const openai = (type: string, code: string) => ({ error: { message: expect.any(String), type, param: null, code } });
  const DIALECTS: readonly (readonly [path: string, full: object, fullStatus: number, stopping: object])[] = [
    ['/v1/images/generations', openai('rate_limit_error', 'queue_full'), 429, openai('api_error', 'shutting_down')],
    ['/v1/responses/compact', openai('rate_limit_error', 'queue_full'), 429, openai('api_error', 'shutting_down')],
    [
      '/v1/messages/batches',
      {
        type: 'error',
        error: { type: 'overloaded_error', message: expect.any(String) },
        request_id: expect.any(String),
      },
      503,
      {
        type: 'error',
        error: { type: 'overloaded_error', message: expect.any(String) },
        request_id: expect.any(String),
      },
    ],
    [
      '/api/dream',
      expect.objectContaining({ code: 'queue_full' }),
      503,
      expect.objectContaining({ code: 'shutting_down' }),
    ],
  ];

  test.each(DIALECTS)('%s', async (path, full, fullStatus, stopping) => {
    await start({ config: { queue: { max_queue_size: 1 }, server: { drain_timeout_ms: 50 } } });
    const free = await busy();
    const waiting = hearth.post(path, future);
    await waits(path);
    const refused = await hearth.post(path, future);
    expect([refused.status, await refused.json()]).toEqual([fullStatus, full]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const stopped = hearth.backend.stop();
    expect([(await waiting).status, await (await waiting).json()]).toEqual([503, stopping]);
    await free();
    await stopped;
  });

  test('also while the breaker is open', async () => {
    await start();
    await hearth.fake.goDown();
    for (let i = 0; i < 4; i++) await (await hearth.chat(`hello ${i}`)).text();
    const refused = await hearth.post('/v1/images/generations', future);
    expect([refused.status, await refused.json()]).toEqual([503, openai('api_error', 'breaker_open')]);
    await hearth.fake.comeBack();
  });
});

describe('a stream that waits', () => {
  const patience = { heartbeatMs: 20, jsonAfterMs: 20 };
  const EVENT = 'event: done\ndata: {"type":"done"}\n\n';
  const path = '/v1/responses/compact';

  test('is kept alive by comments, and goes on with the events of Ollama', async () => {
    await start({ patience });
    const type = { 'content-type': 'text/event-stream' };
    hearth.fake.instead((call) => call.path === path, { status: 200, headers: type, body: EVENT });
    const free = await busy();
    const stream = reading(await hearth.post(path, { ...future, stream: true }));
    await stream.until((text) => text.split(': still here\n').length > 3);
    await free();
    expect((await stream.rest()).replaceAll(': still here\n', '')).toBe(EVENT);
  });

  test('gets Ollama’s refusal as its last event', async () => {
    await start({ patience });
    hearth.fake.instead((call) => call.path === path, { status: 400, body: '{"error":{"message":"not so"}}' });
    const free = await busy();
    const stream = reading(await hearth.post(path, { ...future, stream: true }));
    await stream.until((text) => text.includes(': still here\n'));
    await free();
    const [, last = ''] = /event: error\ndata: (.*)\n\n$/.exec(await stream.rest()) ?? [];
    expect(JSON.parse(last)).toMatchObject({
      type: 'error',
      message: 'not so',
      error: { type: 'invalid_request_error' },
    });
  });
});
