// The promise: Anthropic's messages, as Claude Code sends them, are asked, kept, shared and queued like every other question.
// What npm `@anthropic-ai/sdk` sees of it is clients/anthropic.test.ts.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { messagesEvents } from '../../support/strict-readers.ts';
import { sendAgain, sentBy } from '../../support/traffic.ts';

const MODELS = [
  { name: 'llama3.2', capabilities: ['completion', 'tools'] },
  { name: 'thinker', capabilities: ['completion', 'tools', 'thinking'] },
];

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth({ fake: { models: MODELS } });
});
afterEach(() => hearth.stop());

const messages = [{ role: 'user', content: 'Why does bread rise?' }];
const asked = { model: 'llama3.2', max_tokens: 50, temperature: 0, messages };
const native = { model: 'llama3.2', messages, options: { temperature: 0, num_predict: 50 }, stream: false };
const lastRun = () => hearth.fake.calls.findLast(({ kind }) => kind === 'run');

test('somebody who asks the same on Ollama’s own route at the same time shares the run', async () => {
  const gate = hearth.fake.gate();
  const first = hearth.post('/v1/messages', asked);
  await hearth.fake.until(({ active }) => active === 1);
  const second = hearth.post('/api/chat', native);
  const shared = async (): Promise<unknown> =>
    ((await (await hearth.get('/api/cache-stats')).json()) as { response_cache: { coalesced: number } }).response_cache
      .coalesced;
  await expect.poll(shared).toBe(1);
  gate.release();
  const [message, chat] = [await (await first).json(), await (await second).json()] as [
    { content: { text: string }[] },
    { message: { content: string } },
  ];
  expect(message.content[0]?.text).toBe(chat.message.content);
  expect(hearth.fake.chats()).toHaveLength(1);
});

test('call ids of a kept answer are new each time, and what goes on is one question', async () => {
  const tools = [{ name: 'look', input_schema: { type: 'object' } }];
  hearth.fake.next({
    pieces: [{ tool_calls: [{ id: 'call_1', function: { name: 'look', arguments: { at: 'bread' } } }] }],
  });
  const ask = async (more: object): Promise<{ x: string | null; content: { type: string; id?: string }[] }> => {
    const response = await hearth.post('/v1/messages', { ...asked, tools, ...more });
    return { x: response.headers.get('x-cache'), ...((await response.json()) as { content: [] }) };
  };
  const told = [await ask({}), await ask({}), await ask({})];
  expect(told.map(({ x }) => x)).toEqual(['MISS', 'HIT', 'HIT']);
  expect(new Set(told.map(({ content }) => content[0]?.id)).size).toBe(3);
  const goOn = told.map(({ content }) => {
    const result = { type: 'tool_result', tool_use_id: content[0]?.id, content: 'dough' };
    return ask({ messages: [...messages, { role: 'assistant', content }, { role: 'user', content: [result] }] });
  });
  const sources = (await Promise.all(goOn)).map(({ x }) => x);
  expect(sources.filter((source) => source === 'MISS')).toHaveLength(1);
});

test('a kept answer that is told at once begins with the estimate of its own request', async () => {
  const begins = async (id: string): Promise<number> => {
    const call = { type: 'tool_use', id, name: 'look', input: {} };
    const said = [...messages, { role: 'assistant', content: [call] }, { role: 'user', content: 'So?' }];
    const body = { ...asked, messages: said, stream: true };
    const response = await hearth.post('/v1/messages', body, { headers: { 'x-stream-replay': 'instant' } });
    const [start = {}] = messagesEvents(await response.text());
    return (start['message'] as { usage: { input_tokens: number } }).usage.input_tokens;
  };
  const [short] = [await begins('a'), await begins('a'), await begins('a')];
  const long = 'a'.repeat(41);
  expect([await begins(long), await begins(long)]).toEqual([short, short].map((tokens = 0) => tokens + 10));
  expect(hearth.fake.chats()).toHaveLength(1);
});

test('with only-if-cached nothing runs, and the refusal is in Anthropic’s form', async () => {
  const response = await hearth.post('/v1/messages', asked, { headers: { 'cache-control': 'only-if-cached' } });
  expect([response.status, await response.json()]).toEqual([
    504,
    {
      type: 'error',
      error: { type: 'timeout_error', message: expect.stringContaining('only-if-cached') },
      request_id: response.headers.get('x-request-id'),
    },
  ]);
  expect(hearth.fake.chats()).toEqual([]);
});

describe('Claude Code', () => {
  const [sent] = sentBy('claude-code').filter(({ method }) => method === 'POST');
  const claude = async (model: string): Promise<Readonly<Record<string, unknown>>> => {
    if (sent === undefined || typeof sent.body === 'string') throw new Error('it was not recorded');
    const { status } = await sendAgain(hearth.url, { ...sent, body: { ...sent.body, model } });
    expect(status).toBe(200);
    return lastRun()?.body ?? {};
  };

  test('is understood: its system prompt, its reminder, its tools and how long it may be', async () => {
    const { messages: said, tools, options } = await claude('llama3.2');
    expect((said as { role: string }[]).map(({ role }) => role)).toEqual(['system', 'user', 'system']);
    expect((said as { content: string }[])[1]?.content).toMatch(/What does a\.py do\?$/);
    expect((tools as { function: { name: string } }[]).map(({ function: { name } }) => name)).toEqual([
      'Agent',
      'Bash',
      'CronCreate',
    ]);
    expect(options).toEqual({ num_predict: 32_000 });
  });

  test('has a model think that can, and goes on with one that cannot', async () => {
    expect((await claude('thinker'))['think']).toBe('high');
    expect(await claude('llama3.2')).not.toHaveProperty('think');
  });
});

test('a search of the web, which Ollama does itself, goes up as it came, in its turn', async () => {
  const body = JSON.stringify({
    ...asked,
    tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }],
  }).replace('{', '{ "later": 1.50, ');
  const gate = hearth.fake.gate();
  const held = hearth.post('/v1/messages', asked);
  await hearth.fake.until(({ active }) => active === 1);
  const searching = hearth.post('/v1/messages?beta=true', body);
  await expect.poll(() => hearth.backend.control.live().queue.queue_length).toBe(1);
  gate.release();
  await (await held).text();
  const response = await searching;
  expect([response.status, response.headers.get('x-cache')]).toEqual([200, 'BYPASS']);
  expect(await response.json()).toMatchObject({ type: 'message', stop_reason: 'end_turn' });
  expect(lastRun()).toMatchObject({ path: '/v1/messages', rawBody: body });

  const unknown = await hearth.post('/v1/messages', body.replace('llama3.2', 'nope'));
  expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: { type: 'not_found_error' } }]);
});
