// What is asked in OpenAI's words is asked of Ollama in its own, by Ollama's own rules (openai/openai.go).
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../backend/contract/errors.ts';
import {
  chatFromOpenAi,
  completionFromOpenAi,
  embeddingsFromOpenAi,
} from '../../../../backend/http/openai/openai-request.ts';

const model = 'llama3.2';
const messages = [{ role: 'user', content: 'Why?' }];
const chat = (more: object = {}) => chatFromOpenAi({ model, messages, ...more });
const options = (more: object = {}): unknown => chat(more).request.options;

/** What is refused, in Ollama's own words and with its status. */
function refusal(ask: () => unknown): unknown {
  try {
    ask();
  } catch (error) {
    if (error instanceof AppError) return { status: error.native?.status, words: error.native?.body['error'] };
    throw error;
  }
  return 'not refused';
}

describe('a chat asked in OpenAI’s words', () => {
  test('has temperature and top_p 1 unless they are said, also when they are null or 0', () => {
    expect(options()).toEqual({ temperature: 1, top_p: 1 });
    expect(options({ temperature: null, top_p: null })).toEqual({ temperature: 1, top_p: 1 });
    expect(options({ temperature: 0, top_p: 0 })).toEqual({ temperature: 0, top_p: 0 });
  });

  test('has its sampling under Ollama’s names', () => {
    const said = { seed: 0, frequency_penalty: 0.5, presence_penalty: -1, max_tokens: 7, stop: 'END' };
    expect(options(said)).toEqual({
      temperature: 1,
      top_p: 1,
      seed: 0,
      frequency_penalty: 0.5,
      presence_penalty: -1,
      num_predict: 7,
      stop: ['END'],
    });
    expect(options({ stop: ['a', 'b'] })).toMatchObject({ stop: ['a', 'b'] });
  });

  test('max_completion_tokens goes before max_tokens', () => {
    expect(options({ max_tokens: 7, max_completion_tokens: 3 })).toMatchObject({ num_predict: 3 });
    expect(options({ max_tokens: 7, max_completion_tokens: null })).toMatchObject({ num_predict: 7 });
  });

  test('without a message that has a part it loads the model', () => {
    expect(chat()).toMatchObject({ what: 'run' });
    expect(chat({ messages: [{ role: 'user', content: [] }] })).toMatchObject({ what: 'load' });
  });

  test.each([
    [{ type: 'json_object' }, 'json'],
    [{ type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } }, { type: 'object' }],
    [{ type: 'text' }, undefined],
    [null, undefined],
  ])('response_format %j', (format, native) => {
    expect(chat({ response_format: format }).request['format']).toEqual(native);
  });

  test.each([
    ['none', false],
    ['minimal', 'low'],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    ['xhigh', 'max'],
    ['ultra', 'max'],
    ['max', 'max'],
  ])('effort %s', (effort, think) => {
    expect(chat({ reasoning_effort: effort }).request['think']).toBe(think);
    expect(chat({ reasoning: { effort }, reasoning_effort: 'low' }).request['think']).toBe(think);
  });

  test('without an effort the model decides; an unknown one is refused, even "toString"', () => {
    expect(chat().request).not.toHaveProperty('think');
    expect(chat({ reasoning_effort: '' }).request).not.toHaveProperty('think');
    expect(chat({ reasoning: { effort: '' }, reasoning_effort: 'low' }).request).not.toHaveProperty('think');
    for (const effort of ['huge', 'toString']) {
      expect(refusal(() => chat({ reasoning_effort: effort }))).toMatchObject({
        status: 400,
        words: expect.stringContaining(`"${effort}"`),
      });
    }
  });

  test('streams, and tells the usage, only when asked', () => {
    expect(chat()).toMatchObject({ stream: false, includeUsage: false, family: 'chat', what: 'run' });
    expect(chat({ stream: true, stream_options: { include_usage: true } })).toMatchObject({
      stream: true,
      includeUsage: true,
    });
  });

  test('what is ours is kept apart, and what Ollama ignores does not reach it', () => {
    const { request, ours } = chat({
      use_cache: false,
      priority: -1,
      user: 'me',
      n: 3,
      keep_alive: 0,
      tool_choice: 'x',
    });
    expect(ours).toEqual({ use_cache: false, priority: -1, cache: undefined });
    expect(Object.keys(request).toSorted()).toEqual(['messages', 'model', 'options']);
  });

  test('no messages are refused', () => {
    for (const none of [[], null]) {
      expect(refusal(() => chat({ messages: none }))).toEqual({ status: 400, words: "[] is too short - 'messages'" });
    }
  });
});

describe('its messages', () => {
  const native = (...of: object[]): unknown => chat({ messages: of }).request['messages'];
  const pixel = 'iVBORw0KGgo=';
  const call = { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"z":1,"a":{"y":2,"b":3}}' } };

  test('each part becomes a message of its own, and the calls stand in the last', () => {
    const content = [
      { type: 'text', text: 'Look.' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } },
      { type: 'image_url', image_url: `data:;base64,${pixel}` },
      { type: 'input_audio', input_audio: { data: pixel } },
    ];
    expect(native({ role: 'User', content, tool_calls: [call] })).toEqual([
      { role: 'user', content: 'Look.' },
      { role: 'user', content: '', images: [pixel] },
      { role: 'user', content: '', images: [pixel] },
      { role: 'user', content: '', images: [pixel], tool_calls: [expect.anything()] },
    ]);
  });

  test('the arguments of a call keep their order, and no arguments are an empty object', () => {
    const [first] = native({ role: 'assistant', content: null, tool_calls: [call] }) as [{ tool_calls: object[] }];
    expect(JSON.stringify(first)).toBe(
      '{"role":"assistant","content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"weather","arguments":{"z":1,"a":{"y":2,"b":3}}}}]}',
    );
    const bare = { ...call, function: { name: 'now', arguments: '' } };
    expect(native({ role: 'assistant', content: null, tool_calls: [bare] })).toMatchObject([
      { tool_calls: [{ function: { arguments: {} } }] },
    ]);
  });

  test('a tool’s result has the name of its call, of the last one with that id', () => {
    const older = { ...call, function: { name: 'older', arguments: '{}' } };
    const made = { role: 'assistant', content: null };
    const result = { role: 'tool', tool_call_id: 'c1', content: 'rain' };
    expect(native({ ...made, tool_calls: [older] }, { ...made, tool_calls: [call] }, result)).toMatchObject([
      {},
      {},
      { role: 'tool', content: 'rain', tool_name: 'weather', tool_call_id: 'c1' },
    ]);
    expect(native(result)).toEqual([{ role: 'tool', content: 'rain', tool_call_id: 'c1' }]);
  });

  test('with content in parts, thinking and calls go with the last part, if there are calls', () => {
    const content = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ];
    const made = { role: 'assistant', content, reasoning: 'hm' };
    expect(native({ ...made, tool_calls: [call] })).toEqual([
      { role: 'assistant', content: 'a' },
      { role: 'assistant', content: 'b', thinking: 'hm', tool_calls: [expect.anything()] },
    ]);
    const plain = [
      { role: 'assistant', content: 'a' },
      { role: 'assistant', content: 'b' },
    ];
    expect(native(made)).toEqual(plain);
    expect(native({ ...made, tool_calls: [] })).toEqual(plain);
    expect(native({ role: 'tool', tool_call_id: 'c1', name: 'f', content: content.slice(0, 1) })).toEqual([
      { role: 'tool', content: 'a' },
    ]);
  });

  test('a list without parts leaves its calls to the message before, if there is one', () => {
    const empty = { role: 'assistant', content: [], tool_calls: [call] };
    expect(native({ role: 'user', content: 'hi' }, empty)).toEqual([
      { role: 'user', content: 'hi', tool_calls: [expect.anything()] },
    ]);
    const bad = { ...empty, tool_calls: [{ ...call, function: { name: 'f', arguments: '{' } }] };
    expect(native(bad)).toEqual([]);
    expect(() => native({ role: 'user', content: 'hi' }, bad)).toThrow('invalid tool call arguments');
  });

  test('the name of one who speaks is no name of a tool', () => {
    expect(native({ role: 'user', name: 'ada', content: 'Hi.' })).toEqual([{ role: 'user', content: 'Hi.' }]);
    expect(native({ role: 'tool', name: 'weather', content: 'rain' })).toEqual([
      { role: 'tool', content: 'rain', tool_name: 'weather' },
    ]);
  });

  test('reasoning is the thinking of before', () => {
    expect(native({ role: 'assistant', content: 'Yes.', reasoning: 'Hm.' })).toEqual([
      { role: 'assistant', content: 'Yes.', thinking: 'Hm.' },
    ]);
  });

  const image = (url: unknown): object => ({ role: 'user', content: [{ type: 'image_url', image_url: { url } }] });
  test.each([
    ['a picture at an address', image('https://x.example/a.png'), /image URLs are not currently supported/],
    ['a path of this machine', image('/etc/passwd'), 'invalid image input'],
    ['a data URL with a path in it', image('data:image/png;base64,/etc/passwd'), 'invalid image input'],
    ['a data URL with other characters', image('data:image/png;base64,a.b/'), 'invalid image input'],
    ['another kind of picture', image(`data:image/gif;base64,${pixel}`), 'invalid image input'],
    [
      'sound that is a path',
      { role: 'user', content: [{ type: 'input_audio', input_audio: { data: './a' } }] },
      /audio/,
    ],
    ['an unknown part', { role: 'user', content: [{ type: 'video' }] }, 'invalid message format'],
    ['a text without text', { role: 'user', content: [{ type: 'text' }] }, 'invalid message format'],
    ['nothing', { role: 'user', content: null }, /invalid message content type/],
    [
      'arguments that are no object',
      { role: 'assistant', content: '', tool_calls: [{ ...call, function: { name: 'x', arguments: '[1]' } }] },
      'invalid tool call arguments',
    ],
    [
      'arguments that are no JSON',
      { role: 'assistant', content: '', tool_calls: [{ ...call, function: { name: 'x', arguments: '{' } }] },
      'invalid tool call arguments',
    ],
  ])('%s is refused', (_name, message, words) => {
    const matching = typeof words === 'string' ? words : expect.stringMatching(words);
    expect(refusal(() => native(message))).toEqual({ status: 400, words: matching });
  });
});

describe('the other two routes', () => {
  test('a completion: top_p 0 is "not said", no prompt is a load, and its limit is max_tokens', () => {
    const asked = completionFromOpenAi({ model, prompt: 'Hi', suffix: '!', top_p: 0, max_tokens: 5, stream: true });
    expect(asked).toMatchObject({ family: 'generate', what: 'run', stream: true });
    expect(asked.request).toEqual({
      model,
      prompt: 'Hi',
      suffix: '!',
      options: { temperature: 1, top_p: 1, num_predict: 5, frequency_penalty: 0, presence_penalty: 0 },
    });
    expect(completionFromOpenAi({ model }).what).toBe('load');
  });

  test('embeddings: one text or several, as numbers unless base64 is asked', () => {
    expect(embeddingsFromOpenAi({ model, input: 'a' })).toMatchObject({ texts: ['a'], encoding: 'float' });
    const asked = embeddingsFromOpenAi({
      model,
      input: ['a', ''],
      encoding_format: 'base64',
      dimensions: 8,
      user: 'x',
    });
    expect(asked).toMatchObject({ texts: ['a', ''], encoding: 'base64', request: { model, dimensions: 8 } });
    expect(asked.request).not.toHaveProperty('user');
  });

  test.each([
    [undefined, 'invalid input'],
    [null, 'invalid input'],
    [[], 'invalid input'],
    [[1, 2], 'invalid input type'],
    [['a', 1], 'invalid input type'],
  ])('embeddings of %j are refused', (input, words) => {
    expect(refusal(() => embeddingsFromOpenAi({ model, input }))).toEqual({ status: 400, words });
  });

  test('an empty text is a text, and an encoding may be spelled in capitals', () => {
    expect(embeddingsFromOpenAi({ model, input: '', encoding_format: 'BASE64' })).toMatchObject({
      texts: [''],
      encoding: 'base64',
    });
  });

  test('an unknown encoding is refused', () => {
    expect(refusal(() => embeddingsFromOpenAi({ model, input: 'a', encoding_format: 'hex' }))).toMatchObject({
      status: 400,
      words: expect.stringContaining('encoding_format'),
    });
  });
});
