// Looking on: live events, statistics, the queue as a stream. And settings that change while it runs.
import { createParser } from 'eventsource-parser';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheStatsSchema, EVENTS, healthSchema, type EventName } from '../../../backend/contract/views/control.ts';
import { queueSchema } from '../../../backend/contract/views/queue-view.ts';
import { startFakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth();
});
afterEach(() => hearth.stop());

/** Reads named events until `enough`, then leaves. Each is checked against its schema. */
async function eventsUntil(
  enough: (seen: readonly { name: string; data: unknown; at: number }[]) => boolean,
): Promise<{ name: string; data: unknown; at: number }[]> {
  const left = new AbortController();
  const response = await fetch(`${hearth.url}/api/events`, { signal: left.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const seen: { name: string; data: unknown; at: number }[] = [];
  const parser = createParser({
    onEvent: ({ event = '', data }) => {
      const schema = EVENTS[event as EventName];
      seen.push({ name: event, data: schema.parse(JSON.parse(data)), at: performance.now() });
    },
  });
  for await (const text of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    parser.feed(text);
    if (enough(seen)) break;
  }
  left.abort();
  return seen;
}

const stats = async () => cacheStatsSchema.parse(await (await hearth.get('/api/cache-stats')).json());

test('/api/events: a snapshot first, then what happens', async () => {
  const told = (seen: readonly { name: string; data: unknown }[]) =>
    seen.filter(({ name }) => name === 'request').map(({ data }) => EVENTS.request.parse(data));
  const gate = hearth.fake.gate();
  const reading = eventsUntil((seen) => {
    if (told(seen).some(({ arrived }) => arrived.length > 0)) gate.release();
    return told(seen).some(({ ended }) => ended.length > 0);
  });
  await (await hearth.chat('seen')).text();
  const seen = await reading;
  expect(seen[0]?.name).toBe('snapshot');
  const route = '/api/chat-optimized';
  const lives = { route, status: expect.stringMatching(/^(?:queued|processing)$/) as string };
  expect(told(seen).flatMap(({ arrived }) => arrived)).toMatchObject([lives]);
  expect(told(seen).flatMap(({ ended }) => ended)).toMatchObject([{ route, source: 'miss', status: 'completed' }]);
});

test('/api/events: each kind at most four times a second, however much happens', async () => {
  let stop = false;
  const traffic = (async () => {
    for (let i = 0; !stop; i++) await (await hearth.chat(`busy ${i}`)).text();
  })();
  const seen = await eventsUntil((so) => so.filter(({ name }) => name === 'queue').length >= 5);
  stop = true;
  await traffic;
  const queue = seen.filter(({ name }) => name === 'queue');
  const span = (queue.at(-1)?.at ?? 0) - (queue[0]?.at ?? 0);
  // Five events are four pauses of a quarter of a second; the reader's own scheduling may shorten one a little.
  expect(span).toBeGreaterThan(900);
});

test('/api/events: who leaves is forgotten', async () => {
  await eventsUntil((seen) => seen.length > 0);
  await (await hearth.chat('after')).text();
});

test('the queue as a stream, without an id', async () => {
  const left = new AbortController();
  const response = await fetch(`${hearth.url}/api/chat-queue`, {
    headers: { accept: 'text/event-stream' },
    signal: left.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const next = async () =>
    queueSchema.parse(JSON.parse(((await reader?.read())?.value ?? '').split('\n\n')[0]?.slice(6) ?? ''));
  expect((await next()).is_processing).toBe(false);
  const gate = hearth.fake.gate();
  const running = hearth.chat('runs');
  while (!(await next()).is_processing);
  gate.release();
  await (await running).text();
  left.abort();
});

test('rates are 0 before the first request, and true after', async () => {
  expect((await stats()).response_cache).toMatchObject({ hit_rate: 0, miss_rate: 0, memory_usage_percent: 0 });
  for (const content of ['a', 'a', 'a', 'b']) await (await hearth.chat(content)).text();
  await (await hearth.chat('c', { use_cache: false })).text();
  const { response_cache, batch_processor } = await stats();
  expect(response_cache).toMatchObject({
    hits: 2,
    misses: 2,
    coalesced: 0,
    bypassed: 1,
    hit_rate: 0.5,
    miss_rate: 0.5,
    total_entries: 2,
  });
  expect(response_cache.by_model['llama3.2:latest']).toMatchObject({ hits: 2, misses: 2, bypassed: 1, entries: 2 });
  expect(response_cache.tokens_saved).toBeGreaterThan(0);
  expect(batch_processor).toMatchObject({ total_requests: 5, cached_responses: 2, cache_hit_rate: 50 });
});

test('clear, clear by model, delete by key, reset', async () => {
  const act = async (body: object): Promise<Record<string, unknown>> =>
    (await hearth.post('/api/cache-stats', body)).json() as never;
  const first = await hearth.chat('one');
  await first.text();
  await (await hearth.chat('two')).text();
  await (await hearth.chat('three', { model: 'qwen2.5:0.5b' })).text();
  expect(await act({ action: 'delete', data: { key: first.headers.get('x-cache-key') } })).toMatchObject({
    success: true,
    removed: 1,
  });
  expect(await act({ action: 'clear', data: { model: 'qwen2.5:0.5b' } })).toMatchObject({ removed: 1 });
  expect(await act({ action: 'clear', data: { older_than_s: 60 } })).toMatchObject({ removed: 0 });
  expect(await act({ action: 'clear_conversation_cache' })).toEqual({
    success: true,
    action: 'clear_conversation_cache',
    removed: 0,
    freed_bytes: 0,
  });
  const cleared = await act({ action: 'clear_response_cache' });
  expect(cleared).toMatchObject({ success: true, action: 'clear_response_cache', removed: 1 });
  expect(cleared['freed_bytes']).toBeGreaterThan(0);
  expect((await stats()).response_cache.total_entries).toBe(0);
  await act({ action: 'reset_stats' });
  expect((await stats()).response_cache).toMatchObject({ misses: 0, hits: 0 });
});

test('a full cache stays within its bound', async () => {
  hearth.backend.configure(hearth.config({ ollama: { api_url: hearth.fake.url }, cache: { max_size_mb: 1 } }));
  hearth.fake.always({ pieces: ['x'.repeat(100_000)] });
  for (let i = 0; i < 15; i++) await (await hearth.chat(`fill ${i}`)).text();
  const { response_cache } = await stats();
  expect(response_cache.total_size_mb).toBeLessThanOrEqual(1);
  expect(response_cache.evictions).toBeGreaterThan(0);
  expect(response_cache.memory_usage_percent).toBeLessThanOrEqual(100);
});

test('settings that apply live: model, TTL, origins, waiting room', async () => {
  await (await hearth.chat('kept')).text();
  hearth.backend.configure(
    hearth.config({
      ollama: { api_url: hearth.fake.url, model: 'qwen2.5:0.5b' },
      cache: { ttl_seconds: 1 },
      cors: { allowed_origins: ['https://notes.example.com'] },
    }),
  );
  expect(await (await hearth.chat('other model')).json()).toMatchObject({ model: 'qwen2.5:0.5b', source: 'miss' });
  hearth.clock.forward(1001);
  expect(await (await hearth.chat('other model')).json()).toMatchObject({ source: 'miss' });
  const health = (origin: string): Promise<Response> => fetch(`${hearth.url}/health`, { headers: { origin } });
  expect((await health('https://notes.example.com')).headers.get('access-control-allow-origin')).toBe(
    'https://notes.example.com',
  );
  expect((await health('https://other.example.com')).status).toBe(403);
});

test('another ollama.api_url is taken over at once', async () => {
  const other = await startFakeOllama({ models: [{ name: 'only-here:latest' }] });
  hearth.backend.configure(hearth.config({ ollama: { api_url: other.url, model: 'only-here' } }));
  expect(await (await hearth.chat('moved')).json()).toMatchObject({ model: 'only-here', source: 'miss' });
  expect(healthSchema.parse(await (await hearth.get('/health')).json()).upstream.url).toBe(other.url);
  hearth.backend.configure(hearth.config({ ollama: { api_url: hearth.fake.url } }));
  await other.stop();
});

test('totals count a refused embed as failed, one whose caller left as cancelled', async () => {
  const totals = async () => (await stats()).queue.totals;
  const embed = (input: unknown, signal?: AbortSignal): Promise<Response> =>
    hearth.post('/api/embed', { model: 'nomic-embed-text', input }, signal === undefined ? {} : { signal });
  hearth.fake.next({ fail: { status: 500, error: 'the runner stopped' } });
  expect((await embed('fails')).status).toBe(500);
  expect(await totals()).toMatchObject({ requests: 1, failed: 1, cancelled: 0, refused: 0 });

  const gate = hearth.fake.gate();
  const [runs, waits] = [new AbortController(), new AbortController()];
  const running = embed('runs', runs.signal).catch(() => 'left');
  await hearth.fake.until(({ active }) => active === 1);
  const waiting = hearth.post(
    '/v1/embeddings',
    { model: 'nomic-embed-text', input: 'waits' },
    { signal: waits.signal },
  );
  await expect.poll(async () => (await stats()).queue.running.length + (await stats()).queue.waiting.length).toBe(2);
  waits.abort();
  await waiting.catch(() => 'left');
  await expect.poll(totals).toMatchObject({ cancelled: 1 });
  runs.abort();
  await running;
  await expect.poll(totals).toMatchObject({ requests: 3, failed: 1, cancelled: 2, refused: 0 });
  gate.release();

  expect((await hearth.post('/api/embed', { model: 'nope', input: 'x' })).status).toBe(404);
  expect(await totals()).toMatchObject({ requests: 3, failed: 1, cancelled: 2, refused: 1 });
  const { response_cache } = await stats();
  expect(response_cache).toMatchObject({ hits: 0, misses: 3, coalesced: 0 });
});

test('totals: who leaves before there is a place or an answer for it has neither begun nor ended', async () => {
  const totals = async () => (await stats()).queue.totals;
  // Nothing is known of these models yet, and Ollama does not tell it.
  const silence = hearth.fake.instead((call) => call.path === '/api/show', 'silence');
  const leave = async (
    path: string,
    body: { readonly model: string; readonly [field: string]: unknown },
  ): Promise<void> => {
    const left = new AbortController();
    const answer = hearth.post(path, body, { signal: left.signal }).catch(() => 'left');
    await expect.poll(() => hearth.fake.calls.map(({ body: asked }) => asked?.['model'])).toContain(body.model);
    left.abort();
    await answer;
    await expect
      .poll(async () => [await stats()].flatMap(({ queue }) => [...queue.running, ...queue.waiting]))
      .toEqual([]);
  };
  await leave('/api/embed', { model: 'nomic-embed-text:latest', input: 'left' });
  await leave('/api/chat-optimized', { model: 'qwen2.5:0.5b', messages: [{ role: 'user', content: 'left' }] });
  silence.release();
  expect((await hearth.chat('stayed')).status).toBe(200);
  expect(await totals()).toEqual({ requests: 1, completed: 1, failed: 0, cancelled: 0, refused: 0 });
});
