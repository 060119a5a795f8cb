// The promise: beyond this machine nobody gets in without a key, a key opens what it is for and no more, and what one
// caller asks is no other caller's business. On real sockets; a proxy on this machine stands for callers from elsewhere,
// and where the machine has an address of its own, that address does too.
import { get } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { ApiKey, KeyWish } from '../../../backend/contract/rules/api-key.ts';
import type { Health } from '../../../backend/contract/views/control.ts';
import type { QueueView } from '../../../backend/contract/views/queue-view.ts';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { exchange, ownAddress } from '../../support/door.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const made = (wish: Partial<KeyWish> = {}): { secret: string; key: ApiKey } =>
  addKey([], { name: 'phone', scopes: ['chat'], ...wish }, NOW);
/** As a proxy on this machine hands on what it got from elsewhere. */
const FROM_ELSEWHERE = { 'x-forwarded-for': '203.0.113.7' };
const bearer = (secret: string): Record<string, string> => ({ ...FROM_ELSEWHERE, authorization: `Bearer ${secret}` });

let hearth: Hearth;
const start = async (keys: readonly ApiKey[], more: NonNullable<HearthOptions['config']> = {}): Promise<void> => {
  hearth = await startHearth({ config: { ...more, server: { api_keys: [...keys], ...more.server } } });
};
afterEach(() => hearth.stop());

const question = { model: 'llama3.2', messages: [{ role: 'user', content: 'Why?' }] };
const ask = (headers: Record<string, string>): Promise<Response> => hearth.chat('Why?', {}, { headers });
const read = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;
/** What a request gets that says it is meant for another name than the one it is sent to. */
const statusAs = (host: string, address: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const options = { host: address, port: hearth.backend.port, path: '/health', headers: { host }, agent: false };
    get(options, (res) => resolve(res.resume().statusCode)).on('error', reject);
  });
const runs = (): number => hearth.fake.calls.filter(({ path }) => path === '/api/chat').length;

describe('who must show a key', () => {
  test('callers from elsewhere: 401 before any work, in the form of each dialect', async () => {
    await start([made().key]);
    const own = await ask(FROM_ELSEWHERE);
    expect(own.status).toBe(401);
    expect(own.headers.get('www-authenticate')).toBe('Bearer realm="hearth"');
    expect(await read(own)).toMatchObject({ code: 'unauthorized', retryable: false });
    const openai = await hearth.post('/v1/chat/completions', question, { headers: FROM_ELSEWHERE });
    expect([openai.status, ((await read(openai))['error'] as { type: string }).type]).toEqual([
      401,
      'authentication_error',
    ]);
    const ollama = await hearth.post('/api/chat', question, { headers: FROM_ELSEWHERE });
    expect([ollama.status, typeof (await read(ollama))['error']]).toEqual([401, 'string']);
    for (const path of ['/health', '/api/tags', '/', '/openapi.json']) {
      const { status } = await fetch(hearth.url + path, { headers: FROM_ELSEWHERE });
      expect([path, status]).toEqual([path, 401]);
    }
    expect(runs()).toBe(0);
  });

  test('programs and development servers of this machine need none, whatever they send as a key', async () => {
    await start([made().key]);
    for (const headers of [
      {},
      { authorization: 'Bearer ollama' },
      { 'x-api-key': 'anything' },
      { 'x-forwarded-for': '::1, 127.0.0.1' },
    ]) {
      expect((await ask(headers as Record<string, string>)).status).toBe(200);
    }
  });

  test.each([
    { 'x-real-ip': '203.0.113.7' },
    { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '203.0.113.7' },
    { 'x-forwarded-for': '127.0.0.1, 203.0.113.7' },
    { forwarded: 'for=203.0.113.7' },
    { 'x-forwarded-host': '192.168.1.5:3000' },
    { 'cf-connecting-ip': '203.0.113.7' },
    { 'x-forwarded-for': 'unknown' },
  ])('a proxy on this machine that says so in its own way hands on a caller from elsewhere: %j', async (headers) => {
    await start([made().key]);
    expect((await ask(headers as Record<string, string>)).status).toBe(401);
    expect((await ask({ 'x-real-ip': '127.0.0.1' })).status).toBe(200);
  });

  test('a name in server.allowed_hosts is one from elsewhere too', async () => {
    await start([made().key], { server: { allowed_hosts: ['ai.example'] } });
    const status = await statusAs('ai.example', '127.0.0.1');
    expect(status).toBe(401);
  });

  test('before the first key nobody from another machine gets in through a proxy, and is told why', async () => {
    await start([]);
    const refused = await ask({ 'x-forwarded-host': '192.168.1.5:3000' });
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="hearth"']);
    const { error } = await read(refused);
    expect(error).toContain('x-forwarded-host says that a proxy handed it on for another machine');
    expect(error).toContain('server.allow_anonymous');
    expect((await ask(FROM_ELSEWHERE)).status).toBe(401);
    expect(runs()).toBe(0);
    // A container, which has no proxy but another name for this machine, and the development server of a frontend.
    hearth.backend.configure(hearth.config({ server: { allowed_hosts: ['host.docker.internal'] } }));
    expect(await statusAs('host.docker.internal', '127.0.0.1')).toBe(200);
    expect((await ask({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'localhost:3000' })).status).toBe(200);
  });

  test('once the last key is revoked, nobody from another machine gets in either', async () => {
    await start([made().key]);
    hearth.backend.configure(hearth.config({}));
    expect((await ask(FROM_ELSEWHERE)).status).toBe(401);
  });

  test('server.allow_anonymous lets everybody in before the first key', async () => {
    await start([], { server: { allow_anonymous: true } });
    expect((await ask(FROM_ELSEWHERE)).status).toBe(200);
    expect((await ask({ 'x-forwarded-host': '192.168.1.5:3000' })).status).toBe(200);
  });

  test.each([998, 1000, 1500, 5000])(
    '%i headers in front push none out, on the wire of this or that',
    async (lines) => {
      const { secret, key } = made();
      await start([key]);
      const { port } = hearth.backend;
      const padding = 'a:b\r\n'.repeat(lines);
      const send = async (more: string): Promise<string> => {
        const head = `POST /api/pull HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\nContent-Length: 2\r\n`;
        return (await exchange(port, `${head}${padding}${more}\r\n\r\n{}`)).slice(0, 12);
      };
      expect(await send('X-Forwarded-For: 10.0.0.1')).toBe('HTTP/1.1 401');
      expect(await send(`X-Forwarded-For: 10.0.0.1\r\nAuthorization: Bearer ${secret}`)).toBe('HTTP/1.1 403');
      expect(await send('Origin: https://evil.com')).toBe('HTTP/1.1 403');
      expect(await send('Host: evil.com')).toBe('HTTP/1.1 403');
    },
  );

  test('more headers than 16 KB are refused and not cut', async () => {
    await start([]);
    const head = `GET /health HTTP/1.1\r\nHost: localhost:${hearth.backend.port}\r\nConnection: close\r\n`;
    const answer = await exchange(hearth.backend.port, `${head}${'a:b\r\n'.repeat(20_000)}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('changing models from elsewhere takes a key or server.allow_management, even if all is open', async () => {
    const pull = async (headers: Record<string, string>): Promise<number> =>
      (await hearth.post('/api/pull', { model: 'llama3.2', stream: false }, { headers })).status;
    for (const server of [{}, { allow_anonymous: true }, { allow_anonymous: true, api_keys: [made().key] }]) {
      await start([], { server });
      const asked = [FROM_ELSEWHERE, { forwarded: 'for=203.0.113.7' }, { 'x-forwarded-host': '192.168.1.5' }];
      expect(await Promise.all(asked.map((headers) => pull(headers as Record<string, string>)))).toEqual([
        403, 403, 403,
      ]);
      expect(await pull({})).toBe(200);
      const gone = { method: 'DELETE', body: '{"model":"llama3.2"}', headers: asked[2] as Record<string, string> };
      const refused = await fetch(`${hearth.url}/api/delete`, gone);
      expect([refused.status, (await read(refused))['code']]).toEqual([403, 'management_disabled']);
      await hearth.stop();
    }
    await start([], { server: { allow_management: true, allow_anonymous: true } });
    expect(await pull(FROM_ELSEWHERE)).toBe(200);
    await hearth.stop();
    // It says what may be done, and not who gets in.
    await start([], { server: { allow_management: true } });
    expect(await pull(FROM_ELSEWHERE)).toBe(401);
  });

  test('a wrong key of ours is refused here as well, so that a revoked one does not seem to work', async () => {
    await start([made().key]);
    const wrong = await ask({ authorization: `Bearer ${made().secret}` });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  test('nobody where server.allow_anonymous says so, and a shown key counts all the same', async () => {
    const { secret, key } = made();
    await start([key], { server: { allow_anonymous: true } });
    expect((await ask(FROM_ELSEWHERE)).status).toBe(200);
    const clear = await hearth.post('/api/cache-stats', { action: 'clear' }, { headers: bearer(secret) });
    expect(clear.status).toBe(403);
  });
});

describe('a good key', () => {
  test('works as Bearer, in any case of the word, and as x-api-key', async () => {
    const { secret, key } = made();
    await start([key]);
    for (const headers of [
      { authorization: `Bearer ${secret}` },
      { authorization: `bearer   ${secret}` },
      { 'x-api-key': secret },
      // A client that cannot do without a text here.
      { authorization: 'Bearer any', 'x-api-key': secret },
      { authorization: `Bearer ${secret}`, 'x-api-key': 'any' },
    ] as Record<string, string>[]) {
      expect((await ask({ ...FROM_ELSEWHERE, ...headers })).status).toBe(200);
    }
    expect((await ask({ ...FROM_ELSEWHERE, authorization: `Basic ${secret}` })).status).toBe(401);
  });

  test('never reaches Ollama', async () => {
    const { secret, key } = made();
    await start([key]);
    expect((await fetch(`${hearth.url}/api/version`, { headers: bearer(secret) })).status).toBe(200);
    await hearth.post('/api/chat', question, { headers: { ...bearer(secret), 'x-api-key': secret } });
    expect(hearth.fake.calls.length).toBeGreaterThan(0);
    expect(JSON.stringify(hearth.fake.calls)).not.toContain(secret);
  });

  test('made or revoked while the gateway runs counts at once', async () => {
    const { secret, key } = made();
    await start([]);
    hearth.backend.configure(hearth.config({ server: { api_keys: [key] } }));
    expect((await ask(bearer(secret))).status).toBe(200);
    hearth.backend.configure(hearth.config({ server: { api_keys: [] } }));
    expect((await ask(bearer(secret))).status).toBe(401);
  });
});

test.each(['/api/events', '/api/chat-queue'])('a stream of %s ends at once when its key is revoked', async (path) => {
  const [phone, tablet] = [made(), made({ name: 'tablet' })];
  await start([phone.key, tablet.key]);
  const follow = (secret: string): Promise<Response> =>
    fetch(hearth.url + path, { headers: { ...bearer(secret), accept: 'text/event-stream' } });
  const [mine, other] = [await follow(phone.secret), await follow(tablet.secret)];
  const ended = mine.text();
  hearth.backend.configure(hearth.config({ server: { api_keys: [tablet.key] } }));
  // Nothing else happens: it is not the next request that ends it, and no heart-beat goes to it any more.
  expect(await ended).not.toContain(tablet.key.name);
  const reader = other.body?.getReader();
  expect((await reader?.read())?.done).toBe(false);
  await reader?.cancel();
});

describe('scopes', () => {
  const CHAT: readonly [string, string, object?][] = [
    ['POST', '/api/chat', question],
    ['POST', '/api/generate', { model: 'llama3.2', prompt: 'Why?' }],
    ['POST', '/api/chat-optimized', question],
    ['POST', '/v1/chat/completions', question],
    ['POST', '/api/chat-queue', question],
    ['POST', '/api/show', { model: 'llama3.2' }],
  ];
  const CACHE: readonly [string, string, object?][] = [
    ['POST', '/api/cache-stats', { action: 'clear' }],
    ['POST', '/api/cache-stats', { action: 'reset_stats' }],
  ];
  const MANAGE: readonly [string, string, object?][] = [
    ['POST', '/api/cache-stats', { action: 'unload_model' }],
    ['POST', '/api/cache-stats', { action: 'unload_idle' }],
    ['POST', '/api/pulls', { model: 'llama3.2' }],
    ['DELETE', '/api/pulls?model=none'],
    ['POST', '/api/pull', { model: 'llama3.2', stream: false }],
    ['POST', '//api/pull', { model: 'llama3.2', stream: false }],
    ['POST', '/api/%70ull', { model: 'llama3.2', stream: false }],
    ['POST', '/api/%2570ull', { model: 'llama3.2', stream: false }],
    ['POST', '/v1/%2e%2e/api/pull', { model: 'llama3.2', stream: false }],
    ['POST', '/v1/..%2fapi/pull', { model: 'llama3.2', stream: false }],
    ['POST', '/api/pull/', { model: 'llama3.2', stream: false }],
    ['POST', '/api/copy', { source: 'llama3.2', destination: 'b' }],
    ['DELETE', '/api/delete', { model: 'b' }],
  ];

  const statusOf = async (
    [method, path, body]: readonly [string, string, object?],
    secret: string,
  ): Promise<number> => {
    const response = await fetch(hearth.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...bearer(secret) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await response.arrayBuffer();
    return response.status;
  };

  test.each([
    ['chat', CHAT, [...CACHE, ...MANAGE]],
    ['cache', CACHE, [...CHAT, ...MANAGE]],
    ['manage', MANAGE, [...CHAT, ...CACHE]],
  ] as const)('a key for %s opens that and nothing else', async (scope, opens, closed) => {
    const { secret, key } = made({ scopes: [scope] });
    await start([key]);
    const refused = async (each: readonly [string, string, object?]): Promise<boolean> =>
      [401, 403].includes(await statusOf(each, secret));
    for (const each of opens) expect([each, await refused(each)]).toEqual([each, false]);
    for (const each of closed) expect([each, await statusOf(each, secret)]).toEqual([each, 403]);
    for (const path of ['/health', '/api/tags', '/v1/models', '/openapi.json']) {
      expect([path, await statusOf(['GET', path], secret)]).toEqual([path, 200]);
    }
    for (const path of ['/api/cache-stats', '/metrics']) {
      expect([path, await statusOf(['GET', path], secret)]).toEqual([path, scope === 'chat' ? 403 : 200]);
    }
  });

  test('the refusal names the key, what it is for and what is needed', async () => {
    const { secret, key } = made({ scopes: ['chat', 'cache'] });
    await start([key]);
    const refused = await hearth.post('/api/cache-stats', { action: 'warm_model' }, { headers: bearer(secret) });
    expect(await read(refused)).toMatchObject({
      error: 'The key "phone" is for chat and cache, and this needs manage. Make a key with that scope.',
      code: 'forbidden',
    });
  });
});

describe('limits', () => {
  test('ten wrong keys give 429 with Retry-After for a minute, while a right one still gets in', async () => {
    const { secret, key } = made();
    await start([key]);
    for (let i = 0; i < 10; i += 1) expect((await ask(bearer(`hearth_wrong${i}`))).status).toBe(401);
    const limited = await ask(bearer('hearth_wrong'));
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await read(limited)).toMatchObject({ code: 'client_limit', retryable: true });
    expect((await ask(bearer(secret))).status).toBe(200);
    hearth.clock.forward(60_000);
    expect((await ask(bearer('hearth_wrong'))).status).toBe(401);
  });

  test('requests a minute, of which looking is none', async () => {
    const { secret, key } = made({ requests_per_minute: 2 });
    await start([key]);
    expect([(await ask(bearer(secret))).status, (await ask(bearer(secret))).status]).toEqual([200, 200]);
    const limited = await ask(bearer(secret));
    expect([limited.status, (await read(limited))['code']]).toEqual([429, 'client_limit']);
    expect((await fetch(`${hearth.url}/health`, { headers: bearer(secret) })).status).toBe(200);
    expect((await ask({})).status).toBe(200);
    hearth.clock.forward(60_000);
    expect((await ask(bearer(secret))).status).toBe(200);
  });

  test('one request more than a key may run at once is refused; other keys have their own share', async () => {
    const { secret, key } = made({ max_active: 1 });
    await start([key]);
    const held = hearth.fake.gate();
    const first = await hearth.post('/api/chat-queue', question, { headers: bearer(secret) });
    expect(first.status).toBe(202);
    const second = await hearth.post('/api/chat-queue', question, { headers: bearer(secret) });
    expect([second.status, (await read(second))['code']]).toEqual([429, 'client_limit']);
    const local = await hearth.post('/api/chat-queue', question);
    expect(local.status).toBe(202);
    held.release();
  });

  test('what is handed on to Ollama counts among them, until it has ended or its caller has left', async () => {
    const { secret, key } = made({ max_active: 1 });
    await start([key]);
    const headers = bearer(secret);
    const handOn = (): Promise<Response> => hearth.post('/v1/something/new', {}, { headers });
    const held = hearth.fake.gate();
    await hearth.post('/api/chat-queue', question, { headers });
    const refused = await handOn();
    expect([refused.status, ((await read(refused))['error'] as { code: string }).code]).toEqual([429, 'client_limit']);
    expect((await fetch(`${hearth.url}/api/tags`, { headers })).status).toBe(200);
    held.release();
    await expect.poll(async () => (await handOn()).status).toBe(404);

    // A body that never ends keeps a request open.
    const leave = new AbortController();
    const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('{')) });
    const open = { method: 'POST', body, duplex: 'half', headers, signal: leave.signal } as RequestInit;
    const left = fetch(`${hearth.url}/v1/something/new`, open).catch(() => undefined);
    await expect.poll(async () => (await handOn()).status).toBe(429);
    leave.abort();
    await left;
    await expect.poll(async () => (await handOn()).status).toBe(404);
  });

  test('a kept answer needs no share, as JSON or streamed', async () => {
    const { secret, key } = made({ max_active: 1 });
    await start([key]);
    expect((await ask(bearer(secret))).status).toBe(200);
    const held = hearth.fake.gate();
    await hearth.post('/api/chat-queue', { ...question, use_cache: false }, { headers: bearer(secret) });
    const streamed = await hearth.chat('Why?', { stream: true }, { headers: bearer(secret) });
    expect([streamed.headers.get('x-cache'), await streamed.text()]).toEqual([
      'HIT',
      expect.not.stringContaining('client_limit'),
    ]);
    expect((await ask(bearer(secret))).headers.get('x-cache')).toBe('HIT');
    held.release();
  });
});

describe('what is whose', () => {
  test('each key has kept answers and conversations of its own', async () => {
    const [phone, tablet] = [made({ name: 'phone' }), made({ name: 'tablet' })];
    await start([phone.key, tablet.key]);
    const sources = [];
    for (const headers of [bearer(phone.secret), bearer(tablet.secret), {}, bearer(phone.secret)]) {
      sources.push((await read(await ask(headers as Record<string, string>)))['source']);
    }
    expect(sources).toEqual(['miss', 'miss', 'miss', 'hit']);
    await hearth.chat('Hello', { conversation_id: 'talk' }, { headers: bearer(phone.secret) });
    const look = (secret: string): Promise<Response> =>
      fetch(`${hearth.url}/api/conversations/talk`, { headers: bearer(secret) });
    expect([(await look(phone.secret)).status, (await look(tablet.secret)).status]).toEqual([200, 404]);
  });

  test('a key sees and cancels only its own requests; this machine and a manage key see all', async () => {
    const [phone, tablet, boss] = [
      made({ name: 'phone' }),
      made({ name: 'tablet' }),
      made({ name: 'boss', scopes: ['chat', 'manage'] }),
    ];
    await start([phone.key, tablet.key, boss.key]);
    const body = { ...question, requestId: 'mine' };
    expect((await hearth.post('/api/chat-queue', body, { headers: bearer(phone.secret) })).status).toBe(202);
    const at = `${hearth.url}/api/chat-queue?requestId=mine`;
    const see = async (headers: Record<string, string>, method = 'GET'): Promise<number> =>
      (await fetch(at, { headers, method })).status;
    expect(await see(bearer(tablet.secret))).toBe(404);
    expect(await see({ ...bearer(tablet.secret), accept: 'text/event-stream' })).toBe(404);
    expect(await see(bearer(tablet.secret), 'DELETE')).toBe(404);
    expect([await see(bearer(phone.secret)), await see(bearer(boss.secret)), await see({})]).toEqual([200, 200, 200]);
  });

  test('a key that is made under the name of a revoked one is another key', async () => {
    const [old, next] = [made(), made()];
    await start([old.key]);
    await hearth.chat('Hello', { conversation_id: 'talk' }, { headers: bearer(old.secret) });
    hearth.backend.configure(hearth.config({ server: { api_keys: [next.key] } }));
    const look = await fetch(`${hearth.url}/api/conversations/talk`, { headers: bearer(next.secret) });
    expect(look.status).toBe(404);
  });

  test('the queue shows a caller by the name of its key', async () => {
    const { secret, key } = made();
    await start([key]);
    const held = hearth.fake.gate();
    await hearth.post('/api/chat-queue', question, { headers: bearer(secret) });
    const { running, waiting } = (await read(await hearth.get('/api/chat-queue'))) as unknown as QueueView;
    expect([...running, ...waiting].map(({ caller }) => caller)).toEqual(['phone']);
    held.release();
  });
});

const address = ownAddress();

// A machine without a network has no such address: nobody could come from there, and there is nothing to be tested.
describe.skipIf(address === undefined)('on an address of this machine other than loopback', () => {
  const there = (): string => `http://${address}:${hearth.backend.port}`;

  test('server.lan opens it once there is a key, and a key is needed there', async () => {
    const { secret, key } = made();
    await start([key], { server: { lan: true } });
    expect((await fetch(`${there()}/health`)).status).toBe(401);
    expect((await fetch(`${there()}/health`, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(200);
    // Whoever comes from there may say what they like.
    expect(await statusAs(`localhost:${hearth.backend.port}`, address ?? '')).toBe(401);
    const management = await fetch(`${there()}/api/delete`, {
      method: 'DELETE',
      body: '{"model":"llama3.2"}',
      headers: { authorization: `Bearer ${secret}` },
    });
    expect(management.status).toBe(403);
    // The last key was revoked: nobody gets in from there any more.
    hearth.backend.configure(hearth.config({ server: { lan: true, api_keys: [] } }));
    expect((await fetch(`${there()}/health`, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(403);
    expect((await hearth.get('/health')).status).toBe(200);
  });

  test('without a key server.lan opens nothing', async () => {
    await start([], { server: { lan: true } });
    await expect(fetch(`${there()}/health`)).rejects.toThrow();
    expect(((await read(await hearth.get('/health'))) as unknown as Health).notices?.[0]).toContain('there is no key');
  });
});
