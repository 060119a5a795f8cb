// A Hearth whose Ollama is another Hearth, with a key: the inner one learns for whom it is asked and how urgent that is, as far as
// the key goes; who leaves outside ends inside; and that the inner one has no place is no failure of its machine.
import { afterEach, describe, expect, test } from 'vitest';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { commandLine } from '../../support/command-line.ts';
import type { RecordedCall } from '../../support/fake-ollama/fake-call.ts';
import { piecesOf } from '../../support/hearth.ts';
import { startBehind, type Behind, type BehindOptions } from '../../support/hearth-behind.ts';
import { startSeveral } from '../../support/several-machines.ts';

let behind: Behind;
const start = async (options: BehindOptions = {}): Promise<void> => {
  behind = await startBehind(options);
};
afterEach(() => behind.stop());

const APP = { 'user-agent': 'Notes/1.0' };
const BACKGROUND = { ...APP, 'x-queue-priority': 'background' };

describe('for whom it is asked', () => {
  test('is told to the inner one under the id that it has outside, where the key may go first', async () => {
    await start({ key: { high_priority: true } });
    const answer = await behind.outer.chat('one', {}, { headers: { ...BACKGROUND, 'x-request-id': 'asked-outside' } });
    expect(answer.status).toBe(200);
    await answer.text();
    const [request] = await behind.seen();
    expect(request).toMatchObject({ request_id: 'asked-outside', caller: 'outer: Notes/1.0', class: 'background' });
    await (await behind.outer.chat('two', {}, { headers: { ...APP, 'x-queue-priority': '-7' } })).text();
    expect((await behind.seen())[0]).toMatchObject({ class: 'interactive', class_by: 'the request' });
  });

  test('is not believed of a key that may not go first, and nor is that it is urgent', async () => {
    await start();
    await (await behind.outer.chat('one', {}, { headers: { ...APP, 'x-queue-priority': 'interactive' } })).text();
    expect((await behind.seen())[0]).toMatchObject({ caller: 'outer', class_by: 'default' });
    await (await behind.outer.chat('two', {}, { headers: BACKGROUND })).text();
    expect((await behind.seen())[0]).toMatchObject({ caller: 'outer', class: 'background', class_by: 'the request' });
  });

  test('goes with vectors and with what is handed on unread', async () => {
    await start({ key: { high_priority: true } });
    const headers = BACKGROUND;
    await (await behind.outer.post('/api/embed', { model: 'nomic-embed-text', input: 'a' }, { headers })).text();
    expect((await behind.seen())[0]).toMatchObject({ caller: 'outer: Notes/1.0', class: 'background' });
    const unread = { model: 'qwen2.5:0.5b', prompt: 'x', stream: false, width: 1 };
    await (await behind.outer.post('/api/generate', unread, { headers })).text();
    const [request] = await behind.seen();
    expect(request).toMatchObject({ model: 'qwen2.5:0.5b', caller: 'outer: Notes/1.0', class: 'background' });
  });

  test('is told to no Ollama, and no caller can say it for the outer one', async () => {
    await start({ key: { high_priority: true } });
    await (await behind.outer.chat('one', {}, { headers: { ...APP, 'x-hearth-caller': 'Another' } })).text();
    // A program of this machine may call itself as it likes, as by its User-Agent.
    expect((await behind.seen())[0]).toMatchObject({ caller: 'outer: Another' });
    const unread = { model: 'qwen2.5:0.5b', prompt: 'x', stream: false, width: 1 };
    await (await behind.outer.post('/api/generate', unread, { headers: { 'x-hearth-caller': 'Another' } })).text();
    for (const { headers } of behind.inner.fake.calls) {
      expect(headers).not.toHaveProperty('x-hearth-caller');
      expect(headers).not.toHaveProperty('x-queue-priority');
    }
  });
});

test('loads of its models are left to the inner one, and stand in its line once', async () => {
  await start();
  await (await behind.outer.chat('one')).text();
  expect(await behind.seen()).toHaveLength(1);
  expect(behind.inner.fake.loads).toHaveLength(1);
});

test('a kept answer of the inner one is not given to what is asked anew', async () => {
  await start({ inner: { cache: { drop_in: 'always' } } });
  const ask = async (more: object): Promise<void> => void (await (await behind.outer.chat('one', more)).text());
  await ask({});
  await ask({ cache: { 'no-cache': true } });
  expect((await behind.seen()).map(({ source }) => source)).toEqual(['bypass', 'miss']);
  await ask({ use_cache: false });
  expect((await behind.seen())[0]).toMatchObject({ source: 'bypass' });
  expect(behind.inner.fake.chats()).toHaveLength(3);
});

test('what an older answer may not do here, it may not do there', async () => {
  await start({ inner: { cache: { drop_in: 'always' } } });
  const ask = async (headers: Record<string, string>): Promise<void> =>
    void (await (await behind.outer.chat('one', {}, { headers })).text());
  await ask({});
  await behind.outer.post('/api/cache-stats', { action: 'clear' });
  await ask({ 'x-cache-control': 'max-age=1' });
  expect(behind.inner.fake.chats()).toHaveLength(2);
});

test('what two keys outside ask is not answered inside out of what the other asked', async () => {
  const first = addKey([], { name: 'anna', scopes: ['chat'] }, new Date(0));
  const second = addKey(first.keys, { name: 'bert', scopes: ['chat'] }, new Date(0));
  await start({
    inner: { cache: { drop_in: 'always' } },
    outer: { server: { api_keys: second.keys } },
  });
  for (const { secret } of [first, second]) {
    const headers = { authorization: `Bearer ${secret}` };
    await (await behind.outer.chat('one', {}, { headers })).text();
    await (await behind.outer.post('/api/embed', { model: 'nomic-embed-text', input: 'a' }, { headers })).text();
  }
  expect((await behind.seen()).map(({ source }) => source)).toEqual(['bypass', 'bypass', 'bypass', 'bypass']);
  expect(behind.inner.fake.chats()).toHaveLength(2);
});

test('a body that is handed on cannot say inside that it goes first, where it could not outside', async () => {
  const { secret, keys } = addKey([], { name: 'anna', scopes: ['chat'] }, new Date(0));
  await start({ key: { high_priority: true }, outer: { server: { api_keys: keys } } });
  const body = { model: 'llama3.2', input: 'x', tools: [{ type: 'web_search' }], priority: -50 };
  const headers = { authorization: `Bearer ${secret}` };
  await (await behind.outer.post('/v1/responses', body, { headers })).text();
  expect((await behind.seen())[0]).toMatchObject({ caller: 'outer: anna', class: 'normal' });
});

describe('who leaves outside ends inside', () => {
  test('while the model works there', async () => {
    await start();
    const gate = behind.inner.fake.gate();
    const caller = new AbortController();
    const left = behind.outer
      .chat('one', { stream: true }, { signal: caller.signal })
      .then((answer) => answer.text())
      .catch(() => 'left');
    await behind.inner.fake.until(({ active }) => active === 1);
    caller.abort();
    expect(await left).toBe('left');
    await behind.inner.fake.until(({ active }) => active === 0);
    expect((await behind.until('it ended', ([one]) => one?.status === 'cancelled'))[0]).toMatchObject({
      code: 'cancelled',
    });
    gate.release();
  });

  test('while it waits in the line there, and when it is cancelled by its id', async () => {
    await start({ inner: { queue: { max_concurrent: 1 } }, outer: { queue: { max_concurrent: 2 } } });
    const gate = behind.inner.fake.gate();
    const first = behind.inner.chat('before it');
    await behind.inner.fake.until(({ active }) => active === 1);
    const headers = { 'x-request-id': 'second' };
    const second = behind.outer.chat('one', {}, { headers });
    await behind.until('it waits inside', ([one]) => one?.request_id === 'second' && one.status === 'queued');
    await behind.outer.post('/api/requests/second/cancel', {});
    await behind.until('it ended inside', ([one]) => one?.request_id === 'second' && one.status === 'cancelled');
    expect((await second).status).toBe(499);
    gate.release();
    await (await first).text();
  });
});

test('where a request stands in the line there is told outside, in the queue and in its stream', async () => {
  await start({ inner: { queue: { max_concurrent: 1 } }, outer: { queue: { max_concurrent: 2 } } });
  const gate = behind.inner.fake.gate();
  const before = behind.inner.chat('before it');
  await behind.inner.fake.until(({ active }) => active === 1);
  const asked = behind.outer.chat('one', { stream: true });
  const running = async (): Promise<unknown> =>
    ((await (await behind.outer.get('/api/chat-queue')).json()) as { running: unknown[] }).running;
  await expect.poll(running).toMatchObject([{ phase: 'running', inner: { queue_position: 1 } }]);
  const { out } = await commandLine(['queue'], { env: { HEARTH_URL: behind.outer.url } });
  expect(out).toContain('number 1 in line at the Hearth behind');
  gate.release();
  const pieces = await piecesOf(await asked);
  const places = pieces.flatMap(({ queue }) => (queue as { inner?: { position: number } } | undefined)?.inner ?? []);
  expect(places[0]).toMatchObject({ position: 1 });
  expect(pieces.at(-1)).toMatchObject({ done: true });
  await (await before).text();
});

/** A look of the outer one, which went through the inner one. */
function isLookFromOutside({ path, headers }: RecordedCall): boolean {
  return path === '/api/version' && String(headers['via']).includes(',');
}

describe('that the inner one has no place', () => {
  const FULL = { inner: { queue: { max_concurrent: 1, max_queue_size: 1 } } } as const;

  /** Its slot and its line are taken. */
  async function filled(): Promise<() => Promise<void>> {
    const gate = behind.inner.fake.gate();
    const running = behind.inner.chat('one');
    await behind.inner.fake.until(({ active }) => active === 1);
    const waiting = behind.inner.chat('two');
    await behind.until('one waits', (all) => all.some(({ status }) => status === 'queued'));
    return async () => {
      gate.release();
      await Promise.all([(await running).text(), (await waiting).text()]);
    };
  }

  test('is told with when to come back, and is no failure of its machine', async () => {
    await start(FULL);
    const free = await filled();
    const looks = (): number => behind.inner.fake.calls.filter(isLookFromOutside).length;
    const before = looks();
    for (const content of ['a', 'b', 'c', 'd']) {
      const refused = await behind.outer.chat(content);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ code: 'queue_full', retryable: true });
    }
    expect(await (await behind.outer.get('/health')).json()).toMatchObject({
      status: 'healthy',
      upstream: { state: 'up', reachable: true },
    });
    // After a call that fails of itself one looks at once whether somebody is there.
    expect(looks()).toBeLessThan(before + 3);
    await free();
  });

  test('sends a request to another machine that has its model', async () => {
    await start(FULL);
    const free = await filled();
    const { inner, secret } = behind;
    const desktop = { name: 'desktop', url: inner.url, key: secret };
    const several = await startSeveral({ laptop: { priority: 2 } }, {}, [desktop]);
    expect(await several.ask('one')).toMatchObject({ status: 200, upstream: 'laptop' });
    expect((await several.seen())['desktop']).toMatchObject({ state: 'up', breaker: 'closed' });
    await several.stop();
    await free();
  });
});

test('an inner one whose own Ollama is away counts as away, and is found when that is back', async () => {
  await start();
  await behind.inner.fake.goDown();
  behind.inner.backend.control.lookAgain();
  await expect
    .poll(async () => (await (await behind.inner.get('/health')).json()) as object)
    .toMatchObject({ upstream: { reachable: false } });
  behind.outer.backend.control.lookAgain();
  const reason = expect.stringContaining(`Ollama is behind another Hearth at ${behind.inner.url}, which says`);
  await expect
    .poll(async () => (await (await behind.outer.get('/health')).json()) as object)
    .toMatchObject({ upstream: { reachable: false, reason, code: 'upstream_unreachable' } });
  await behind.inner.fake.comeBack();
  behind.inner.backend.control.lookAgain();
  await expect.poll(async () => (await behind.outer.chat('one')).status, { timeout: 20_000 }).toBe(200);
});
