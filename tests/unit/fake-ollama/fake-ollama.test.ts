// The fake Ollama keeps its own promises: framing, memory, slots, faults and error bodies as Ollama has them.
// Deliberately against raw fetch, node:net and the real `ollama` client, never through the gateway: a wrong fake would make right tests.
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { Ollama } from 'ollama/browser';
import { describe, expect, it } from 'vitest';
import type { FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { fakesOfEachTest } from '../../support/fake-ollama/fakes-of-each-test.ts';
import { deferred } from '../../support/waiting.ts';

type Json = Record<string, unknown>;

const start = fakesOfEachTest();

const post = (fake: FakeOllama, path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(fake.url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), ...init });

const ask = (content: string, more: Json = {}): Json => ({
  model: 'llama3.2',
  messages: [{ role: 'user', content }],
  ...more,
});

const lines = (text: string): Json[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Json);

const contentOf = (chunk: Json): string => (chunk['message'] as { content: string }).content;

/** Status and body of a refused request. */
async function refusal(reply: Promise<Response>): Promise<readonly [number, unknown]> {
  const response = await reply;
  const text = await response.text();
  return [response.status, text.startsWith('{') ? (JSON.parse(text) as Json)['error'] : text];
}

/** What a promise that should fail fails with. */
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'it did not fail',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );

/** Raw HTTP/1.1, for what fetch does not let through. */
function raw(fake: FakeOllama, head: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(fake.port, '127.0.0.1', () =>
      socket.write(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n`),
    );
    socket.on('data', (bytes) => (text += bytes.toString()));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

describe('framing', () => {
  it('streams NDJSON by default, one object a line, metrics only at the end', async () => {
    const fake = await start();
    const response = await post(fake, '/api/chat', ask('hello <b>', { model: 'LLAMA3.2' }));
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const text = await response.text();
    expect(text).toContain('\\u003cb\\u003e');
    const chunks = lines(text);
    const last = chunks.at(-1) ?? {};
    expect(chunks.map(contentOf).join('')).toContain('You said "hello <b>"');
    for (const chunk of chunks.slice(0, -1)) {
      expect(Object.keys(chunk)).toEqual(['model', 'created_at', 'message', 'done']);
      expect(chunk).toMatchObject({ model: 'LLAMA3.2', done: false });
      expect(chunk['created_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    }
    expect(last).toMatchObject({ done: true, done_reason: 'stop', message: { role: 'assistant', content: '' } });
    for (const name of ['total_duration', 'load_duration', 'prompt_eval_duration', 'eval_count', 'eval_duration']) {
      expect(Number.isInteger(last[name]) ? last[name] : `${name} is not whole`).toBeGreaterThan(0);
    }
  });

  it('answers the same text in one object without streaming', async () => {
    const fake = await start();
    const streamed = lines(await (await post(fake, '/api/chat', ask('same'))).text());
    const response = await post(fake, '/api/chat', ask('same', { stream: false }));
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(text.endsWith('}')).toBe(true);
    expect(contentOf(JSON.parse(text) as Json)).toBe(streamed.map(contentOf).join(''));
    expect(JSON.parse(text)).toMatchObject({ done: true, done_reason: 'stop' });
  });

  it('sends no headers before the first piece', async () => {
    const fake = await start();
    const gate = fake.gate();
    let answered = false;
    const reply = post(fake, '/api/chat', ask('wait')).then((response) => {
      answered = true;
      return response.text();
    });
    await fake.until(({ active }) => active === 1);
    // Another whole round trip through the same server: headers, had they been sent, would be here by then.
    await fetch(`${fake.url}/api/version`);
    expect(answered).toBe(false);
    expect(fake.calls[0]?.firstByteAt).toBeUndefined();
    gate.release();
    expect(lines(await reply).at(-1)?.['done']).toBe(true);
  });

  it('thinks first on models that think, unless told not to', async () => {
    const fake = await start();
    const client = new Ollama({ host: fake.url });
    const messages = [{ role: 'user', content: 'why?' }];
    const thoughtful = await client.chat({ model: 'deepseek-r1:8b', messages });
    const quiet = await client.chat({ model: 'deepseek-r1:8b', messages, think: false });
    expect(thoughtful.message.thinking).toContain('4 characters');
    expect(quiet.message.thinking).toBeUndefined();
    expect(quiet.message.content).toBe(thoughtful.message.content);
    await expect(client.chat({ model: 'llama3.2', messages, think: true })).rejects.toMatchObject({
      error: '"llama3.2" does not support thinking',
      status_code: 400,
    });
  });

  it('answers a format with JSON that fits it, and generate with a context', async () => {
    const fake = await start();
    const format = {
      type: 'object',
      properties: { city: { enum: ['Bern'] }, ages: { type: 'array', items: { type: 'integer' } } },
    };
    const reply = await post(fake, '/api/generate', { model: 'llama3.2', prompt: 'x', stream: false, format });
    const body = (await reply.json()) as Json;
    expect(JSON.parse(String(body['response']))).toEqual({ city: 'Bern', ages: [1] });
    expect(body['context']).not.toHaveLength(0);
  });

  it('writes all at once when told to leave no gaps, after whatever it has to wait for', async () => {
    const fake = await start();
    const hold = deferred();
    fake.next({ pieces: ['a', 'b', 'c'], pieceMs: -1, hold: hold.promise });
    const reply = post(fake, '/api/generate', { model: 'llama3.2', prompt: 'x' });
    await fake.until(({ active }) => active === 1);
    hold.resolve();
    const chunks = lines(await (await reply).text());
    expect(chunks.map((chunk) => chunk['response'])).toEqual(['a', 'b', 'c', '']);
  });

  it('cuts bytes inside characters and lines without losing any', async () => {
    const fake = await start();
    const pieces = ['größer ', '火を', ' 👩‍👩‍👧 ', 'ende'];
    fake.next({ pieces, chunkBytes: 3 });
    const response = await post(fake, '/api/chat', ask('cut'));
    const bytes: Uint8Array[] = [];
    for await (const slice of response.body ?? []) bytes.push(slice);
    // A reader may get two slices at once, so their number is only known roughly.
    expect(bytes.length).toBeGreaterThan(Buffer.concat(bytes).length / 8);
    expect(bytes.some((slice) => new TextDecoder().decode(slice).includes('\ufffd'))).toBe(true);
    expect(lines(Buffer.concat(bytes).toString()).map(contentOf).join('')).toBe(pieces.join(''));
  });
});

describe('memory', () => {
  it('loads once for four first requests and says who loaded', async () => {
    const fake = await start();
    const gate = fake.gateLoads();
    const replies = [1, 2, 3, 4].map(() => post(fake, '/api/chat', ask('first')));
    await fake.until(({ open, loads }) => open === 4 && loads.length === 1);
    expect(fake.loaded()).toEqual([]);
    gate.release();
    for (const reply of await Promise.all(replies)) await reply.text();
    expect(fake.loads).toMatchObject([
      { model: 'llama3.2:latest', outcome: 'loaded', options: { num_ctx: 4096, shift: true } },
    ]);
    expect(
      fake
        .chats()
        .map(({ loaded }) => loaded)
        .toSorted(),
    ).toEqual(['cold', 'warm', 'warm', 'warm']);
    expect(fake.peak).toBe(1);
    expect(fake.peakOpen).toBe(4);
  });

  it('loads and unloads by empty requests, as one JSON object although streaming', async () => {
    const fake = await start();
    const load = await post(fake, '/api/chat', { model: 'llama3.2', keep_alive: -1 });
    expect(load.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await load.json()).toMatchObject({ done: true, done_reason: 'load', message: { content: '' } });
    expect(fake.loaded()).toMatchObject([{ name: 'llama3.2:latest', context_length: 4096 }]);
    expect(Number(fake.loaded()[0]?.expires_at.slice(0, 4))).toBeGreaterThan(2200);
    const unload = await post(fake, '/api/generate', { model: 'llama3.2', keep_alive: 0 });
    expect(await unload.json()).toMatchObject({ done: true, done_reason: 'unload', response: '' });
    await fake.until(() => fake.loaded().length === 0);
    expect(fake.chats()).toEqual([]);
  });

  it.each([
    ['/v1/completions', { prompt: '' }, ['"text":"","index":0,"finish_reason":"load"']],
    [
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: [] }] },
      ['"delta":{"role":"assistant","content":""},"finish_reason":null', '"delta":{},"finish_reason":"load"'],
    ],
  ])('loads by %s as a stream when one is wanted (middleware/openai.go)', async (path, body, told) => {
    const fake = await start();
    const load = await post(fake, path, { model: 'llama3.2', ...body, stream: true });
    expect(load.headers.get('content-type')).toBe('text/event-stream');
    const events = (await load.text()).split('\n\n');
    expect(events).toEqual([...told.map((part) => expect.stringContaining(part) as string), 'data: [DONE]', '']);
    expect(fake.calls[0]).toMatchObject({ kind: 'load', outcome: 'done' });
  });

  it('forgets a model when its keep_alive is over, and keeps the last setting when none is given', async () => {
    const fake = await start();
    await (await post(fake, '/api/chat', ask('short', { keep_alive: '20ms' }))).text();
    expect(fake.loaded()).toHaveLength(1);
    await fake.until(() => fake.loaded().length === 0);
    await (await post(fake, '/api/chat', ask('long', { keep_alive: '1h' }))).text();
    await (await post(fake, '/api/chat', ask('unsaid'))).text();
    expect(Date.parse(fake.loaded()[0]?.expires_at ?? '') - Date.now()).toBeGreaterThan(3_500_000);
  });

  it('reloads for other runner options or another shift, not for sampling options', async () => {
    const fake = await start();
    const says = [
      {},
      { options: { temperature: 0, num_ctx: 4096 } },
      { options: { num_ctx: 8192 } },
      { shift: false },
      {},
    ];
    for (const more of says) await (await post(fake, '/api/chat', ask('x', more))).text();
    expect(fake.loads.map(({ options }) => [options['num_ctx'], options['shift']])).toEqual([
      [4096, true],
      [8192, true],
      [4096, false],
      [4096, true],
    ]);
  });

  it('evicts when only one model fits, after its run has ended', async () => {
    const fake = await start({ maxLoaded: 1 });
    const gate = fake.gate();
    const first = post(fake, '/api/chat', ask('a'));
    await fake.until(({ active }) => active === 1);
    const second = post(fake, '/api/chat', ask('b', { model: 'qwen2.5:0.5b' }));
    await fake.until(({ open }) => open === 2);
    expect(fake.loads).toHaveLength(1);
    gate.release();
    for (const reply of await Promise.all([first, second])) await reply.text();
    expect(fake.loaded().map(({ name }) => name)).toEqual(['qwen2.5:0.5b']);
  });

  it('lets a keep_alive rescue a runner from eviction while another waits (ollama#17408)', async () => {
    const fake = await start({ maxLoaded: 1 });
    const gate = fake.gate();
    const first = post(fake, '/api/chat', ask('a'));
    await fake.until(({ active }) => active === 1);
    const other = post(fake, '/api/chat', ask('b', { model: 'qwen2.5:0.5b' }));
    await fake.until(({ open }) => open === 2);
    const rescuer = post(fake, '/api/chat', ask('a again', { keep_alive: '30ms' }));
    await fake.until(({ open }) => open === 3);
    gate.release();
    for (const reply of await Promise.all([first, rescuer])) await reply.text();
    expect(fake.loaded().map(({ name }) => name)).toEqual(['llama3.2:latest']);
    await (await other).text();
    expect(fake.loaded().map(({ name }) => name)).toEqual(['qwen2.5:0.5b']);
  });

  it('starts a load over when the client that asked for it leaves', async () => {
    const fake = await start();
    const gate = fake.gateLoads();
    const leaving = new AbortController();
    const first = post(fake, '/api/chat', ask('1'), { signal: leaving.signal });
    await fake.until(({ loads }) => loads.length === 1);
    const second = post(fake, '/api/chat', ask('2'));
    await fake.until(({ open }) => open === 2);
    leaving.abort();
    expect(await failure(first)).toBe('AbortError');
    await fake.until(({ loads }) => loads.length === 2);
    expect(fake.loads.map(({ outcome }) => outcome)).toEqual(['aborted', 'loading']);
    gate.release();
    expect((await second).status).toBe(200);
    expect(fake.calls.map(({ outcome, aborted }) => [outcome, aborted])[0]).toEqual(['aborted', true]);
  });
});

describe('slots', () => {
  it('runs as many at once as it has slots, in order of arrival', async () => {
    const fake = await start({ parallel: 2 });
    const gate = fake.gate();
    const replies = ['a', 'b', 'c', 'd'].map((content) => post(fake, '/api/chat', ask(content)));
    await fake.until(({ open, active }) => open === 4 && active === 2);
    gate.release();
    for (const reply of await Promise.all(replies)) await reply.text();
    expect(fake.peak).toBe(2);
    const began = fake.chats().map(({ firstByteAt }) => firstByteAt ?? 0);
    expect(began).toEqual(began.toSorted((a, b) => a - b));
  });

  it('frees the slot at once when the client leaves, running or waiting, streaming or not', async () => {
    const fake = await start();
    fake.always({ silent: true });
    const leaving = [true, false].map((stream) => {
      const controller = new AbortController();
      const reply = post(fake, '/api/chat', ask('bye', { stream }), { signal: controller.signal });
      return { leave: () => controller.abort(), gone: failure(reply) };
    });
    await fake.until(({ open, active }) => open === 2 && active === 1);
    fake.always(undefined);
    const stays = post(fake, '/api/chat', ask('stay'));
    await fake.until(({ open }) => open === 3);
    for (const { leave, gone } of leaving) {
      leave();
      expect(await gone).toBe('AbortError');
    }
    await (await stays).text();
    expect(
      fake
        .chats()
        .map(({ outcome }) => outcome)
        .toSorted(),
    ).toEqual(['aborted', 'aborted', 'done']);
  });

  it('stops mid-stream when the client leaves', async () => {
    const fake = await start();
    fake.next({ pieces: ['one', 'two', 'three'], pauseAfter: { pieces: 2, until: new Promise(() => undefined) } });
    const controller = new AbortController();
    const response = await post(fake, '/api/chat', ask('x'), { signal: controller.signal });
    await fake.until(({ calls }) => calls[0]?.pieces === 2);
    controller.abort();
    expect(await failure(response.text())).toBe('AbortError');
    await fake.until(({ active }) => active === 0);
    expect(fake.calls[0]).toMatchObject({ aborted: true, outcome: 'aborted', pieces: 2 });
  });

  it('is busy only when the line behind a load is full, with two spaces', async () => {
    const fake = await start({ maxQueue: 1 });
    const gate = fake.gateLoads();
    const replies = [post(fake, '/api/chat', ask('loads'))];
    await fake.until(({ loads }) => loads.length === 1);
    replies.push(post(fake, '/api/chat', ask('waits')));
    await fake.until(({ open }) => open === 2);
    expect(await refusal(post(fake, '/api/chat', ask('refused')))).toEqual([
      503,
      'server busy, please try again.  maximum pending requests exceeded',
    ]);
    gate.release();
    for (const reply of await Promise.all(replies)) expect(reply.status).toBe(200);
  });
});

describe('faults', () => {
  it('ends without done, with an error line, with a line that is not JSON, or not at all', async () => {
    const fake = await start();
    const pieces = ['a', 'b', 'c'];
    fake.next(
      { pieces, endWithoutDone: true },
      { pieces, endWithoutDone: 1 },
      { pieces, failAfter: { pieces: 2, error: 'runner died' } },
      { pieces, malformedAfter: 1 },
      { pieces, cutAfter: 2 },
      { pieces, cutAfter: 0 },
    );
    const text = async (): Promise<string> => (await post(fake, '/api/chat', ask('x'))).text();
    expect(lines(await text()).map((chunk) => chunk['done'])).toEqual([false, false, false]);
    expect(lines(await text())).toHaveLength(1);
    expect(lines(await text()).at(-1)).toEqual({ error: 'runner died' });
    const broken = (await text()).trimEnd().split('\n');
    expect(() => JSON.parse(broken[1] ?? '') as unknown).toThrow(SyntaxError);
    expect(JSON.parse(broken.at(-1) ?? '')).toMatchObject({ done: true });
    const cut = await post(fake, '/api/chat', ask('x'));
    expect(await failure(cut.text())).toBe('TypeError');
    expect(await failure(post(fake, '/api/chat', ask('x')))).toBe('TypeError');
    expect(fake.calls.map(({ outcome, pieces }) => `${outcome} ${pieces}`)).toEqual([
      'done 3',
      'done 1',
      'error 2',
      'done 3',
      'error 2',
      'error 0',
    ]);
    expect(fake.calls.some(({ aborted }) => aborted)).toBe(false);
  });

  it('shows the same faults without streaming as Ollama does', async () => {
    const fake = await start();
    const pieces = ['a', 'b'];
    fake.next(
      { pieces, endWithoutDone: true },
      { pieces, failAfter: { pieces: 1, error: 'runner died' } },
      { fail: { status: 500, error: 'no memory' } },
      { pieces, malformedAfter: 1 },
    );
    const say = (): Promise<Response> => post(fake, '/api/chat', ask('x', { stream: false }));
    const doneless = (await (await say()).json()) as Json;
    expect(doneless).toMatchObject({ done: false, message: { content: 'ab' } });
    expect(doneless['total_duration']).toBeUndefined();
    expect(await refusal(say())).toEqual([500, 'runner died']);
    expect(await refusal(say())).toEqual([500, 'no memory']);
    await expect((await say()).json()).rejects.toThrow(SyntaxError);
  });

  it('makes the real client fail the way it fails on Ollama', async () => {
    const fake = await start();
    const client = new Ollama({ host: fake.url });
    const consume = async (): Promise<string> => {
      let text = '';
      const messages = [{ role: 'user', content: 'x' }];
      for await (const part of await client.chat({ model: 'llama3.2', messages, stream: true }))
        text += part.message.content;
      return text;
    };
    fake.next({ endWithoutDone: 2 }, { failAfter: { pieces: 1, error: 'runner died' } });
    await expect(consume()).rejects.toThrow('Did not receive done or success response in stream.');
    await expect(consume()).rejects.toThrow('runner died');
    expect(await consume()).toContain('You said "x"');
  });

  it('goes down, comes back on its port with nothing loaded, and hangs when told to', async () => {
    const fake = await start();
    fake.next({ silent: true });
    const cut = failure(post(fake, '/api/chat', ask('x')));
    await fake.until(({ active }) => active === 1);
    await fake.goDown();
    expect(await cut).toBe('TypeError');
    expect(fake.calls[0]).toMatchObject({ outcome: 'error', aborted: false });
    expect(await failure(fetch(`${fake.url}/api/version`))).toBe('TypeError');
    await fake.comeBack();
    expect(await (await fetch(`${fake.url}/api/ps`)).json()).toEqual({ models: [] });
    fake.hang(true);
    const hung = fetch(`${fake.url}/api/version`);
    await fake.until(({ calls }) => calls.at(-1)?.path === '/api/version');
    expect(fake.calls.at(-1)?.outcome).toBe('open');
    fake.hang(false);
    expect(await (await hung).json()).toEqual({ version: '0.33.0' });
  });

  it('tells what it was waiting for when a wait is in vain', async () => {
    const fake = await start();
    await expect(fake.until(({ active }) => active === 7, 10)).rejects.toThrow('active === 7');
  });
});

describe('scripts', () => {
  it('prefers when to next to always, and takes next only once', async () => {
    const fake = await start({ answer: () => ({ pieces: ['answer'] }) });
    fake.when(({ body }) => body?.['model'] === 'qwen2.5:0.5b', { pieces: ['rule'] });
    fake.next({ pieces: ['next'] });
    const say = async (model: string): Promise<string> =>
      contentOf((await (await post(fake, '/api/chat', ask('x', { model, stream: false }))).json()) as Json);
    expect([await say('qwen2.5:0.5b'), await say('llama3.2'), await say('llama3.2')]).toEqual([
      'rule',
      'next',
      'answer',
    ]);
    fake.always({ pieces: ['always'] });
    expect(await say('llama3.2')).toBe('always');
    fake.reset();
    expect(fake.calls).toEqual([]);
    expect(await say('llama3.2')).toBe('answer');
  });

  it('sends thinking, tool calls, extra fields, usage and reason as scripted', async () => {
    const fake = await start();
    const call = { function: { name: 'weather', arguments: { z: 1, a: 2 } } };
    fake.always({
      pieces: [{ thinking: 'hm' }, { tool_calls: [call], extra: { x_new: 1 } }, 'ok'],
      doneReason: 'length',
      usage: { prompt_tokens: 7, completion_tokens: 9 },
      extraFinal: { x_final: true },
    });
    const tools = [{ type: 'function', function: { name: 'weather', parameters: {} } }];
    const chunks = lines(await (await post(fake, '/api/chat', ask('x', { tools }))).text());
    expect(chunks[0]).toMatchObject({ message: { content: '', thinking: 'hm' } });
    expect(JSON.stringify(chunks[1])).toContain('{"z":1,"a":2}');
    expect(chunks[1]).toMatchObject({ x_new: 1 });
    const usage = { done_reason: 'length', prompt_eval_count: 7, eval_count: 9, x_final: true };
    expect(chunks.at(-1)).toMatchObject(usage);
    const whole = await (await post(fake, '/api/chat', ask('x', { tools, stream: false }))).json();
    expect(whole).toMatchObject({ message: { content: 'ok', thinking: 'hm', tool_calls: [call] }, x_new: 1, ...usage });
  });
});

describe('errors', () => {
  const cases: readonly (readonly [string, unknown, number, unknown])[] = [
    ['/api/chat', '', 400, 'missing request body'],
    ['/api/chat', '{"model":', 400, 'unexpected EOF'],
    ['/api/chat', '{x', 400, "invalid character 'x' looking for beginning of object key string"],
    ['/api/chat', 'x', 400, "invalid character 'x' looking for beginning of value"],
    [
      '/api/chat',
      { model: 'llama3.2', messages: 'hi' },
      400,
      'json: cannot unmarshal string into Go struct field ChatRequest.messages of type []api.Message',
    ],
    ['/api/chat', {}, 400, 'model is required'],
    ['/api/generate', {}, 404, "model '' not found"],
    ['/api/embed', {}, 404, "model '' not found"],
    ['/api/show', {}, 400, 'model is required'],
    ['/api/chat', { model: 'a b' }, 400, 'invalid model name'],
    ['/api/chat', { model: 'Nope:7b' }, 404, "model 'Nope:7b' not found"],
    ['/api/show', { model: 'nope' }, 404, "model 'nope:latest' not found"],
    ['/api/embed', { model: 'nope', input: 'x' }, 404, 'model "nope" not found, try pulling it first'],
    ['/api/copy', { source: 'nope', destination: 'x' }, 404, 'model "nope" not found'],
    ['/api/chat', ask('x', { model: 'nomic-embed-text' }), 400, '"nomic-embed-text" does not support chat'],
    ['/api/generate', { model: 'nomic-embed-text' }, 400, '"nomic-embed-text" does not support generate'],
    [
      '/api/chat',
      ask('x', { model: 'deepseek-r1:8b', tools: [{}] }),
      400,
      'registry.ollama.ai/library/deepseek-r1:8b does not support tools',
    ],
    [
      '/api/chat',
      ask('x', { format: 'xml' }),
      500,
      'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object',
    ],
    ['/api/chat', ask('x', { options: { temperature: 'hot' } }), 500, 'option "temperature" must be of type float32'],
    ['/api/chat', ask('x', { keep_alive: '300' }), 400, 'time: missing unit in duration "300"'],
    ['/api/chat', ask('x', { top_logprobs: 21 }), 400, 'top_logprobs must be between 0 and 20'],
    ['/api/generate', { model: 'llama3.2', prompt: 'x', images: ['ab*d'] }, 400, 'illegal base64 data at input byte 2'],
    ['/api/embed', { model: 'nomic-embed-text', input: [1] }, 400, 'invalid input type'],
    ['/api/nothing', {}, 404, '404 page not found'],
    ['/api/tags', {}, 405, '405 method not allowed'],
  ];
  it.each(cases)('%s %j: %i', async (path, body, status, error) => {
    const fake = await start();
    expect(await refusal(post(fake, path, body))).toEqual([status, error]);
    expect(fake.calls[0]).toMatchObject({ outcome: 'error', status });
  });

  it.each([
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'x' }] }],
    ['/v1/completions', { prompt: 'x' }],
    ['/v1/responses', { input: 'x' }],
    ['/v1/messages', { messages: [{ role: 'user', content: 'x' }], max_tokens: 9 }],
  ])('%s: ends without a word where a line in the middle cannot be read', async (path, body) => {
    const fake = await start();
    fake.next({ pieces: ['a', 'b'], malformedAfter: 1 });
    const response = await post(fake, path, { model: 'llama3.2', stream: true, ...body });
    const text = await response.text();
    expect([response.status, text.includes('"a"'), text.includes('"b"')]).toEqual([200, true, false]);
    expect(text).not.toMatch(/DONE|response\.completed|message_stop/);
    expect(fake.calls[0]).toMatchObject({ outcome: 'error' });
  });

  it.each([
    ['/etc/passwd', 8],
    ['!!!!', 0],
    ['====', 0],
    ['x===', 1],
    ['A=AA', 1],
    ['AA=A', 2],
    ['AA=', 3],
    ['AA=\n', 4],
    ['AA==A', 4],
    ['AAA=AAAA', 4],
    ['AAAAA', 4],
    ['AAAA\nAA', 5],
    ['AAAAAA=', 7],
    ['YWJjZA=====', 8],
    ['./picture.png', 0],
  ])('names the place where Go stops reading %j: %i', async (text, place) => {
    const fake = await start();
    const body = { model: 'llama3.2', prompt: 'x', images: [text] };
    expect(await refusal(post(fake, '/api/generate', body))).toEqual([
      400,
      `illegal base64 data at input byte ${place}`,
    ]);
  });

  it.each(['AAA=\n', 'AA\r\nA=', 'A\nA\n=\n=', '\n', ''])('takes %j as base64, as Go does', async (text) => {
    const fake = await start({ models: [{ name: 'm', capabilities: ['completion', 'vision'] }] });
    const body = { model: 'm', prompt: 'x', images: [text] };
    expect((await post(fake, '/api/generate', body)).status).toBe(200);
  });

  it('refuses foreign origins and hosts with an empty 403, and lets near ones in', async () => {
    const fake = await start();
    const get = (...head: readonly string[]): Promise<string> => raw(fake, ['GET /api/version HTTP/1.1', ...head]);
    const own = `Host: 127.0.0.1:${fake.port}`;
    for (const head of [
      ['Host: evil.example'],
      ['Host: 93.184.216.34'],
      [own, 'Origin: https://evil.example'],
      [own, 'Origin: http://localhost.evil.com'],
      [own, 'Origin: null'],
    ]) {
      expect(`${head.join()}: ${await get(...head)}`).toMatch(/: HTTP\/1\.1 403 .*\r\n\r\n$/s);
    }
    expect(await get('Host: ollama.local')).toContain('{"version":"0.33.0"}');
    expect(await get(own, 'Origin: http://localhost:3000')).toContain(
      'Access-Control-Allow-Origin: http://localhost:3000',
    );
  });
});

describe('models', () => {
  it('lists, shows, pulls, copies and deletes through the real client', async () => {
    const fake = await start({ registry: [{ name: 'gemma3:1b' }, { name: 'llama3.2', digest: 'f'.repeat(64) }] });
    const client = new Ollama({ host: fake.url });
    const digest = async (name: string): Promise<string | undefined> =>
      (await client.list()).models.find((model) => model.name === name)?.digest;
    expect((await client.list()).models.map(({ name }) => name)).toEqual([
      'llama3.2:latest',
      'deepseek-r1:8b',
      'nomic-embed-text:latest',
      'qwen2.5:0.5b',
    ]);
    expect(await client.show({ model: 'DeepSeek-R1:8B' })).toMatchObject({ capabilities: ['completion', 'thinking'] });
    const before = await digest('llama3.2:latest');
    expect(before).toMatch(/^[\da-f]{64}$/);
    const seen: string[] = [];
    for await (const { status } of await client.pull({ model: 'llama3.2', stream: true })) seen.push(status);
    expect(seen.at(0)).toBe('pulling manifest');
    expect(seen.at(-1)).toBe('success');
    expect(await digest('llama3.2:latest')).toBe('f'.repeat(64));
    await expect(client.pull({ model: 'unknown' })).rejects.toThrow('pull model manifest');
    await client.copy({ source: 'llama3.2', destination: 'mine:v1' });
    expect(await digest('mine:v1')).toBe('f'.repeat(64));
    await client.delete({ model: 'mine:v1' });
    expect(await digest('mine:v1')).toBeUndefined();
  });

  it('shares a runner between tags of the same weights, and loads nothing for a cloud model', async () => {
    const fake = await start({
      models: [
        { name: 'base', weights: 'w' },
        { name: 'alias', weights: 'w' },
        { name: 'wide', weights: 'w', parameters: { num_ctx: 8192 } },
        { name: 'far:cloud', remote: { model: 'far', host: 'https://ollama.com' } },
        { name: 'broken', loadError: 'unable to load full model on GPU' },
      ],
    });
    const say = (model: string): Promise<Response> => post(fake, '/api/chat', ask('x', { model, stream: false }));
    for (const model of ['base', 'alias', 'wide']) await (await say(model)).text();
    expect(fake.loads.map(({ model }) => model)).toEqual(['base:latest', 'wide:latest']);
    expect(await (await say('far:cloud')).json()).toMatchObject({ remote_model: 'far', done: true });
    expect(await refusal(say('broken'))).toEqual([500, 'unable to load full model on GPU']);
    expect(fake.loads.map(({ outcome }) => outcome)).toEqual(['loaded', 'loaded', 'failed']);
  });

  it('answers the small routes, redirects unclean paths and keeps blobs', async () => {
    const fake = await start({ models: [] });
    const get = (path: string, method = 'GET'): Promise<Response> =>
      fetch(fake.url + path, { method, redirect: 'manual' });
    expect(await (await get('/')).text()).toBe('Ollama is running');
    expect((await get('/', 'HEAD')).headers.get('content-length')).toBe('17');
    expect((await get('/api/ps', 'HEAD')).status).toBe(405);
    expect(await (await get('/v1/models')).json()).toEqual({ object: 'list', data: null });
    const astray = await post(fake, '/api//chat/', {}, { redirect: 'manual' });
    expect([astray.status, astray.headers.get('location')]).toEqual([307, '/api/chat']);
    const bytes = Buffer.from([0xff, 0, 0xfe]);
    const blob = `/api/blobs/sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const statuses = [await get(blob, 'HEAD'), await post(fake, blob, '', { body: bytes }), await get(blob, 'HEAD')];
    expect(statuses.map(({ status }) => status)).toEqual([404, 201, 200]);
  });

  it('embeds: normalised, in order, the same text alike, and one slot only', async () => {
    const fake = await start({ parallel: 4 });
    const client = new Ollama({ host: fake.url });
    const model = 'nomic-embed-text';
    const gate = fake.gate();
    const replies = Promise.all([
      client.embed({ model, input: ['a', 'b'] }),
      client.embed({ model, input: 'b', dimensions: 8 }),
    ]);
    await fake.until(({ open }) => open === 2);
    gate.release();
    const [both, one] = await replies;
    expect(both.embeddings).toHaveLength(2);
    expect(Math.hypot(...(both.embeddings[0] ?? []))).toBeCloseTo(1, 4);
    expect(one.embeddings[0]).toHaveLength(8);
    expect((await client.embed({ model, input: 'b' })).embeddings[0]).toEqual(both.embeddings[1]);
    expect(fake.peak).toBe(1);
    expect(fake.peakOpen).toBe(2);
    expect(await refusal(post(fake, '/api/embed', { model, input: 'x'.repeat(20_000), truncate: false }))).toEqual([
      400,
      'the input length exceeds the context length',
    ]);
    expect(fake.embeds()).toHaveLength(4);
  });
});
