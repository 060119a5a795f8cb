// The promise: what Ollama does not read, and what says nothing, makes no other question: one key with and without, so a
// second caller gets the kept answer, and callers at the same moment share a run.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let hearth: Hearth;
beforeAll(async () => {
  hearth = await startHearth({
    fake: {
      models: [
        { name: 'm', capabilities: ['completion', 'tools', 'thinking', 'vision'] },
        { name: 'stops', parameters: { stop: 'END', presence_penalty: 0.5 } },
        { name: 'e', capabilities: ['embedding'] },
      ],
    },
    config: { ollama: { model: 'm' } },
  });
});
afterAll(() => hearth.stop());

const CALL = { id: 'c', function: { name: 'f', arguments: { b: 1, a: 2 } } };
const TOOL = {
  type: 'function',
  function: { name: 'f', parameters: { type: 'object', properties: { a: { type: 'string' } } } },
};
const sure = { temperature: 0 };
let number = 0;

/** The same request twice, once as it is and once changed, with a text that nobody has asked before. */
async function twice(path: string, body: object, change: (body: Changing) => void): Promise<string[]> {
  const text = JSON.stringify(body).replaceAll('TEXT', `question ${number++}`);
  const changed = JSON.parse(text) as Changing;
  change(changed);
  const seen: string[] = [];
  for (const each of [text, JSON.stringify(changed)]) {
    const response = await hearth.post(path, each);
    await response.text();
    seen.push(`${response.status} ${response.headers.get('x-cache')}`);
  }
  return seen;
}

/** A body that a test changes. */
interface Changing extends Record<string, unknown> {
  messages: Record<string, unknown>[];
  options: Record<string, unknown>;
}

const chat = { model: 'm', messages: [{ role: 'user', content: 'TEXT' }], stream: false, options: sure };
const own = { messages: [{ role: 'user', content: 'TEXT' }] };
const openAi = { model: 'm', messages: [{ role: 'user', content: 'TEXT' }], temperature: 0 };
const withTools = {
  ...chat,
  tools: [TOOL],
  messages: [
    ...chat.messages,
    { role: 'assistant', content: '', tool_calls: [CALL] },
    { role: 'tool', content: 'r', tool_name: 'f' },
  ],
};
const first =
  (more: object) =>
  ({ messages }: Changing): void =>
    void Object.assign(messages[0] ?? {}, more);
const options =
  (more: object) =>
  (body: Changing): void =>
    void Object.assign(body.options, more);
const top =
  (more: object) =>
  (body: Changing): void =>
    void Object.assign(body, more);

const coalesced = async (): Promise<number> => {
  const stats = (await (await hearth.get('/api/cache-stats')).json()) as { response_cache: { coalesced: number } };
  return stats.response_cache.coalesced;
};

describe('one key with and without', () => {
  test.each<[what: string, path: string, body: object, change: (body: Changing) => void]>([
    [
      'bookkeeping in a message of ours',
      '/api/chat-optimized',
      own,
      first({ id: 'x1', createdAt: '2026-01-01', parts: [{ type: 'text' }] }),
    ],
    ['bookkeeping in a message', '/api/chat', chat, first({ id: 'x1', timestamp: 5, name: 'ada' })],
    ['no pictures', '/api/chat', chat, first({ images: [] })],
    ['null pictures, and null calls', '/api/chat', chat, first({ images: null, tool_calls: null, thinking: null })],
    ['no calls', '/api/chat', chat, first({ tool_calls: [] })],
    ['no thinking, no tool', '/api/chat', chat, first({ thinking: '', tool_name: '', tool_call_id: '' })],
    ['a role in capitals', '/api/chat', chat, first({ role: 'USER' })],
    [
      'names in capitals',
      '/api/chat',
      chat,
      (body) => {
        body['Messages'] = body.messages.map(({ role, content }) => ({ Role: role, CONTENT: content }));
        Reflect.deleteProperty(body, 'messages');
      },
    ],
    ['null options', '/api/chat', chat, options({ top_p: null, num_ctx: null, stop: null })],
    ['options that Ollama does not know', '/api/chat', chat, options({ mirostat: 2, my_note: 'x' })],
    ['no stop words', '/api/chat', chat, options({ stop: [] })],
    ['penalties of 0', '/api/chat', chat, options({ presence_penalty: 0, frequency_penalty: 0 })],
    ['penalties of 0 on /v1', '/v1/chat/completions', openAi, top({ presence_penalty: 0, frequency_penalty: 0 })],
    ['no stop words on /v1', '/v1/chat/completions', openAi, top({ stop: [] })],
    [
      'what Ollama ignores on /v1',
      '/v1/chat/completions',
      openAi,
      top({ user: 'ada', n: 1, tool_choice: 'auto', metadata: {}, parallel_tool_calls: true, reasoning_effort: '' }),
    ],
    [
      'bookkeeping in a message on /v1',
      '/v1/chat/completions',
      openAi,
      first({ id: 'x', name: 'ada', refusal: null, annotations: [] }),
    ],
    ['empty tools', '/api/chat', chat, top({ tools: [], format: null, think: null, keep_alive: '5m' })],
    [
      'keywords of a tool’s schema that Ollama drops',
      '/api/chat',
      withTools,
      (body) => {
        const [tool] = body['tools'] as { function: Record<string, unknown> }[];
        if (tool !== undefined)
          Object.assign(tool.function, {
            strict: true,
            parameters: {
              additionalProperties: false,
              type: 'object',
              properties: { a: { type: ['string'], minLength: 1 } },
            },
          });
      },
    ],
    [
      'an index of a call',
      '/api/chat',
      withTools,
      (body) => {
        (body.messages[1] ?? {})['tool_calls'] = [
          { ...CALL, type: 'function', function: { ...CALL.function, index: 0 } },
        ];
      },
    ],
    [
      'a picture with line ends',
      '/api/generate',
      { model: 'm', prompt: 'TEXT', images: ['aGVsbG8h'], stream: false, options: sure },
      (body) => {
        body['images'] = ['aGVs\r\nbG8h\n'];
      },
    ],
    [
      'empty fields of a prompt',
      '/api/generate',
      { model: 'm', prompt: 'TEXT', stream: false, options: sure },
      top({ system: '', suffix: '', context: [], raw: false, images: [], truncate: true }),
    ],
    [
      'null fields of an embed',
      '/api/embed',
      { model: 'e', input: 'TEXT' },
      top({ options: null, dimensions: 0, truncate: true }),
    ],
  ])('%s', async (_what, path, body, change) => {
    const [, second] = await twice(path, body, change);
    expect(second).toBe('200 HIT');
  });

  test('at the same moment: one run', async () => {
    const gate = hearth.fake.gate();
    const joined = await coalesced();
    const before = hearth.fake.calls.filter(({ kind }) => kind === 'run').length;
    const all = [1, 2, 3, 4].map((id) =>
      hearth.post('/api/chat-optimized', { messages: [{ role: 'user', content: 'shared', id, createdAt: id }] }),
    );
    await expect.poll(coalesced).toBe(joined + 3);
    gate.release();
    for (const each of await Promise.all(all)) expect(each.status).toBe(200);
    expect(hearth.fake.calls.filter(({ kind }) => kind === 'run').length).toBe(before + 1);
  });
});

describe('another key', () => {
  test.each<[what: string, path: string, body: object, change: (body: Changing) => void]>([
    [
      'a tool’s name',
      '/api/chat',
      withTools,
      (body) => {
        (body.messages[2] ?? {})['tool_name'] = 'g';
      },
    ],
    ['thinking of before', '/api/chat', chat, first({ thinking: 'Hm.' })],
    ['stop words', '/api/chat', chat, options({ stop: ['.'] })],
    ['a penalty', '/api/chat', chat, options({ presence_penalty: 1 })],
    ['think: false, which is not "not said"', '/api/chat', chat, top({ think: false })],
    ['a field that Ollama may read one day', '/api/chat', chat, top({ later: 1 })],
    ['a format that any JSON fits', '/api/chat', chat, top({ format: {} })],
    [
      'the order of arguments',
      '/api/chat',
      withTools,
      (body) => {
        (body.messages[1] ?? {})['tool_calls'] = [{ ...CALL, function: { name: 'f', arguments: { a: 2, b: 1 } } }];
      },
    ],
    [
      'the description of a property',
      '/api/chat',
      withTools,
      (body) => {
        const [tool] = body['tools'] as { function: { parameters: { properties: Record<string, object> } } }[];
        Object.assign(tool?.function.parameters.properties['a'] ?? {}, { description: 'A town' });
      },
    ],
    ['no stop words, where the Modelfile has some', '/api/chat', { ...chat, model: 'stops' }, options({ stop: [] })],
    [
      'a penalty of 0, where the Modelfile has one',
      '/api/chat',
      { ...chat, model: 'stops' },
      options({ presence_penalty: 0 }),
    ],
  ])('%s', async (_what, path, body, change) => {
    expect(await twice(path, body, change)).toEqual(['200 MISS', '200 MISS']);
  });
});
