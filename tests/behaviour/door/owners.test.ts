// The promise: owners are apart everywhere. A key, and a page from elsewhere that was let in, sees its own requests,
// answers and conversations and counts of the rest, and removes nothing of anybody else's. This machine, and a key for
// manage, sees all. On real sockets; a proxy on this machine stands for callers from elsewhere.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CacheStats, EventData, EventName, RequestList } from '../../../backend/contract/views/control.ts';
import type { QueueView } from '../../../backend/contract/views/queue-view.ts';
import type { Scope } from '../../../backend/contract/rules/api-key.ts';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

const PAGE = 'https://notes.example.com';
type Headers = Record<string, string>;

const keyFor = (name: string, scopes: Scope[]) => addKey([], { name, scopes }, new Date('2026-01-01T00:00:00Z'));
const a = keyFor('a', ['chat', 'cache']);
const b = keyFor('b', ['chat', 'cache']);
const chatter = keyFor('chatter', ['chat']);
const boss = keyFor('boss', ['chat', 'cache', 'manage']);
const showing = ({ secret }: { readonly secret: string }): Headers => ({
  'x-forwarded-for': '203.0.113.7',
  authorization: `Bearer ${secret}`,
});
const A = showing(a);
const CHATTER = showing(chatter);
const OTHERS: readonly [string, Headers][] = [
  ['another key', showing(b)],
  ['an approved page', { origin: PAGE }],
];
const ALL: readonly [string, Headers][] = [
  ['a program of this machine', {}],
  ['a page of this machine', { origin: 'http://localhost:3000' }],
  ['a key for manage', showing(boss)],
];

let hearth: Hearth;
const server = { api_keys: [a, b, chatter, boss].map(({ key }) => key) };
beforeEach(async () => {
  hearth = await startHearth({
    config: { server, cors: { allowed_origins: [PAGE] } },
  });
});
afterEach(() => hearth.stop());

const get = (path: string, headers: Headers, signal?: AbortSignal): Promise<Response> =>
  fetch(hearth.url + path, { headers, ...(signal === undefined ? {} : { signal }) });
const json = async <T>(response: Promise<Response>): Promise<T> => (await (await response).json()) as T;
const tell = async (body: object, headers: Headers): Promise<{ status: number; removed?: number }> => {
  const response = await hearth.post('/api/cache-stats', body, { headers });
  return { status: response.status, ...((await response.json()) as object) };
};
const chat = (content: string, headers: Headers, more: object = {}): Promise<Response> =>
  hearth.chat(content, more, { headers });
const source = async (content: string, headers: Headers): Promise<string> =>
  (await json<{ source: string }>(chat(content, headers))).source;

/** Events of a caller, until one of a name comes that says what is wanted. */
async function events(
  headers: Headers,
  enough: (name: EventName, data: unknown) => boolean,
  begun: () => Promise<unknown> = async () => undefined,
): Promise<string> {
  const leave = new AbortController();
  const response = await get('/api/events', headers, leave.signal);
  let text = '';
  let seen = 0;
  const decoder = new TextDecoder();
  let first = true;
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (first) await begun();
    first = false;
    const whole = text.split('\n\n').slice(0, -1);
    const over = whole.slice(seen).some((event) => {
      const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      return name !== '' && enough(name as EventName, JSON.parse(data));
    });
    seen = whole.length;
    if (over) break;
  }
  leave.abort();
  return text;
}

test('of the requests that have ended each owner is told its own, by list and by id', async () => {
  const ended = async (headers: Headers): Promise<string[]> =>
    (await json<RequestList>(get('/api/requests', headers))).requests.map(({ request_id }) => request_id);
  await (await chat('Hers', { ...A, 'x-request-id': 'hers' })).text();
  for (const [i, [, headers]] of OTHERS.entries()) {
    await (await chat('Mine', { ...headers, 'x-request-id': `mine-${i}` })).text();
    expect(await ended(headers)).toEqual([`mine-${i}`]);
    expect((await get('/api/requests/hers', headers)).status).toBe(404);
  }
  expect(await ended(A)).toEqual(['hers']);
  for (const [, headers] of ALL) {
    expect(await ended(headers)).toEqual(['mine-1', 'mine-0', 'hers']);
    expect((await get('/api/requests/hers', headers)).status).toBe(200);
  }
});

describe('while a request of another one runs, and one waits', () => {
  const held = async (): Promise<() => void> => {
    const gate = hearth.fake.gate();
    for (const requestId of ['of-a-1', 'of-a-2']) {
      const body = { model: 'qwen2.5:0.5b', messages: [{ role: 'user', content: requestId }], requestId };
      expect((await hearth.post('/api/chat-queue', body, { headers: A })).status).toBe(202);
    }
    await hearth.fake.until(({ active }) => active > 0);
    return () => gate.release();
  };

  test.each(OTHERS)('%s sees counts alone in the queue, its figures and its events', async (_name, headers) => {
    const release = await held();
    const queue = await json<QueueView>(get('/api/chat-queue', headers));
    expect(queue).toMatchObject({ running: [], waiting: [], queue_length: 1, is_processing: true });
    const stats = await json<CacheStats>(get('/api/cache-stats', headers));
    expect([stats.queue.running, stats.queue.waiting, stats.response_cache.by_model]).toEqual([[], [], {}]);
    const stream = new AbortController();
    const live = await get('/api/chat-queue', { ...headers, accept: 'text/event-stream' }, stream.signal);
    const first = await live.body?.getReader().read();
    stream.abort();
    expect(new TextDecoder().decode(first?.value)).toContain('"running":[],"waiting":[]');
    // Its own ends last, and so all that it is told of the others' has been told.
    const own = () => chat('Mine', { ...headers, 'x-request-id': 'mine' });
    const told = await events(
      headers,
      (name, data) =>
        name === 'request' && (data as EventData<'request'>).ended.some(({ request_id }) => request_id === 'mine'),
      async () => {
        release();
        await own();
      },
    );
    expect(told).not.toMatch(/of-a|"caller":"a"|"model":"qwen/);
    expect(told).toContain('"queue_length":1');
  });

  test.each(ALL)('%s sees it all', async (_name, headers) => {
    const release = await held();
    const { running, waiting } = await json<QueueView>(get('/api/chat-queue', headers));
    expect([...running, ...waiting].map(({ request_id, caller }) => [request_id, caller])).toEqual([
      ['of-a-1', 'a'],
      ['of-a-2', 'a'],
    ]);
    const told = await events(
      headers,
      (name) => name === 'request',
      async () => release(),
    );
    expect(told).toContain('of-a-1');
  });

  test('its own caller sees it, also in its figures', async () => {
    const release = await held();
    const { running, waiting } = await json<QueueView>(get('/api/chat-queue', A));
    expect([...running, ...waiting]).toHaveLength(2);
    expect(Object.keys((await json<CacheStats>(get('/api/cache-stats', A))).response_cache.by_model)).toEqual([
      'qwen2.5:0.5b',
    ]);
    release();
  });

  test('nobody else is told that there was one, also when its result is gone', async () => {
    (await held())();
    await expect
      .poll(async () => (await json<{ status: string }>(get('/api/chat-queue?requestId=of-a-2', A))).status)
      .toBe('completed');
    hearth.clock.forward(3_600_000);
    const look = async (headers: Headers): Promise<number> =>
      (await get('/api/chat-queue?requestId=of-a-2', headers)).status;
    expect([await look(A), await look({}), await look(showing(b)), await look({ origin: PAGE })]).toEqual([
      410, 410, 404, 404,
    ]);
  });
});

test('a notice that names a page is for those who may see all', async () => {
  const knock = () => fetch(hearth.url, { headers: { origin: 'https://stranger.example' } });
  const all = await events({}, (name) => name === 'notice', knock);
  expect(all).toContain('https://stranger.example');
  const told = await events(
    A,
    (name, data) => name === 'request' && (data as EventData<'request'>).ended.length > 0,
    async () => {
      await fetch(hearth.url, { headers: { origin: 'https://another.example' } });
      await chat('Mine', A);
    },
  );
  expect(told).not.toContain('another.example');
});

describe('what is kept', () => {
  test.each([['clear'], ['clear_response_cache']])('%s of one clears its own alone', async (action) => {
    const everybody: Headers[] = [A, showing(b), { origin: PAGE }, {}];
    for (const headers of everybody) await chat('Why?', headers);
    expect(await tell({ action }, A)).toMatchObject({ status: 200, removed: 1 });
    expect(await tell({ action }, { origin: PAGE })).toMatchObject({ status: 200, removed: 1 });
    expect(await source('Why?', showing(b))).toBe('hit');
    expect(await source('Why?', {})).toBe('hit');
    expect(await source('Why?', A)).toBe('miss');
    // And of those who see all, all.
    expect(await tell({ action }, showing(boss))).toMatchObject({ removed: 3 });
  });

  test('by model, by age and by key as well', async () => {
    const { headers } = await chat('Why?', {});
    await chat('Why?', A);
    const key = headers.get('x-cache-key');
    expect(await tell({ action: 'delete', data: { key } }, A)).toMatchObject({ status: 200, removed: 0 });
    expect(await tell({ action: 'clear', data: { model: 'llama3.2' } }, A)).toMatchObject({ removed: 1 });
    expect(await tell({ action: 'clear', data: { older_than_s: 0 } }, A)).toMatchObject({ removed: 0 });
    expect(await tell({ action: 'delete', data: { key } }, {})).toMatchObject({ removed: 1 });
  });

  test('vectors too', async () => {
    for (const headers of [A, {}] as Headers[]) {
      const embedded = await hearth.post('/api/embed', { model: 'nomic-embed-text', input: ['a', 'b'] }, { headers });
      expect(embedded.status).toBe(200);
    }
    expect(await tell({ action: 'clear' }, A)).toMatchObject({ removed: 2 });
    expect(await tell({ action: 'clear' }, {})).toMatchObject({ removed: 2 });
  });

  test('conversations, also in a namespace', async () => {
    const more = { conversation_id: 'talk' };
    const named = { ...more, cache: { namespace: 'team "1"\n' } };
    for (const headers of [A, {}] as Headers[]) {
      await chat('Hello', headers, more);
      await chat('Hello', headers, named);
    }
    expect(await tell({ action: 'clear_conversation_cache' }, A)).toMatchObject({ removed: 2 });
    expect((await get('/api/conversations/talk', {})).status).toBe(200);
    expect((await get('/api/conversations/talk', A)).status).toBe(404);
    // With its answers, which were kept as well.
    expect((await tell({ action: 'clear' }, A)).status).toBe(200);
    expect((await get('/api/conversations/talk', {})).status).toBe(200);
    expect((await tell({ action: 'clear' }, {})).status).toBe(200);
    expect((await get('/api/conversations/talk', {})).status).toBe(404);
  });

  test('reset_stats of one leaves the counts of all as they are', async () => {
    await chat('Why?', A);
    await chat('Why?', {}, { cache: { ttl: 1 } });
    hearth.clock.forward(2000);
    expect(await source('Why?', {})).toBe('miss');
    expect((await tell({ action: 'reset_stats' }, A)).status).toBe(200);
    const { response_cache } = await json<CacheStats>(get('/api/cache-stats', {}));
    expect(response_cache).toMatchObject({ misses: 3, expired: 1 });
    expect(
      (await json<CacheStats>(get('/api/cache-stats', A))).response_cache.by_model['llama3.2:latest']?.misses,
    ).toBe(0);
    await tell({ action: 'reset_stats' }, {});
    expect((await json<CacheStats>(get('/api/cache-stats', {}))).response_cache.misses).toBe(0);
  });
});

describe('conversations in a cache.namespace', () => {
  test('are shown and forgotten under its name, by their owner alone', async () => {
    const say = (content: string, headers: Headers, namespace?: string) =>
      chat(content, headers, { conversation_id: 'talk', ...(namespace === undefined ? {} : { cache: { namespace } }) });
    await say('In the team', A, 'team a/b&c');
    await say('Alone', A);
    const at = '/api/conversations/talk';
    const inTeam = `${at}?namespace=${encodeURIComponent('team a/b&c')}`;
    const told = await (await get(inTeam, A)).text();
    expect(told).toContain('In the team');
    expect(await (await get(at, A)).text()).toContain('Alone');
    expect([(await get(inTeam, {})).status, (await get(inTeam, showing(b))).status]).toEqual([404, 404]);
    const gone = await fetch(hearth.url + inTeam, { method: 'DELETE', headers: A });
    expect(gone.status).toBe(200);
    expect([(await get(inTeam, A)).status, (await get(at, A)).status]).toEqual([404, 200]);
  });
});

describe('what a key, or a page, is not for', () => {
  test('a key for chat alone reads no figures, neither asked for nor in its events', async () => {
    const refused = await get('/api/cache-stats', CHATTER);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({
      code: 'forbidden',
      error: 'The key "chatter" is for chat, and this needs cache or manage. Make a key with that scope.',
    });
    const told = await events(CHATTER, (name) => name === 'snapshot');
    expect(told).toContain('"models":[');
    expect(told).not.toContain('response_cache');
    expect(await events(A, (name) => name === 'snapshot')).toContain('response_cache');
  });

  test.each([['unload_model'], ['warm_model']])('%s needs manage', async (action) => {
    const body = { action, data: { model: 'llama3.2' } };
    for (const headers of [A, CHATTER, { origin: PAGE }] as Headers[]) {
      expect((await tell(body, headers)).status).toBe(403);
    }
    for (const [, headers] of ALL) expect((await tell(body, headers)).status).toBe(200);
  });

  test.each([
    ['/api/chat', { messages: [] }],
    ['/api/generate', {}],
  ])('so does the same in the words of %s', async (path, more) => {
    const body = { model: 'llama3.2', keep_alive: 0, stream: false, ...more };
    const unload = async (headers: Headers): Promise<number> => (await hearth.post(path, body, { headers })).status;
    expect([await unload(A), await unload({ origin: PAGE }), await unload({}), await unload(showing(boss))]).toEqual([
      403, 403, 200, 200,
    ]);
  });

  test('a stream of a key that is for less now ends', async () => {
    const live = await get('/api/events', showing(boss));
    const ended = live.text();
    const less = { ...boss.key, scopes: ['chat'] as const };
    hearth.backend.configure(hearth.config({ server: { api_keys: [less] }, cors: { allowed_origins: [PAGE] } }));
    expect(await ended).toContain('event: snapshot');
  });
});
