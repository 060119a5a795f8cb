// The promise: Hearth is never stricter than Ollama, what it refuses costs no run, and what it takes waits its turn.
// How Go reads JSON in general is unit/go-json.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';

const u = '{"role":"user","content":"hi"}';
const json = (value: unknown): string => JSON.stringify(value);

describe('what is taken and what is refused', () => {
  let hearth: Hearth;
  beforeAll(async () => {
    const models = [
      { name: 'm', capabilities: ['completion', 'tools', 'thinking', 'vision'] },
      { name: 'e', capabilities: ['embedding'] },
    ];
    hearth = await startHearth({ fake: { models }, config: { ollama: { model: 'm' }, cache: { enabled: false } } });
  });
  afterAll(() => hearth.stop());

  const runs = (): string[] =>
    hearth.fake.calls.filter(({ kind }) => kind === 'run' || kind === 'embed').map(({ rawBody }) => rawBody);

  /** What went up. */
  const wentUp = async (path: string, body: string): Promise<string> => {
    const response = await hearth.post(path, body);
    expect([response.status, await response.text()]).toEqual([200, expect.anything()]);
    return runs().at(-1) ?? '';
  };

  const V1 = '/v1/chat/completions';
  const wrapped = 'iVBORw0K\nGgo=';
  const picture = json({
    role: 'user',
    content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${wrapped}` } }],
  });
  const schema81 = `{"type":"object","x-deep":${'['.repeat(80)}${']'.repeat(80)}}`;

  test.each<[what: string, path: string, body: string, up: RegExp, notUp?: RegExp]>([
    ['an empty effort', V1, `{"model":"m","messages":[${u}],"reasoning_effort":""}`, /"hi"/, /think/],
    ['an empty effort inside', V1, `{"model":"m","messages":[${u}],"reasoning":{"effort":""}}`, /"hi"/, /think/],
    [
      'no content and no calls',
      V1,
      `{"model":"m","messages":[${u},{"role":"assistant","content":null,"tool_calls":[]},${u}]}`,
      /\{"role":"assistant","content":""\}/,
    ],
    [
      'a seed of 64 bits',
      V1,
      `{"model":"m","messages":[${u}],"seed":9223372036854775807}`,
      /"seed":9223372036854775807[,}]/,
    ],
    [
      'a seed of 64 bits as an option',
      '/api/chat',
      `{"model":"m","messages":[${u}],"stream":false,"options":{"seed":9223372036854775807}}`,
      /"seed":9223372036854775807[,}]/,
    ],
    ['a stop that is none', V1, `{"model":"m","messages":[${u}],"stop":["a",null,5]}`, /"stop":\["a"\]/],
    ['a stop of no kind', V1, `{"model":"m","messages":[${u}],"stop":7}`, /"hi"/, /stop/],
    [
      'other letters on top',
      V1,
      `{"Model":"m","Messages":[{"Role":"user","CONTENT":"hi","Tool_Calls":[{"ID":"1","Function":{"Name":"f","Arguments":"{}"}}]}],"Max_Tokens":3}`,
      /"name":"f".*"num_predict":3/,
    ],
    [
      'other letters in a format',
      V1,
      `{"model":"m","messages":[${u}],"RESPONSE_FORMAT":{"TYPE":"JSON_OBJECT"}}`,
      /"format":"json"/,
    ],
    [
      'other letters to embed',
      '/v1/embeddings',
      '{"MODEL":"e","Input":["x"],"Dimensions":2}',
      /"dimensions":2.*"input":\["x"\]|"input":\["x"\].*"dimensions":2/,
    ],
    [
      'the Kelvin sign and the long s',
      '/api/chat',
      `{"model":"m","meſſages":[${u}],"\u212aeep_alive":"7m","stream":false}`,
      /"hi".*"keep_alive":420|"keep_alive":420.*"hi"/,
    ],
    [
      'a picture with line ends',
      '/api/chat',
      json({ model: 'm', stream: false, messages: [{ role: 'user', content: 'hi', images: [wrapped] }] }),
      /"images":\["iVBORw0KGgo="\]/,
    ],
    [
      'a picture with line ends in a data URL',
      V1,
      `{"model":"m","messages":[${picture}]}`,
      /"images":\["iVBORw0KGgo="\]/,
    ],
    [
      'a picture as a list of bytes',
      '/api/generate',
      '{"model":"m","prompt":"hi","stream":false,"images":[[137,80,78,71]]}',
      /"images":\["iVBORw=="\]/,
    ],
    [
      'a picture whose base64 could be a path',
      '/api/generate',
      '{"model":"m","prompt":"hi","stream":false,"images":["/etc/ssl/key"]}',
      /"images":\["\/etc\/ssl\/key"\]/,
    ],
    [
      'a schema 81 levels deep',
      '/api/chat',
      `{"model":"m","messages":[${u}],"stream":false,"format":${schema81}}`,
      /"format":\{"type":"object","x-deep":\[{80}\]{80}\}/,
    ],
    [
      '9,000 levels in a field of nobody',
      '/api/chat',
      `{"model":"m","messages":[${u}],"stream":false,"x":${'['.repeat(9000)}${']'.repeat(9000)}}`,
      /"x":\[{9000}\]{9000}/,
    ],
    ['__proto__', '/api/chat', `{"model":"m","messages":[${u}],"stream":false,"__proto__":{}}`, /"hi"/],
    [
      'no function in a call',
      '/api/chat',
      `{"model":"m","stream":false,"messages":[${u},{"role":"assistant","tool_calls":[{"function":null},null]},${u}]}`,
      /"tool_calls":\[/,
    ],
    [
      'no function in a call of OpenAI',
      V1,
      `{"model":"m","messages":[${u},{"role":"assistant","content":null,"tool_calls":[{"function":null}]},${u}]}`,
      /"arguments":\{\}/,
    ],
    [
      'arguments that are null',
      V1,
      `{"model":"m","messages":[${u},{"role":"assistant","content":"","tool_calls":[{"id":"1","function":{"name":"f","arguments":"null"}}]}]}`,
      /"arguments":\{\}/,
    ],
    ['a message that is null', '/api/chat', `{"model":"m","stream":false,"messages":[null,${u}]}`, /"hi"/],
    [
      'null for everything',
      '/api/chat',
      `{"model":"m","messages":[{"role":"user","content":"hi","thinking":null,"images":null,"tool_calls":null,"tool_name":null}],"stream":false,"options":null,"format":null,"tools":null,"think":null,"truncate":null,"logprobs":null,"top_logprobs":null,"keep_alive":null}`,
      /"hi"/,
    ],
    [
      'a name twice: the last counts, but null says nothing',
      '/api/chat',
      `{"model":"m","model":null,"messages":[{"content":"old"}],"messages":[${u}],"stream":true,"stream":false,"options":{"a":1},"options":{"b":2}}`,
      /"hi".*"options":\{"a":1,"b":2\}|"options":\{"a":1,"b":2\}.*"hi"/,
    ],
    [
      'more behind the first value',
      '/api/generate',
      '{"model":"m","prompt":"hi","stream":false} and so on',
      /"prompt":"hi"/,
    ],
    [
      'max_completion_tokens of no kind, which Ollama does not read',
      V1,
      `{"model":"m","messages":[${u}],"max_completion_tokens":"many"}`,
      /"hi"/,
    ],
    [
      'fields that Ollama may read one day',
      '/api/chat',
      `{"model":"m","messages":[{"role":"user","content":"hi","mood":"good"}],"stream":false,"later":1.50}`,
      /"mood":"good".*"later":1.5[,}]/,
    ],
  ])('%s is taken as Ollama takes it', async (_what, path, body, up, notUp) => {
    const sent = await wentUp(path, body);
    expect(sent).toMatch(up);
    if (notUp !== undefined) expect(sent).not.toMatch(notUp);
  });

  test.each<[what: string, body: string, up: RegExp]>([
    ['names in other letters', '{"Messages":[{"ROLE":"User","Content":"hi","Tool_Name":null}]}', /"role":"user".*"hi"/],
    [
      'a picture with line ends',
      json({ messages: [{ role: 'user', content: 'x', images: [wrapped] }] }),
      /"iVBORw0KGgo="/,
    ],
    [
      'a call without a function',
      '{"messages":[{"role":"assistant","content":null,"tool_calls":[{"function":null}]}]}',
      /"tool_calls"/,
    ],
    ['a schema as deep as Go reads', `{"messages":[${u}],"format":${schema81}}`, /x-deep/],
    ['a seed of 64 bits', `{"messages":[${u}],"options":{"seed":9223372036854775807}}`, /9223372036854775807/],
    ['the order of a format', `{"messages":[${u}],"format":{"properties":{"b":{},"1":{}}}}`, /\{"b":\{\},"1":\{\}\}/],
  ])('on our own routes too: %s', async (_what, body, up) => {
    expect(await wentUp('/api/chat-optimized', body)).toMatch(up);
  });

  test('halves of characters become U+FFFD', async () => {
    expect(await wentUp('/api/generate', '{"model":"m","prompt":"a\\ud800b","stream":false}')).toContain('"a\ufffdb"');
  });

  test('arguments keep their order, also of names that look like numbers', async () => {
    const call = '{"id":"1","function":{"name":"f","arguments":"{\\"b\\":1,\\"1\\":2}"}}';
    const sent = await wentUp(
      V1,
      `{"model":"m","messages":[${u},{"role":"assistant","content":"","tool_calls":[${call}]}]}`,
    );
    expect(sent).toContain('"arguments":{"b":1,"1":2}');
  });

  const REFUSED: readonly [path: string, body: string, status: number, words: string][] = [
    ['/api/chat', '', 400, 'missing request body'],
    ['/api/chat', '{"model":', 400, 'unexpected EOF'],
    ['/api/chat', '{x}', 400, "invalid character 'x' looking for beginning of object key string"],
    ['/api/chat', 'null', 400, 'model is required'],
    ['/api/chat', '"x"', 400, 'json: cannot unmarshal string into Go value of type api.ChatRequest'],
    ['/api/chat', `{"messages":[${u}]}`, 400, 'model is required'],
    [
      '/api/chat',
      `{"model":"m","messages":[${u}],"stream":"yes"}`,
      400,
      'json: cannot unmarshal string into Go struct field ChatRequest.stream of type bool',
    ],
    [
      '/api/chat',
      '{"model":"m","messages":[{"role":"user","content":5}]}',
      400,
      'json: cannot unmarshal number into Go struct field ChatRequest.messages.content of type string',
    ],
    [
      '/api/chat',
      '{"model":"m","messages":[{"role":"user","content":"x","images":["!!!"]}]}',
      400,
      'illegal base64 data at input byte 0',
    ],
    [
      '/api/chat',
      `{"model":"m","messages":[${u}],"options":[]}`,
      400,
      'json: cannot unmarshal array into Go struct field ChatRequest.options of type map[string]interface {}',
    ],
    ['/api/chat', `{"model":"m","messages":[${u}],"keep_alive":"300"}`, 400, 'time: missing unit in duration "300"'],
    [
      '/api/chat',
      `{"model":"m","messages":[${u}],"think":"lots"}`,
      400,
      'invalid think value: "lots" (must be "high", "medium", "low", "max", true, or false)',
    ],
    [
      '/api/chat',
      `{"model":"m","messages":[${u}],"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
      400,
      'exceeded max depth',
    ],
    ['/api/generate', '{"prompt":"x"}', 404, "model '' not found"],
    [
      '/api/generate',
      '{"model":"m","prompt":"x","context":[1.0]}',
      400,
      'json: cannot unmarshal number 1.0 into Go struct field GenerateRequest.context of type int',
    ],
    ['/api/embed', '{"model":"m","input":["a",5]}', 400, 'invalid input type'],
    [
      '/api/embed',
      '{"model":"m","input":"a","dimensions":"x"}',
      400,
      'json: cannot unmarshal string into Go struct field EmbedRequest.dimensions of type int',
    ],
    ['/api/embeddings', '{"prompt":"x"}', 400, 'model is required'],
    [V1, '', 400, 'EOF'],
    [
      V1,
      `{"model":"m","messages":[${u}],"seed":9223372036854775808}`,
      400,
      'json: cannot unmarshal number 9223372036854775808 into Go struct field ChatCompletionRequest.seed of type int',
    ],
    [
      V1,
      `{"model":"m","messages":[${u}],"temperature":"hot"}`,
      400,
      'json: cannot unmarshal string into Go struct field ChatCompletionRequest.temperature of type float64',
    ],
    [
      V1,
      `{"model":"m","messages":[${u}],"reasoning_effort":"lots"}`,
      400,
      'invalid reasoning value: "lots" (must be "minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none")',
    ],
    [V1, '{"model":"m","messages":[{"role":"user","content":null}]}', 400, 'invalid message content type: <nil>'],
    [
      '/v1/completions',
      '{"model":"m","prompt":["a"]}',
      400,
      'json: cannot unmarshal array into Go struct field CompletionRequest.prompt of type string',
    ],
    ['/v1/embeddings', '{"model":"m"}', 400, 'invalid input'],
    [
      '/api/chat',
      `{"model":"m","messages":[${u}],"priority":true}`,
      400,
      'priority must be a number or a string. It was true.',
    ],
    ['/api/chat', `{"model":"m","messages":[${u}],"Use_Cache":"no"}`, 400, 'use_cache must be a boolean. It was "no".'],
    [V1, `{"model":"m","messages":[${u}],"cache":{"no-cash":true}}`, 400, 'cache has an unknown field: no-cash.'],
  ];

  test('a wrong body is refused at once in Ollama’s words, even while it hangs, and runs nothing', async () => {
    const before = hearth.fake.calls.filter(({ method }) => method === 'POST').length;
    const silence = hearth.fake.instead(() => true, 'silence');
    const told = await Promise.all(
      REFUSED.map(async ([path, body]) => {
        const signal = AbortSignal.timeout(3000);
        const response = await hearth.post(path, body, { signal });
        const { error } = (await response.json()) as { error: string | { message: string } };
        return [path, body, response.status, typeof error === 'string' ? error : error.message];
      }),
    );
    expect(told).toEqual(REFUSED);
    expect(hearth.fake.calls.filter(({ method }) => method === 'POST').length).toBe(before);
    silence.release();
  });
});

test('a body that used to be refused, and ran, waits its turn: one slot, one run at a time', async () => {
  const models = [{ name: 'llama3.2', capabilities: ['completion', 'vision'] }];
  const hearth = await startHearth({ fake: { models, parallel: 20 }, config: { queue: { max_concurrent: 1 } } });
  const gate = hearth.fake.gate();
  const body = {
    model: 'llama3.2',
    stream: false,
    messages: [{ role: 'user', content: 'hi', images: ['iVBORw0K\nGgo='] }],
  };
  const first = hearth.post('/api/chat', { ...body, messages: [{ role: 'user', content: 'first' }] });
  await hearth.fake.until(({ active }) => active === 1);
  const others = Array.from({ length: 12 }, (_, i) =>
    hearth.post('/api/chat', { ...body, messages: [{ ...body.messages[0], content: `picture ${i}` }] }),
  );
  await expect.poll(() => hearth.backend.control.live().queue.queue_length).toBe(12);
  gate.release();
  const statuses = (await Promise.all([first, ...others])).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(hearth.fake.peak).toBe(1);
  await hearth.stop();
});
