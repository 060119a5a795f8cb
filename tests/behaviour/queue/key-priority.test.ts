// The promise: who calls from elsewhere waits no shorter than normal, however it asks, unless its key is for more. Asking
// to wait longer is free, and callers of this machine choose as they like. On every dialect, by header and by body.
import { afterEach, describe, expect, test } from 'vitest';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const plain = addKey([], { name: 'phone', scopes: ['chat'] }, NOW);
const urgent = addKey([], { name: 'boss', scopes: ['chat'], high_priority: true }, NOW);
const PAGE = 'http://pages.example';
const ELSEWHERE = { 'x-forwarded-for': '203.0.113.7' };
const bearer = (secret: string): Record<string, string> => ({ ...ELSEWHERE, authorization: `Bearer ${secret}` });

const messages = [{ role: 'user', content: 'Why?' }];
const DIALECTS: readonly [string, object][] = [
  ['/api/chat-optimized', { messages }],
  ['/api/chat-queue', { messages }],
  ['/api/chat', { model: 'llama3.2', messages, stream: false }],
  ['/api/generate', { model: 'llama3.2', prompt: 'Why?', stream: false }],
  ['/api/embed', { model: 'llama3.2', input: 'Why?' }],
  ['/v1/chat/completions', { model: 'llama3.2', messages }],
  ['/v1/completions', { model: 'llama3.2', prompt: 'Why?' }],
  ['/v1/responses', { model: 'llama3.2', input: 'Why?' }],
  ['/v1/messages', { model: 'llama3.2', messages, max_tokens: 50 }],
  ['/v1/embeddings', { model: 'llama3.2', input: 'Why?' }],
];

let hearth: Hearth;
const start = async (anonymous = false): Promise<void> => {
  hearth = await startHearth({
    config: {
      server: { api_keys: [plain.key, urgent.key], allow_anonymous: anonymous },
      cors: { allowed_origins: [PAGE] },
    },
  });
  hearth.backend.control.pause(true);
};
afterEach(() => hearth.stop());

interface Ask {
  readonly headers: Record<string, string>;
  readonly body?: object;
}

/** The class and number with which a request waits in the paused queue; then it is taken out. */
async function waitsWith(path: string, request: object, { headers, body }: Ask): Promise<string> {
  const { control } = hearth.backend;
  const answer = hearth.post(path, { ...request, ...body }, { headers });
  const entry = await eventually('one in line', () => control.live().queue.waiting[0], { everyMs: 2 });
  control.cancel(entry.request_id);
  await (await answer).text();
  return `${entry.class} ${entry.priority}`;
}

const CALLERS: readonly [string, Record<string, string>, boolean][] = [
  ['a key', bearer(plain.secret), false],
  ['a key that is shown on this machine', { authorization: `Bearer ${plain.secret}` }, false],
  ['a page from elsewhere', { origin: PAGE }, false],
  ['a key for it', bearer(urgent.secret), true],
  ['a program of this machine', {}, true],
  ['a page of this machine', { origin: 'http://localhost:3000' }, true],
];

describe.each(DIALECTS)('%s', (path, request) => {
  test.each(CALLERS)('%s', async (_who, headers, soon) => {
    await start();
    const word = (priority: string): Ask => ({ headers: { ...headers, 'x-queue-priority': priority } });
    const number = (priority: number): Ask => ({ headers, body: { priority } });
    expect(await waitsWith(path, request, word('high'))).toBe(soon ? 'interactive -1' : 'normal 0');
    expect(await waitsWith(path, request, word('interactive'))).toBe(soon ? 'interactive 0' : 'normal 0');
    expect(await waitsWith(path, request, number(-100))).toBe(soon ? 'interactive -100' : 'normal 0');
    expect(await waitsWith(path, request, number(0))).toBe('normal 0');
    expect(await waitsWith(path, request, word('low'))).toBe('background 1');
    expect(await waitsWith(path, request, number(7))).toBe('background 7');
  });
});

test('another machine that needs no key waits as long as others too', async () => {
  await start(true);
  const headers = { ...ELSEWHERE, 'x-queue-priority': 'high' };
  expect(await waitsWith('/api/chat-optimized', { messages }, { headers })).toBe('normal 0');
});
