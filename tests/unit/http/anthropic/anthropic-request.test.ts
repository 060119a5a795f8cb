// What is asked in Anthropic's words is asked of Ollama in its own, by Ollama's own rules (anthropic/anthropic.go). What npm
// `@anthropic-ai/sdk` can say is in clients/anthropic.test.ts; here are the corners.
import { describe, expect, test } from 'vitest';
import { jsonText } from '../../../../backend/contract/go/exact-json.ts';
import { chatFromAnthropic, tokensFromAnthropic } from '../../../../backend/http/anthropic/anthropic-request.ts';
import { meaningOf } from '../../../../backend/http/dialect/drop-in.ts';

const messages = [{ role: 'user', content: 'Why?' }];
const text = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
const read = (body: unknown) => meaningOf(text(body), 'EOF', chatFromAnthropic);
const chat = (more: object = {}) => read({ model: 'm', max_tokens: 9, messages, ...more });
const said = (...content: unknown[]): unknown => chat({ messages: [{ role: 'user', content }] }).request['messages'];
const asJson = ({ request }: ReturnType<typeof chat>): string => jsonText(request);

describe('a message', () => {
  test('is one text of all its texts, and has its last thinking', () => {
    expect(
      said(
        { type: 'text', text: 'a' },
        { type: 'thinking', thinking: 'x' },
        { type: 'thinking', thinking: 'y' },
        { type: 'document', source: { type: 'text', data: 'passed over' } },
        { type: 'text', text: 'b' },
      ),
    ).toEqual([{ role: 'user', content: 'ab', thinking: 'y' }]);
  });

  test('has a role in small letters, any that there is', () => {
    const asked = chat({ messages: [{ role: 'SYSTEM', content: 'Be brief.' }] });
    expect(asked.request['messages']).toEqual([{ role: 'system', content: 'Be brief.' }]);
  });

  test('that says nothing is left out, and with none the model is loaded', () => {
    const nothing = { role: 'user', content: '' };
    expect(
      chat({ messages: [nothing, ...messages, { role: 'assistant', content: null }] }).request['messages'],
    ).toEqual(messages);
    expect(chat({ messages: [nothing] })).toMatchObject({ what: 'load', request: { messages: [] } });
  });

  test('of the assistant has what a tool told behind it, one of the user before it', () => {
    const blocks = [
      { type: 'text', text: 'so' },
      { type: 'tool_result', tool_use_id: 'c' },
    ];
    const told = { role: 'tool', content: '', tool_call_id: 'c' };
    const both = chat({ messages: ['assistant', 'user'].map((role) => ({ role, content: blocks })) });
    expect(both.request['messages']).toEqual([
      { role: 'assistant', content: 'so' },
      told,
      told,
      { role: 'user', content: 'so' },
    ]);
  });

  test('keeps a call’s input: its order, names like numbers, whole numbers of 64 bits', () => {
    const call = '{"type":"tool_use","id":"c","name":"f","input":{"b":9223372036854775807,"1":2}}';
    const asked = read(`{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[${call}]}]}`);
    expect(asJson(asked)).toContain('"arguments":{"b":9223372036854775807,"1":2}');
  });
});

describe('a system prompt', () => {
  test.each([
    ['', []],
    ['Be brief.', [{ role: 'system', content: 'Be brief.' }]],
    [[{ type: 'text', text: 'Be ' }, { type: 'image' }, { type: 'text', text: 'brief.' }], 'Be brief.'],
    [[{ type: 'text', text: 5 }, 'text', null], []],
    [7, []],
  ])('%j', (system, due) => {
    const before = typeof due === 'string' ? [{ role: 'system', content: due }] : due;
    expect(chat({ system }).request['messages']).toEqual([...before, ...messages]);
  });
});

describe('a tool', () => {
  test('has the order of its properties, and without a schema takes nothing', () => {
    const schema = '{"type":"object","properties":{"b":{"type":"string"},"1":{"type":"integer"}}}';
    const tools = `[{"name":"f","input_schema":${schema}},{"name":"g","description":"G","input_schema":null}]`;
    const asked = read(`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],"tools":${tools}}`);
    expect(asJson(asked)).toContain('"properties":{"b":{"type":"string"},"1":{"type":"integer"}}');
    expect(asJson(asked)).toContain('{"type":"function","function":{"name":"g","description":"G"}}');
  });

  test('of Anthropic’s own that searches the web is Ollama’s to use', () => {
    const web = { type: 'web_search_20250305', name: 'web_search', max_uses: 3 };
    expect(chat({ tools: [web] })).toMatchObject({ untranslatable: true, request: { model: 'm' } });
    expect(chat({ tools: [{ type: 'custom', name: 'web_search', input_schema: {} }] }).untranslatable).toBe(false);
  });
});

test.each(['server_tool_use', 'web_search_tool_result'])(
  'a search of before, told as %s, is Ollama’s to read',
  (type) => {
    const before = { role: 'assistant', content: [{ type, id: 's', name: 'web_search', content: [] }] };
    expect(chat({ messages: [...messages, before, ...messages] }).untranslatable).toBe(true);
  },
);

test('a model of ollama.com’s machines is asked in the very words that came', () => {
  expect([chat().untranslatable, chat({ model: 'glm-5:cloud' }).untranslatable]).toEqual([false, true]);
});

test.each([
  [{}, undefined],
  [{ thinking: { type: 'enabled', budget_tokens: 1024 } }, true],
  [{ thinking: { type: 'disabled' }, output_config: { effort: 'high' } }, false],
  [{ thinking: { type: 'adaptive' } }, undefined],
  [{ thinking: { type: 'adaptive' }, output_config: { effort: ' High ' } }, 'high'],
  [{ output_config: { effort: 'xhigh' } }, 'high'],
  [{ output_config: { effort: 'max' } }, 'max'],
  [{ output_config: { effort: 'toString' } }, undefined],
])('%j is to think: %j', (more, think) => expect(chat(more).request['think']).toBe(think));

test('options are those that were said, under Ollama’s names', () => {
  expect(chat().request.options).toEqual({ num_predict: 9 });
  expect(chat({ temperature: 0, top_p: null, top_k: 3, stop_sequences: [] }).request.options).toEqual({
    num_predict: 9,
    temperature: 0,
    top_k: 3,
  });
});

describe('what is wrong is said in Ollama’s words', () => {
  const block = (inner: string): string =>
    `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":${inner}}]}`;
  const unfit = (came: string, where: string, type: string): string =>
    `json: cannot unmarshal ${came} into Go struct field MessagesRequest.${where} of type ${type}`;
  test.each([
    ['', 'EOF'],
    ['{"model":"m"', 'unexpected EOF'],
    ['null', 'model is required'],
    [{ model: 'm', messages }, 'max_tokens is required and must be positive'],
    [{ model: 'm', max_tokens: -1, messages }, 'max_tokens is required and must be positive'],
    ['{"model":"m","max_tokens":1.0}', unfit('number 1.0', 'max_tokens', 'int')],
    ['{"model":"m","max_tokens":1,"top_k":1.0}', unfit('number 1.0', 'top_k', 'int')],
    [{ model: 'm', max_tokens: 1, messages: [] }, 'messages is required'],
    [{ model: 'm', max_tokens: 1, messages: [{ role: 'user' }] }, 'unexpected end of JSON input'],
    [{ model: 'm', max_tokens: 1, messages: [null] }, 'unexpected end of JSON input'],
    [block('5'), unfit('number', 'messages', '[]anthropic.ContentBlock')],
    [block('["text"]'), unfit('string', 'messages', 'anthropic.ContentBlock')],
    [block('[{"type":"text","text":5}]'), unfit('number', 'messages.text', 'string')],
    [block('[{"type":"tool_use","input":[]}]'), "Value looks like object, but can't find closing '}' symbol"],
    [block('[{"type":"tool_use","name":"f"}]'), "tool_use block missing required 'id' field"],
    [block('[{"type":"tool_use","id":"c"}]'), "tool_use block missing required 'name' field"],
    [block('[{"type":"image"}]'), 'invalid image source'],
    [block('[{"type":"image","source":{}}]'), 'invalid image source type: . Only base64 images are supported.'],
    [
      block('[{"type":"image","source":{"type":"base64","data":"!!!"}}]'),
      'invalid base64 image data: illegal base64 data at input byte 0',
    ],
    [block('[{"type":"tool_result","content":[{"type":"image"}]}]'), 'invalid tool_result image source'],
    [
      { model: 'm', max_tokens: 1, messages, tools: [{ name: 'f', input_schema: { required: 'x' } }] },
      'invalid input_schema for tool "f": json: cannot unmarshal string into Go struct field ToolFunctionParameters.required of type []string',
    ],
  ])('%j', (body, words) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'invalid_request', message: words }) as Error);
  });
});

describe('the estimate of a prompt’s tokens', () => {
  const tokens = (body: object): number =>
    meaningOf(text({ model: 'm', messages, ...body }), 'EOF', tokensFromAnthropic);

  test('is a quarter of the bytes of its texts, as Ollama’s own', () => {
    expect(tokens({})).toBe(2); // "user", "Why?"
    expect(tokens({ messages: [{ role: 'user', content: '→'.repeat(100) }] })).toBe(76);
    expect(tokens({ system: 'x'.repeat(40) })).toBe(12);
    expect(tokens({ system: [{ type: 'text', text: 'x'.repeat(40) }, null, 5] })).toBe(12);
    expect(tokens({ messages: [{ role: '', content: '' }] })).toBe(1);
  });

  test('has tools, calls and results in it, as JSON, and no pictures', () => {
    const input_schema = { type: 'object' }; // 17 bytes
    expect(tokens({ tools: [{ name: 'name', description: 'x'.repeat(11), input_schema }] })).toBe(10);
    const content = [
      { type: 'tool_result', tool_use_id: 'c', content: 'x'.repeat(53), cache_control: { type: 'ephemeral' } },
      { type: 'image', source: { type: 'base64', data: 'aGVs'.repeat(100) } },
    ];
    expect(tokens({ messages: [{ role: 'user', content }] })).toBe(27); // 106 bytes of JSON, and the role
  });

  test('needs no max_tokens, but a model and messages', () => {
    expect(() => tokens({ model: '' })).toThrow('model is required');
    expect(() => tokens({ messages: [] })).toThrow('messages is required');
  });
});
