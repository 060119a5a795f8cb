// An Ollama that wants to know who asks: a key, headers, or a user and password go with every call and nowhere else, and a
// refusal over them is told alike on every route, as what it is: no word about the caller's own key.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import type { Config } from '../../../backend/contract/config/config.ts';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import type { RecordedCall } from '../../support/fake-ollama/fake-ollama.ts';
import type { Instead } from '../../support/fake-ollama/fake-call.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

let hearth: Hearth;
const others: Server[] = [];
afterEach(async () => {
  await hearth.stop();
  for (const server of others.splice(0)) server.close();
});

type OllamaSettings = Partial<Config['ollama']>;

async function start(ollama: OllamaSettings, more: Omit<HearthOptions, 'config'> = {}): Promise<void> {
  hearth = await startHearth({ ...more, config: { ollama } });
}

const model = 'llama3.2';
const messages = [{ role: 'user', content: 'hello' }];

/** One of every kind of call. The routes that are handed on, and those that Hearth answers itself. */
const EVERYTHING: readonly (() => Promise<Response>)[] = [
  () => hearth.chat('hello'),
  () => hearth.post('/api/chat', { model, messages, stream: false }),
  () => hearth.post('//api//chat', { model, messages, stream: false, options: { seed: 4 } }),
  () => hearth.post('/api/generate', { model, prompt: 'hello', stream: false }),
  () => hearth.post('/api/embed', { model: 'nomic-embed-text', input: 'a' }),
  () => hearth.post('/api/embeddings', { model: 'nomic-embed-text', prompt: 'b' }),
  () => hearth.post('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'hello there' }] }),
  () => hearth.post('/v1/messages', { model, max_tokens: 5, messages }),
  () => hearth.post('/v1/responses', { model, input: 'hello' }),
  () => hearth.post('/v1/images/generations', { model, prompt: 'hello' }),
  () => hearth.get('/v1/models'),
  () => hearth.get('/api/tags'),
  () => hearth.get('//api/tags'),
  () => hearth.post('/api/show', { model }),
  () => hearth.post('/api/pull', { model, stream: false }),
  () => fetch(`${hearth.url}/api/blobs/sha256:${'0'.repeat(64)}`, { method: 'HEAD' }),
  () => hearth.post('/api/cache-stats', { action: 'warm_model' }),
  () => hearth.post('/api/cache-stats', { action: 'unload_model' }),
];

async function askEverything(): Promise<void> {
  for (const ask of EVERYTHING) await (await ask()).arrayBuffer();
}

const authorizations = (calls: readonly RecordedCall[]): unknown[] => [
  ...new Set(calls.map(({ headers }) => headers.authorization)),
];

describe('with every call goes', () => {
  test.each<[string, OllamaSettings, string]>([
    ['ollama.api_key as a bearer', { api_key: 'sk-ollama-1' }, 'Bearer sk-ollama-1'],
    ['what was copied out of a header', { api_key: 'Bearer sk-ollama-1' }, 'Bearer sk-ollama-1'],
    ['an Authorization of ollama.headers', { headers: { AUTHORIZATION: 'Token abc' } }, 'Token abc'],
    [
      'that of ollama.headers before ollama.api_key',
      { api_key: 'sk-ollama-1', headers: { authorization: 'Token abc' } },
      'Token abc',
    ],
  ])('%s', async (_what, settings, expected) => {
    await start({ ...settings, preload: ['qwen2.5:0.5b'] });
    await askEverything();
    await hearth.fake.until(({ calls }) =>
      calls.some(({ body }) => (body as { model?: unknown } | undefined)?.model === 'qwen2.5:0.5b'),
    );
    expect(new Set(hearth.fake.calls.map(({ path }) => path)).size).toBeGreaterThan(12);
    expect(authorizations(hearth.fake.calls)).toEqual([expected]);
  });

  test.each<[string, string, OllamaSettings, string]>([
    [
      'the user and password of the address',
      'me:p%40ss%3Aw%C3%B6rd',
      {},
      Buffer.from('me:p@ss:wörd').toString('base64'),
    ],
    ['a password alone', ':pw', {}, Buffer.from(':pw').toString('base64')],
    ['a percent sign that stands for itself', 'me:100%', {}, Buffer.from('me:100%').toString('base64')],
  ])('%s as Basic', async (_what, user, more, expected) => {
    await start({});
    const calls = hearth.fake.calls.length;
    const api_url = hearth.fake.url.replace('//', `//${user}@`);
    hearth.backend.configure(hearth.config({ ollama: { ...more, api_url } }));
    await askEverything();
    expect(authorizations(hearth.fake.calls.slice(calls + 1))).toEqual([`Basic ${expected}`]);
  });

  test('a key rather than the user and password of the address', async () => {
    await start({});
    const api_url = hearth.fake.url.replace('//', '//me:pw@');
    hearth.backend.configure(hearth.config({ ollama: { api_url, api_key: 'sk-1' } }));
    await hearth.chat('hello');
    expect(hearth.fake.chats().at(-1)?.headers.authorization).toBe('Bearer sk-1');
  });

  test('the two headers of Cloudflare Access, in place of what a caller sends under their names', async () => {
    await start({ headers: { 'CF-Access-Client-Id': 'id.access', 'CF-Access-Client-Secret': 'secret-1' } });
    await askEverything();
    const init = { headers: { 'cf-access-client-id': 'somebody else', 'x-mine': 'kept' } };
    await hearth.post('/api/show', { model }, init);
    for (const { headers } of hearth.fake.calls) {
      expect([headers['cf-access-client-id'], headers['cf-access-client-secret']]).toEqual(['id.access', 'secret-1']);
    }
    expect(hearth.fake.calls.at(-1)?.headers['x-mine']).toBe('kept');
  });

  test('another key, at once', async () => {
    await start({ api_key: 'old' }, { fake: { apiKey: 'old' } });
    expect((await hearth.chat('one')).status).toBe(200);
    hearth.backend.configure(hearth.config({ ollama: { api_key: 'new' } }));
    const refused = await hearth.chat('two');
    expect(refused.status).toBe(401);
    hearth.backend.configure(hearth.config({ ollama: { api_key: 'old' } }));
    expect((await hearth.chat('three')).status).toBe(200);
  });
});

describe('what Hearth showed does not come back', () => {
  const settings = { api_key: 'SECRET/"key"&', headers: { 'X-One': 'SECRET-header' } };
  const said = `no: Bearer ${settings.api_key}, ${settings.headers['X-One']}`;
  const json = JSON.stringify({ error: said });
  const asPhp = JSON.stringify({ error: JSON.stringify({ error: { message: said } }) }).replaceAll('/', '\\/');
  const line = `${JSON.stringify({ message: { role: 'assistant', content: 'a' }, response: 'a', done: false })}\n`;
  const location = `/login?key=${encodeURIComponent(settings.api_key)}`;
  const answers: readonly [string, Instead][] = [
    ...[302, 400, 401, 403, 404, 407, 422, 429, 500, 503].map((status): [string, Instead] => [
      `HTTP ${status}`,
      { status, headers: { location, 'x-saw': said }, body: json },
    ]),
    ['JSON in JSON', { status: 500, body: asPhp }],
    ['a page', { status: 502, headers: { 'content-type': 'text/html' }, body: `<p>${said}` }],
    ['an error of a stream', { status: 200, body: `${line}${json}\n` }],
  ];
  test.each(answers)('in %s', async (what, answer) => {
    const lines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (text) => void lines.push(text) });
    await start(settings, { log });
    hearth.fake.instead(({ method }) => method !== 'GET', answer);
    const texts: string[] = [];
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`${hearth.url}${path}`, { method: 'POST', redirect: 'manual', body: JSON.stringify({ model, ...body }) });
    const own = [
      () => post('/api/chat-optimized', { messages }),
      () => post('/api/chat', { messages }),
      () => post('/api/generate', { prompt: 'hello' }),
      () => post('/v1/chat/completions', { messages }),
      () => post('/v1/responses', { input: 'hello' }),
      () => post('/api/cache-stats', { action: 'warm_model' }),
    ];
    const handedOn = ['/api/show', '/api/pull', '/v1/something/new'].map((path) => () => post(path, {}));
    for (const ask of what === 'an error of a stream' ? own : [...own, ...handedOn]) {
      const response = await ask();
      texts.push(JSON.stringify([...response.headers]), await response.text());
    }
    for (const path of ['/health', '/api/queue-status', '/api/cache-stats'])
      texts.push(await (await hearth.get(path)).text());
    for (const text of [...lines, ...texts]) expect(text).not.toContain('SECRET');
    expect(texts.join()).toContain('********');
  });

  test('nor in a cookie that a proxy gave for it', async () => {
    await start(settings);
    hearth.fake.instead(({ path }) => path === '/api/show', { status: 200, headers: { 'set-cookie': 'session=1' } });
    expect((await hearth.post('/api/show', { model })).headers.get('set-cookie')).toBeNull();
  });

  test('and an answer that is no error is handed on byte for byte', async () => {
    await start(settings);
    hearth.fake.instead(({ path }) => path === '/api/show', { status: 200, body: json });
    expect(await (await hearth.post('/api/show', { model })).text()).toBe(json);
  });
});

describe('the key of a caller', () => {
  test('goes up where Hearth shows none of its own to Ollama, and is never a key of Hearth’s', async () => {
    const { secret, keys } = addKey([], { name: 'phone', scopes: ['chat', 'manage'] }, new Date());
    const server = { api_keys: keys };
    await start({});
    const sent = async (authorization: string, settings: OllamaSettings): Promise<unknown> => {
      hearth.backend.configure(hearth.config({ server, ollama: settings }));
      await hearth.post('/api/show', { model }, { headers: { authorization } });
      return hearth.fake.calls.findLast(({ path }) => path === '/api/show')?.headers.authorization;
    };
    expect(await sent('Bearer sk-theirs', {})).toBe('Bearer sk-theirs');
    expect(await sent('Bearer sk-theirs', { headers: { 'X-Tenant': 'a' } })).toBe('Bearer sk-theirs');
    expect(await sent('Bearer sk-theirs', { api_key: 'sk-ours' })).toBe('Bearer sk-ours');
    expect(await sent(`Bearer ${secret}`, {})).toBeUndefined();
    expect(await sent(`Bearer ${secret}`, { api_key: 'sk-ours' })).toBe('Bearer sk-ours');
  });
});

test('a redirect is not followed, so that no other server is shown the key', async () => {
  const elsewhere = createServer((_, res) => res.end('{}')).listen(0, '127.0.0.1');
  others.push(elsewhere);
  await once(elsewhere, 'listening');
  let asked = 0;
  elsewhere.on('request', () => (asked += 1));
  const location = `http://me:pw@127.0.0.1:${(elsewhere.address() as AddressInfo).port}/login?state=secret-state`;
  await start({ api_key: 'sk-ollama-1' });
  hearth.fake.instead(({ path }) => path === '/api/chat' || path === '/api/show', {
    status: 302,
    headers: { location },
  });
  const refused = (await (await hearth.chat('hello')).json()) as { error: string };
  expect(refused.error).toContain(`it redirects to ${location.replace('me:pw@', '').replace(/\?.*/, '')})`);
  const passed = await fetch(`${hearth.url}/api/show`, { method: 'POST', body: '{}', redirect: 'manual' });
  expect(passed.status).toBe(302);
  expect(asked).toBe(0);
});

describe('401 and 403 of Ollama, or of a proxy before it', () => {
  const OWN_KEY = 'A key that you show to Hearth is not the reason.';
  const PAGE = {
    headers: { 'content-type': 'text/html', 'www-authenticate': 'Basic', 'proxy-authenticate': 'Basic' },
    body: '<h1>No',
  };

  const answers: readonly [string, { status: number; headers?: Record<string, string>; body?: string }, RegExp][] = [
    ['a page of nginx', { status: 401, ...PAGE }, /wants a key \(HTTP 401\)\. Set ollama\.api_key or ollama\.headers/],
    ['words', { status: 401, body: '{"error":"missing key."}' }, /wants a key \(HTTP 401\): missing key\. Set ollama/],
    ['nothing', { status: 401 }, /wants a key \(HTTP 401\)\. Set ollama\.api_key or ollama\.headers/],
    [
      'a proxy on the way',
      { status: 407, ...PAGE },
      /wants a key \(HTTP 407\)\. Set ollama\.api_key or ollama\.headers/,
    ],
    [
      'a page of Cloudflare',
      { status: 403, ...PAGE },
      /refuses this gateway \(HTTP 403\)\. Use another name .* set ollama/,
    ],
    [
      'words',
      { status: 403, body: '{"error":"not for you"}' },
      /\(HTTP 403\): not for you\. If it wants a key, set ollama/,
    ],
    ['nothing', { status: 403 }, /refuses this gateway \(HTTP 403\)\. Use another name .* set ollama\.api_key/],
  ];
  test.each(answers)('%s: the same rule on every route', async (_what, answer, words) => {
    await start({});
    hearth.fake.instead(({ method }) => method !== 'GET', answer);
    const code = answer.status === 403 ? 'upstream_forbidden' : 'upstream_unauthorized';
    const ask = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const response = await hearth.post(path, body);
      expect([path, response.status]).toEqual([path, answer.status === 403 ? 403 : 401]);
      // A browser would ask who is there for a password.
      expect(response.headers.get('www-authenticate')).toBeNull();
      expect(response.headers.get('retry-after')).toBeNull();
      return (await response.json()) as Record<string, unknown>;
    };
    const error = expect.stringMatching(new RegExp(`${words.source}.*${OWN_KEY}$`));
    const own = { error, code, retryable: false };
    expect(await ask('/api/chat-optimized', { messages })).toMatchObject(own);
    expect(await ask('/api/chat', { model, messages })).toMatchObject(own);
    expect(await ask('/api/generate', { model, prompt: 'x' })).toMatchObject(own);
    expect(await ask('/api/embed', { model, input: 'x' })).toMatchObject(own);
    expect(await ask('/api/show', { model })).toMatchObject(own);
    expect(await ask('/api/pull', { model })).toMatchObject(own);
    const openai = { error: { message: error, type: 'api_error', code } };
    expect(await ask('/v1/chat/completions', { model, messages })).toMatchObject(openai);
    expect(await ask('/v1/embeddings', { model, input: 'x' })).toMatchObject(openai);
    expect(await ask('/v1/responses', { model, input: 'x' })).toMatchObject(openai);
    expect(await ask('/v1/messages', { model, messages, max_tokens: 1 })).toMatchObject({ error: { message: error } });
  });

  test('where a key was shown the sentence says which setting it came from, and never the key', async () => {
    await start({ api_key: 'sk-wrong-1', headers: { 'X-Tenant': 'tenant-7' } });
    const body = '{"error":"no such key: sk-wrong-1 (Bearer sk-wrong-1) of tenant-7"}';
    hearth.fake.instead(({ method }) => method !== 'GET', { status: 401, body });
    for (const path of ['/api/chat', '/api/show']) {
      const { error } = (await (await hearth.post(path, { model, messages })).json()) as { error: string };
      expect(error).toContain('does not accept the key that Hearth shows (HTTP 401): no such key: ********');
      expect(error).toContain('Check ollama.api_key and ollama.headers in Hearth.');
      expect(error).not.toMatch(/sk-wrong|tenant-7/);
    }
  });

  test('Ollama’s own word that somebody has to sign in keeps the address where one does', async () => {
    await start({});
    const body = '{"error":"unauthorized","signin_url":"https://ollama.com/connect?name=x"}';
    hearth.fake.instead(({ method }) => method !== 'GET', { status: 401, body });
    for (const path of ['/api/chat', '/api/me']) {
      const told = (await (await hearth.post(path, { model, messages })).json()) as Record<string, unknown>;
      expect(told).toMatchObject({
        error: expect.stringMatching(
          /wants somebody to sign in \(HTTP 401\): unauthorized Sign in: https:\/\/ollama\.com/,
        ),
        signin_url: 'https://ollama.com/connect?name=x',
        code: 'upstream_unauthorized',
      });
    }
  });

  test('is what /health says, and a key that is right ends it at once', async () => {
    await start({ api_key: 'right' }, { fake: { apiKey: 'right' } });
    hearth.backend.configure(hearth.config({ ollama: { api_key: '' } }));
    const upstream = async (): Promise<Record<string, unknown>> =>
      ((await (await hearth.get('/health')).json()) as { upstream: Record<string, unknown> }).upstream;
    await expect.poll(upstream).toMatchObject({ reachable: false, reason: expect.stringContaining('wants a key') });
    hearth.backend.configure(hearth.config({ ollama: { api_key: 'right' } }));
    await expect.poll(upstream).toMatchObject({ reachable: true, reason: null });
  });
});

test('no secret is in a log line of any level, in an answer, or in an event', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line) => void lines.push(line) });
  const secrets = { api_key: 'sk-SECRET-key', headers: { 'X-One': 'SECRET-header' } };
  await start(secrets, { log });
  const user = hearth.fake.url.replace('//', '//me:SECRET-password@');
  const texts: string[] = [];
  const look = async (): Promise<void> => {
    for (const path of ['/health', '/api/cache-stats', '/openapi.json'])
      texts.push(await (await hearth.get(path)).text());
  };
  const events = await hearth.get('/api/events');
  const reader = events.body?.getReader();
  for (const api_url of [user, user.replace(/:\d+$/, ':1'), user]) {
    hearth.backend.configure(hearth.config({ ollama: { ...secrets, api_url } }));
    for (const ask of EVERYTHING) texts.push(await (await ask()).text());
    await look();
  }
  texts.push(Buffer.from((await reader?.read())?.value ?? []).toString());
  await reader?.cancel();
  hearth.backend.configure(
    hearth.config({ ollama: { ...secrets, api_url: `${hearth.url.replace('//', '//me:SECRET-password@')}` } }),
  );
  texts.push(await (await hearth.chat('round and round')).text());
  const basic = Buffer.from('me:SECRET-password').toString('base64');
  for (const text of [...lines, ...texts]) {
    expect(text).not.toContain('SECRET');
    expect(text).not.toContain(basic);
  }
  expect(lines.length).toBeGreaterThan(20);
});
