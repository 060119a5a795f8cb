// Clients of Ollama and OpenAI get the cache, the shared run and the queue without knowing of them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { messagesEvents } from '../../support/strict-readers.ts';

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  await hearth?.stop();
  hearth = await startHearth(options);
};
beforeEach(async () => {
  hearth = await startHearth();
});
afterEach(() => hearth.stop());

const QUESTION = 'Why does bread rise?';
const messages = [{ role: 'user', content: QUESTION }];
const chat = (more: object = {}): object => ({ model: 'llama3.2', messages, options: { temperature: 0 }, ...more });
/** Anthropic's messages say how long they may be at most, so the others must say the same. */
const most = { max_tokens: 500 };
const options = { temperature: 0, num_predict: 500 };
const whole = { stream: false };
type Body = Record<string, unknown>;

const vectorsOf = (body: Body | undefined): unknown[] => (body?.['embeddings'] ?? []) as unknown[];

async function json(path: string, body: object, headers: Record<string, string> = {}): Promise<Body & { x: string }> {
  const response = await hearth.post(path, body, { headers });
  return { ...((await response.json()) as Body), x: `${response.status} ${response.headers.get('x-cache')}` };
}

/** Runs of the model so far. */
const runs = (): number => hearth.fake.chats().length;

describe('one record for every dialect', () => {
  const asks: Record<string, () => Promise<string>> = {
    'our own route': async () => {
      const { message } = await json('/api/chat-optimized', chat({ options }));
      return (message as { content: string }).content;
    },
    '/api/chat, whole': async () =>
      ((await json('/api/chat', chat({ options, ...whole })))['message'] as { content: string }).content,
    '/api/chat, streamed': async () => {
      const text = await (await hearth.post('/api/chat', chat({ options }))).text();
      const chunks = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { message: { content: string } });
      return chunks.map(({ message }) => message.content).join('');
    },
    '/v1/chat/completions, whole': async () => {
      const { choices } = await json('/v1/chat/completions', {
        model: 'llama3.2',
        messages,
        temperature: 0,
        ...most,
      });
      return (choices as { message: { content: string } }[])[0]?.message.content ?? '';
    },
    '/v1/chat/completions, streamed': async () => {
      const body = { model: 'LLAMA3.2:latest', messages, temperature: 0, stream: true, ...most };
      const text = await (await hearth.post('/v1/chat/completions', body)).text();
      return text
        .split('\n\n')
        .filter((block) => block.startsWith('data: {'))
        .map((block) => JSON.parse(block.slice(6)) as { choices: { delta: { content?: string } }[] })
        .map(({ choices }) => choices[0]?.delta.content ?? '')
        .join('');
    },
    '/v1/messages, whole': async () => {
      // To think is passed over by a model that cannot, so it is the same question.
      const thinking = { type: 'enabled', budget_tokens: 1024 };
      const body = { model: 'llama3.2', messages, temperature: 0, thinking, ...most };
      const { content } = await json('/v1/messages', body);
      return (content as { text: string }[]).map(({ text }) => text).join('');
    },
    '/v1/messages, streamed': async () => {
      const parts = [{ type: 'text', text: QUESTION, cache_control: { type: 'ephemeral' } }];
      const body = { model: 'llama3.2', messages: [{ role: 'user', content: parts }], temperature: 0, ...most };
      const text = await (await hearth.post('/v1/messages?beta=true', { ...body, stream: true })).text();
      return messagesEvents(text)
        .map(({ delta }) => (delta as { text?: string } | undefined)?.text ?? '')
        .join('');
    },
  };

  test.each(Object.keys(asks))('what was asked through %s is kept for all the others', async (first) => {
    const expected = await (asks[first] as () => Promise<string>)();
    expect(expected.length).toBeGreaterThan(10);
    expect(runs()).toBe(1);
    for (const ask of Object.values(asks)) expect(await ask()).toBe(expected);
    expect(runs()).toBe(1);
  });

  test('another temperature, context size, format or thought is another question', async () => {
    await json('/api/chat', chat(whole));
    for (const more of [
      { options: { temperature: 0, num_ctx: 2048 } },
      { options: { temperature: 0, repeat_penalty: 1.2 } },
      { format: 'json' },
      { think: false },
    ]) {
      expect((await json('/api/chat', chat({ ...whole, ...more }))).x).toBe('200 MISS');
    }
  });

  test('at temperature 0 a top_p or a seed does not make another question', async () => {
    await json('/api/chat', chat(whole));
    expect((await json('/api/chat', chat({ ...whole, options: { temperature: 0, top_p: 0.5, seed: 7 } }))).x).toBe(
      '200 HIT',
    );
  });

  test('/api/generate and /v1/completions share theirs, apart from the chats', async () => {
    const options = { temperature: 0 };
    const first = await json('/api/generate', { model: 'llama3.2', prompt: QUESTION, options, ...whole });
    expect(first.x).toBe('200 MISS');
    expect(first['context']).toBeDefined();
    const again = await json('/api/generate', { model: 'llama3.2', prompt: QUESTION, options, ...whole });
    expect(again).toMatchObject({ x: '200 HIT', response: first['response'], context: first['context'] });
    const openai = await json('/v1/completions', { model: 'llama3.2', prompt: QUESTION, temperature: 0 });
    expect(openai.x).toBe('200 HIT');
    expect((openai['choices'] as { text: string }[])[0]?.text).toBe(first['response']);
    expect((await json('/api/chat', chat(whole))).x).toBe('200 MISS');
  });

  test('a kept answer has the counts and durations of its run, and the time and spelling of now', async () => {
    const first = await json('/api/chat', chat(whole));
    const hit = await json('/api/chat', chat({ ...whole, model: 'Llama3.2' }));
    expect(hit).toMatchObject({
      model: 'Llama3.2',
      eval_count: first['eval_count'],
      eval_duration: first['eval_duration'],
      total_duration: first['total_duration'],
    });
    expect(hit['eval_count']).toBeGreaterThan(0);
    expect(Date.parse(String(hit['created_at']))).toBeGreaterThanOrEqual(Date.parse(String(first['created_at'])));
  });
});

describe('what is kept on these routes', () => {
  test('by default only what leaves nothing to chance', async () => {
    const random = { model: 'llama3.2', messages, ...whole };
    expect((await json('/api/chat', random)).x).toBe('200 BYPASS');
    expect((await json('/api/chat', { ...random, options: { seed: 3 } })).x).toBe('200 MISS');
    expect((await json('/api/chat', { ...random, options: { top_k: 1 } })).x).toBe('200 MISS');
    expect((await json('/v1/chat/completions', { model: 'llama3.2', messages })).x).toBe('200 BYPASS');
  });

  test('a Modelfile that sets the temperature to 0 counts', async () => {
    const { DEFAULT_MODELS } = await import('../../support/fake-ollama/fake-ollama.ts');
    const [model] = DEFAULT_MODELS;
    await start({
      fake: { models: [{ ...(model as (typeof DEFAULT_MODELS)[number]), parameters: { temperature: 0 } }] },
    });
    expect((await json('/api/chat', { model: 'llama3.2', messages, ...whole })).x).toBe('200 MISS');
    expect((await json('/api/chat', { model: 'llama3.2', messages, ...whole })).x).toBe('200 HIT');
    // /v1 says 1 itself when the caller does not, and that goes over the Modelfile.
    expect((await json('/v1/chat/completions', { model: 'llama3.2', messages })).x).toBe('200 BYPASS');
  });

  test('cache.drop_in keeps everything, or nothing', async () => {
    await start({ config: { cache: { drop_in: 'always' } } });
    await json('/api/chat', { model: 'llama3.2', messages, ...whole });
    expect((await json('/api/chat', { model: 'llama3.2', messages, ...whole })).x).toBe('200 HIT');
    await start({ config: { cache: { drop_in: 'off' } } });
    expect((await json('/api/chat', chat(whole))).x).toBe('200 BYPASS');
  });

  test('the caller decides: body, then headers', async () => {
    const random = { model: 'llama3.2', messages, ...whole };
    expect((await json('/api/chat', { ...random, use_cache: true })).x).toBe('200 MISS');
    expect((await json('/api/chat', { ...random, use_cache: true })).x).toBe('200 HIT');
    expect((await json('/api/chat', { ...random, use_cache: false }, { 'x-cache-control': 'max-age=60' })).x).toBe(
      '200 BYPASS',
    );
    expect((await json('/api/chat', chat(whole), { 'x-cache-control': 'only-if-cached' })).x).toMatch(/^504/);
    expect(hearth.fake.chats().every(({ body }) => !('use_cache' in (body ?? {})))).toBe(true);
  });

  test('the no-store of fetch is not followed, and the answer says so', async () => {
    await json('/api/chat', chat(whole));
    const init = { headers: { 'cache-control': 'no-cache', pragma: 'no-cache' } };
    const response = await hearth.post('/api/chat', chat(whole), init);
    await response.text();
    expect(response.headers.get('cache-status')).toContain('request cache-control not followed');
    expect(response.headers.get('x-cache')).toBe('HIT');
  });

  test('a load is no answer', async () => {
    expect((await json('/api/chat', { model: 'llama3.2', options: { temperature: 0 } }))['done_reason']).toBe('load');
    const { response_cache: cache } = (await (await hearth.get('/api/cache-stats')).json()) as { response_cache: Body };
    expect(cache['total_entries']).toBe(0);
  });
});

describe('a wrong field of ours is refused, and nothing runs for it', () => {
  test.each([
    ['/api/chat', { messages, priority: ['high'] }],
    ['/api/chat', { messages, Cache: true }],
    ['/api/generate', { prompt: QUESTION, use_cache: 'no' }],
    ['/v1/chat/completions', { messages, cache: { ttl: -1 } }],
    ['/v1/completions', { prompt: QUESTION, priority: 0.5 }],
    ['/api/embed', { input: QUESTION, cache: 1 }],
    ['/v1/embeddings', { input: QUESTION, priority: 1000 }],
  ])('%s %j', async (path, body) => {
    const model = path.includes('embed') ? 'nomic-embed-text' : 'llama3.2';
    const refused = await hearth.post(path, { model, ...body });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toMatch(/(?:priority|cache|use_cache)\S* must/);
    expect(hearth.fake.calls.filter((call) => call.path === path)).toEqual([]);
  });
});

describe('streams', () => {
  test('each chunk reaches the caller as the model sends it, not re-cut and not delayed', async () => {
    hearth.fake.next({
      pieces: [{ content: 'one' }, { content: ' two three' }, { content: '' }, { content: ' four' }],
    });
    const text = await (await hearth.post('/api/chat', chat())).text();
    const contents = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { message: Body }).message['content']);
    expect(contents).toEqual(['one', ' two three', '', ' four', '']);
  });

  test('callers who ask the same meanwhile share the run', async () => {
    const gate = hearth.fake.gate();
    const asked = [
      hearth.post('/api/chat', chat()),
      hearth.post('/api/chat', chat(whole)),
      hearth.post('/v1/chat/completions', { model: 'llama3.2', messages, temperature: 0, stream: true }),
      hearth.post('/api/chat-optimized', { model: 'llama3.2', messages, options: { temperature: 0 } }),
    ];
    await hearth.fake.until(({ active }) => active === 1);
    gate.release();
    const answers = await Promise.all(asked);
    await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map(({ headers }) => headers.get('x-cache')).toSorted()).toEqual([
      'COALESCED',
      'COALESCED',
      'COALESCED',
      'MISS',
    ]);
    expect(runs()).toBe(1);
  });

  test('a caller who leaves gives the slot back', async () => {
    const leave = new AbortController();
    const gate = hearth.fake.gate();
    const asked = hearth.post('/api/chat', chat(), { signal: leave.signal }).catch(() => undefined);
    await hearth.fake.until(({ active }) => active === 1);
    leave.abort();
    await asked;
    await hearth.fake.until(({ active }) => active === 0, 200);
    gate.release();
  });

  test('a failure in the middle of an OpenAI stream is an error frame, never a clean end', async () => {
    hearth.fake.next({ failAfter: { pieces: 2, error: 'the runner stopped' } });
    const response = await hearth.post('/v1/chat/completions', { model: 'llama3.2', messages, stream: true });
    const text = await response.text();
    expect(text).toContain('data: {"error":{"message":"the runner stopped","type":"api_error"');
    expect(text).not.toContain('[DONE]');
  });

  test('a full queue is Ollama’s busy sentence, and 429 on /v1', async () => {
    await start({ config: { queue: { max_queue_size: 1 } } });
    const gate = hearth.fake.gate();
    const ask = (n: number): Promise<Response> => hearth.post('/api/chat', chat({ options: { seed: n } }));
    const held = [ask(1), ask(2)];
    await hearth.fake.until(({ active }) => active === 1);
    const own = async (): Promise<number> =>
      ((await (await hearth.get('/api/chat-queue')).json()) as { queue_length: number }).queue_length;
    await expect.poll(own).toBe(1);
    const busy = await hearth.post('/api/chat', chat({ options: { seed: 3 } }));
    expect(busy.status).toBe(503);
    expect(Number(busy.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(((await busy.json()) as Body)['error']).toBe(
      'server busy, please try again.  maximum pending requests exceeded',
    );
    const openai = await hearth.post('/v1/chat/completions', { model: 'llama3.2', messages, seed: 4 });
    expect(openai.status).toBe(429);
    expect(((await openai.json()) as { error: Body }).error['type']).toBe('rate_limit_error');
    gate.release();
    for (const response of await Promise.all(held)) await response.text();
  });
});

describe('vectors', () => {
  const embed = (input: unknown, more: object = {}): Promise<Body & { x: string }> =>
    json('/api/embed', { model: 'nomic-embed-text', input, ...more });
  const inputs = (): unknown[] => hearth.fake.embeds().map(({ body }) => body?.['input']);

  test('each text is kept by itself, and only the missing ones go up, in their order', async () => {
    const first = await embed(['a', 'b']);
    expect(first.x).toBe('200 MISS');
    const second = await embed(['c', 'a', 'd', 'b']);
    expect(inputs()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    const [, a, , b] = second['embeddings'] as number[][];
    expect([a, b]).toEqual(first['embeddings']);
    expect((await embed('a')).x).toBe('200 HIT');
    expect((await embed('a', { dimensions: 8 })).x).toBe('200 MISS');
  });

  test('OpenAI’s route has the same vectors, as numbers or as base64 of 32-bit floats', async () => {
    const [[...expected]] = (await embed('a'))['embeddings'] as [number[]];
    const ask = async (encoding_format?: string): Promise<unknown> => {
      const { x, data } = await json('/v1/embeddings', { model: 'nomic-embed-text', input: 'a', encoding_format });
      expect(x).toBe('200 HIT');
      return (data as { embedding: unknown }[])[0]?.embedding;
    };
    expect(await ask()).toEqual(expected);
    const bytes = Buffer.from(String(await ask('base64')), 'base64');
    const floats = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
    expect(floats).toEqual(expected.map(Math.fround));
  });

  test('texts that wait for the slot go up in one call and come back to who asked', async () => {
    const gate = hearth.fake.gate();
    const first = embed('first');
    await hearth.fake.until(({ active }) => active === 1);
    const own = async (): Promise<number> =>
      ((await (await hearth.get('/api/chat-queue')).json()) as { waiting: unknown[] }).waiting.length;
    const waiting = [];
    // One after the other: one of more texts may take a moment longer to come into line.
    for (const texts of [['b', 'c'], 'd', ['d', 'e']]) {
      waiting.push(embed(texts));
      await expect.poll(own).toBe(waiting.length);
    }
    gate.release();
    const [, bc, d, de] = await Promise.all([first, ...waiting]);
    expect(inputs()).toEqual([['first'], ['b', 'c', 'd', 'e']]);
    expect(vectorsOf(bc)).toHaveLength(2);
    expect(vectorsOf(de)[0]).toEqual(vectorsOf(d)[0]);
  });

  test('more texts than the queue has room for go up one after the other', async () => {
    await start({ config: { queue: { max_queue_size: 1 } } });
    const input = Array.from({ length: 300 }, (_, i) => `text ${i}`);
    const body = await json('/api/embed', { model: 'nomic-embed-text', input });
    expect(body.x).toBe('200 MISS');
    expect(vectorsOf(body)).toHaveLength(300);
    expect(hearth.fake.embeds().map((call) => ((call.body?.['input'] ?? []) as string[]).length)).toEqual([
      128, 128, 44,
    ]);
  });

  test('one bad text fails alone', async () => {
    const gate = hearth.fake.gate();
    const first = embed('first');
    await hearth.fake.until(({ active }) => active === 1);
    const waiting = [embed('good'), embed('bad'), embed('fine')];
    const own = async (): Promise<number> =>
      ((await (await hearth.get('/api/chat-queue')).json()) as { waiting: unknown[] }).waiting.length;
    await expect.poll(own).toBe(3);
    const says = (body: Readonly<Body> | undefined): boolean => JSON.stringify(body?.['input'] ?? '').includes('bad');
    hearth.fake.when(({ body }) => says(body), { fail: { status: 400, error: 'the input is bad' } });
    gate.release();
    const [, good, bad, fine] = await Promise.all([first, ...waiting]);
    expect([good?.x, bad?.x, fine?.x]).toEqual(['200 MISS', '400 null', '200 MISS']);
    expect(bad?.['error']).toBe('the input is bad');
  });

  test('a long answer does not hold them up', async () => {
    await start({ config: { ollama: { preload: [] } } });
    await embed('so that both models are loaded');
    await json('/api/chat', chat(whole));
    await hearth.backend.control.lookAgain();
    await hearth.fake.until(({ calls }) => calls.filter(({ path }) => path === '/api/ps').length >= 3);
    const gate = hearth.fake.gate();
    const long = hearth.post('/api/chat', chat({ options: { seed: 9 } }));
    await hearth.fake.until(({ active }) => active === 1);
    const vector = embed('quick');
    await hearth.fake.until(({ active }) => active === 2);
    gate.release();
    await (await long).text();
    expect((await vector).x).toBe('200 MISS');
  });
});

describe('handed on as it is', () => {
  test('the list of models is quick while the slot is busy', async () => {
    const gate = hearth.fake.gate();
    const asked = hearth.post('/api/chat', chat());
    await hearth.fake.until(({ active }) => active === 1);
    const { models } = (await (await hearth.get('/api/tags')).json()) as { models: unknown[] };
    expect(models.length).toBeGreaterThan(1);
    gate.release();
    await (await asked).text();
  });

  test('origin, cookies and our own headers and keys do not travel; unknown ones do', async () => {
    const { secret, keys } = addKey([], { name: 'phone', scopes: ['chat'] }, new Date(0));
    await start({ config: { server: { api_keys: keys } } });
    const headers = {
      origin: 'http://localhost:3000',
      referer: 'http://localhost:3000/x',
      cookie: 'secret=1',
      authorization: `Bearer ${secret}`,
      'x-cache-control': 'no-store',
      'x-odd': 'yes',
    };
    await (await fetch(`${hearth.url}/api/version`, { headers })).text();
    const call = hearth.fake.calls.findLast(({ headers: came }) => came['x-odd'] === 'yes');
    expect(call?.headers.host).toBe(new URL(hearth.fake.url).host);
    for (const name of ['origin', 'referer', 'cookie', 'authorization', 'x-cache-control']) {
      expect([name, call?.headers[name]]).toEqual([name, undefined]);
    }
  });

  test('a page may not change the models, unless it is allowed to', async () => {
    const init = { headers: { origin: 'http://localhost:3000' } };
    const refused = await hearth.post('/api/pull', { model: 'x' }, init);
    expect(refused.status).toBe(403);
    expect(((await refused.json()) as Body)['code']).toBe('management_disabled');
    // Ollama decodes a path before it routes it.
    for (const path of ['/api/%70ull', '/v1/%2e%2e/api/pull', '//api/pull']) {
      expect([path, (await hearth.post(path, { model: 'x' }, init)).status]).toEqual([path, 403]);
    }
    expect(hearth.fake.calls.some(({ path }) => path === '/api/pull')).toBe(false);
    await start({ config: { server: { allow_management: true } } });
    expect((await hearth.post('/api/pull', { model: 'llama3.2' }, init)).status).toBe(200);
  });

  test('after a pull through us the next question goes to the new model at once', async () => {
    await json('/api/chat', chat(whole));
    const { DEFAULT_MODELS } = await import('../../support/fake-ollama/fake-ollama.ts');
    const model = DEFAULT_MODELS.find(({ name }) => name === 'llama3.2:latest');
    hearth.fake.install({ ...(model as (typeof DEFAULT_MODELS)[number]), digest: 'f'.repeat(64) });
    await (await hearth.post('/api/pull', { model: 'llama3.2' })).text();
    expect((await json('/api/chat', chat(whole))).x).toBe('200 MISS');
  });

  test('one model of OpenAI’s list has the name by which it was asked for', async () => {
    expect((await (await hearth.get('/v1/models/LLAMA3.2')).json()) as Body).toMatchObject({ id: 'LLAMA3.2' });
  });

  test('a path that cannot be decoded is the caller’s mistake', async () => {
    expect((await hearth.get('/v1/models/%E0%A4%A')).status).toBe(400);
  });

  test('when Ollama is down each dialect says it in its own form', async () => {
    await hearth.fake.goDown();
    const native = await hearth.post('/api/show', { model: 'x' });
    expect(native.status).toBe(502);
    expect((await native.json()) as Body).toMatchObject({
      code: 'upstream_unreachable',
      error: expect.stringContaining('does not answer'),
    });
    const openai = await hearth.post('/v1/responses', { model: 'llama3.2', input: 'x' });
    expect((await openai.json()) as Body).toMatchObject({ error: { type: 'api_error', code: 'upstream_unreachable' } });
    const anthropic = await hearth.post('/v1/messages', { model: 'x', max_tokens: 1, messages });
    expect((await anthropic.json()) as Body).toMatchObject({ type: 'error', error: { type: 'api_error' } });
    await hearth.fake.comeBack();
  });
});
