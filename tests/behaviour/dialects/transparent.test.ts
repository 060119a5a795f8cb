// Who speaks to Ollama through Hearth gets what Ollama says: the same requests go once to it directly and once through the
// gateway with the cache off, and status, headers and bodies are compared, but for what must differ (times, ids, durations).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeOllama, type FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let hearth: Hearth;
/** Another fake of the same make, so that neither's state disturbs the other's. */
let direct: FakeOllama;
beforeAll(async () => {
  hearth = await startHearth({ config: { cache: { enabled: false } } });
  direct = await startFakeOllama();
});
afterAll(async () => {
  await hearth.stop();
  await direct.stop();
});

interface Sent {
  readonly method?: string;
  readonly path: string;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function send(base: string, { method = 'POST', path, body, headers = {} }: Sent): Promise<Response> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return await fetch(base + path, {
    method,
    redirect: 'manual',
    headers: { 'content-type': 'application/json', ...headers },
    ...(text === undefined ? {} : { body: text as string }),
  });
}

/** Headers of one connection or moment, and those that the gateway adds. */
const MAY_DIFFER = new Set([
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'vary',
  'age',
  'cache-status',
  'x-cache',
  'x-cache-key',
  'x-hearth',
  'x-queue-class',
  'x-request-id',
  'cache-control',
  'x-accel-buffering',
  'retry-after',
]);

const TIMES =
  /^(?:created_at|completed_at|created|id|expires_at|total_duration|load_duration|prompt_eval_duration|eval_duration)$/;
/** What the gateway adds to an error. */
const OURS = new Set(['code', 'request_id', 'retryable']);

function comparable(value: unknown, isError: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => comparable(each, false));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !(isError && OURS.has(name)))
      .map(([name, inner]) => [name, TIMES.test(name) ? typeof inner : comparable(inner, false)]),
  );
}

function linesOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const json = line.replace(/^data: /, '');
      if (json === '[DONE]' || !/^[[{]/.test(json)) return line;
      const value: unknown = JSON.parse(json);
      return comparable(value, typeof value === 'object' && value !== null && 'error' in value);
    });
}

async function seen(response: Response): Promise<object> {
  // Ollama names the charset of a refusal of /v1 when its middleware refuses and not when its route does; JSON has but one.
  const charset = response.status < 400 ? '' : /; charset=utf-8$/;
  const headers = [...response.headers]
    .filter(([name]) => !MAY_DIFFER.has(name))
    .map(([name, value]) => [name, value.replace(charset, '')]);
  return { status: response.status, headers, body: linesOf(await response.text()) };
}

const user = (content: string, more: object = {}): object => ({ role: 'user', content, ...more });
const chat = (more: object = {}): object => ({ model: 'llama3.2', messages: [user('Why is the sky blue?')], ...more });
const generate = (more: object = {}): object => ({ model: 'llama3.2', prompt: 'Why is the sky blue?', ...more });
const weather = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const REQUESTS: Record<string, Sent> = {
  'chat, streamed by default': { path: '/api/chat', body: chat() },
  'chat, whole': { path: '/api/chat', body: chat({ stream: false }) },
  'chat, null is not said': { path: '/api/chat', body: chat({ stream: null, options: null, format: null }) },
  'chat, fields in capitals': { path: '/api/chat', body: { Model: 'llama3.2', Messages: [user('hi')], STREAM: false } },
  'chat, by another spelling of the name': { path: '/api/chat', body: { ...chat(), model: 'LLAMA3.2:latest' } },
  'chat, cut short': { path: '/api/chat', body: chat({ options: { num_predict: 3 } }) },
  'chat, with thinking': { path: '/api/chat', body: chat({ model: 'deepseek-r1:8b' }) },
  'chat, with thinking, whole': { path: '/api/chat', body: chat({ model: 'deepseek-r1:8b', stream: false }) },
  'chat, without its thinking': { path: '/api/chat', body: chat({ model: 'deepseek-r1:8b', think: false }) },
  'chat, with tools': { path: '/api/chat', body: chat({ tools: [weather] }) },
  'chat, structured': { path: '/api/chat', body: chat({ format: 'json', stream: false }) },
  'chat, log probabilities': { path: '/api/chat', body: chat({ logprobs: true, top_logprobs: 2 }) },
  'chat, log probabilities, whole': { path: '/api/chat', body: chat({ logprobs: true, stream: false }) },
  'chat, with a picture': { path: '/api/chat', body: chat({ messages: [user('What is it?', { images: [PIXEL] })] }) },
  'chat, load': { path: '/api/chat', body: { model: 'llama3.2' } },
  'chat, load with an empty list': { path: '/api/chat', body: { model: 'llama3.2', messages: [] } },
  'chat, unload': { path: '/api/chat', body: { model: 'llama3.2', messages: [], keep_alive: 0 } },
  'generate, streamed by default': { path: '/api/generate', body: generate() },
  'generate, whole': { path: '/api/generate', body: generate({ stream: false }) },
  'generate, raw': { path: '/api/generate', body: generate({ raw: true }) },
  'generate, with context': { path: '/api/generate', body: generate({ context: [1, 2, 3], system: 'Be brief.' }) },
  'generate, with thinking': { path: '/api/generate', body: generate({ model: 'deepseek-r1:8b' }) },
  'generate, load': { path: '/api/generate', body: { model: 'llama3.2' } },
  'generate, unload': { path: '/api/generate', body: { model: 'llama3.2', keep_alive: 0 } },
  'embed, one text': { path: '/api/embed', body: { model: 'nomic-embed-text', input: 'a fire' } },
  'embed, several texts': {
    path: '/api/embed',
    body: { model: 'nomic-embed-text', input: ['a fire', 'a stove', 'a fire'] },
  },
  'embed, fewer dimensions': { path: '/api/embed', body: { model: 'nomic-embed-text', input: 'a', dimensions: 8 } },
  'embed, load': { path: '/api/embed', body: { model: 'nomic-embed-text' } },
  'embeddings, the old route': { path: '/api/embeddings', body: { model: 'nomic-embed-text', prompt: 'a fire' } },
  'embeddings, load': { path: '/api/embeddings', body: { model: 'nomic-embed-text' } },
  'no body': { path: '/api/chat', body: '' },
  'more behind the first value': { path: '/api/chat', body: `${JSON.stringify(chat())} {"model":"nope"} x` },
  'broken JSON': { path: '/api/chat', body: '{"model":' },
  'a list instead of an object': { path: '/api/generate', body: '[]' },
  'no model': { path: '/api/chat', body: { messages: [user('hi')] } },
  'no model to generate': { path: '/api/generate', body: { prompt: 'hi' } },
  'no model to embed': { path: '/api/embed', body: { input: 'hi' } },
  'messages of the wrong type': { path: '/api/chat', body: { model: 'llama3.2', messages: 'hi' } },
  'content that is a list': { path: '/api/chat', body: chat({ messages: [user('x', { content: ['a'] })] }) },
  'a model that is not there': { path: '/api/chat', body: chat({ model: 'nope' }) },
  'a model that is not there, generate': { path: '/api/generate', body: generate({ model: 'nope:7b' }) },
  'a model that is not there, embed': { path: '/api/embed', body: { model: 'nope', input: 'x' } },
  'a model that is not there, embed to load': { path: '/api/embed', body: { model: 'nope' } },
  'a model that is not there, the old route': { path: '/api/embeddings', body: { model: 'nope' } },
  'a name that can be none': { path: '/api/chat', body: chat({ model: 'llama 3.2' }) },
  'a name that can be none, generate': { path: '/api/generate', body: generate({ model: 'a/b/c/d' }) },
  'a name that can be none, embed': { path: '/api/embed', body: { model: 'nomic:', input: 'x' } },
  'a name that can be none, embed to load': { path: '/api/embed', body: { model: '-x' } },
  'a name that is kept on this machine': { path: '/api/chat', body: chat({ model: 'llama3.2:local' }) },
  'a name with a tag that is kept on this machine': {
    path: '/api/generate',
    body: generate({ model: 'Qwen2.5:0.5b:LOCAL' }),
  },
  'keep_alive without a unit': { path: '/api/chat', body: chat({ keep_alive: '300' }) },
  'keep_alive that is no time': { path: '/api/generate', body: generate({ keep_alive: true }) },
  'an option of the wrong type': { path: '/api/chat', body: chat({ options: { temperature: 'hot' } }) },
  'top_logprobs out of range': { path: '/api/chat', body: chat({ logprobs: true, top_logprobs: 21 }) },
  'a model that cannot think': { path: '/api/chat', body: chat({ think: true }) },
  'a model that cannot chat': { path: '/api/chat', body: chat({ model: 'nomic-embed-text' }) },
  'a format that is none': { path: '/api/chat', body: chat({ format: 'yaml' }) },
  'a picture that is a path': {
    path: '/api/chat',
    body: chat({ messages: [user('x', { images: ['./picture.png'] })] }),
  },
  'a picture that is a path of letters that base64 has': {
    path: '/api/chat',
    body: chat({ messages: [user('x', { images: ['/etc/passwd'] })] }),
  },
  'raw with a template': { path: '/api/generate', body: generate({ raw: true, template: 'x' }) },
  'input that is a number': { path: '/api/embed', body: { model: 'nomic-embed-text', input: 5 } },
  'a model that cannot embed': { path: '/api/embed', body: { model: 'llama3.2', input: 'x' } },
  'a model that cannot embed, the older way': { path: '/api/embeddings', body: { model: 'llama3.2', prompt: 'x' } },
  'a model that cannot embed, OpenAI': { path: '/v1/embeddings', body: { model: 'llama3.2', input: 'x' } },
  'a model that cannot write, generate': { path: '/api/generate', body: generate({ model: 'nomic-embed-text' }) },
  'a model that cannot write, OpenAI': { path: '/v1/chat/completions', body: chat({ model: 'nomic-embed-text' }) },
  'the list of models': { method: 'GET', path: '/api/tags' },
  'the version': { method: 'GET', path: '/api/version' },
  'one model': { path: '/api/show', body: { model: 'llama3.2' } },
  'one model that is not there': { path: '/api/show', body: { model: 'nope' } },
  'the greeting': { method: 'GET', path: '/' },
  'its headers alone': { method: 'HEAD', path: '/' },
  'the status': { method: 'GET', path: '/api/status' },
  'an unknown path': { method: 'GET', path: '/api/nothing' },
  'an unknown path under /v1': { path: '/v1/nothing', body: {} },
  'a wrong method': { method: 'GET', path: '/api/chat' },
  'an unclean path': { path: '//api/chat', body: chat() },
  'a pull': { path: '/api/pull', body: { model: 'llama3.2' } },
  'a copy': { path: '/api/copy', body: { source: 'llama3.2', destination: 'copied' } },
  'a deletion': { method: 'DELETE', path: '/api/delete', body: { model: 'copied' } },
  'a blob that is not there': { method: 'HEAD', path: `/api/blobs/sha256:${'0'.repeat(64)}` },
  'OpenAI chat': { path: '/v1/chat/completions', body: chat() },
  'OpenAI chat, streamed': { path: '/v1/chat/completions', body: chat({ stream: true }) },
  'OpenAI chat, with usage': {
    path: '/v1/chat/completions',
    body: chat({ stream: true, stream_options: { include_usage: true } }),
  },
  'OpenAI chat, with thinking': { path: '/v1/chat/completions', body: chat({ model: 'deepseek-r1:8b' }) },
  'OpenAI chat, with thinking, streamed': {
    path: '/v1/chat/completions',
    body: chat({ model: 'deepseek-r1:8b', stream: true }),
  },
  'OpenAI chat, without its thinking': {
    path: '/v1/chat/completions',
    body: chat({ model: 'deepseek-r1:8b', reasoning_effort: 'none' }),
  },
  'OpenAI chat, cut short': { path: '/v1/chat/completions', body: chat({ max_tokens: 2 }) },
  'OpenAI chat, structured': {
    path: '/v1/chat/completions',
    body: chat({ response_format: { type: 'json_object' } }),
  },
  'OpenAI chat, with a picture': {
    path: '/v1/chat/completions',
    body: chat({
      messages: [
        user('x', {
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
          ],
        }),
      ],
    }),
  },
  'OpenAI chat, a picture elsewhere': {
    path: '/v1/chat/completions',
    body: chat({ messages: [user('x', { content: [{ type: 'image_url', image_url: { url: 'https://x/y.png' } }] })] }),
  },
  'OpenAI chat, no messages': { path: '/v1/chat/completions', body: chat({ messages: [] }) },
  'OpenAI chat, a model that is not there': { path: '/v1/chat/completions', body: chat({ model: 'nope' }) },
  'OpenAI chat, a model that cannot use tools': {
    path: '/v1/chat/completions',
    body: chat({ model: 'deepseek-r1:8b', tools: [weather] }),
  },
  'OpenAI chat, load': { path: '/v1/chat/completions', body: chat({ messages: [user('x', { content: [] })] }) },
  'OpenAI chat, load, streamed': {
    path: '/v1/chat/completions',
    body: chat({ messages: [user('x', { content: [] })], stream: true }),
  },
  'OpenAI completion': { path: '/v1/completions', body: generate() },
  'OpenAI completion, load': { path: '/v1/completions', body: generate({ prompt: '' }) },
  'OpenAI completion, load, streamed': { path: '/v1/completions', body: { model: 'llama3.2', stream: true } },
  'OpenAI completion, load, with usage': {
    path: '/v1/completions',
    body: generate({ prompt: '', stream: true, stream_options: { include_usage: true } }),
  },
  'OpenAI embeddings': { path: '/v1/embeddings', body: { model: 'nomic-embed-text', input: ['a', 'b'] } },
  'OpenAI embeddings, base64': {
    path: '/v1/embeddings',
    body: { model: 'nomic-embed-text', input: 'a', encoding_format: 'base64' },
  },
  'OpenAI embeddings, nothing to embed': { path: '/v1/embeddings', body: { model: 'nomic-embed-text', input: [] } },
  'OpenAI embeddings, base64 in capitals': {
    path: '/v1/embeddings',
    body: { model: 'nomic-embed-text', input: 'a', encoding_format: 'Base64' },
  },
  'OpenAI embeddings, an empty text': { path: '/v1/embeddings', body: { model: 'nomic-embed-text', input: '' } },
  'OpenAI embeddings, a form that is none': {
    path: '/v1/embeddings',
    body: { model: 'nomic-embed-text', input: 'a', encoding_format: 'hex' },
  },
  'OpenAI chat, a name that can be none': { path: '/v1/chat/completions', body: chat({ model: 'llama 3.2' }) },
  'OpenAI models': { method: 'GET', path: '/v1/models' },
  'OpenAI, one model': { method: 'GET', path: '/v1/models/llama3.2:latest' },
  'OpenAI, one model as it is spelled': { method: 'GET', path: '/v1/models/LLAMA3.2' },
  'OpenAI, one model whose name can be none': { method: 'GET', path: '/v1/models/a%20b' },
  'OpenAI, one model that is not there': { method: 'GET', path: '/v1/models/nope' },
  'OpenAI responses': { path: '/v1/responses', body: { model: 'llama3.2', input: 'hi' } },
};

describe('the same request, directly and through the gateway, has the same answer', () => {
  test.each(Object.keys(REQUESTS))('%s', async (name) => {
    const sent = REQUESTS[name] as Sent;
    const expected = await seen(await send(direct.url, sent));
    expect(await seen(await send(hearth.url, sent))).toEqual(expected);
  });
});

describe('also when it goes wrong', () => {
  test('an error in the middle is the same last line', async () => {
    for (const fake of [direct, hearth.fake]) fake.next({ failAfter: { pieces: 2, error: 'the runner stopped' } });
    const expected = await seen(await send(direct.url, { path: '/api/chat', body: chat() }));
    expect(await seen(await send(hearth.url, { path: '/api/chat', body: chat() }))).toEqual(expected);
  });
});
