// The promise: what an app asked can be asked again, on its route and as that app, and the model is asked anew; and it can be copied
// as a program that a real shell runs. On real sockets.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RequestList } from '../../../backend/contract/views/control.ts';
import type { AskedAgain, RequestBody } from '../../../backend/contract/views/request-body.ts';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

const run = promisify(execFile);
const keyFor = (name: string) => addKey([], { name, scopes: ['chat'] }, new Date('2026-01-01T00:00:00Z'));
const app = keyFor('app');
const other = keyFor('other');
const FROM_ELSEWHERE = { 'x-forwarded-for': '203.0.113.7' };
const APP = { ...FROM_ELSEWHERE, authorization: `Bearer ${app.secret}` };
const OTHER = { ...FROM_ELSEWHERE, authorization: `Bearer ${other.secret}` };
const server = { api_keys: [app.key, other.key] };

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth({ config: { server } });
});
afterEach(() => hearth.stop());

const json = async <T>(response: Response | Promise<Response>): Promise<T> => (await (await response).json()) as T;
const again = (id: string, headers = {}): Promise<Response> =>
  hearth.post(`/api/requests/${id}/again`, '', { headers });
const bodyOf = (id: string): Promise<RequestBody> => json(hearth.get(`/api/requests/${id}/body`));

/** Asks, and gives the id of the request once it is answered. */
async function ask(path: string, body: object, headers: Record<string, string> = {}): Promise<string> {
  const answer = await hearth.post(path, body, { headers });
  await answer.text();
  return answer.headers.get('x-request-id') ?? '';
}

/** The answer of a request that was asked again, once it is there. */
const answered = (id: string): Promise<RequestBody> =>
  eventually('it is answered', async () => {
    const body = await bodyOf(id);
    return body.answer !== null && body;
  });

const model = 'llama3.2';
const messages = [{ role: 'user', content: 'Why does "bread" rise?\n🍞' }];
const options = { temperature: 0 };
const ROUTES: readonly [path: string, body: object][] = [
  ['/api/chat-optimized', { messages }],
  ['/api/chat-queue', { messages, requestId: 'a-job' }],
  ['/api/chat', { model, messages, options, use_cache: true }],
  ['/api/generate', { model, prompt: 'Bread', options, stream: false }],
  ['/api/embed', { model: 'nomic-embed-text', input: 'Bread' }],
  ['/v1/chat/completions', { model, messages, temperature: 0, stream: true }],
  ['/v1/responses', { model, input: 'Bread', temperature: 0 }],
  ['/v1/messages', { model, max_tokens: 9, messages, temperature: 0 }],
  ['/v1/messages', { model, max_tokens: 9, messages, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
];

test.each(ROUTES)('%s %j is asked again with a row of its own, and the model anew', async (path, body) => {
  const id = path === '/api/chat-queue' ? 'a-job' : await ask(path, body, { 'user-agent': 'my-app/1' });
  if (id === 'a-job') {
    await ask(path, body, { 'user-agent': 'my-app/1' });
    const status = async () => (await json<{ status: string }>(hearth.get(`/api/requests/${id}`))).status;
    await expect.poll(status, { timeout: 20_000 }).toBe('completed');
  }
  // The first of all may load its model, and says then how long that is to stay.
  const asks = (): unknown[] =>
    [...hearth.fake.chats(), ...hearth.fake.embeds()].map((call) => [
      call.path,
      { ...(call.body as object), keep_alive: undefined },
    ]);
  const before = asks();
  expect(before).toHaveLength(1);
  const asked = await again(id);
  expect(asked.status).toBe(202);
  const { request_id } = await json<AskedAgain>(asked);
  const { request, answer } = await answered(request_id);
  expect(request?.path).toBe(path);
  expect(answer?.error).toBeUndefined();
  expect(answer?.text).not.toBe('');
  expect(asks()).toEqual([...before, ...before]);
  const { requests } = await json<RequestList>(hearth.get('/api/requests'));
  const [second, first] = requests;
  expect(second).toMatchObject({ request_id, caller: 'my-app/1', route: path, class: first?.class });
  // Its app wished nothing of the kind.
  expect(second?.missed).toBe(first?.missed === 'never-cached' ? 'never-cached' : 'run-again');
});

test('an app asks its own again and nobody else does; who manages Hearth asks as that app', async () => {
  const id = await ask('/api/chat', { model, messages }, APP);
  expect((await again(id, OTHER)).status).toBe(404);
  const { request_id } = await json<AskedAgain>(again(id));
  await answered(request_id);
  expect((await json<AskedAgain>(again(request_id, APP))).request_id).not.toBe(request_id);
  const { requests } = await json<RequestList>(hearth.get('/api/requests'));
  expect(requests.map(({ caller }) => caller)).toEqual(['app', 'app', 'app']);

  hearth.backend.configure(hearth.config({ server: { api_keys: [other.key] } }));
  const refused = await again(id);
  expect(refused.status).toBe(401);
  expect(await refused.text()).toContain('was revoked');
});

test('what is no longer there, or cannot be answered, says so at once', async () => {
  const id = await ask('/api/chat', { model, messages });
  hearth.fake.remove(`${model}:latest`);
  hearth.clock.forward(60_000);
  const missing = await again(id);
  expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('model_not_found') as string]);
  hearth.backend.configure(hearth.config({ log: { texts_memory_mb: 0 } }));
  const gone = await again(id);
  expect(gone.status).toBe(409);
  expect(await gone.json()).toMatchObject({
    code: 'text_not_kept',
    error: 'What this request asked is no longer there. Turn on "Watch closely" and let the app ask again.',
  });
  expect((await again('nobody')).status).toBe(404);
});

test('a request is copied without its keys, and a shell gets the same answer with it', async () => {
  const { control } = hearth.backend;
  const id = await ask('/api/chat', { model, messages, options, stream: false, api_key: 'abc' });
  const text = control.copy(id, 'curl');
  expect(text).toContain('"api_key":"********"');
  const { stdout } = await run('bash', ['-c', text]);
  expect(JSON.parse(stdout)).toMatchObject({ model, done: true });
  expect(hearth.fake.chats().at(-1)?.body).toMatchObject({ messages });

  const keyed = control.copy(await ask('/api/chat', { model, messages }, APP), 'curl');
  expect(keyed).toContain('Bearer YOUR_KEY');
  expect(keyed).not.toContain(app.secret);
  hearth.backend.configure(hearth.config({ server, log: { texts_memory_mb: 0 } }));
  expect(control.copy(id, 'python')).toContain('# What was asked is not kept: put your own text in place of "…".');
});
