// Servers that are only like Ollama, and Ollama itself when one of its lists does not come: healthy where chats work, and
// a list that cannot be had is not an empty one.
import { afterEach, describe, expect, test } from 'vitest';
import type { FakeOllama, Instead } from '../../support/fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

/** For what has no event to wait for. */
const SOON = { timeout: 15_000 };

let hearth: Hearth;
afterEach(() => hearth.stop());

const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth({ ...options, config: { ollama: { connect_timeout_ms: 300 }, ...options.config } });
};

const at =
  (path: string) =>
  (call: { readonly path: string }): boolean =>
    call.path === path;

const instead = (fake: FakeOllama, path: string, answer: Instead) => fake.instead(at(path), answer);

const MISSING = { status: 404, body: '404 page not found' } as const;

interface Health {
  readonly status: string;
  readonly upstream: Readonly<Record<string, unknown>>;
}

const health = async (): Promise<Health> => (await (await hearth.get('/health')).json()) as Health;

/** Has the gateway look at Ollama anew, and waits until it has. */
const lookAgain = async (): Promise<void> => {
  const looks = (): number => hearth.fake.calls.filter(at('/api/version')).length;
  const before = looks();
  hearth.backend.control.lookAgain();
  await hearth.fake.until(() => looks() > before);
};

describe('no version', () => {
  test.each([
    ['404', MISSING],
    ['an answer without one', { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }],
    ['an empty one', { status: 200, headers: { 'content-type': 'application/json' }, body: '{"version":""}' }],
    ['a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }],
    ['silence', 'silence'],
  ] satisfies [string, Instead][])('%s: the list of models tells that it is up', async (_name, answer) => {
    await start();
    instead(hearth.fake, '/api/version', answer);
    await lookAgain();
    await expect.poll(health, SOON).toMatchObject({ status: 'healthy', upstream: { state: 'up', version: null } });
    expect((await hearth.chat('hello')).status).toBe(200);
  });

  test('nor a list: it is healthy once a chat came through', async () => {
    await start();
    for (const path of ['/api/version', '/api/tags', '/api/ps']) instead(hearth.fake, path, MISSING);
    await lookAgain();
    await expect.poll(health, SOON).toMatchObject({ status: 'unhealthy', upstream: { foreign: true } });
    expect((await hearth.chat('hello')).status).toBe(200);
    await expect.poll(health, SOON).toMatchObject({ status: 'healthy', upstream: { version: null } });
    await lookAgain();
    await expect.poll(health, SOON).toMatchObject({ status: 'healthy' });
  });
});

describe.each([
  ['hangs', 'silence'],
  ['fails', { status: 500, headers: { 'content-type': 'application/json' }, body: '{"error":"disk"}' }],
  ['is missing', MISSING],
] satisfies [string, Instead][])('a list of models that %s', (_name, answer) => {
  test('refuses nobody: what it does not name goes up, and the answer is Ollama’s', async () => {
    await start({ config: { cache: { stale_model_list_s: 0 } } });
    instead(hearth.fake, '/api/tags', answer);
    hearth.clock.forward(6000);
    await lookAgain();
    await expect.poll(async () => (await health()).upstream, SOON).toMatchObject({ models_unknown: true, state: 'up' });
    expect((await health()).status).toBe('healthy');
    const chat = await hearth.chat('hello');
    expect(chat.status).toBe(200);
    expect(chat.headers.get('x-cache')).toBe('BYPASS');
    const embed = await hearth.post('/api/embed', { model: 'nomic-embed-text', input: 'x' });
    expect(embed.status).toBe(200);
    const warm = await hearth.post('/api/cache-stats', { action: 'warm_model', data: { model: 'llama3.2' } });
    expect(warm.status).toBe(200);
    const missing = await hearth.post('/api/chat', { model: 'nope', messages: [{ role: 'user', content: 'x' }] });
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: expect.stringContaining('not found') });
    expect((await hearth.get('/v1/models/nope')).status).toBeGreaterThanOrEqual(500);
    expect((await hearth.get('/v1/models')).status).toBeGreaterThanOrEqual(500);
  });

  test('kept answers are found by the last one, for cache.stale_model_list_s', async () => {
    await start({ config: { cache: { stale_model_list_s: 60 } } });
    const source = async (): Promise<unknown> =>
      ((await (await hearth.chat('kept')).json()) as { source: unknown }).source;
    expect([await source(), await source()]).toEqual(['miss', 'hit']);
    const broken = instead(hearth.fake, '/api/tags', answer);
    hearth.clock.forward(50_000);
    expect(await source()).toBe('hit');
    hearth.clock.forward(20_000);
    expect(await source()).toBe('bypass');
    broken.release();
    await lookAgain();
    await expect.poll(source, SOON).toBe('hit');
  });
});

test('a list that hangs keeps only the first request waiting for it', async () => {
  await start({ config: { cache: { stale_model_list_s: 0 }, ollama: { connect_timeout_ms: 20_000 } } });
  await (await hearth.chat('load it')).text();
  const broken = instead(hearth.fake, '/api/tags', { status: 500 });
  hearth.clock.forward(6000);
  await (await hearth.chat('sees it fail')).text();
  broken.release();
  instead(hearth.fake, '/api/tags', 'silence');
  hearth.clock.forward(6000);
  expect((await hearth.chat('does not wait')).status).toBe(200);
});

describe('what is handed on', () => {
  test.each(['/api/tags', '/api/ps'])('GET %s that hangs ends after ollama.connect_timeout_ms', async (path) => {
    await start();
    instead(hearth.fake, path, 'silence');
    const answer = await hearth.get(path);
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({ code: 'first_token_timeout', retryable: true });
    expect((await hearth.chat('hello')).status).toBe(200);
  });

  test('an answer of a model has as long as on any route to begin; a pull as long as it takes', async () => {
    await start({ config: { ollama: { first_token_timeout_seconds: 1, connect_timeout_ms: 300 } } });
    instead(hearth.fake, '/v1/something/new', 'silence');
    const pull = instead(hearth.fake, '/api/pull', 'silence');
    const pulling = new AbortController();
    const pulled = hearth.post('/api/pull', { model: 'x', stream: false }, { signal: pulling.signal });
    const late = await hearth.post('/v1/something/new', { input: 'x' });
    expect(late.status).toBe(504);
    expect(hearth.fake.calls.find(at('/api/pull'))).toMatchObject({ outcome: 'open' });
    pulling.abort();
    await expect(pulled).rejects.toThrow();
    pull.release();
  });
});
