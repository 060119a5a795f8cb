// Ollama goes away and comes back: what was accepted waits for it and runs, what comes meanwhile is refused at once, and
// nothing is asked again of which a caller has had a piece.
import { afterEach, expect, test } from 'vitest';
import { piecesOf, startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

/** For what has no event to wait for. */
const SOON = { timeout: 15_000 };

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth(options);
  await (await hearth.chat('load it')).text();
};
afterEach(() => hearth.stop());

/** It is looked for at once; that it is found by itself, the first test holds. */
const back = async (version?: string): Promise<void> => {
  await hearth.fake.comeBack(version);
  hearth.backend.control.lookAgain();
};

interface Entry {
  readonly request_id: string;
  readonly status: string;
  readonly queue_position: number;
  readonly estimated_wait_time: number;
  readonly waits_for?: string;
}

const line = async (): Promise<{ running: Entry[]; waiting: Entry[] }> =>
  (await (await hearth.get('/api/chat-queue')).json()) as { running: Entry[]; waiting: Entry[] };

const inLine = async (): Promise<number> => (await line()).waiting.length;

const withId = (id: string) => ({ headers: { 'x-request-id': id } });

test('those who wait, and the one that had not said anything yet, run when Ollama is back', async () => {
  await start();
  const gate = hearth.fake.gate();
  const running = hearth.chat('runs', {}, withId('runs'));
  await hearth.fake.until(({ active }) => active === 1);
  const stream = await hearth.chat('waits', { stream: true }, withId('waits'));
  await expect.poll(inLine, SOON).toBe(1);
  const dropIn = hearth.post('/api/chat', { model: 'llama3.2', messages: [{ role: 'user', content: 'x' }] });
  await expect.poll(inLine, SOON).toBe(2);
  const body = { messages: [{ role: 'user', content: 'job' }], requestId: 'job' };
  expect((await hearth.post('/api/chat-queue', body)).status).toBe(202);
  await hearth.fake.goDown();
  gate.release();

  await expect.poll(inLine, SOON).toBe(4);
  const { running: none, waiting } = await line();
  expect(none).toEqual([]);
  expect(waiting.map(({ request_id }) => request_id).filter((id) => id.length < 10)).toEqual(['runs', 'waits', 'job']);
  expect(waiting.map(({ queue_position }) => queue_position)).toEqual([1, 2, 3, 4]);
  expect(waiting.every(({ waits_for, status }) => waits_for === 'ollama' && status === 'queued')).toBe(true);
  expect(await (await hearth.get('/api/chat-queue?requestId=job')).json()).toMatchObject({
    status: 'queued',
    queue_position: 4,
    waits_for: 'ollama',
  });
  // The same question too: it is as new as any.
  for (const content of ['new', 'waits']) {
    const refused = await hearth.chat(content);
    expect(refused.status).toBeGreaterThanOrEqual(502);
    expect(await refused.json()).toMatchObject({ code: expect.stringMatching(/^upstream_unreachable|breaker_open$/) });
  }
  expect((await hearth.post('/api/chat-queue', { messages: body.messages })).status).toBeGreaterThanOrEqual(502);
  expect((await hearth.post('/api/embed', { model: 'nomic-embed-text', input: 'n' })).status).toBeGreaterThanOrEqual(
    502,
  );

  await hearth.fake.comeBack();
  expect((await running).status).toBe(200);
  const pieces = await piecesOf(stream);
  expect(pieces.some(({ queue }) => (queue as Partial<Entry> | undefined)?.waits_for === 'ollama')).toBe(true);
  expect(pieces.at(-1)).toMatchObject({ done: true, done_reason: 'stop' });
  expect((await dropIn).status).toBe(200);
  await expect
    .poll(async () => await (await hearth.get('/api/chat-queue?requestId=job')).json(), SOON)
    .toMatchObject({ status: 'completed' });
});

test('vectors outlive it too', async () => {
  await start();
  const gate = hearth.fake.gate();
  const embed = (input: string) => hearth.post('/api/embed', { model: 'nomic-embed-text', input });
  const first = embed('one');
  await hearth.fake.until(({ active }) => active === 1);
  const second = embed('two');
  await expect.poll(inLine, SOON).toBe(1);
  await hearth.fake.goDown();
  gate.release();
  await expect.poll(inLine, SOON).toBe(2);
  await back();
  for (const answer of await Promise.all([first, second])) {
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ embeddings: [expect.any(Array)] });
  }
});

test('what a caller has had a piece of is not asked again, and those behind it run', async () => {
  await start();
  hearth.fake.next({ pieces: ['half', 'whole'], pauseAfter: { pieces: 1, until: new Promise(() => undefined) } });
  const half = await hearth.chat('half', { stream: true });
  await hearth.fake.until(({ calls }) => calls.some(({ pieces }) => pieces === 1));
  const behind = hearth.chat('behind');
  await expect.poll(inLine, SOON).toBe(1);
  await hearth.fake.goDown();
  expect((await piecesOf(half)).at(-1)).toMatchObject({ done: true, code: 'upstream_failed' });
  expect((await line()).waiting).toMatchObject([{ queue_position: 1, waits_for: 'ollama' }]);
  await back();
  expect((await behind).status).toBe(200);
  const asked = hearth.fake.chats().filter(({ rawBody }) => rawBody.includes('"half"'));
  expect(asked).toHaveLength(1);
});

test.each([
  [502, 'text/html', '<html>Bad Gateway</html>'],
  [503, 'text/plain', 'no available server'],
  [504, 'text/html', ''],
])('a proxy that answers HTTP %i in its place is as good as nobody', async (status, type, body) => {
  await start();
  hearth.fake.next({ pieces: ['half', 'whole'], pauseAfter: { pieces: 1, until: new Promise(() => undefined) } });
  const half = await hearth.chat('half', { stream: true });
  await hearth.fake.until(({ calls }) => calls.some(({ pieces }) => pieces === 1));
  const waits = hearth.chat('waits');
  await expect.poll(inLine, SOON).toBe(1);
  const proxy = hearth.fake.instead(() => true, { status, headers: { 'content-type': type }, body });
  await hearth.fake.restart();
  await half.text();
  await expect.poll(async () => (await line()).waiting, SOON).toMatchObject([{ waits_for: 'ollama' }]);
  const refused = await hearth.chat('new');
  expect(refused.status).toBeGreaterThanOrEqual(502);
  expect(await refused.json()).toMatchObject({ code: expect.stringMatching(/^upstream_unreachable|breaker_open$/) });
  expect(await inLine()).toBe(1);
  proxy.release();
  hearth.backend.control.lookAgain();
  expect((await waits).status).toBe(200);
});

test('a proxy that says 502 to one that was let in: it may have run, and waits', async () => {
  await start();
  const proxy = hearth.fake.instead(() => true, { status: 502, body: 'Bad Gateway' });
  const runs = hearth.chat('runs');
  await expect.poll(async () => (await line()).waiting, SOON).toMatchObject([{ waits_for: 'ollama' }]);
  proxy.release();
  hearth.backend.control.lookAgain();
  expect((await runs).status).toBe(200);
});

test('nobody waits for it longer than queue.max_wait_ms', async () => {
  await start({ config: { queue: { max_wait_ms: 1000 } } });
  const gate = hearth.fake.gate();
  const running = hearth.chat('runs');
  await hearth.fake.until(({ active }) => active === 1);
  await hearth.fake.goDown();
  gate.release();
  const late = await running;
  expect(late.status).toBe(503);
  expect(await late.json()).toMatchObject({ code: 'queue_timeout', error: expect.stringContaining('Ollama') });
});

test('what Ollama fails at each time is asked three times, and no more', async () => {
  await start();
  hearth.fake.when(({ rawBody }) => rawBody.includes('poison'), { cutAfter: 0 });
  const answer = await hearth.chat('poison');
  expect(answer.status).toBe(502);
  expect(hearth.fake.chats().filter(({ rawBody }) => rawBody.includes('poison'))).toHaveLength(3);
  expect((await hearth.chat('next')).status).toBe(200);
});

test('a broken connection reveals a new version, which has no answers of the old one', async () => {
  await start();
  const kept = async (): Promise<unknown> => ((await (await hearth.chat('kept')).json()) as { source: unknown }).source;
  expect([await kept(), await kept()]).toEqual(['miss', 'hit']);
  hearth.fake.next({ pieces: ['a', 'b'], pauseAfter: { pieces: 1, until: new Promise(() => undefined) } });
  const half = await hearth.chat('half', { stream: true });
  await hearth.fake.until(({ calls }) => calls.some(({ pieces }) => pieces === 1));
  await hearth.fake.restart({ version: '9.9.9' });
  await half.text();
  expect(await kept()).toBe('miss');
  const { upstream } = (await (await hearth.get('/health')).json()) as { upstream: { version: string } };
  expect(upstream.version).toBe('9.9.9');
});

test('an answer is kept as one of the version that gave it, which may have come while it waited', async () => {
  await start();
  const gate = hearth.fake.gate();
  const runs = hearth.chat('runs');
  await hearth.fake.until(({ active }) => active === 1);
  const embed = (): Promise<Response> => hearth.post('/api/embed', { model: 'nomic-embed-text', input: 'text' });
  const waits = [hearth.chat('waits'), embed()];
  await expect.poll(inLine, SOON).toBe(2);
  await hearth.fake.goDown();
  gate.release();
  await expect.poll(inLine, SOON).toBe(3);
  await back('9.9.9');
  for (const answer of await Promise.all([runs, ...waits])) expect(answer.headers.get('x-cache')).toBe('MISS');
  for (const answer of [await hearth.chat('runs'), await hearth.chat('waits'), await embed()]) {
    expect(answer.headers.get('x-cache')).toBe('HIT');
  }
});
