// The promise: no text of a prompt is in the log, at any level, unless log.requests is on: where a sentence quotes what
// somebody sent, the log has its type and length.
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../../../backend/contract/errors.ts';
import { foreign, quotation, sentence } from '../../../backend/contract/sentence.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

const SECRET = 'SECRET';
let hearth: Hearth;
const lines: string[] = [];
beforeAll(async () => {
  hearth = await startHearth({ log: pino({ level: 'trace' }, { write: (line) => void lines.push(line) }) });
});
afterAll(() => hearth.stop());

const model = 'llama3.2';
const user = { role: 'user', content: 'hi' };

/** Bodies with the secret at places where it is wrong, or where the answer quotes it. */
const BODIES: readonly [path: string, body: unknown, headers?: Record<string, string>][] = [
  ['/api/chat-optimized', { messages: [{ role: 'user', content: [{ type: 'text', text: SECRET }] }] }],
  ['/api/chat-optimized', { messages: SECRET }],
  ['/api/chat-optimized', { messages: [{ role: SECRET, content: 'x' }] }],
  ['/api/chat-optimized', { messages: [user], cache: { [SECRET]: true } }],
  ['/api/chat-optimized', { messages: [user], keep_alive: SECRET }],
  ['/api/chat-optimized', { messages: [user], model: `${SECRET} with spaces` }],
  ['/api/chat-optimized', { messages: [user] }, { 'x-queue-priority': SECRET }],
  ['/api/chat-optimized', { messages: [user] }, { 'x-stream-replay': SECRET }],
  ['/api/chat-queue', { messages: [user], requestId: `${SECRET} ${SECRET}` }],
  ['/api/chat-queue', `{"messages":["${SECRET}"`],
  ['/api/cache-stats', { action: SECRET }],
  ['/api/cache-stats', { action: 'clear', data: { [SECRET]: 1 } }],
  ['/api/chat', { model, messages: [user], keep_alive: SECRET }],
  ['/api/chat', { model, messages: [user], think: SECRET }],
  ['/api/chat', { model, messages: [user], stream: false, format: SECRET }],
  ['/api/chat', { model, messages: [user], stream: false, options: { temperature: SECRET } }],
  ['/api/chat', { model, messages: [user], priority: SECRET }],
  ['/api/chat', `{"model":"${model}","messages":[{"content":"${SECRET}"}]`],
  ['/v1/chat/completions', { model, messages: [user], reasoning_effort: SECRET }],
  ['/v1/embeddings', { model, input: 'x', encoding_format: SECRET }],
  ['/api/chat', { model, messages: [{ role: 'user', content: SECRET }], stream: false }],
];

describe('a secret that is sent', () => {
  test.each(BODIES)('%s %j', async (path, body, headers) => {
    lines.length = 0;
    await (await hearth.post(path, body, headers === undefined ? {} : { headers })).text();
    await expect.poll(() => lines.some((line) => line.includes(`"path":"${path}"`))).toBe(true);
    expect(lines.filter((line) => /secret/i.test(line))).toEqual([]);
  });

  test.each([
    ['refuses', { fail: { status: 400, error: `Unrecognized schema: {"type":"${SECRET}"}` } }],
    ['fails', { fail: { status: 500, error: `cannot go on after "${SECRET}"` } }],
    ['breaks off', { failAfter: { pieces: 1, error: `{"error":{"message":"near '${SECRET}'"}}` } }],
  ])('is not logged where Ollama %s with words that quote it', async (_how, script) => {
    lines.length = 0;
    hearth.fake.next(script);
    const answer = await (await hearth.post('/api/chat', { model, messages: [user], stream: true })).text();
    expect(answer).toContain(SECRET);
    await expect.poll(() => lines.some((line) => line.includes('"path":"/api/chat"'))).toBe(true);
    expect(lines.filter((line) => line.includes(SECRET))).toEqual([]);
  });

  test('its sender is told all the same, and the log says of what kind it was', async () => {
    lines.length = 0;
    const body = { messages: [{ role: 'user', content: [{ type: 'text', text: SECRET }] }] };
    expect(await (await hearth.post('/api/chat-optimized', body)).json()).toMatchObject({
      error: 'messages[0].content must be a string. It was [{"type":"text","text":"SECRET"}].',
    });
    await expect.poll(() => lines.join('')).toContain('messages[0].content must be a string. It was a list of 1 item.');
  });
});

test('both forms of a sentence', () => {
  const both = ({ told, logged }: { told: string; logged: string }): string[] => [told, logged];
  expect(both(sentence`${'x'} must be ${3}. It was ${quotation('ab')}.`)).toEqual([
    'x must be 3. It was "ab".',
    'x must be 3. It was a text of 2 characters.',
  ]);
  expect(quotation('a'.repeat(100)).told).toHaveLength(60);
  expect([null, 5, true, {}, { a: 1 }].map((value) => quotation(value).logged)).toEqual([
    'null',
    'a number',
    'a boolean',
    'an object of 0 fields',
    'an object of 1 field',
  ]);
  expect(foreign('the runner stopped').logged).toBe('the runner stopped');
  expect(foreign('time: invalid duration "soon"').logged).toBe('time: invalid duration … (in all 29 characters)');
  expect(foreign('json: cannot unmarshal number 42 into Go struct field A.b of type bool').logged).toBe(
    'json: cannot unmarshal number into Go struct field A.b of type bool',
  );
  const error = new AppError('invalid_request', sentence`It was ${quotation('ab')}.`);
  expect([error.message, error.logged]).toEqual(['It was "ab".', 'It was a text of 2 characters.']);
});
