// What callers get when Ollama fails, and that a slot is never lost by it.
import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { piecesOf, startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { eventually, reading } from '../../support/waiting.ts';

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth(options);
};
afterEach(() => hearth.stop());

test.each([
  [
    'an error before the first byte',
    { fail: { status: 500, error: 'llama-server process has terminated: exit 1' } },
    502,
    'upstream_failed',
    /llama-server process has terminated: exit 1/,
  ],
  [
    'a refusal of the request',
    { fail: { status: 400, error: '"llama3.2" does not support thinking' } },
    400,
    'invalid_request',
    /does not support thinking/,
  ],
  [
    'busy',
    { fail: { status: 503, error: 'server busy, please try again.  maximum pending requests exceeded' } },
    503,
    'queue_full',
    /server busy/,
  ],
  ['a cut stream', { pieces: ['a', 'b'], cutAfter: 1 }, 502, 'upstream_failed', /./],
  ['a malformed line', { pieces: ['a', 'b'], malformedAfter: 1 }, 502, 'upstream_failed', /./],
  [
    'an error line',
    { pieces: ['a', 'b'], failAfter: { pieces: 1, error: 'model runner has unexpectedly stopped' } },
    502,
    'upstream_failed',
    /model runner has unexpectedly stopped/,
  ],
])(
  '%s: JSON gets its status and sentence, a stream a last piece, and the slot is free',
  async (_name, script, status, code, sentence) => {
    await start();
    await (await hearth.chat('load it')).text();
    hearth.fake.next(script, script);
    const json = await hearth.chat('json');
    expect(json.status).toBe(status);
    expect(await json.json()).toMatchObject({ code, error: expect.stringMatching(sentence) });
    const stream = await hearth.chat('stream', { stream: true });
    expect(stream.status).toBe(200);
    const last = (await piecesOf(stream)).at(-1);
    expect(last).toMatchObject({ code, done: true, cached: false, error: expect.stringMatching(sentence) });
    expect((await hearth.chat('next')).status).toBe(200);
  },
);

test('pieces that came before a failure have reached the caller', async () => {
  await start();
  hearth.fake.next({ pieces: ['half an ', 'answer'], failAfter: { pieces: 1, error: 'boom' } });
  const pieces = await piecesOf(await hearth.chat('half', { stream: true }));
  expect(pieces.map(({ content }) => content ?? '').join('')).toBe('half an ');
});

test('while Ollama is down kept answers come, others get an error that helps, until it is back', async () => {
  await start();
  await (await hearth.chat('kept')).text();
  await hearth.fake.goDown();
  const refused = await hearth.chat('new');
  expect(refused.status).toBe(502);
  expect(await refused.json()).toMatchObject({
    code: 'upstream_unreachable',
    retryable: true,
    error: expect.stringContaining(hearth.fake.url),
  });
  hearth.clock.forward(6000);
  expect(await (await hearth.chat('kept')).json()).toMatchObject({ source: 'hit' });
  await hearth.fake.comeBack();
  hearth.clock.forward(60_000);
  await eventually('an answer again', async () => (await hearth.chat('back again')).status === 200);
});

test('/health follows it, and ?ready=1 is for load balancers', async () => {
  await start();
  const health = async (query = ''): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await hearth.get(`/health${query}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  await eventually('health', async () => (await health()).body['status'] === 'healthy');
  expect(await health('?ready=1')).toMatchObject({
    status: 200,
    body: { upstream: { reachable: true, model: 'llama3.2', model_available: true, model_loaded: false } },
  });
  await hearth.fake.goDown();
  await (await hearth.chat('notices')).text();
  await eventually('the end of health', async () => (await health()).body['status'] === 'unhealthy');
  expect((await health()).status).toBe(200);
  expect((await health('?ready=1')).status).toBe(503);
});

test('silence: nothing comes within the first-token limit, or in the middle', async () => {
  await start({ config: { ollama: { first_token_timeout_seconds: 1, timeout_seconds: 1 } } });
  await (await hearth.chat('load it')).text();
  hearth.fake.next(
    { silent: true },
    { pieces: ['a', 'b'], pauseAfter: { pieces: 1, until: new Promise(() => undefined) } },
  );
  const first = await hearth.chat('silent');
  expect(first.status).toBe(504);
  expect(await first.json()).toMatchObject({ code: 'first_token_timeout' });
  const middle = await hearth.chat('stuck');
  expect(middle.status).toBe(504);
  expect(await middle.json()).toMatchObject({ code: 'idle_timeout' });
  await hearth.fake.until(({ open }) => open === 0);
});

test('a JSON caller who waits long gets headers and spaces, then the answer or the error', async () => {
  await start({ patience: { heartbeatMs: 20, jsonAfterMs: 50 } });
  const gate = hearth.fake.gate();
  const response = await hearth.chat('patient');
  expect(response.status).toBe(200);
  const answer = reading(response);
  expect(await answer.until(({ length }) => length >= 3)).toMatch(/^ +$/);
  gate.release();
  expect(JSON.parse(await answer.rest())).toMatchObject({ source: 'miss' });
});

test('four first requests at once: one load', async () => {
  await start({ fake: { parallel: 4 }, config: { queue: { max_concurrent: 4 } } });
  const loads = hearth.fake.gateLoads();
  const all = ['a', 'b', 'c', 'd'].map((content) => hearth.chat(content));
  await hearth.fake.until((fake) => fake.loads.length === 1);
  loads.release();
  for (const response of await Promise.all(all)) expect(response.status).toBe(200);
  expect(hearth.fake.loads).toHaveLength(1);
  // Nor did we ask for more and leave it to Ollama to make one of them.
  expect(hearth.fake.calls.filter(({ kind }) => kind === 'load')).toHaveLength(1);
});

test('a first request with keep_alive 0 loads the model like any other, and then unloads it', async () => {
  await start({ fake: { models: [{ name: 'llama3.2:latest', loadMs: 300 }] } });
  const answer = await hearth.chat('once', { keep_alive: 0 });
  expect(answer.status).toBe(200);
  const kinds = hearth.fake.calls.map(({ kind }) => kind).filter((kind) => kind !== 'other');
  expect(kinds).toEqual(['load', 'run']);
  await hearth.fake.until((fake) => fake.loaded().length === 0);
  // What the load took has been learned, for those who wait for the next one.
  const [model] = hearth.backend.control.live().models;
  expect(model?.load_ms).toBeGreaterThanOrEqual(300);
});

test('who leaves while the model loads does not throw the load away for those behind', async () => {
  await start();
  const loads = hearth.fake.gateLoads();
  const left = new AbortController();
  const first = hearth.chat('leaves', {}, { signal: left.signal }).catch(() => 'left');
  await hearth.fake.until((fake) => fake.loads.length === 1);
  const second = hearth.chat('stays');
  await eventually('one in line', () => hearth.backend.control.live().queue.waiting.length === 1);
  left.abort();
  await first;
  loads.release();
  expect((await second).status).toBe(200);
  expect(hearth.fake.loads).toHaveLength(1);
});

test('who leaves while the model loads and nobody else wants it: the load is given up', async () => {
  await start();
  hearth.fake.gateLoads();
  const left = new AbortController();
  const first = hearth.chat('leaves', {}, { signal: left.signal }).catch(() => 'left');
  await hearth.fake.until((fake) => fake.loads.length === 1);
  left.abort();
  await first;
  await hearth.fake.until(({ calls }) => calls.some(({ aborted }) => aborted));
});

test('warm, then chat: no second load, also with num_ctx set by policy', async () => {
  await start({ config: { ollama: { num_ctx_policy: 'force', num_ctx: 8192 } } });
  const warmed = await hearth.post('/api/cache-stats', { action: 'warm_model' });
  expect(await warmed.json()).toMatchObject({
    success: true,
    action: 'warm_model',
    model: 'llama3.2',
    load_ms: expect.any(Number),
  });
  await (await hearth.chat('after')).text();
  expect(hearth.fake.loads).toHaveLength(1);
  const unloaded = await hearth.post('/api/cache-stats', { action: 'unload_model' });
  expect(await unloaded.json()).toMatchObject({ success: true, model: 'llama3.2' });
  expect(hearth.fake.loaded()).toEqual([]);
});

test('stopping: running streams may end, new work is refused, nothing hangs', async () => {
  await start({ config: { server: { drain_timeout_ms: 5000 } } });
  const gate = hearth.fake.gate();
  const running = await hearth.chat('runs', { stream: true });
  await hearth.fake.until(({ active }) => active === 1);
  const waiting = hearth.chat('waits');
  await eventually('one in line', () => hearth.backend.control.live().queue.waiting.length === 1);
  const stopped = hearth.backend.stop();
  const refused = await waiting;
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ code: 'shutting_down' });
  // One that is alone says so to whoever comes now, and to who asks whether it can be given work.
  const late = await hearth.chat('late');
  expect([late.status, Number(late.headers.get('retry-after')) > 0]).toEqual([503, true]);
  expect(await late.json()).toMatchObject({ code: 'shutting_down' });
  expect((await hearth.get('/health?ready=1')).status).toBe(503);
  expect((await hearth.get('/health')).status).toBe(200);
  gate.release();
  expect((await piecesOf(running)).at(-1)).toMatchObject({ done: true, source: 'miss' });
  await stopped;
});

test('stopping does not wait for a caller who does not read', async () => {
  await start({ config: { server: { drain_timeout_ms: 100 } } });
  hearth.fake.next({
    pieces: Array.from({ length: 300 }, (_, index) => (index % 2 === 0 ? 'x' : 'y').repeat(100_000)),
  });
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'much' }], stream: true });
  const socket = connect(hearth.backend.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `POST /api/chat-optimized HTTP/1.1\r\nHost: 127.0.0.1:${hearth.backend.port}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await once(socket, 'readable');
  await hearth.fake.until(({ active }) => active === 0);
  await hearth.backend.stop();
  socket.destroy();
});

test('stopping with a stream that does not end: a final error piece after the drain time', async () => {
  await start({ config: { server: { drain_timeout_ms: 100 } } });
  hearth.fake.gate();
  const running = await hearth.chat('for ever', { stream: true });
  await hearth.fake.until(({ active }) => active === 1);
  await hearth.backend.stop();
  expect((await piecesOf(running)).at(-1)).toMatchObject({ code: 'shutting_down', done: true });
  await hearth.fake.until(({ active }) => active === 0);
});

test.each([1, 2])(
  'an address that leads back to Hearth itself, in a round of %i, is told and ends at once',
  async (n) => {
    const warnings: string[] = [];
    await start({ log: pino({ level: 'warn' }, { write: (line) => void warnings.push(line) }) });
    const round = [hearth, ...(n === 1 ? [] : [await startHearth()])];
    try {
      for (const [i, each] of round.entries()) {
        each.backend.configure(each.config({ ollama: { api_url: round[(i + 1) % n]?.url ?? '' } }));
      }
      const upstream = async (): Promise<unknown> =>
        ((await (await hearth.get('/health')).json()) as { upstream: unknown }).upstream;
      const reason: unknown = expect.stringMatching(
        /leads back to Hearth itself\. Set ollama\.api_url to where Ollama /,
      );
      await expect.poll(upstream).toMatchObject({ state: 'down', foreign: true, reason });
      const native = await hearth.get('/api/version');
      expect(native.status).toBe(508);
      expect(((await native.json()) as { error: string }).error).toContain('leads back to Hearth itself');
      expect(warnings.filter((line) => line.includes('leads back')).length).toBeLessThanOrEqual(1);
      if (n > 1) return;
      const refused = await hearth.chat('round and round');
      expect(refused.status).toBe(502);
      expect(await refused.json()).toMatchObject({ code: 'upstream_failed', retryable: false });
    } finally {
      for (const other of round.slice(1)) await other.stop();
    }
  },
);
