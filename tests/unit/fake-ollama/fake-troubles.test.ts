// What can befall the fake Ollama, told apart as a client sees it: an answer that ends silently, a killed runner, a restart, a proxy in front.
// Deliberately against raw fetch, never through the gateway: a wrong fake would make right tests.
import { expect, it } from 'vitest';
import type { FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { fakesOfEachTest } from '../../support/fake-ollama/fakes-of-each-test.ts';
import { ask } from '../../support/transcripts.ts';

const start = fakesOfEachTest();

/** A chat with the first model, on the native or the OpenAI route. */
function say(fake: FakeOllama, stream: boolean, path = '/api/chat', more: object = {}): Promise<Response> {
  const body = { model: 'llama3.2', messages: [{ role: 'user', content: 'hi' }], stream, ...more };
  return fetch(fake.url + path, { method: 'POST', body: JSON.stringify(body) });
}

const V1 = '/v1/chat/completions';
const KILLED = 'an error was encountered while running the model: unexpected EOF';

/** The JSON values of NDJSON lines or of an event stream; `[DONE]` stays a text. */
const parts = (text: string): unknown[] =>
  text
    .split('\n')
    .map((line) => line.replace(/^data: /, ''))
    .filter((line) => line !== '')
    .map((line) => (line === '[DONE]' ? line : (JSON.parse(line) as unknown)));

it('ends silently when a word comes more than thirty times in a row, in every dialect', async () => {
  const fake = await start();
  fake.always({ pieces: ['a', ...Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? ' no' : 'no'))] });
  const lines = parts(await (await say(fake, true)).text());
  expect(lines).toHaveLength(32);
  expect(lines.at(-1)).toMatchObject({ message: { content: ' no' }, done: false });
  const whole = await say(fake, false);
  expect([whole.status, Object.keys((await whole.json()) as object)]).toEqual([
    200,
    ['model', 'created_at', 'message', 'done'],
  ]);
  const events = parts(await (await say(fake, true, V1)).text());
  expect(events).toHaveLength(32);
  expect(events.at(-1)).toMatchObject({ choices: [{ delta: { content: ' no' }, finish_reason: null }] });
  expect(await (await say(fake, false, V1)).json()).toMatchObject({
    choices: [{ finish_reason: null }],
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  });
});

it('lets thirty repetitions pass', async () => {
  const fake = await start();
  fake.next({ pieces: Array.from({ length: 31 }, () => 'no') });
  expect(parts(await (await say(fake, true)).text()).at(-1)).toMatchObject({ done: true, eval_count: 31 });
});

it('breaks off what a killed runner was saying, and loads anew for the next', async () => {
  const fake = await start({ parallel: 4 });
  const never = new Promise(() => undefined);
  fake.always({ pieces: ['one', 'two'], pauseAfter: { pieces: 1, until: never } });
  const replies = [say(fake, true), say(fake, false), say(fake, true, V1), say(fake, false, V1)];
  await fake.until(({ calls }) => calls.length === 4 && calls.every(({ pieces }) => pieces === 1));
  fake.killRunner('llama3.2');
  expect(fake.loaded()).toEqual([]);
  const [stream, whole, events, json] = await Promise.all(replies);
  expect(parts((await stream?.text()) ?? '')).toMatchObject([{ message: { content: 'one' } }, { error: KILLED }]);
  expect([whole?.status, await whole?.json()]).toEqual([500, { error: KILLED }]);
  expect(parts((await events?.text()) ?? '')).toMatchObject([
    { model: 'llama3.2', choices: [{ delta: { content: 'one' }, finish_reason: null }] },
    { model: '', choices: [{ delta: { content: '' }, finish_reason: null }] },
  ]);
  expect([json?.status, await json?.json()]).toMatchObject([500, { error: { message: KILLED, type: 'api_error' } }]);
  fake.always(undefined);
  expect((await say(fake, false)).status).toBe(200);
  expect(fake.loads).toHaveLength(2);
});

it('tells those who wait for a slot of a killed runner too, and leaves other runners alone', async () => {
  const fake = await start();
  const gate = fake.gate();
  const running = say(fake, true);
  const waiting = say(fake, true);
  const other = say(fake, false, '/api/chat', { model: 'qwen2.5:0.5b' });
  await fake.until(({ open, active }) => open === 3 && active === 2);
  fake.killRunner('llama3.2:latest');
  for (const reply of [running, waiting]) expect((await reply).status).toBe(500);
  gate.release();
  expect((await other).status).toBe(200);
  expect(fake.loaded().map(({ name }) => name)).toEqual(['qwen2.5:0.5b']);
});

it('restarts on the same port with nothing loaded, as another version when told so', async () => {
  const fake = await start();
  await (await say(fake, false)).text();
  // A connection of its own: one from before the restart is closed.
  const version = async (): Promise<unknown> =>
    JSON.parse((await ask(fake.url, { method: 'GET', path: '/api/version' })).text);
  await fake.restart({ downMs: 5, version: '0.34.1' });
  expect(await version()).toEqual({ version: '0.34.1' });
  expect(fake.loaded()).toEqual([]);
  await fake.restart();
  expect(await version()).toEqual({ version: '0.34.1' });
});

it('keeps a pin when the next request says nothing, and evicts the shortest-lived when full', async () => {
  const fake = await start({ maxLoaded: 2, models: ['a', 'b', 'c'].map((name) => ({ name })) });
  await (await say(fake, false, '/api/chat', { model: 'a', keep_alive: -1 })).text();
  await (await say(fake, false, '/api/chat', { model: 'a' })).text();
  for (const model of ['b', 'c']) await (await say(fake, false, '/api/chat', { model })).text();
  expect(fake.loaded().map(({ name }) => name)).toEqual(['a:latest', 'c:latest']);
});

it('shows the name that loaded the weights, not the one that uses them', async () => {
  const digest = 'd'.repeat(64);
  const fake = await start({
    models: [
      { name: 'first', digest },
      { name: 'second', digest },
    ],
  });
  for (const model of ['second', 'first']) await (await say(fake, false, '/api/chat', { model })).text();
  expect(fake.loads).toHaveLength(1);
  expect(fake.loaded()).toMatchObject([{ name: 'second:latest', model: 'second:latest', digest }]);
});

it('counts cached tokens only where a script gives them', async () => {
  const fake = await start();
  fake.next({ usage: { prompt_tokens: 40, completion_tokens: 2, cached_tokens: 32 } });
  const counted = (await (await say(fake, false)).json()) as object;
  expect(counted).toMatchObject({ prompt_eval_count: 40, prompt_eval_cached_count: 32 });
  expect((await (await say(fake, false)).json()) as object).not.toHaveProperty('prompt_eval_cached_count');
});

it('wants a key on every route when it has one', async () => {
  const fake = await start({ apiKey: 'secret' });
  const get = (authorization?: string): Promise<Response> =>
    fetch(`${fake.url}/api/version`, authorization === undefined ? {} : { headers: { authorization } });
  expect((await get()).status).toBe(401);
  expect((await get('Bearer wrong')).status).toBe(401);
  expect((await get('Bearer secret')).status).toBe(200);
  expect(await (await say(fake, false)).json()).toEqual({ error: 'unauthorized' });
});

it('is answered for by something else until the gate is released', async () => {
  const fake = await start();
  const page = { 'Content-Type': 'text/html', 'Retry-After': '7' };
  const busy = fake.instead(({ path }) => path === '/api/chat', { status: 503, headers: page, body: '<h1>busy</h1>' });
  const refused = await say(fake, true);
  expect([refused.status, refused.headers.get('retry-after'), await refused.text()]).toEqual([
    503,
    '7',
    '<h1>busy</h1>',
  ]);
  busy.release();
  expect((await say(fake, false)).status).toBe(200);
  fake.instead(({ path }) => path === '/api/tags', 'silence');
  const hung = fetch(`${fake.url}/api/tags`, { signal: AbortSignal.timeout(50) });
  await expect(hung).rejects.toThrow('timeout');
  fake.instead(({ path }) => path === '/api/version', 'reset');
  await expect(fetch(`${fake.url}/api/version`)).rejects.toThrow('fetch failed');
});

it('hands on what other servers say otherwise: arguments as a JSON text, an error that is null', async () => {
  const fake = await start();
  const call = { function: { name: 'f', arguments: '{"a":1}' } };
  fake.next({ pieces: [{ tool_calls: [call], extra: { error: null } }] });
  const [first] = parts(await (await say(fake, true, '/api/chat', { tools: [{ type: 'function' }] })).text());
  expect(first).toMatchObject({ message: { tool_calls: [call] }, error: null });
});
