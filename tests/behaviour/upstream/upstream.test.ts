// Calling Ollama: every failure is the right error, whoever leaves is noticed upstream at once, nothing comes out changed.
// Against the fake Ollama, and against bare servers for what no Ollama does. No test here waits for a fixed time.
import { createRequire } from 'node:module';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ChatEvent, fold } from '../../../backend/contract/chat/chat.ts';
import { type Config, defaultConfig } from '../../../backend/contract/config/config.ts';
import { AppError, retryAfterOf } from '../../../backend/contract/errors.ts';
import type { RunnerSpec, Upstream, UpstreamChat } from '../../../backend/core/ports.ts';
import { createUpstream } from '../../../backend/upstream/ollama.ts';
import { realClock, settled } from '../../support/clocks.ts';
import {
  type FakeOllama,
  type FakeOptions,
  type Scripted,
  startFakeOllama,
} from '../../support/fake-ollama/fake-ollama.ts';
import { deferred } from '../../support/waiting.ts';

const BUSY = 'server busy, please try again.  maximum pending requests exceeded';

/** The clock that undici's own time-outs go by, with the method that its own tests move it with. */
const undiciTimers = createRequire(import.meta.url)('undici/lib/util/timers.js') as { tick(ms: number): void };

/** Lets time pass for undici alone. A timer of its that was set just now begins to run with the first tick. */
function passHours(hours: number): void {
  undiciTimers.tick(1000);
  undiciTimers.tick(hours * 3_600_000);
}

const undo: (() => Promise<unknown> | unknown)[] = [];
const clock = realClock();
let printed: unknown[][];

beforeEach(() => {
  printed = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...words) => void printed.push(words));
  }
});

afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
  vi.restoreAllMocks();
  checkNothingLeft();
});

function checkNothingLeft(): void {
  expect(printed, 'nothing is ever printed').toEqual([]);
  expect(clock.sleeping, 'no timer is left').toBe(0);
}

const silentLog = { debug() {}, info() {}, warn() {}, error() {} };

function upstreamAt(api_url: string, limits: Partial<Config['ollama']> = {}) {
  const defaults = defaultConfig();
  const config: Config = { ...defaults, ollama: { ...defaults.ollama, ...limits, api_url } };
  const upstream = createUpstream({ config: () => config, log: silentLog, clock });
  undo.push(() => upstream.close());
  return upstream;
}

async function fakeAndUpstream(limits: Partial<Config['ollama']> = {}, options: FakeOptions = {}) {
  const fake = await startFakeOllama(options);
  undo.push(() => fake.stop());
  return { fake, upstream: upstreamAt(fake.url, limits) };
}

/** A server that is no Ollama, or one that says what no Ollama says. */
async function bareServer(handler: (req: IncomingMessage, res: ServerResponse) => void): Promise<Bare> {
  const connections: { closed: Promise<void> }[] = [];
  const server = createServer(handler);
  server.on('connection', (socket) => {
    connections.push({ closed: new Promise((resolve) => socket.once('close', () => resolve())) });
  });
  return { url: await listening(server), connections };
}

/** Writes the text again and again, as fast as it is taken. */
function endlessly(res: ServerResponse, text: string): void {
  const more = (): void => {
    while (!res.destroyed && res.write(text));
  };
  res.on('drain', more);
  more();
}

interface Bare {
  readonly url: string;
  readonly connections: readonly { readonly closed: Promise<void> }[];
}

async function listening(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => new Promise((resolve) => server.close(resolve)));
  if ('closeAllConnections' in server) undo.push(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const never = (): AbortSignal => new AbortController().signal;
const ask = (content = 'hello', more: Partial<UpstreamChat> = {}): UpstreamChat => ({
  model: 'llama3.2',
  messages: [{ role: 'user', content }],
  ...more,
});

/** What a call tells, to be read one by one. */
async function* events(
  upstream: Pick<Upstream, 'chat'>,
  request: UpstreamChat = ask(),
  signal: AbortSignal = never(),
): AsyncGenerator<ChatEvent, void, undefined> {
  const told: ChatEvent[] = [];
  let wake = nothing;
  let over = false;
  const run = upstream.chat(request, signal, (event) => {
    told.push(event);
    wake();
  });
  const ended = run.catch(nothing).then(() => {
    over = true;
    wake();
  });
  while (!over || told.length > 0) {
    const event = told.shift();
    if (event !== undefined) yield event;
    else await Promise.race([ended, new Promise<void>((resolve) => (wake = resolve as typeof nothing))]);
  }
  await run;
}

/** What came until the end or the failure. */
async function read(events: AsyncIterable<ChatEvent>): Promise<{ texts: string[]; ended: boolean; error: unknown }> {
  const seen = { texts: [] as string[], ended: false, error: undefined as unknown };
  try {
    for await (const event of events) {
      if (event.type === 'piece') seen.texts.push(event.piece.content);
      if (event.type === 'end') seen.ended = true;
    }
  } catch (error) {
    seen.error = error;
  }
  return seen;
}

/** The AppError of a call that must fail, as code and sentence. */
async function failed(work: Promise<unknown> | AsyncIterable<ChatEvent>): Promise<AppError> {
  const error = 'then' in work ? await work.then(nothing, (reason: unknown) => reason) : (await read(work)).error;
  expect(error).toBeInstanceOf(AppError);
  if (!(error instanceof AppError)) throw new Error('unreachable');
  return error;
}
const nothing = (): undefined => undefined;

const spec = (model: string, more: Partial<RunnerSpec> = {}): RunnerSpec => ({
  model,
  digest: 'd',
  weights: 'd',
  options: {},
  key: 'k',
  ...more,
});

describe('an answer', () => {
  test('comes in the model’s pieces, then the end with its figures', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    fake.next({
      pieces: [{ thinking: 'hm' }, 'one ', { content: 'two' }],
      usage: { prompt_tokens: 7, completion_tokens: 3 },
    });
    const told: ChatEvent[] = [];
    await upstream.chat(ask(), never(), (event) => void told.push(event));
    expect(told.slice(0, 3)).toEqual([
      { type: 'piece', piece: { content: '', thinking: 'hm' } },
      { type: 'piece', piece: { content: 'one ', thinking: '' } },
      { type: 'piece', piece: { content: 'two', thinking: '' } },
    ]);
    expect(told.slice(3)).toMatchObject([
      { type: 'end', end: { done_reason: 'stop', metrics: { prompt_eval_count: 7, eval_count: 3 } } },
    ]);
  });

  test('is the same however its bytes are cut', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    const pieces = ['é', ' 漢字', ' 👩‍👩‍👧', ' \u2028\u0000"\\'];
    for (const chunkBytes of [1, 2, 3, 5, 7]) {
      fake.next({ pieces, chunkBytes });
      expect(await read(events(upstream)), `${chunkBytes}`).toEqual({
        texts: pieces,
        ended: true,
        error: undefined,
      });
    }
  });

  test('brings tool calls of the last chunk, and fields that nobody knows', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    const calls = [{ function: { name: 'f', arguments: { z: 1, a: 2 } } }];
    fake.next({
      pieces: [{ content: 'a', extra: { logprobs: [{ token: 'a' }], remote_model: 'big' } }],
      extraFinal: { message: { role: 'assistant', content: 'b', tool_calls: calls }, remote_host: 'https://x' },
    });
    const answer = await fold(events(upstream));
    expect(answer).toMatchObject({
      content: 'ab',
      tool_calls: calls,
      extras: [{ logprobs: [{ token: 'a' }], remote_model: 'big' }],
      end: { extra: { remote_host: 'https://x' } },
    });
    expect(JSON.stringify(answer.tool_calls)).toBe(JSON.stringify(calls));
  });

  test('first piece is there before the second is sent', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    const second = deferred();
    fake.next({ pieces: ['a', 'b'], pauseAfter: { pieces: 1, until: second.promise } });
    const told = events(upstream);
    expect((await told.next()).value).toMatchObject({ piece: { content: 'a' } });
    second.resolve();
    expect((await told.next()).value).toMatchObject({ piece: { content: 'b' } });
    await told.return();
  });
});

describe('a request', () => {
  test('goes up as it was given, streamed, without an Origin, and the caller’s object is unchanged', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    const request = deepFrozen({
      model: 'LLAMA3.2:latest',
      messages: [{ role: 'user', content: 'hi', images: ['aGk='], unknown: { b: 1, a: 2 } }],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
      options: { temperature: 0, num_ctx: 512 },
      keep_alive: '15m',
      truncate: false,
      future_field: [1, { x: null }],
      stream: false,
    });
    const before = JSON.stringify(request);
    await read(events(upstream, request));
    const [call] = fake.calls;
    expect(call?.body).toEqual({ ...request, stream: true });
    expect(JSON.stringify(request)).toBe(before);
    expect(Object.keys(call?.headers ?? {})).not.toContain('origin');
    expect(call?.headers.host).toBe(new URL(fake.url).host);
  });

  test('names a file in images and nothing is read', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    const images = ['/etc/hostname'];
    const error = await failed(events(upstream, ask('', { messages: [{ role: 'user', content: 'x', images }] })));
    expect(error).toMatchObject({ code: 'invalid_request', message: 'illegal base64 data at input byte 12' });
    expect(fake.calls[0]?.body?.['messages']).toMatchObject([{ images }]);
  });

  test('leaves the connection fit for the next one, also when the body ends long after done', async () => {
    let finish = nothing;
    const { url, connections } = await bareServer((req, res) => {
      req.resume();
      res.write('{"message":{"content":"a"}}\n{"done":true}\n');
      finish = () => void res.end();
    });
    const upstream = upstreamAt(url);
    for (let i = 0; i < 3; i++) {
      await upstream.chat(ask(), never(), ({ type }) => {
        if (type === 'end') setImmediate(() => finish());
      });
      await settled(); // undici takes a connection back a turn after the body's end
    }
    expect(connections).toHaveLength(1);
  });

  test('does not wait long for a body that never ends after done', async () => {
    const { url, connections } = await bareServer((_, res) => void res.write('{"done":true}\n'));
    await fold(events(upstreamAt(url)));
    await connections[0]?.closed;
    expect(connections).toHaveLength(1);
  });

  test('is not seen as aborted by Ollama when it ended well', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    for (let i = 0; i < 10; i++) await fold(events(upstream));
    await fake.until(() => fake.calls.every(({ outcome }) => outcome !== 'open'));
    expect(new Set(fake.calls.map(({ outcome }) => outcome))).toEqual(new Set(['done']));
  });
});

/** The fake's own clock runs on performance.now(), as ours does here. */
async function closedSoon(fake: FakeOllama, since: number): Promise<void> {
  await fake.until(() => fake.calls.every(({ outcome }) => outcome !== 'open'));
  expect(fake.calls.map(({ outcome }) => outcome)).toEqual(['aborted']);
  expect((fake.calls[0]?.endedAt ?? Infinity) - since).toBeLessThan(200);
}

const paused = (): Scripted => ({ pieces: ['a', 'b'], pauseAfter: { pieces: 1, until: new Promise(() => {}) } });

describe('who leaves is noticed upstream at once', () => {
  const beforeHeaders: readonly [string, (fake: FakeOllama) => void][] = [
    ['while Ollama accepts and says nothing', (fake) => fake.hang(true)],
    ['while the model loads', (fake) => void fake.gateLoads()],
    ['while the prompt is read', (fake) => fake.next({ silent: true })],
  ];
  test.each(beforeHeaders)('abort before the headers, %s', async (_, prepare) => {
    const { fake, upstream } = await fakeAndUpstream();
    prepare(fake);
    const caller = new AbortController();
    const reason = new Error('the caller left');
    const reading = read(events(upstream, ask(), caller.signal));
    await fake.until(() => fake.calls.length === 1);
    const since = performance.now();
    caller.abort(reason);
    expect(await reading).toEqual({ texts: [], ended: false, error: reason });
    expect(performance.now() - since).toBeLessThan(200);
    await closedSoon(fake, since);
  });

  test('abort in the middle', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    fake.next(paused());
    const caller = new AbortController();
    const reason = new AppError('cancelled', 'The caller left.');
    let since = 0;
    const run = upstream.chat(ask(), caller.signal, () => {
      since = performance.now();
      caller.abort(reason);
    });
    await expect(run).rejects.toBe(reason);
    await closedSoon(fake, since);
  });

  test('a taker of events that throws', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    fake.next(paused());
    let since = 0;
    const reason = new Error('no more');
    const run = upstream.chat(ask(), never(), () => {
      since = performance.now();
      throw reason;
    });
    await expect(run).rejects.toBe(reason);
    await closedSoon(fake, since);
  });

  test('a signal that was aborted before opens nothing', async () => {
    const { url, connections } = await bareServer((_, res) => res.end());
    const reason = new Error('too late');
    const upstream = upstreamAt(url);
    expect((await read(events(upstream, ask(), AbortSignal.abort(reason)))).error).toBe(reason);
    await expect(upstream.version(AbortSignal.abort(reason))).rejects.toBe(reason);
    await settled();
    expect(connections).toHaveLength(0);
  });

  test('load, tags and ps', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    fake.hang(true);
    const calls = [upstream.load, upstream.tags, upstream.ps].entries();
    for (const [i, call] of calls) {
      const caller = new AbortController();
      const reason = new Error('gone');
      const work =
        call === upstream.load
          ? upstream.load(spec('llama3.2'), undefined, caller.signal)
          : (call as typeof upstream.tags)(caller.signal);
      await fake.until(() => fake.calls.length === i + 1);
      caller.abort(reason);
      await expect(work).rejects.toBe(reason);
      await fake.until(() => fake.calls[i]?.outcome === 'aborted');
    }
  });
});

describe('deadlines', () => {
  test('nothing within first_token_timeout_seconds', async () => {
    const { fake, upstream } = await fakeAndUpstream({ first_token_timeout_seconds: 0.1 });
    fake.next({ silent: true });
    expect(await failed(events(upstream))).toMatchObject({
      code: 'first_token_timeout',
      message: expect.stringContaining('for 0.1 s (ollama.first_token_timeout_seconds)'),
    });
    await fake.until(() => fake.calls[0]?.outcome === 'aborted');
  });

  test('headers are no token', async () => {
    const { url } = await bareServer((_, res) => res.writeHead(200).flushHeaders());
    const upstream = upstreamAt(url, { first_token_timeout_seconds: 0.1 });
    expect(await failed(events(upstream))).toMatchObject({ code: 'first_token_timeout' });
  });

  test('a model that stops for timeout_seconds', async () => {
    const { fake, upstream } = await fakeAndUpstream({ timeout_seconds: 0.1, first_token_timeout_seconds: 60 });
    fake.next({ pieces: ['a', 'b'], pauseAfter: { pieces: 1, until: new Promise(() => {}) } });
    const seen = await read(events(upstream));
    expect(seen).toMatchObject({ texts: ['a'], error: { code: 'idle_timeout' } });
    await fake.until(() => fake.calls[0]?.outcome === 'aborted');
  });

  test('a load', async () => {
    const { fake, upstream } = await fakeAndUpstream({ first_token_timeout_seconds: 0.1 });
    fake.gateLoads();
    const error = await failed(upstream.load(spec('llama3.2'), undefined, never()));
    expect(error.code).toBe('first_token_timeout');
    await fake.until(() => fake.calls[0]?.outcome === 'aborted');
  });

  test('tags, ps and version within connect_timeout_ms', async () => {
    const { fake, upstream } = await fakeAndUpstream({ connect_timeout_ms: 60 });
    fake.hang(true);
    for (const call of [upstream.tags, upstream.ps, upstream.version]) {
      expect(await failed(call(never()))).toMatchObject({
        code: 'upstream_unreachable',
        message: `Ollama does not answer at ${fake.url} within ollama.connect_timeout_ms. Start it, or set ollama.api_url.`,
      });
    }
    await fake.until(() => fake.calls.every(({ outcome }) => outcome === 'aborted'));
  });

  test('none of the HTTP client’s own: a silence of two hours before the headers and in the middle', async () => {
    const { fake } = await fakeAndUpstream();
    const first = deferred();
    const second = deferred();
    fake.next({ hold: first.promise, pieces: ['a', 'b'], pauseAfter: { pieces: 1, until: second.promise } });
    // Our own deadlines stay out of it: they are given a clock that never wakes.
    const asleep = { now: () => 0, elapsed: () => 0, sleep: () => new Promise<void>(() => {}), after: () => nothing };
    const config = { ...defaultConfig(), ollama: { ...defaultConfig().ollama, api_url: fake.url } };
    const upstream = createUpstream({ config: () => config, log: silentLog, clock: asleep });
    undo.push(() => upstream.close());
    const told = events(upstream);
    const piece = told.next();
    await fake.until(() => fake.active === 1);
    passHours(2);
    first.resolve();
    expect((await piece).value).toMatchObject({ piece: { content: 'a' } });
    const next = told.next();
    passHours(2);
    await settled();
    second.resolve();
    expect((await next).value).toMatchObject({ piece: { content: 'b' } });
    expect((await told.next()).value).toMatchObject({ type: 'end' });
    await told.return();
  });
});

describe('nobody there', () => {
  test('refused', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    await fake.goDown();
    const sentence = `Ollama does not answer at ${fake.url}. Start it, or set ollama.api_url.`;
    for (const call of [() => events(upstream), () => upstream.version(never())]) {
      const error = await failed(call());
      expect(error).toMatchObject({ code: 'upstream_unreachable', status: 502, message: sentence });
    }
    await fake.comeBack();
    expect((await read(events(upstream))).ended).toBe(true);
  });

  test('no such name', async () => {
    const error = await failed(events(upstreamAt('http://ollama.invalid:11434')));
    expect(error.code).toBe('upstream_unreachable');
    expect(error.message).toContain('http://ollama.invalid:11434 (the name is not known). Start it');
  });

  test('reset before a header', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    fake.next({ cutAfter: 0 });
    expect(await failed(events(upstream))).toMatchObject({
      code: 'upstream_unreachable',
      message: expect.stringContaining('it closed the connection'),
    });
  });

  test('not even HTTP', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {}).resume();
      socket.end('SSH-2.0-OpenSSH_9.2\r\n');
    });
    const url = await listening(server);
    expect(await failed(upstreamAt(url).version(never()))).toMatchObject({
      code: 'upstream_failed',
      message: `The address ${url} answers, but not as Ollama does (it does not speak the expected protocol). Check ollama.api_url.`,
    });
  });
});

describe('an answer of a server that is only like Ollama', () => {
  test('errors of null and arguments as a text', async () => {
    const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"z":1,"a":2}' } };
    const { url } = await bareServer((_, res) => {
      res.write('{"message":{"role":"assistant","content":"a"},"done":false,"error":null}\n');
      res.write(`${JSON.stringify({ error: null, message: { content: '', tool_calls: [call] }, done: false })}\n`);
      res.end('{"message":{"content":""},"done":true,"error":null}\n');
    });
    const whole = await fold(events(upstreamAt(url)));
    expect(whole.content).toBe('a');
    expect(whole.extras).toEqual([]);
    expect(JSON.stringify(whole.tool_calls[0]?.function.arguments)).toBe('{"z":1,"a":2}');
  });

  test('vectors: an error of null is none, one of words is told in them', async () => {
    const bodies = ['{"embeddings":[[1]],"error":null}', '{"error":"out of memory"}'];
    const { url } = await bareServer((_, res) => res.end(bodies.shift()));
    const upstream = upstreamAt(url);
    const request = { model: 'a', input: ['x'] };
    expect((await upstream.embed(request, never())).vectors).toEqual([[1]]);
    expect(await failed(upstream.embed(request, never()))).toMatchObject({
      code: 'upstream_failed',
      message: 'Ollama reported an error: out of memory',
    });
  });
});

test('an answer that ends in good order without done is incomplete, but a load is not', async () => {
  const { fake, upstream } = await fakeAndUpstream();
  fake.next({ pieces: ['a', 'b', 'c'], endWithoutDone: 2 });
  const { content, end } = await fold(events(upstream));
  expect([content, end.done_reason, end.metrics.eval_count]).toEqual(['ab', 'incomplete', 0]);
  const { url } = await bareServer((_, res) => res.end('{"message":{},"done":false}\n'));
  const load = upstreamAt(url).load(spec('llama3.2'), undefined, never());
  expect(await failed(load)).toMatchObject({ code: 'upstream_failed' });
});

describe('an answer that goes wrong', () => {
  const cases: readonly [string, Scripted, string][] = [
    ['reset in the middle', { cutAfter: 2 }, 'Ollama stopped in the middle of the answer'],
    ['an error line', { failAfter: { pieces: 2, error: 'runner died' } }, 'Ollama reported an error: runner died'],
    ['a line that is not JSON', { malformedAfter: 2 }, 'Ollama sent something that is not JSON'],
  ];
  test.each(cases)('%s: what came is passed on, then upstream_failed', async (_, script, words) => {
    const { fake, upstream } = await fakeAndUpstream();
    fake.next({ pieces: ['a', 'b', 'c', 'd'], ...script });
    expect(await read(events(upstream))).toMatchObject({
      texts: ['a', 'b'],
      ended: false,
      error: { code: 'upstream_failed', status: 502, message: expect.stringContaining(words) },
    });
    await fake.until(() => fake.calls[0]?.outcome !== 'open');
    expect((await read(events(upstream))).ended, 'the next one is fine').toBe(true);
  });

  const bodies: readonly [string, string, string][] = [
    ['empty', '', 'without saying that it was done'],
    ['a list', '[]\n', 'JSON that is not an object'],
    ['a field of a wrong type', '{"message":{"content":[]},"done":true}\n', 'content is not text'],
    ['a web page', '<!doctype html><p>hi</p>', 'answers, but not as Ollama does (a web page)'],
    ['success without done', '{"status":"success"}\n', 'without saying that it was done'],
  ];
  test.each(bodies)('a body that is %s', async (_, body, words) => {
    const { url } = await bareServer((_, res) => res.end(body));
    expect(await failed(events(upstreamAt(url)))).toMatchObject({
      code: 'upstream_failed',
      message: expect.stringContaining(words),
    });
  });

  test('longer than max_answer_mb, in one line or in many: the connection is closed', async () => {
    for (const text of ['x'.repeat(10_000), `{"message":{"content":"${'x'.repeat(10_000)}"}}\n`]) {
      const { url, connections } = await bareServer((_, res) => endlessly(res, text));
      const error = await failed(events(upstreamAt(url, { max_answer_mb: 0.1 })));
      expect(error).toMatchObject({
        code: 'upstream_failed',
        message: 'The answer is longer than ollama.max_answer_mb (0.1 MB).',
      });
      await connections[0]?.closed;
    }
  });

  test('a list longer than max_answer_mb', async () => {
    const { url, connections } = await bareServer((_, res) => endlessly(res, 'é'.repeat(10_000)));
    const error = await failed(upstreamAt(url, { max_answer_mb: 0.1 }).tags(never()));
    expect(error.message).toBe('The answer is longer than ollama.max_answer_mb (0.1 MB).');
    await connections[0]?.closed;
  });
});

describe('a refusal', () => {
  const refusals: readonly [Scripted['fail'], object][] = [
    [
      { status: 400, error: '"llama3.2" does not support thinking' },
      { code: 'invalid_request', message: '"llama3.2" does not support thinking' },
    ],
    [
      { status: 500, error: 'option "temperature" must be of type float32' },
      { code: 'invalid_request', message: 'option "temperature" must be of type float32' },
    ],
    [
      { status: 400, error: JSON.stringify({ error: { code: 400, message: 'prompt too long', type: 'x' } }) },
      { code: 'invalid_request', message: 'prompt too long' },
    ],
    [
      { status: 503, error: BUSY },
      { code: 'queue_full', message: BUSY, retryAfterMs: 5000 },
    ],
    [
      { status: 500, error: 'llama-server process has terminated: exit status 1' },
      {
        code: 'upstream_failed',
        message: 'Ollama answered with an error (HTTP 500): llama-server process has terminated: exit status 1',
      },
    ],
    [
      { status: 404, error: "file 'x' is missing" },
      { code: 'upstream_failed', retryable: false },
    ],
    // What no repetition mends, whatever its status.
    [
      { status: 500, error: 'template: :1: unclosed action' },
      { code: 'invalid_request', retryable: false, message: 'template: :1: unclosed action' },
    ],
    [
      { status: 500, error: 'invalid format: "xml"; expected "json" or a valid JSON Schema object' },
      { code: 'invalid_request', retryable: false },
    ],
    [
      { status: 501, error: 'This server does not support embeddings. Start it with `--embeddings`' },
      { code: 'upstream_failed', retryable: false },
    ],
    [
      { status: 500, error: 'This server does not support embeddings. Start it with `--embeddings`' },
      { code: 'upstream_failed', retryable: false },
    ],
    [
      { status: 401, error: 'missing bearer token' },
      {
        code: 'upstream_unauthorized',
        retryable: false,
        message: expect.stringMatching(
          /^Ollama at \S+ wants a key \(HTTP 401\): missing bearer token\. Set ollama\.api_key/,
        ),
      },
    ],
    [
      { status: 403, error: 'not for you' },
      { code: 'upstream_forbidden', retryable: false },
    ],
    [
      { status: 413, error: 'too much' },
      { code: 'upstream_failed', retryable: false },
    ],
    // What may go by.
    [
      { status: 408, error: 'slow' },
      { code: 'upstream_failed', retryable: true },
    ],
    [
      { status: 500, error: 'an error was encountered while running the model: unexpected EOF' },
      { code: 'upstream_failed', retryable: true },
    ],
    [
      { status: 429, error: 'too many requests' },
      { code: 'queue_full', retryable: true, message: 'too many requests', native: { status: 429 } },
    ],
  ];
  test.each(refusals)('%o', async (fail, expected) => {
    const { fake, upstream } = await fakeAndUpstream();
    fake.next(fail === undefined ? {} : { fail });
    expect(await failed(events(upstream))).toMatchObject(expected);
  });

  test('of a model that is not installed', async () => {
    const { upstream } = await fakeAndUpstream();
    const expected = {
      code: 'model_not_found',
      status: 404,
      message: 'Model "nope:1b" is not installed. To install it: ollama pull nope:1b',
    };
    expect(await failed(events(upstream, ask('hi', { model: 'nope:1b' })))).toMatchObject(expected);
    expect(await failed(upstream.load(spec('nope:1b'), '5m', never()))).toMatchObject(expected);
  });

  test.each([
    [429, '3600', '{"error":"you have reached your limit"}', 'you have reached your limit'],
    [429, '3600', '<html>slow down</html>', 'HTTP 429'],
    [429, undefined, '<html>slow down</html>', 'HTTP 429'],
    [503, '7', '<html>down for maintenance</html>', 'HTTP 503'],
    [503, 'Fri, 31 Dec 2027 23:59:59 GMT', '', 'HTTP 503'],
    [503, '7', '{"error":"busy"}', 'busy'],
  ])('that asks to come back: HTTP %i, Retry-After %s, %s', async (status, retryAfter, body, words) => {
    const { url } = await bareServer((_, res) =>
      res.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end(body),
    );
    const error = await failed(events(upstreamAt(url)));
    expect(error).toMatchObject({
      code: 'queue_full',
      retryable: true,
      message: expect.stringContaining(words),
      native: { status, body: { error: expect.stringContaining(words) } },
    });
    expect(retryAfterOf(error)).toBe(retryAfter ?? '5');
  });

  test.each([502, 504, 500])('HTTP %i may bring a Retry-After too', async (status) => {
    const { url } = await bareServer((_, res) => res.writeHead(status, { 'retry-after': '30' }).end('<html>'));
    expect(retryAfterOf(await failed(events(upstreamAt(url))))).toBe('30');
  });

  test('a Retry-After that is none is not handed on', async () => {
    const { url } = await bareServer((_, res) => res.writeHead(500, { 'retry-after': 'x'.repeat(100) }).end('{}'));
    expect(retryAfterOf(await failed(events(upstreamAt(url))))).toBeUndefined();
  });

  const foreign: readonly [string, number, Record<string, string>, string, string, string][] = [
    [
      'a page',
      200,
      { 'content-type': 'text/html' },
      '<html>',
      'upstream_failed',
      'but not as Ollama does (a web page)',
    ],
    ['a page', 500, { 'content-type': 'text/html' }, '<html>', 'upstream_failed', '(a web page with HTTP 500)'],
    ['a proxy', 502, { 'content-type': 'text/html' }, '<html>', 'upstream_unreachable', 'answers HTTP 502). Start it'],
    ['a proxy', 503, {}, '<h1>down</h1>', 'upstream_unreachable', 'answers HTTP 503).'],
    ['a proxy', 504, {}, '', 'upstream_unreachable', 'answers HTTP 504).'],
    ['another route', 404, {}, '404 page not found', 'upstream_failed', 'not as Ollama does (HTTP 404)'],
    ['a redirect', 301, { location: 'https://x/' }, '', 'upstream_failed', '(it redirects to https://x/)'],
    ['a closed door', 403, {}, '', 'upstream_forbidden', 'refuses this gateway (HTTP 403)'],
    ['plain text', 503, {}, 'no server', 'upstream_unreachable', 'answers HTTP 503: no server).'],
    ['plain text', 500, {}, 'no server', 'upstream_failed', '(HTTP 500): no server'],
    [
      'an account',
      401,
      {},
      '{"error":"unauthorized","signin_url":"https://s"}',
      'upstream_unauthorized',
      'Sign in: https://s',
    ],
    ['nothing', 500, {}, '', 'upstream_failed', 'Ollama answered with an error (HTTP 500).'],
    ['bad JSON', 200, {}, '{"version":', 'upstream_failed', 'not JSON'],
    ['a wall', 401, { 'content-type': 'text/html' }, '<html>', 'upstream_unauthorized', 'wants a key (HTTP 401)'],
    ['another API', 200, {}, '{"hello":1}', 'upstream_failed', 'not as Ollama does (an answer in an unknown form)'],
  ];
  test.each(foreign)('by what is no Ollama: %s with HTTP %i', async (_, status, headers, body, code, words) => {
    const { url } = await bareServer((_, res) => res.writeHead(status, headers).end(body));
    expect(await failed(upstreamAt(url).version(never()))).toMatchObject({
      code,
      message: expect.stringContaining(words),
      // Another try helps where a server is ill, not where the address is wrong.
      retryable: status >= 500 || body === '{"version":',
    });
  });

  test('whose body never ends is cut at 64 KB and the connection closed', async () => {
    const { url, connections } = await bareServer((_, res) => endlessly(res.writeHead(500), 'x'.repeat(10_000)));
    const error = await failed(events(upstreamAt(url)));
    expect(error.code).toBe('upstream_failed');
    expect(error.message.length).toBeLessThan(3000);
    await connections[0]?.closed;
  });
});

describe('load and unload', () => {
  test('load sends the runner’s options and no message, and returns when the model stands', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    await upstream.load(spec('llama3.2', { options: { num_ctx: 2048 }, shift: false }), '15m', never());
    expect(fake.calls.map(({ path, body }) => ({ path, body }))).toEqual([
      {
        path: '/api/chat',
        body: {
          model: 'llama3.2',
          messages: [],
          options: { num_ctx: 2048 },
          shift: false,
          keep_alive: '15m',
          stream: true,
        },
      },
    ]);
    expect(fake.loaded()).toHaveLength(1);
    // The proof that it was the same runner: real traffic with these options finds it warm.
    await read(events(upstream, ask('hi', { options: { num_ctx: 2048 }, shift: false })));
    expect(fake.loads).toHaveLength(1);
  });

  test.each([0, '0', '0s'])('a load with keep_alive %j loads all the same, and does not unload', async (keepAlive) => {
    const { fake, upstream } = await fakeAndUpstream();
    await upstream.load(spec('llama3.2'), keepAlive, never());
    expect(fake.calls.map(({ kind }) => kind)).toEqual(['load']);
    expect(fake.loaded()).toHaveLength(1);
  });

  test('a model that only embeds is loaded through /api/embed', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    await upstream.load(spec('nomic-embed-text', { options: { num_ctx: 512 } }), -1, never());
    expect(fake.calls.at(-1)).toMatchObject({
      path: '/api/embed',
      kind: 'load',
      body: { model: 'nomic-embed-text', options: { num_ctx: 512 }, keep_alive: -1 },
    });
    expect((await upstream.ps(never())).map(({ name }) => name)).toEqual(['nomic-embed-text:latest']);
  });

  test('a load that fails says why', async () => {
    const { upstream } = await fakeAndUpstream({}, { models: [{ name: 'big', loadError: 'out of memory' }] });
    expect(await failed(upstream.load(spec('big'), undefined, never()))).toMatchObject({
      code: 'upstream_failed',
      message: expect.stringContaining('out of memory'),
    });
  });

  test('unload', async () => {
    const { fake, upstream } = await fakeAndUpstream();
    for (const model of ['llama3.2', 'nomic-embed-text']) {
      await upstream.load(spec(model), undefined, never());
      await upstream.unload(model, never());
      expect(fake.calls.at(-1)).toMatchObject({ kind: 'unload', body: { model, keep_alive: 0 } });
      await fake.until(() => fake.loaded().length === 0);
    }
  });
});

describe('what Ollama has', () => {
  test('tags, ps and version', async () => {
    const { upstream } = await fakeAndUpstream({}, { version: '0.33.1' });
    expect(await upstream.version(never())).toBe('0.33.1');
    expect(await upstream.ps(never())).toEqual([]);
    await upstream.load(spec('llama3.2'), -1, never());
    const tags = await upstream.tags(never());
    const loaded = await upstream.ps(never());
    expect(tags.map(({ name }) => name)).toContain('llama3.2:latest');
    expect(loaded).toMatchObject([{ name: 'llama3.2:latest', context_length: expect.any(Number) }]);
    expect(loaded[0]?.digest).toBe(tags.find(({ name }) => name === 'llama3.2:latest')?.digest);
    expect(loaded[0]?.expires_at).toBeGreaterThan(Date.now() + 365 * 86_400_000);
  });
});

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const each of Object.values(value)) deepFrozen(each);
    Object.freeze(value);
  }
  return value;
}
