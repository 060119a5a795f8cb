// Bad input gets the status and the sentence of the error table, and the process goes on serving.
import { request } from 'node:http';
import { fc } from '../../support/property.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wireErrorSchema, ERRORS } from '../../../backend/contract/errors.ts';
import { exchange, openWire } from '../../support/door.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let hearth: Hearth;
beforeAll(async () => {
  hearth = await startHearth();
});
afterAll(() => hearth.stop());

const user = { role: 'user', content: 'hi' };

/** A request with headers that fetch does not let one set. */
function raw(options: {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { body, ...rest } = options;
    const sent = request({ host: '127.0.0.1', port: hearth.backend.port, agent: false, ...rest }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function refused(response: Response): Promise<{ code: string; error: string; status: number }> {
  const body = wireErrorSchema.parse(await response.json());
  expect(response.status).toBe(ERRORS[body.code].status);
  expect(body.request_id).toBe(response.headers.get('x-request-id'));
  expect(body.retryable).toBe(ERRORS[body.code].retryable);
  return { code: body.code, error: body.error, status: response.status };
}

describe.each(['/api/chat-optimized', '/api/chat-queue'])('POST %s', (path) => {
  test.each<[string, unknown, RegExp]>([
    ['an empty body', '', /The body is empty/],
    ['broken JSON', '{"messages": [', /JSON/],
    ['an array', '[]', /must be an object|a JSON object|The list is empty/],
    ['no messages', {}, /^messages must be an array\. It is missing\.$/],
    ['messages of the wrong type', { messages: 'hi' }, /^messages must be an array\. It was "hi"\.$/],
    ['empty messages', { messages: [] }, /^messages must have at least one message\. It was \[\]\.$/],
    [
      'an unknown role',
      { messages: [{ role: 'robot', content: 'x' }] },
      /^messages\[0\]\.role must be "system", "user", "assistant" or "tool"\. It was "robot"\.$/,
    ],
    [
      'content that is no text',
      { messages: [{ role: 'user', content: 5 }] },
      /^messages\[0\]\.content must be a string/,
    ],
    ['no content', { messages: [{ role: 'user' }] }, /^messages\[0\]\.content must be a string\. It is missing\.$/],
    [
      'an image that is a path',
      { messages: [{ ...user, images: ['/etc/passwd'] }] },
      /^messages\[0\]\.images\[0\] must be base64/,
    ],
    [
      'a path that could be base64',
      { messages: [{ ...user, images: ['/etc/hosts12'] }] },
      /^messages\[0\]\.images\[0\] must be base64/,
    ],
    [
      'an image that is an address',
      { messages: [{ ...user, images: ['https://example.com/a.png'] }] },
      /must be base64/,
    ],
    ['stream of the wrong type', { messages: [user], stream: 'yes' }, /^stream must be a boolean\. It was "yes"\.$/],
    ['a priority out of range', { messages: [user], priority: 1000 }, /^priority must be at most 100\. It was 1000\.$/],
    ['a priority that is no whole number', { messages: [user], priority: 0.5 }, /^priority must be a whole number/],
    [
      'a format of the wrong type',
      { messages: [user], format: 5 },
      /^format must be "json", "" or an object\. It was 5\.$/,
    ],
    ['options of the wrong type', { messages: [user], options: [] }, /^options must be an object/],
    ['a format that is neither', { messages: [user], format: 'yaml' }, /^format must be/],
    ['a keep_alive that is no duration', { messages: [user], keep_alive: 'soon' }, /^keep_alive must be a duration/],
    ['an unknown cache wish', { messages: [user], cache: { 'no-cash': true } }, /^cache has an unknown field: no-cash/],
    [
      'an id that is too long',
      { messages: [user], conversation_id: 'x'.repeat(257) },
      /^conversation_id must have at most 256 characters\. It was/,
    ],
    ['a malformed requestId', { messages: [user], requestId: 'no spaces' }, /^requestId must be 1 to 128 characters/],
    ['JSON nested deeper than Go reads', nestedText(10_001), /nested more than 10000 levels/],
    [
      'a model that is not installed',
      { messages: [user], model: 'lama3.2' },
      /^Model "lama3\.2" is not installed\. Near: llama3\.2:latest.* To install it: ollama pull lama3\.2$/,
    ],
  ])('%s', async (_name, body, sentence) => {
    const { code, error } = await refused(await hearth.post(path, body));
    expect(error).toMatch(sentence);
    expect(code).toBe(/not installed/.test(error) ? 'model_not_found' : 'invalid_request');
  });

  test('headers that are out of range', async () => {
    const at = (headers: Record<string, string>): Promise<Response> =>
      hearth.post(path, { messages: [user] }, { headers });
    expect(await refused(await at({ 'x-stream-replay': 'fast' }))).toMatchObject({
      error: 'X-Stream-Replay must be smooth, instant, original. It was "fast".',
    });
  });

  test('an embedding-only model', async () => {
    const { code, error } = await refused(
      await hearth.post('/api/chat-optimized', { messages: [user], model: 'nomic-embed-text' }),
    );
    expect(code).toBe('invalid_request');
    expect(error).toContain('does not support chat');
  });
});

test('POST /api/cache-stats: an unknown action is answered with the valid ones', async () => {
  const { code, error } = await refused(await hearth.post('/api/cache-stats', { action: 'explode' }));
  expect(code).toBe('invalid_request');
  expect(error).toBe(
    'action must be one of clear, clear_response_cache, clear_conversation_cache, warm_model, unload_model, unload_idle, delete, reset_stats. It was "explode".',
  );
  expect(
    await refused(await hearth.post('/api/cache-stats', { action: 'delete', data: { key: 'xyz' } })),
  ).toMatchObject({ error: expect.stringContaining('key must be 16 to 64 hex digits') });
  expect(
    await refused(await hearth.post('/api/cache-stats', { action: 'warm_model', data: { model: 'nope' } })),
  ).toMatchObject({ code: 'model_not_found' });
});

describe('POST /api/cache-stats ignores no field, so that no more is done than was meant', () => {
  const model = 'qwen2.5:0.5b';
  test.each([
    ['a model beside the action', { action: 'unload_model', model }, /^The body has an unknown field: model\. .*data/],
    ['a model in other letters', { action: 'warm_model', Model: model }, /^The body has an unknown field: Model\./],
    ['a key beside the action', { action: 'delete', key: 'a'.repeat(16) }, /^The body has an unknown field: key\./],
    [
      'a model spelled wrong',
      { action: 'unload_model', data: { modle: model } },
      /^data has an unknown field: modle\.$/,
    ],
    [
      'an age for a warm-up',
      { action: 'warm_model', data: { older_than_s: 1 } },
      /^data has an unknown field: older_than_s/,
    ],
    [
      'a model for a cache of all',
      { action: 'clear_response_cache', data: { model } },
      /^data has an unknown field: model/,
    ],
    [
      'a model for conversations',
      { action: 'clear_conversation_cache', data: { model } },
      /^data has an unknown field: model/,
    ],
    ['a key to clear', { action: 'clear', data: { key: 'a'.repeat(16) } }, /^data has an unknown field: key/],
    ['a model to a reset', { action: 'reset_stats', data: { model } }, /^data has an unknown field: model/],
    [
      'a model beside the key',
      { action: 'delete', data: { key: 'a'.repeat(16), model } },
      /^data has an unknown field: model/,
    ],
    [
      'data that is a list',
      { action: 'clear', data: [model] },
      /^data must be an object\. It was \["qwen2\.5:0\.5b"\]\.$/,
    ],
    [
      'data that is a text',
      { action: 'reset_stats', data: model },
      /^data must be an object\. It was "qwen2\.5:0\.5b"\.$/,
    ],
  ])('%s', async (_name, body, sentence) => {
    await (await hearth.chat('stays')).text();
    const loaded = hearth.fake.loaded().map(({ name }) => name);
    const { code, error } = await refused(await hearth.post('/api/cache-stats', body));
    expect(code).toBe('invalid_request');
    expect(error).toMatch(sentence);
    expect(hearth.fake.loaded().map(({ name }) => name)).toEqual(loaded);
    expect(await (await hearth.chat('stays')).json()).toMatchObject({ source: 'hit' });
  });
});

test('POST /api/cache-stats reads any content type when no browser sent it', async () => {
  const sent = await fetch(`${hearth.url}/api/cache-stats`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: '{"action":"clear"}',
  });
  expect(await sent.json()).toMatchObject({ success: true, action: 'clear' });
});

test('a browser that sends something else than JSON is refused before the action', async () => {
  await (await hearth.chat('keep me')).text();
  const { status, body } = await raw({
    method: 'POST',
    path: '/api/cache-stats',
    headers: { origin: 'http://localhost:3000', 'content-type': 'text/plain' },
    body: '{"action":"clear"}',
  });
  expect(status).toBe(415);
  expect(JSON.parse(body)).toMatchObject({ code: 'unsupported_media_type' });
  expect(await (await hearth.chat('keep me')).json()).toMatchObject({ source: 'hit' });
});

test.each([
  ['another Host', { host: 'evil.com' }, 'host_not_allowed'],
  ['another Origin', { origin: 'https://evil.com' }, 'origin_not_allowed'],
  ['an Origin that only begins like ours', { origin: 'http://localhost.evil.com' }, 'origin_not_allowed'],
  ['the origin null', { origin: 'null' }, 'origin_not_allowed'],
])('%s is refused before any work', async (_name, headers, code) => {
  const before = hearth.fake.calls.length;
  const answer = await raw({
    method: 'POST',
    path: '/api/chat-optimized',
    headers: { 'content-type': 'text/plain', ...headers },
    body: JSON.stringify({ messages: [user] }),
  });
  expect(answer.status).toBe(403);
  expect(JSON.parse(answer.body)).toMatchObject({ code });
  expect(hearth.fake.calls.length).toBe(before);
});

test('a wrong method says which ones there are; an unknown path says which routes', async () => {
  const put = await fetch(`${hearth.url}/api/chat-optimized`, { method: 'PUT' });
  expect(put.headers.get('allow')).toBe('POST');
  expect(await refused(put)).toMatchObject({ status: 405, code: 'method_not_allowed' });
  expect(await refused(await hearth.get('/nothing'))).toMatchObject({ status: 404, code: 'not_found' });
  expect(await refused(await hearth.get('/%'))).toMatchObject({ code: 'not_found' });
});

test('a path that is not valid percent-encoding is the fault of who sent it, in every dialect', async () => {
  expect(await refused(await hearth.get('/api/conversations/%ff'))).toMatchObject({ code: 'invalid_request' });
  const openai = await hearth.get('/v1/models/%');
  expect([openai.status, await openai.json()]).toMatchObject([400, { error: { type: 'invalid_request_error' } }]);
});

test.each(['/api/events', '/api/chat-queue', '/api/chat-queue?requestId=job', '/health'])(
  'HEAD %s ends with its headers, though GET may be a stream without end',
  async (path) => {
    const gate = hearth.fake.gate();
    if (path.endsWith('job')) await hearth.post('/api/chat-queue', { messages: [user], requestId: 'job' });
    const { port } = hearth.backend;
    const lines = [
      `HEAD ${path} HTTP/1.1`,
      `Host: localhost:${port}`,
      'Accept: text/event-stream',
      'Connection: close',
    ];
    expect(await exchange(port, [...lines, '', ''].join('\r\n'))).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
    gate.release();
  },
  2000,
);

test('a body of 70 MB is refused with its size limit', async () => {
  const { code, error } = await refused(
    await hearth.post(
      '/api/chat-optimized',
      JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(70 * 1024 * 1024) }] }),
    ),
  );
  expect(code).toBe('too_large');
  expect(error).toContain('64 MB');
});

test('any body is answered with JSON and a status of the table, and the next request works', async () => {
  const anything = fc.anything({ withNullPrototype: false, withBigInt: false });
  const odd = fc.oneof(
    anything,
    fc.record({ messages: fc.oneof(anything, fc.array(anything, { maxLength: 3 })) }, { requiredKeys: [] }),
    fc.record(
      {
        messages: fc.constant([user]),
        model: anything,
        options: anything,
        format: anything,
        tools: anything,
        think: anything,
        keep_alive: anything,
        priority: anything,
        cache: anything,
        conversation_id: anything,
      },
      { requiredKeys: ['messages'] },
    ),
  );
  await fc.assert(
    fc.asyncProperty(odd, fc.constantFrom('/api/chat-optimized', '/api/cache-stats'), async (body, path) => {
      const response = await hearth.post(path, JSON.stringify(body) ?? '');
      const answer = (await response.json()) as { code?: string };
      if (response.status !== 200) expect(Object.keys(ERRORS)).toContain(answer.code);
      expect(answer.code).not.toBe('internal');
    }),
    { numRuns: 300 },
  );
  expect((await hearth.chat('still here')).status).toBe(200);
  expect(hearth.fake.active).toBe(0);
});

/** A chat with an unknown field that makes it so many levels deep. */
function nestedText(levels: number): string {
  return `{"messages":[{"role":"user","content":"hi"}],"x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
}

test.each(['/api/chat', '/v1/chat/completions', '/api/chat-queue'])(
  'POST %s: who is refused with all of its body keeps its connection',
  async (path) => {
    const { port } = hearth.backend;
    const wire = await openWire(port);
    const body = '{"model":7}';
    for (const times of [1, 2]) {
      wire.send(`POST ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      await wire.until(new RegExp(`(?:HTTP/1\\.1 400 .*?){${times}}`, 's'));
    }
    expect(wire.received).not.toMatch(/^connection: close/im);
    wire.socket.destroy();
  },
);
