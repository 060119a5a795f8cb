// The promise: an answer that is told a third time is found without reading its question, and nobody can tell: the same
// headers and fields, ids and counts of its own; and whatever would have changed the answer changes it at once.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CacheStats } from '../../../backend/contract/views/control.ts';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { exchange, openWire } from '../../support/door.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

const PAGE = 'https://app.example';
const INSTANT = { 'x-stream-replay': 'instant' };

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth({
    fake: { models: [{ name: 'm', capabilities: ['completion', 'tools'] }] },
    config: { ollama: { model: 'm' }, cors: { allowed_origins: [PAGE] } },
  });
});
afterEach(() => hearth.stop());

const messages = [{ role: 'user', content: 'Why does bread rise? – ✓' }];
const DIALECTS: readonly (readonly [path: string, body: object])[] = [
  ['/api/chat-optimized', { messages }],
  ['/api/chat', { model: 'm', messages, options: { temperature: 0 }, stream: false }],
  ['/api/generate', { model: 'm', prompt: 'Bread', options: { temperature: 0 }, stream: false }],
  ['/v1/chat/completions', { model: 'm', messages, temperature: 0 }],
  ['/v1/completions', { model: 'm', prompt: 'Bread', temperature: 0 }],
  ['/v1/responses', { model: 'm', input: 'Bread', instructions: 'Be brief.', temperature: 0 }],
  ['/v1/messages', { model: 'm', max_tokens: 99, messages, temperature: 0 }],
];

interface Told {
  readonly text: string;
  readonly headers: Headers;
}

async function ask(path: string, body: object, headers: Record<string, string> = {}): Promise<Told> {
  const response = await hearth.post(path, body, { headers });
  expect(response.status).toBe(200);
  return { text: await response.text(), headers: response.headers };
}

/** Where the answers to as many equal requests came from. */
async function sources(count: number, path: string, body: object, headers?: Record<string, string>): Promise<string[]> {
  const seen: string[] = [];
  for (let i = 0; i < count; i++) seen.push((await ask(path, body, headers)).headers.get('x-cache') ?? '');
  return seen;
}

/** Without what is new each time: ids, times, ages. */
const lasting = (text: string): string =>
  text
    .replaceAll(/"(?:id|item_id|request_id|created_at)":"[^"]*"/g, '')
    .replaceAll(/"(?:created|created_at|completed_at|age|queue_ms|ttft_ms|total_ms)":\d+/g, '');

/** Which ids in a text are the same, and whose: each by its place among those that differ. */
function ids(text: string): readonly number[] {
  const found = [...text.matchAll(/"(?:id|item_id|request_id)":"(?:[a-z]+[_-])?([0-9a-f-]{36})/g)].map(([, id]) => id);
  const differing = [...new Set(found)];
  return found.map((id) => differing.indexOf(id));
}

const counts = async (): Promise<CacheStats['response_cache']> =>
  ((await (await hearth.get('/api/cache-stats')).json()) as CacheStats).response_cache;

describe.each(DIALECTS)('%s', (path, body) => {
  test('tells the same again as JSON, with an id of its own', async () => {
    const [, second, third] = [await ask(path, body), await ask(path, body), await ask(path, body)];
    expect([...third.headers.keys()]).toEqual([...second.headers.keys()]);
    expect(third.headers.get('content-type')).toBe(second.headers.get('content-type'));
    expect(third.headers.get('x-cache')).toBe('HIT');
    expect(third.headers.get('x-cache-key')).toBe(second.headers.get('x-cache-key'));
    expect(third.headers.get('content-length')).toBe(String(Buffer.byteLength(third.text)));
    expect(lasting(third.text)).toBe(lasting(second.text));
    expect(third.headers.get('x-request-id')).not.toBe(second.headers.get('x-request-id'));
    const [told] = /gap-\d+/.exec(third.text) ?? [];
    expect(told).toBeUndefined();
  });

  test('tells the same again as a stream at once', async () => {
    const streamed = { ...body, stream: true };
    const told = [];
    for (let i = 0; i < 4; i++) told.push(await ask(path, streamed, INSTANT));
    const [, second, , fourth] = told;
    expect(fourth?.headers.get('x-cache')).toBe('HIT');
    expect([...(fourth?.headers.keys() ?? [])]).toEqual([...(second?.headers.keys() ?? [])]);
    expect(lasting(fourth?.text ?? '')).toBe(lasting(second?.text ?? ''));
    expect(ids(fourth?.text ?? '')).toEqual(ids(second?.text ?? ''));
  });
});

describe('what is told of a request', () => {
  test('is its own id, in headers and body, the one that was sent too', async () => {
    await sources(3, '/api/chat-optimized', { messages });
    for (const id of ['mine-1', 'mine-2', 'mine-2']) {
      const { text, headers } = await ask('/api/chat-optimized', { messages }, { 'x-request-id': id });
      expect([headers.get('x-request-id'), JSON.parse(text)]).toEqual([
        id,
        expect.objectContaining({ request_id: id }),
      ]);
    }
  });

  test('is counted like every other', async () => {
    await sources(5, '/v1/chat/completions', { model: 'm', messages, temperature: 0 });
    expect(await counts()).toMatchObject({ hits: 4, misses: 1, total_entries: 1 });
  });

  test('is its age by now', async () => {
    await sources(3, '/api/chat-optimized', { messages });
    hearth.clock.forward(61_000);
    await hearth.chat('another, so that the list of models is looked at').then((response) => response.text());
    for (const age of [61, 61]) {
      const { text, headers } = await ask('/api/chat-optimized', { messages });
      expect([headers.get('age'), JSON.parse(text)]).toEqual([String(age), expect.objectContaining({ age })]);
    }
  });
});

describe('what changes an answer, changes it at once', () => {
  const body = { messages };
  const again = (headers?: Record<string, string>): Promise<string[]> =>
    sources(1, '/api/chat-optimized', body, headers);
  beforeEach(() => sources(3, '/api/chat-optimized', body).then(() => undefined));

  test('a cleared cache', async () => {
    await hearth.post('/api/cache-stats', { action: 'clear' });
    expect(await again()).toEqual(['MISS']);
  });

  test('a changed setting', async () => {
    const shut = { ollama: { model: 'm' }, cache: { enabled: false } };
    hearth.backend.configure(hearth.config(shut));
    expect(await again()).toEqual(['BYPASS']);
  });

  test('a setting that changes while a request is being understood', async () => {
    hearth.clock.forward(6000);
    hearth.fake.hang(true);
    const asked = again();
    await hearth.fake.until(({ calls }) =>
      calls.some(({ path, outcome }) => path === '/api/tags' && outcome === 'open'),
    );
    hearth.backend.configure(hearth.config({ ollama: { model: 'm', system_prompt: 'Be brief.' } }));
    hearth.fake.hang(false);
    expect(await asked).toEqual(['HIT']);
    expect(await again()).toEqual(['MISS']);
  });

  test('another model under the same name', async () => {
    hearth.fake.install({ name: 'm', digest: 'f'.repeat(64) });
    hearth.clock.forward(6000);
    expect(await again()).toEqual(['MISS']);
  });

  test('another header', async () => {
    expect(await again({ 'cache-control': 'no-cache' })).toEqual(['REFRESH']);
    expect(await again({ 'x-cache-control': 'no-store' })).toEqual(['BYPASS']);
    expect(await again({ origin: PAGE, 'content-type': 'application/json' })).toEqual(['MISS']);
    expect(await again()).toEqual(['HIT']);
  });

  test('an answer that has expired', async () => {
    hearth.clock.forward(3_600_000);
    expect(await again()).toEqual(['MISS']);
  });

  test('a mark that cache.fresh_when names, though such headers count for nothing else', async () => {
    const fresh = { ollama: { model: 'm' }, cache: { fresh_when: ['traceparent'] } };
    hearth.backend.configure(hearth.config(fresh));
    expect(await sources(3, '/api/chat-optimized', body, { traceparent: '1' })).toEqual(['REFRESH', 'HIT', 'HIT']);
    expect(await again({ traceparent: '2' })).toEqual(['REFRESH']);
  });
});

describe('what is remembered of a question', () => {
  test('is neither its body nor its answer', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = (): number => {
      collect();
      return process.memoryUsage().arrayBuffers;
    };
    // Other test files run in this process too.
    const before = held();
    hearth.fake.always({ pieces: ['x'.repeat(1_000_000)] });
    for (const [path, body] of DIALECTS) {
      for (let n = 0; n < 4; n++)
        await sources(2, path, { ...body, prompt: `Bread ${n}`, input: `Bread ${n}`, options: { temperature: 0, n } });
    }
    await hearth.post('/api/cache-stats', { action: 'clear' });
    await expect.poll(held, { timeout: 20_000 }).toBeLessThan(before + 4_000_000);
  });
});

describe('the door checks again', () => {
  test('where a key was revoked, also on the same connection', async () => {
    const { secret, key } = addKey([], { name: 'phone', scopes: ['chat'] }, new Date());
    const headers = { 'x-forwarded-for': '203.0.113.7', authorization: `Bearer ${secret}` };
    const keys = { ollama: { model: 'm' }, server: { api_keys: [key] } };
    hearth.backend.configure(hearth.config(keys));
    expect(await sources(4, '/api/chat-optimized', { messages }, headers)).toEqual(['MISS', 'HIT', 'HIT', 'HIT']);
    hearth.backend.configure(hearth.config({ ollama: { model: 'm' } }));
    expect((await hearth.post('/api/chat-optimized', { messages }, { headers })).status).toBe(401);
  });

  test('at each request of a key that has so many a minute', async () => {
    const { secret, key } = addKey([], { name: 'phone', scopes: ['chat'], requests_per_minute: 3 }, new Date());
    const headers = { authorization: `Bearer ${secret}` };
    hearth.backend.configure(hearth.config({ ollama: { model: 'm' }, server: { api_keys: [key] } }));
    expect(await sources(3, '/api/chat-optimized', { messages }, headers)).toEqual(['MISS', 'HIT', 'HIT']);
    expect((await hearth.post('/api/chat-optimized', { messages }, { headers })).status).toBe(429);
  });

  test('at a target that names another host, behind one that was let in', async () => {
    const { port } = hearth.backend;
    const good = `GET /api/version HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;
    const foreign = `GET http://evil.com/api/version HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;
    const end = `GET /health HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`;
    const statuses = [...(await exchange(port, good + good + foreign + end)).matchAll(/HTTP\/1\.1 (\d{3}) /g)];
    expect(statuses.map(([, status]) => status)).toEqual(['200', '200', '403', '200']);
  });
});

test('a reader who takes nothing of such an answer is named in the log by its id', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void lines.push(line) });
  const own = await startHearth({ log, config: { server: { stalled_reader_s: 1 }, cache: { max_entry_mb: 64 } } });
  own.fake.always({ pieces: ['x'.repeat(10_000_000)] });
  const { socket, send } = await openWire(own.backend.port);
  const body = JSON.stringify({ messages });
  const ask = (id: string): void => {
    const head = ['POST /api/chat-optimized HTTP/1.1', `Host: localhost:${own.backend.port}`, `X-Request-ID: ${id}`];
    send([...head, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
  };
  for (const id of ['1', '2']) {
    ask(id);
    await eventually(`answer ${id}`, () => socket.bytesRead > Number(id) * 10_000_000);
  }
  socket.pause();
  ask('3');
  await eventually('a cut reader', () => lines.length > 0);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([expect.objectContaining({ request_id: '3' })]);
  socket.destroy();
  await own.stop();
});
