// The promise: each request is found while it lives and after it, by whatever is known of it, with where its time went; and who
// may see it may end it. On real sockets.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  detailedRequestSchema,
  type DetailedRequest,
  requestListSchema,
  type RequestFact,
} from '../../../backend/contract/views/control.ts';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

const keyOf = (name: string) => addKey([], { name, scopes: ['chat'] }, new Date('2026-01-01T00:00:00Z'));
const a = keyOf('a');
const b = keyOf('b');
const showing = ({ secret }: { readonly secret: string }) => ({
  'x-forwarded-for': '203.0.113.7',
  authorization: `Bearer ${secret}`,
});

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth({ config: { server: { api_keys: [a.key, b.key] } } });
});
afterEach(() => hearth.stop());

/** Only Ollama can do this. */
const HANDED_ON = { model: 'llama3.2', input: 'x', tools: [{ type: 'web_search' }] };

type Headers = Record<string, string>;

const get = (path: string, headers: Headers = {}): Promise<Response> => fetch(hearth.url + path, { headers });

async function list(query = '', headers: Headers = {}): Promise<readonly RequestFact[]> {
  const response = await get(`/api/requests${query}`, headers);
  expect(response.status).toBe(200);
  return requestListSchema.parse(await response.json()).requests;
}

const ids = async (query = '', headers: Headers = {}): Promise<string[]> => (await list(query, headers)).map(({ request_id }) => request_id); // prettier-ignore

async function one(id: string): Promise<DetailedRequest> {
  const response = await get(`/api/requests/${id}`);
  expect(response.status).toBe(200);
  return detailedRequestSchema.parse(await response.json());
}

const named = (id: string, more: Headers = {}) => ({ headers: { 'x-request-id': id, ...more } });

async function ask(id: string, more: Headers = {}, body: object = {}): Promise<void> {
  await (await hearth.chat(id, body, named(id, more))).text();
}

/** The phases of a request add up to its whole; each is rounded by itself, and a delivery may go on after the end. */
function expectSum({ detail, total_ms }: DetailedRequest): void {
  const { first_token_ms: _moment, delivery_ms, ...spans } = detail?.phases ?? {};
  const sum = Object.values(spans).reduce<number>((all, ms) => all + (ms ?? 0), 0);
  expect(sum).toBeLessThanOrEqual(total_ms + 4);
  expect(sum + (delivery_ms ?? 0)).toBeGreaterThanOrEqual(total_ms - 4);
}

describe('where the time of a request went', () => {
  test('is told while it waits, while it runs and when it has ended', async () => {
    const gate = hearth.fake.gate();
    const first = ask('first');
    await hearth.fake.until(({ active }) => active === 1);
    const second = ask('second');
    await eventually('the second waits', async () => (await list('?status=queued')).length === 1);
    const waits = await one('second');
    expect(waits).toMatchObject({ status: 'queued', detail: { phases: { load_ms: null, prompt_ms: null } } });
    expect(waits.detail?.phases.place_ms).toBeGreaterThanOrEqual(0);
    expect(await one('first')).toMatchObject({
      status: 'processing',
      detail: { phases: { first_token_ms: null, generation_ms: null, delivery_ms: null } },
    });
    gate.release();
    await Promise.all([first, second]);
    const ended = await one('second');
    expect(ended).toMatchObject({
      status: 'completed',
      source: 'miss',
      load_ms: 0,
      prompt_tokens: expect.any(Number) as number,
    });
    expect(ended.detail).toMatchObject({ ended_with: 'stop', load: 'The model was loaded already.', shared_with: 0 });
    expectSum(ended);
    expect((await one('first')).detail?.phases.load_ms).toBeGreaterThan(0);
    expect(await ids()).toEqual(['second', 'first']);
  });

  test('of one that shares a run has its own waits, and the figures of the run', async () => {
    const gate = hearth.fake.gate();
    const body = { messages: [{ role: 'user', content: 'the same' }] };
    const send = async (id: string) => (await hearth.post('/api/chat-optimized', body, named(id))).text();
    const led = send('led');
    await hearth.fake.until(({ active }) => active === 1);
    const followed = send('followed');
    await eventually('both live', async () => (await list('?source=coalesced')).length === 1);
    gate.release();
    await Promise.all([led, followed]);
    const [leader, follower] = [await one('led'), await one('followed')];
    expect([leader.detail?.shared_with, follower.detail?.shared_with]).toEqual([1, 1]);
    expect(follower.detail?.tokens).toEqual(leader.detail?.tokens);
    expect(leader.detail?.tokens.answer).toBeGreaterThan(0);
    expectSum(follower);
    // A kept answer neither waits nor runs.
    await send('kept');
    expect(await one('kept')).toMatchObject({ source: 'hit' });
    expect(await one('kept')).not.toHaveProperty('detail');
  });

  test('tells the turn in a conversation, vectors, and what is handed on', async () => {
    const gate = hearth.fake.gate();
    const speak = async (id: string) => (await hearth.chat(id, { conversation_id: 'talk' }, named(id))).text();
    const speaks = speak('speaks');
    await hearth.fake.until(({ active }) => active === 1);
    const waits = speak('waits');
    await eventually(
      'it waits for its turn',
      async () => ((await list('?source=none'))[0]?.request_id ?? '') === 'waits',
    );
    expect((await one('waits')).detail?.phases).toMatchObject({
      turn_ms: expect.any(Number) as number,
      place_ms: null,
    });
    gate.release();
    await Promise.all([speaks, waits]);
    expect((await one('waits')).detail?.phases.turn_ms).toBeGreaterThan(0);
    const vectors = { model: 'nomic-embed-text', input: ['one', 'two'] };
    await (await hearth.post('/api/embed', vectors, named('vectors'))).text();
    expect(await one('vectors')).toMatchObject({
      prompt_tokens: expect.any(Number) as number,
      detail: { phases: { load_ms: expect.any(Number) as number, generation_ms: 0 } },
    });
    await (await hearth.post('/v1/responses', HANDED_ON, named('handed-on'))).text();
    expect((await one('handed-on')).detail).toMatchObject({
      phases: { prompt_ms: expect.any(Number) as number, delivery_ms: expect.any(Number) as number },
      tokens: { answer: null },
    });
  });
});

test('what was refused is found as failed, with the reason', async () => {
  await (await hearth.post('/api/chat', { model: 'nope', messages: [] }, named('no-model'))).text();
  await (
    await hearth.post('/v1/chat/completions', '{"model": 7}', named('no-sense', { 'user-agent': 'app/1' }))
  ).text();
  await (await hearth.chat('x', { cache: {} }, named('only', { 'x-cache-control': 'only-if-cached' }))).text();
  const failed = await list('?status=failed');
  expect(failed.map(({ request_id, code, source, model }) => [request_id, code, source, model])).toEqual([
    ['only', 'not_cached', 'none', 'llama3.2'],
    ['no-sense', 'invalid_request', 'none', ''],
    ['no-model', 'model_not_found', 'none', 'nope'],
  ]);
  expect(await ids('?q=not+found')).toEqual(['no-model']);
  expect((await one('no-model')).detail?.error).toContain('nope');
  // A key that is wrong stays at the front door.
  expect((await get('/api/requests', { ...showing(a), authorization: 'Bearer wrong' })).status).toBe(401);
  expect(await ids()).toHaveLength(3);
});

describe('the list', () => {
  test('is searched by several values and by words, page by page, each owner its own', async () => {
    await ask('a-1', { 'user-agent': 'aider/0.86' });
    await ask('c-2', { 'user-agent': 'Continue, the one' });
    await ask('d-3', showing(a));
    await ask('e-4', showing(b), { model: 'qwen2.5:0.5b' });
    expect(await ids('?app=aider/0.86&app=Continue,+the+one')).toEqual(['c-2', 'a-1']);
    // By the name that people see.
    expect(await ids('?app=Aider')).toEqual(['a-1']);
    expect(await ids('?app=aider', showing(a))).toEqual([]);
    expect(await ids('?q=QWEN&status=completed&source=miss&source=hit')).toEqual(['e-4']);
    expect(await ids('?model=llama3.2&class=normal&class=interactive')).toEqual(['d-3', 'c-2', 'a-1']);
    expect(await ids('?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00%2B02:00')).toEqual([]);
    expect(await ids('?q=', showing(a))).toEqual(['d-3']);
    expect(await ids('?app=b', showing(a))).toEqual([]);
    const page = requestListSchema.parse(await (await get('/api/requests?limit=3')).json());
    await ask('f-5');
    expect(await ids(`?limit=3&cursor=${page.next}`)).toEqual(['a-1']);
  });

  test.each([
    ['?apps=x', 'There is no parameter "apps" here. Did you mean app?'],
    ['?limit=0', 'limit must be at least 1. It was 0.'],
    ['?limit=501', 'limit must be at most 500. It was 501.'],
    ['?limit=many', 'limit must be a number. It was "many".'],
    ['?cursor=-1', 'cursor must be a number. It was "-1".'],
    ['?limit=1&limit=2', 'limit is there more than once. Send it once.'],
    ['?source=cache', 'source[0] must be "hit", "miss", "coalesced", "bypass" or "none". It was "cache".'],
    ['?from=yesterday', 'from must be a time like 2026-11-27T14:00:00Z. It was "yesterday".'],
    ['?app=', 'app[0] must have at least 1 characters. It was "".'],
  ])('refuses %s and says what is right', async (query, sentence) => {
    const response = await get(`/api/requests${query}`);
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'invalid_request', error: sentence }]);
  });
});

describe('ending a request', () => {
  const end = async (id: string, headers: Headers = {}): Promise<unknown[]> => {
    const response = await fetch(`${hearth.url}/api/requests/${id}/cancel`, { method: 'POST', headers });
    const { status, code = status, error } = (await response.json()) as Record<string, unknown>;
    return [response.status, code, ...(error === undefined ? [] : [error])];
  };

  test.each([
    ['a chat', '/api/chat', { model: 'llama3.2', messages: [{ role: 'user', content: 'x' }], stream: false }],
    ['what is handed on', '/v1/responses', HANDED_ON],
    ['vectors', '/api/embed', { model: 'nomic-embed-text', input: 'x' }],
  ])('works for %s, by its own caller', async (_name, path, body) => {
    const gate = hearth.fake.gate();
    const asked = hearth.post(path, body, named('mine', showing(a)));
    await eventually('it lives', async () => (await ids('', showing(a))).includes('mine'));
    const unknown = (id: string) => [404, 'request_not_found', `No request has the id "${id}".`];
    expect(await end('mine', showing(b))).toEqual(unknown('mine'));
    expect(await end('mine', showing(a))).toEqual([200, 'cancelled']);
    expect((await asked).status).toBe(499);
    gate.release();
    expect(await list('', showing(a))).toMatchObject([{ request_id: 'mine', status: 'cancelled', code: 'cancelled' }]);
    expect(await end('mine', showing(a))).toEqual([409, 'not_cancellable', '"mine" has already ended as cancelled.']);
    expect(await end('mine', showing(b))).toEqual(unknown('mine'));
    expect(await end('nobody')).toEqual(unknown('nobody'));
  });
});

test('the window sees the same without HTTP', async () => {
  await ask('seen', showing(a));
  await ask('agent', { 'user-agent': 'claude-cli/2.1.197 (external, cli)' });
  const { requests } = hearth.backend.control;
  expect((await requests.list({ app: ['a'], q: 'seen' })).requests).toMatchObject([{ request_id: 'seen' }]);
  // By what is seen in it, which is another name than the app has for itself.
  expect((await requests.list({ q: 'Claude Code' })).requests).toMatchObject([{ request_id: 'agent' }]);
  expect(requests.detail('seen')).toEqual(await one('seen'));
  expect(() => requests.cancel('seen')).toThrow('has already ended as completed');
  await expect(requests.list({ limit: 0 })).rejects.toThrow('limit must be at least 1');
});
