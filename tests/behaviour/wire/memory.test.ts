// What callers send and do not read cannot fill the memory: bodies share one budget, unpacked as they are, and who takes
// nothing of an answer is cut, while who reads slowly gets all of it.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { listen } from '../../../backend/http/wire/listen.ts';
import { give } from '../../../backend/http/wire/give.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

const MB = 1024 * 1024;
let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth(options);
};

/** A chat whose body is this long, each with a text of its own. */
let texts = 0;
const chatOf = (bytes: number): string =>
  JSON.stringify({
    model: 'llama3.2',
    stream: false,
    messages: [{ role: 'user', content: `${texts++} `.padEnd(bytes, 'x') }],
  });

describe('bodies under way', () => {
  afterEach(() => hearth.stop());
  const small = { server: { max_inflight_mb: 8, max_body_mb: 64 }, cache: { enabled: false } };

  const packed = (path: string, bytes: number): Promise<Response> =>
    fetch(hearth.url + path, {
      method: 'POST',
      body: gzipSync(chatOf(bytes)),
      headers: { 'content-encoding': 'gzip' },
    });
  const plain = (path: string, bytes: number): Promise<Response> =>
    fetch(hearth.url + path, { method: 'POST', body: chatOf(bytes) });

  test.each([
    ['packed, /api/chat-optimized', packed, '/api/chat-optimized', { code: 'overloaded', retryable: true }],
    [
      'packed, /api/chat',
      packed,
      '/api/chat',
      { code: 'overloaded', error: expect.stringContaining('max_inflight_mb') },
    ],
    [
      'plain, /v1/chat/completions',
      plain,
      '/v1/chat/completions',
      { error: { type: 'api_error', code: 'overloaded' } },
    ],
    ['plain, /api/embed', plain, '/api/embed', { code: 'overloaded' }],
  ])('%s: past the budget they are refused with 503, and it is given back', async (_name, post, path, body) => {
    await start({ config: small });
    const gate = hearth.fake.gate();
    // Held by a request that runs: it is over when it has its answer, not when its body was read.
    const held = plain('/api/chat', 5 * MB);
    await hearth.fake.until(({ active }) => active === 1);
    const refused = await Promise.all(Array.from({ length: 6 }, () => post(path, 4 * MB)));
    for (const response of refused) {
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await response.json()).toMatchObject(body);
    }
    gate.release();
    expect((await held).status).toBe(200);
    for (let turn = 0; turn < 4; turn += 1) expect((await plain('/api/chat', 5 * MB)).status).toBe(200);
  });

  test('a job counts until it has run, though its hand-in was answered at once', async () => {
    await start({ config: small });
    const gate = hearth.fake.gate();
    expect((await plain('/api/chat-queue', 5 * MB)).status).toBe(202);
    await hearth.fake.until(({ active }) => active === 1);
    expect((await plain('/api/chat-queue', 4 * MB)).status).toBe(503);
    gate.release();
    await expect.poll(async () => (await plain('/api/chat-queue', 4 * MB)).status).toBe(202);
    await expect.poll(() => hearth.backend.control.live().queue.running.length).toBe(0);
  });

  test('refused and broken bodies give back what they took', async () => {
    await start({ config: small });
    for (let turn = 0; turn < 4; turn += 1) {
      expect((await packed('/api/chat', 9 * MB)).status).toBe(413);
      const broken = { method: 'POST', body: gzipSync(chatOf(5 * MB)).subarray(0, -9) };
      const response = await fetch(`${hearth.url}/api/chat`, { ...broken, headers: { 'content-encoding': 'gzip' } });
      expect(response.status).toBe(400);
      expect((await plain('/api/chat', 5 * MB)).status).toBe(200);
    }
  });

  test('a job that is refused gives back what it took', async () => {
    await start({ config: small });
    const refused = JSON.stringify({ ...(JSON.parse(chatOf(5 * MB)) as object), model: 'nobody-has-it' });
    for (let turn = 0; turn < 4; turn += 1) {
      expect((await fetch(`${hearth.url}/api/chat-queue`, { method: 'POST', body: refused })).status).toBe(404);
    }
  });

  test('a job whose answer is kept gives back what it took', async () => {
    await start({ config: { server: small.server } });
    const same = chatOf(5 * MB);
    expect((await fetch(`${hearth.url}/api/chat-optimized`, { method: 'POST', body: same })).status).toBe(200);
    for (let turn = 0; turn < 4; turn += 1) {
      expect((await fetch(`${hearth.url}/api/chat-queue`, { method: 'POST', body: same })).status).toBe(202);
    }
  });

  test('a packed body counts as it is unpacked, and its packed form no more', async () => {
    await start({ config: { ...small, server: { ...small.server, max_inflight_mb: 10 } } });
    const gate = hearth.fake.gate();
    // Base64 of chance packs to three quarters.
    const noise = randomBytes(3.75 * MB).toString('base64');
    const body = gzipSync(
      JSON.stringify({ model: 'llama3.2', stream: false, messages: [{ role: 'user', content: noise }] }),
    );
    const held = fetch(`${hearth.url}/api/chat`, { method: 'POST', body, headers: { 'content-encoding': 'gzip' } });
    await hearth.fake.until(({ active }) => active === 1);
    const second = plain('/api/chat', 2 * MB);
    await expect.poll(() => hearth.backend.control.live().queue.waiting.length).toBe(1);
    gate.release();
    expect([(await held).status, (await second).status]).toEqual([200, 200]);
  });

  test('a body that is longer than all that may be under way is told so, and not to come back', async () => {
    await start({ config: small });
    const response = await packed('/api/chat-optimized', 9 * MB);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      error: 'The body is over 8 MB. Send less, or raise server.max_inflight_mb.',
    });
  });
});

/** Asks and reads nothing. */
async function ask(port: number, path: string, body = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => undefined).pause();
  const method = body === '' ? 'GET' : 'POST';
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

/** Resolves with the length of all that came when the connection is closed; each time `more` is called, so much is read. */
async function readAll(socket: Socket, bit: number, onMore: (more: () => void) => void): Promise<number> {
  let read = 0;
  let left = 0;
  socket.on('data', ({ length }) => {
    read += length;
    left -= length;
    if (left <= 0) socket.pause();
  });
  onMore(() => {
    left = bit;
    socket.resume();
  });
  if (!socket.closed) await new Promise((closed) => socket.once('close', closed));
  return read;
}

describe('readers who take nothing', () => {
  const LONG = 24 * MB;
  const config = { server: { stalled_reader_s: 1 }, cache: { enabled: false } };
  /** A gateway of the test's own, and how many readers it has cut. */
  const watched = async (options: HearthOptions = {}): Promise<{ own: Hearth; cut: () => number }> => {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line) => void lines.push(line) });
    const own = await startHearth({ log, config, ...options });
    return { own, cut: () => lines.filter((line) => line.includes('server.stalled_reader_s')).length };
  };

  const chat = (stream: boolean): string =>
    JSON.stringify({ model: 'llama3.2', stream, messages: [{ role: 'user', content: `much ${texts++}` }] });
  const ASKS: Record<string, readonly [path: string, stream: boolean]> = {
    'a whole answer': ['/api/chat-optimized', false],
    'a stream of ours': ['/api/chat-optimized', true],
    'a stream of lines': ['/api/chat', true],
    'a stream of events': ['/v1/chat/completions', true],
    'a whole answer in another dialect': ['/v1/chat/completions', false],
  };

  // Beside each other: each waits for the second after which a reader is cut.
  test.concurrent.each(Object.entries(ASKS))(
    '%s: the connection is closed, and nothing is left',
    async (_name, [path, stream]) => {
      const { own, cut } = await watched();
      own.fake.next({ pieces: Array.from({ length: 240 }, (_, i) => `${i}`.padEnd(100_000, 'x')) });
      const socket = await ask(own.backend.port, path, chat(stream));
      await eventually('a cut reader', () => cut() === 1);
      await eventually('an end of the run', () => own.backend.control.live().queue.running.length === 0);
      expect(await readAll(socket, LONG, (more) => more())).toBeLessThan(LONG);
      await own.stop();
    },
  );

  test.concurrent('the live events: likewise', async () => {
    const models = Array.from({ length: 4000 }, (_, i) => ({ name: `model-${i}` }));
    const { own, cut } = await watched({ fake: { models } });
    const socket = await ask(own.backend.port, '/api/events');
    const { signal } = new AbortController();
    // Each change is told with all the models.
    const change = async (): Promise<boolean> => {
      await own.backend.control.act('reset_stats', {}, signal);
      return cut() === 1;
    };
    await eventually('a cut reader', change, { everyMs: 50 });
    socket.destroy();
    await own.stop();
  });

  test.concurrent('one that is handed on: likewise, and Ollama is not read any further', async () => {
    const upstream = createServer((_req, res) => {
      const more = (): void => {
        while (res.write(Buffer.alloc(100_000))) if (res.destroyed) return;
        res.once('drain', more);
      };
      more();
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const { own, cut } = await watched();
    const api_url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    own.backend.configure(own.config({ ...config, ollama: { api_url } }));
    const socket = await ask(own.backend.port, '/api/blobs/much');
    await eventually('a cut reader', () => cut() === 1);
    const connections = (): Promise<number> =>
      new Promise((resolve) => upstream.getConnections((_error, count) => resolve(count)));
    await eventually('the end of the call to Ollama', async () => (await connections()) <= 1);
    socket.destroy();
    upstream.closeAllConnections();
    upstream.close();
    await own.stop();
  });
});

test('past the budget another long whole answer is refused, and a short one is not', async () => {
  const server = { max_inflight_mb: 16, max_body_mb: 1 };
  await start({ config: { server, cache: { max_entry_mb: 64 } } });
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'much' }] });
  hearth.fake.next({ pieces: Array.from({ length: 240 }, (_, i) => `${i}`.padEnd(100_000, 'x')) });
  expect((await (await hearth.chat('much')).text()).length).toBeGreaterThan(16 * MB);

  const socket = await ask(hearth.backend.port, '/api/chat-optimized', body);
  await once(socket, 'readable');
  const refused = await hearth.chat('much');
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'overloaded' }]);
  expect((await hearth.chat('little')).status).toBe(200);
  socket.destroy();
  await expect.poll(async () => (await hearth.chat('much')).status).toBe(200);
  await hearth.stop();
});

test('who reads slowly gets all of it, however long that takes', async () => {
  const all = 24 * MB;
  let stalled = 0;
  const warn = (): void => void (stalled += 1);
  const silent = (): void => undefined;
  let looks = 0;
  let more = silent;
  // Between two looks for stalled readers this one takes a bit: more than the system keeps for it, so that the rest moves up.
  const stalledMs = (): number => {
    looks += 1;
    more();
    return 1000;
  };
  const listening = await listen(
    (_req, res) => {
      res.setHeader('Content-Length', all);
      res.setHeader('Connection', 'close');
      void give(res, Buffer.alloc(all)).then(() => res.end());
    },
    { hosts: ['127.0.0.1'], port: 0, stalledMs, log: { warn, debug: silent, info: silent, error: silent } },
  );
  const socket = await ask(listening.port, '/');
  expect(await readAll(socket, 4 * MB, (given) => (more = given))).toBeGreaterThan(all);
  // Twice as long as one may stall.
  expect(looks).toBeGreaterThan(4);
  expect(stalled).toBe(0);
  await listening.close(AbortSignal.abort());
});
