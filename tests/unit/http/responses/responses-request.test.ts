// A body of /v1/responses becomes the question that Ollama makes of it (openai/responses.go), by the translation of the
// simulated Ollama, which was written apart; and what Ollama refuses is refused in its words.
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../backend/contract/errors.ts';
import { jsonText } from '../../../../backend/contract/go/exact-json.ts';
import { readGoBody } from '../../../../backend/http/go/go-body.ts';
import { askedToRespond } from '../../../../backend/http/responses/responses-request.ts';
import { nativeOf } from '../../../support/fake-ollama/fake-responses-asked.ts';

const read = (body: object | string): ReturnType<typeof askedToRespond> =>
  readGoBody(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), askedToRespond);

const call = (id: string, name: string, given = '{"b":1,"a":2}'): object => ({
  type: 'function_call',
  call_id: id,
  name,
  arguments: given,
});
const result = (id: string, output: unknown): object => ({ type: 'function_call_output', call_id: id, output });
const said = (role: string, content: unknown): object => ({ type: 'message', role, content });
const thought = (text: string): object => ({
  type: 'reasoning',
  summary: [{ type: 'summary_text', text: 'short' }],
  encrypted_content: text,
});
const picture = { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,aGVsbG8=' };

const INPUTS: Record<string, unknown> = {
  'a text': 'Why?',
  'no text': '',
  'no items': [],
  'a message in short': [{ role: 'user', content: 'Why?' }],
  'roles of all kinds': [said('developer', 'a'), said('system', 'b'), said('USER', 'c'), said('Assistant', 'd')],
  'parts of a text': [
    said('user', [
      { type: 'input_text', text: 'a' },
      { type: 'output_text', text: 'b' },
    ]),
  ],
  'a picture between texts': [
    said('user', [{ type: 'input_text', text: 'a' }, picture, { type: 'input_text', text: 'b' }]),
  ],
  'a picture that is a file of OpenAI’s': [said('user', [{ type: 'input_image', detail: 'auto', file_id: 'file_1' }])],
  'calls one after another': [
    said('user', 'a'),
    call('1', 'f'),
    call('2', 'g', ''),
    result('1', 'x'),
    result('2', 'y'),
  ],
  'a call after what was said': [said('assistant', 'I look.'), call('1', 'f'), result('1', 'x')],
  'words between a call and its result': [call('1', 'f'), said('assistant', 'One moment.'), result('1', 'x')],
  'words between another call and a result': [call('1', 'f'), said('assistant', 'One moment.'), result('2', 'x')],
  'words and thoughts in between': [
    said('assistant', 'First.'),
    call('1', 'f'),
    thought('Hm.'),
    said('assistant', [{ type: 'output_text', text: 'Then.' }, picture]),
    result('1', 'x'),
  ],
  'results in parts': [
    call('1', 'f'),
    result('1', [{ type: 'input_text', text: 'a' }, picture, { type: 'input_text', text: 'b' }]),
  ],
  'a thought before words': [said('user', 'a'), thought('Hm.'), said('assistant', 'b'), said('user', 'c')],
  'a thought before a call': [thought('Hm.'), call('1', 'f')],
  'a thought that a user interrupts': [thought('Hm.'), said('user', 'a'), said('assistant', 'b')],
  'two thoughts': [thought('Hm.'), thought('Ah.'), said('assistant', 'b')],
  'a thought at the end': [said('user', 'a'), thought('Hm.')],
  'a search of before': [
    { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
    said('assistant', 'a'),
  ],
};

const parameters = {
  type: 'object',
  required: ['z'],
  properties: { z: { type: 'string', description: 'Z' }, a: { type: 'object', properties: { y: {}, b: {} } } },
};
const f = { type: 'function', name: 'f', description: 'F', strict: true, parameters };

const BODIES: Record<string, object> = {
  instructions: { input: 'a', instructions: 'Be brief.' },
  'numbers that say how': { input: 'a', temperature: 0, top_p: 0.5, max_output_tokens: 7 },
  efforts: { input: 'a', reasoning: { effort: 'xhigh', summary: 'auto' } },
  'no effort': { input: 'a', reasoning: { summary: 'auto' } },
  'no thinking': { input: 'a', reasoning: { effort: 'none' } },
  'a schema, its order kept': {
    input: 'a',
    text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object', properties: { z: {}, a: {} } } } },
  },
  'a format that is text': { input: 'a', text: { format: { type: 'text' } } },
  'an object of JSON, which Ollama does not know here': { input: 'a', text: { format: { type: 'json_object' } } },
  'tools, their names sorted': { input: 'a', tools: [f, { type: 'function', name: 'g' }] },
  'tools of a namespace': {
    input: 'a',
    tools: [
      { type: 'namespace', name: 'n', tools: [f, { ...f, name: 'n.g' }, { type: 'namespace', name: 'm', tools: [f] }] },
    ],
  },
  'tools of other kinds': { input: 'a', tools: [{ type: 'local_shell' }] },
  'what Ollama does not read': {
    input: 'a',
    previous_response_id: 'r',
    store: true,
    tool_choice: 'none',
    seed: 7,
    include: [],
  },
  ...Object.fromEntries(Object.entries(INPUTS).map(([name, input]) => [name, { input }])),
};

/** As JSON, so that nothing hangs on fields that are there and say nothing. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the question is the one that Ollama makes of it', () => {
  test.each(Object.keys(BODIES))('%s', (name) => {
    const body = { model: 'm', ...BODIES[name] };
    const { stream, ...native } = nativeOf(body) as Record<string, unknown> & { messages: { role: string }[] };
    const messages = native.messages.map((message) => ({ ...message, role: message.role.toLowerCase() }));
    expect(plain(read(body).request)).toEqual(plain({ ...native, messages }));
    expect(stream).toBe(false);
  });

  test('the order of arguments and properties is kept in the text', () => {
    const { request } = read({ model: 'm', input: [call('1', 'f')], tools: [f] });
    expect(JSON.stringify(request['messages'])).toContain('{"b":1,"a":2}');
    // Sorted, since Ollama writes them as a map of Go's before it reads them.
    expect(JSON.stringify(request['tools'])).toMatch(/"a":\{.*"b":\{\},"y":\{\}.*"z":\{/);
  });
});

test('numbers that JavaScript cannot keep are repeated as numbers, and go up as they came', () => {
  const schema = '{"properties":{"a":{"enum":[5],"maximum":9223372036854775807}},"1":2}';
  const tools = `[{"type":"function","name":"f","parameters":${schema}}]`;
  const { echo, request } = read(`{"model":"m","input":"a","tools":${tools}}`);
  expect(plain(echo.tools[0]?.parameters)).toEqual(JSON.parse(schema));
  expect(jsonText(request['tools'])).toContain('"maximum":9223372036854775807');
});

describe('goes up in its own words', () => {
  test.each([
    [true, [f, { type: 'web_search' }]],
    [false, [f]],
    [false, [{ type: 'web_search_preview' }]],
    [false, [{ type: 'namespace', name: 'n', tools: [{ type: 'web_search' }] }]],
  ])('where Ollama would search the web: %s with %j', (unchanged, tools) => {
    expect(read({ model: 'm', input: 'a', tools }).unchanged).toBe(unchanged);
  });

  test('where ollama.com answers, also with items that are not known here', () => {
    const asked = read({ model: 'big:cloud', input: [{ type: 'custom_tool_call' }], stream: true, priority: 5 });
    expect(asked).toMatchObject({
      unchanged: true,
      stream: true,
      ours: { priority: 5 },
      request: { model: 'big:cloud' },
    });
  });
});

describe('what Ollama refuses is refused in its words', () => {
  const item = (what: object): object => ({ model: 'm', input: [{ role: 'user', content: 'a' }, what] });
  test.each<[words: string, body: object | string]>([
    ['model is required', { input: 'a' }],
    [
      'input must be a string or array: json: cannot unmarshal number into Go value of type []json.RawMessage',
      { model: 'm', input: 5 },
    ],
    [
      'input must be a string or array: json: cannot unmarshal object into Go value of type []json.RawMessage',
      { model: 'm', input: {} },
    ],
    ["input[1]: input item missing required 'type' field", item({ content: 'a' })],
    ['input[1]: unknown input item type: "computer_call"', item({ type: 'computer_call' })],
    ['input[1]: content[0]: unknown content type: audio', item(said('user', [{ type: 'audio' }]))],
    [
      'input[1]: content must be a string or array: json: cannot unmarshal bool into Go value of type []json.RawMessage',
      item(said('user', true)),
    ],
    ['input[1]: output[0]: unknown content type: ', item(result('1', [{}]))],
    [
      'input[1]: json: cannot unmarshal object into Go struct field ResponsesFunctionCall.arguments of type string',
      item({ ...call('1', 'f'), arguments: {} }),
    ],
    ['failed to parse function call arguments: unexpected end of JSON input', item(call('1', 'f', '{"a":'))],
    ['file inputs are not currently supported', item(said('user', [{ type: 'input_file', file_id: 'x' }]))],
    [
      'image URLs are not currently supported, please use base64 encoded data instead',
      item(said('user', [{ ...picture, image_url: 'https://a.example/b.png' }])),
    ],
    ['invalid image input', item(said('user', [{ ...picture, image_url: 'data:image/gif;base64,aGVs' }]))],
    [
      'failed to unmarshal tool parameters: json: cannot unmarshal number into Go struct field ToolFunctionParameters.type of type string',
      { model: 'm', input: 'a', tools: [{ ...f, parameters: { type: 5 } }] },
    ],
    [
      'json: cannot unmarshal string into Go struct field ResponsesRequest.temperature of type float64',
      { model: 'm', input: 'a', temperature: 'hot' },
    ],
    [
      'json: cannot unmarshal number 1.0 into Go struct field ResponsesRequest.max_output_tokens of type int',
      '{"model":"m","input":"a","max_output_tokens":1.0}',
    ],
    [
      'json: cannot unmarshal array into Go struct field ResponsesTool.tools.parameters of type map[string]interface {}',
      { model: 'm', input: 'a', tools: [{ ...f, parameters: [] }] },
    ],
    ['unexpected EOF', '{'],
  ])('%s', (words, body) => {
    const refused = ((): unknown => {
      try {
        return read(body);
      } catch (error) {
        return error instanceof AppError ? error.native?.body : String((error as Error).message);
      }
    })();
    expect([{ error: words }, words]).toContainEqual(refused);
  });
});
