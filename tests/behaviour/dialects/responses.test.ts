// The promise of /v1/responses: cached, shared, queued and answered by the same kept answers as every other dialect, in the
// form that programs such as Codex read.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { responsesEvents } from '../../support/strict-readers.ts';
import { deferred, reading } from '../../support/waiting.ts';
import { zstdPlain } from '../../support/zstd-packed.ts';

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth({
    ...options,
    fake: { models: [{ name: 'm', capabilities: ['completion', 'tools', 'thinking', 'vision'] }] },
    config: { ...options.config, ollama: { model: 'm', ...options.config?.ollama } },
  });
};

const model = 'm';
const sure = { temperature: 0 };
const picture = 'aGVsbG8h';
const schema = { type: 'object', properties: { z: { type: 'string' }, a: { type: 'string' } } };
/** Its names are sorted, as Ollama sorts them for Responses. */
const parameters = { properties: { a: { type: 'string' } }, type: 'object' };
const call = (id: string): object => ({ id, function: { name: 'f', arguments: { b: 1, a: 2 } } });

/** The same question in two dialects. */
const SAME: Record<string, readonly [responses: object, path: string, other: object]> = {
  'a text': [{ input: 'Why?' }, '/api/chat', { messages: [{ role: 'user', content: 'Why?' }], options: sure }],
  'a text, on OpenAI’s older route': [
    { input: 'Why?' },
    '/v1/chat/completions',
    { messages: [{ role: 'user', content: 'Why?' }], ...sure },
  ],
  'all that can be said': [
    {
      instructions: 'Be brief.',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'a' },
            { type: 'input_image', image_url: `data:;base64,${picture}` },
          ],
        },
        { type: 'reasoning', summary: [], encrypted_content: 'Hm.' },
        { type: 'function_call', call_id: 'x', name: 'f', arguments: '{"b":1,"a":2}' },
        { type: 'function_call_output', call_id: 'x', output: 'r' },
      ],
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: { a: { type: 'string' } } } }],
      tool_choice: 'auto',
      reasoning: { effort: 'high', summary: 'auto' },
      max_output_tokens: 50,
      text: { format: { type: 'json_schema', name: 'n', schema } },
      store: false,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: 'k',
    },
    '/api/chat',
    {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'a', images: [picture] },
        { role: 'assistant', content: '', thinking: 'Hm.', tool_calls: [call('y')] },
        { role: 'tool', content: 'r', tool_call_id: 'y' },
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters } }],
      think: 'high',
      format: schema,
      options: { ...sure, num_predict: 50 },
    },
  ],
};

interface Told {
  readonly cache: string | null;
  readonly text: string;
}

async function ask(path: string, body: object, headers: Record<string, string> = {}): Promise<Told> {
  const response = await hearth.post(path, { model, ...body }, { headers });
  const text = await response.text();
  expect([response.status, response.status === 200 ? '' : text]).toEqual([200, '']);
  return { cache: response.headers.get('x-cache'), text };
}

/** What was said, whole or streamed. */
function said(text: string): string {
  if (text.startsWith('event:'))
    return responsesEvents(text)
      .map(({ delta }) => String(delta ?? ''))
      .join('');
  const { output } = JSON.parse(text) as { output: { content?: { text: string }[] }[] };
  return output
    .flatMap(({ content = [] }) => content)
    .map((part) => part.text)
    .join('');
}

const runs = (): number => hearth.fake.calls.filter(({ kind }) => kind === 'run').length;

describe('one kept answer for every dialect', () => {
  beforeAll(() => start());
  beforeEach(async () => {
    await hearth.post('/api/cache-stats', { action: 'clear' });
    hearth.fake.reset();
  });
  afterAll(() => hearth.stop());

  test.each(Object.keys(SAME))('%s', async (name) => {
    const [responses, path, other] = SAME[name] as (typeof SAME)[string];
    for (const [first, second] of [
      [() => ask(path, { ...other, stream: false }), () => ask('/v1/responses', { ...responses, ...sure })],
      [
        () => ask('/v1/responses', { ...responses, ...sure, stream: true }),
        () => ask(path, { ...other, stream: false }),
      ],
    ] as const) {
      await hearth.post('/api/cache-stats', { action: 'clear' });
      expect([(await first()).cache, (await second()).cache]).toEqual(['MISS', 'HIT']);
    }
    expect(runs()).toBe(2);
  });

  test('callers at the same moment share one run, whichever they speak', async () => {
    const gate = hearth.fake.gate();
    const all = [
      ask('/v1/responses', { input: 'Why?', ...sure }),
      ask('/v1/responses', { input: 'Why?', ...sure, stream: true }),
      ask('/api/chat', { messages: [{ role: 'user', content: 'Why?' }], options: sure, stream: false }),
    ];
    await expect
      .poll(() => {
        const { running, waiting } = hearth.backend.control.live().queue;
        return running.length + waiting.length;
      })
      .toBe(3);
    gate.release();
    expect((await Promise.all(all)).map(({ cache }) => cache).toSorted()).toEqual(['COALESCED', 'COALESCED', 'MISS']);
    expect(runs()).toBe(1);
  });

  test('each answer repeats the fields of its own request, also where both share a kept answer', async () => {
    const asked = [
      { instructions: 'Be brief.', input: 'a' },
      {
        input: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'a' },
        ],
        metadata: { n: 1 },
      },
      {
        input: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'a' },
        ],
        truncation: 'auto',
      },
    ];
    for (const stream of [false, true]) {
      for (let round = 0; round < 3; round++) {
        const told = [];
        for (const body of asked)
          told.push(await ask('/v1/responses', { ...body, ...sure, stream }, { 'x-stream-replay': 'instant' }));
        const echoes = told.map(({ text }) =>
          /"instructions":(?:null|"[^"]*")|"truncation":"\w+"/g[Symbol.match](text)?.slice(-2).toSorted(),
        );
        expect(echoes).toEqual([
          ['"instructions":"Be brief."', '"truncation":"disabled"'],
          ['"instructions":null', '"truncation":"disabled"'],
          ['"instructions":null', '"truncation":"auto"'],
        ]);
        expect(new Set(told.map(({ text }) => said(text))).size).toBe(1);
        const ids = told.map(({ text }) => /"id":"(resp_[^"]+)"/.exec(text)?.[1]);
        expect(new Set(ids).size).toBe(3);
      }
    }
    expect(runs()).toBe(1);
  });

  test.each([false, true])('tools and formats as deep as Go reads are repeated too; streamed: %s', async (stream) => {
    const deep = `{"type":"object","x":${'['.repeat(9000)}${']'.repeat(9000)}}`;
    const tools = `[{"type":"function","name":"f","parameters":${deep}}]`;
    const text = `{"format":{"type":"json_schema","name":"n","schema":${deep}}}`;
    const body = `{"model":"${model}","input":"a","temperature":0,"tools":${tools},"text":${text},"stream":${stream}}`;
    for (const cache of ['MISS', 'HIT', 'HIT']) {
      const answer = await hearth.post('/v1/responses', body, { headers: { 'x-stream-replay': 'instant' } });
      expect([answer.status, answer.headers.get('x-cache')]).toEqual([200, cache]);
      expect((await answer.text()).split(`"parameters":${deep}`).length - 1).toBe(stream ? 3 : 1);
    }
  });

  test('what can have another answer each time is not kept by itself', async () => {
    for (let i = 0; i < 2; i++) expect((await ask('/v1/responses', { input: 'Why?' })).cache).toBe('BYPASS');
    const wanted = { input: 'Why?', use_cache: true };
    await ask('/v1/responses', wanted);
    expect((await ask('/v1/responses', wanted)).cache).toBe('HIT');
  });

  test('a body that is packed with zstd asks the same', async () => {
    const body = JSON.stringify({ model, input: 'Why?', ...sure });
    await ask('/v1/responses', { input: 'Why?', ...sure });
    const headers = { 'content-type': 'application/json', 'content-encoding': 'zstd' };
    const response = await fetch(`${hearth.url}/v1/responses`, {
      method: 'POST',
      body: zstdPlain(Buffer.from(body)),
      headers,
    });
    expect([response.status, response.headers.get('x-cache')]).toEqual([200, 'HIT']);
  });

  test('only-if-cached runs nothing', async () => {
    const response = await hearth.post(
      '/v1/responses',
      { model, input: 'Why?', ...sure },
      { headers: { 'x-cache-control': 'only-if-cached' } },
    );
    expect([response.status, await response.json()]).toEqual([
      504,
      { error: expect.objectContaining({ code: 'not_cached' }) },
    ]);
    expect(runs()).toBe(0);
  });
});

describe('a request in the line', () => {
  afterEach(() => hearth.stop());

  test('has signs of life while it waits, and then its events', async () => {
    await start({ patience: { heartbeatMs: 5, jsonAfterMs: 5 } });
    const gate = hearth.fake.gate();
    const response = await hearth.post('/v1/responses', { model, input: 'Why?', stream: true });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const answer = reading(response);
    await answer.until((text) => text.includes(': still here\n: still here\n'));
    gate.release();
    expect(responsesEvents(await answer.rest()).at(-1)).toMatchObject({ type: 'response.completed' });
  });

  test('that fails while it has only waited says so in its dialect', async () => {
    await start({ patience: { heartbeatMs: 5, jsonAfterMs: 5 } });
    const { promise, resolve: go } = deferred();
    hearth.fake.next({ hold: promise, fail: { status: 500, error: 'out of memory' } });
    const response = await hearth.post('/v1/responses', { model, input: 'Why?', stream: true });
    go();
    const text = (await response.text()).replaceAll(/^: still here\n/gm, '');
    expect(text).toMatch(/^event: error\ndata: \{"type":"error".*"sequence_number":0.*out of memory.*\n\n$/);
  });

  test('is cancelled when its caller leaves', async () => {
    await start();
    const gate = hearth.fake.gate();
    const leave = new AbortController();
    const left = hearth.post('/v1/responses', { model, input: 'Why?' }, { signal: leave.signal }).catch(() => 'left');
    await hearth.fake.until(({ active }) => active === 1);
    leave.abort();
    expect(await left).toBe('left');
    await hearth.fake.until(({ active }) => active === 0);
    expect(hearth.fake.calls.find(({ kind }) => kind === 'run')).toMatchObject({ outcome: 'aborted' });
    gate.release();
  });

  test('counts among what its key may have at once', async () => {
    const { secret, key } = addKey([], { name: 'phone', scopes: ['chat'], max_active: 1 }, new Date());
    await start({ config: { server: { api_keys: [key] } } });
    const headers = { authorization: `Bearer ${secret}` };
    const gate = hearth.fake.gate();
    const first = hearth.post('/v1/responses', { model, input: 'a' }, { headers });
    await hearth.fake.until(({ active }) => active === 1);
    const second = await hearth.post('/v1/responses', { model, input: 'b' }, { headers });
    expect([second.status, await second.json()]).toEqual([
      429,
      { error: expect.objectContaining({ code: 'client_limit' }) },
    ]);
    gate.release();
    expect((await first).status).toBe(200);
  });

  test('in which Ollama would search the web goes up in its own words, in its turn', async () => {
    await start();
    const gate = hearth.fake.gate();
    const first = ask('/v1/responses', { input: 'first' });
    await hearth.fake.until(({ active }) => active === 1);
    const body = { model, input: 'What is new?', tools: [{ type: 'web_search' }], ...sure };
    const second = ask('/v1/responses', body);
    await expect
      .poll(() => hearth.backend.control.live().queue.waiting.map(({ route }) => route))
      .toEqual(['/v1/responses']);
    expect(hearth.fake.calls.some(({ path }) => path === '/v1/responses')).toBe(false);
    gate.release();
    await first;
    expect((await second).cache).toBe('BYPASS');
    expect(hearth.fake.calls.find(({ path }) => path === '/v1/responses')?.body).toEqual(body);
  });
});
