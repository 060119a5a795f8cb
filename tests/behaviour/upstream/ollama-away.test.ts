// While Ollama is away, each way in which somebody can wait for it, and each way in which that can end.
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { startBackend } from '../../../backend/backend.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

/** For what has no event to wait for. */
const SOON = { timeout: 15_000 };

let hearth: Hearth;
const start = async (): Promise<void> => {
  hearth = await startHearth();
  await (await hearth.chat('load it')).text();
};
afterEach(() => hearth.stop());

/** It is looked for at once; that it is found by itself, ollama-restarts.test.ts holds. */
const back = async (): Promise<void> => {
  await hearth.fake.comeBack();
  hearth.backend.control.lookAgain();
};

interface Line {
  readonly running: readonly unknown[];
  readonly waiting: readonly { readonly waits_for?: string }[];
}

const line = async (): Promise<Line> => (await (await hearth.get('/api/chat-queue')).json()) as Line;

const inLine = async (): Promise<number> => (await line()).waiting.length;

const withId = (id: string) => ({ headers: { 'x-request-id': id } });

test('a job that was handed in just before anybody noticed waits too, and outlives a second kill', async () => {
  await start();
  await hearth.fake.goDown();
  const body = { messages: [{ role: 'user', content: 'job' }], requestId: 'job' };
  expect((await hearth.post('/api/chat-queue', body)).status).toBe(202);
  await expect.poll(async () => (await line()).waiting, SOON).toMatchObject([{ waits_for: 'ollama' }]);
  const gate = hearth.fake.gate();
  await back();
  await hearth.fake.until(({ active }) => active === 1, SOON.timeout);
  await hearth.fake.goDown();
  gate.release();
  await expect.poll(async () => (await line()).waiting, SOON).toMatchObject([{ waits_for: 'ollama' }]);
  await back();
  await expect
    .poll(async () => await (await hearth.get('/api/chat-queue?requestId=job')).json(), SOON)
    .toMatchObject({ status: 'completed' });
});

test('whose turn in a conversation comes while Ollama is away waits on', async () => {
  await start();
  const talk = { conversation_id: 'talk' };
  hearth.fake.next({ pieces: ['half', 'whole'], pauseAfter: { pieces: 1, until: new Promise(() => undefined) } });
  const half = await hearth.chat('half', { ...talk, stream: true });
  await hearth.fake.until(({ calls }) => calls.some(({ pieces }) => pieces === 1));
  const second = hearth.chat('second', talk);
  await expect.poll(inLine, SOON).toBe(1);
  const job = { messages: [{ role: 'user', content: 'third' }], requestId: 'job', ...talk };
  expect((await hearth.post('/api/chat-queue', job)).status).toBe(202);
  await hearth.fake.goDown();
  await half.text();
  await expect.poll(async () => (await line()).waiting[0], SOON).toMatchObject({ waits_for: 'ollama' });
  await back();
  expect((await second).status).toBe(200);
  await expect
    .poll(async () => await (await hearth.get('/api/chat-queue?requestId=job')).json(), SOON)
    .toMatchObject({ status: 'completed' });
});

test('a load that Ollama takes along is begun anew for all who wait for it', async () => {
  hearth = await startHearth({ config: { queue: { max_concurrent: 2 } } });
  const gate = hearth.fake.gateLoads();
  const both = [hearth.chat('one'), hearth.chat('two')];
  await expect.poll(async () => (await line()).running.length, SOON).toBe(2);
  await hearth.fake.until(({ loads }) => loads.length === 1);
  await hearth.fake.goDown();
  gate.release();
  await expect.poll(inLine, SOON).toBe(2);
  await back();
  expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
});

test('who waits for it may leave or be cancelled, and is told when Hearth stops', async () => {
  await start();
  const gate = hearth.fake.gate();
  const runs = hearth.chat('same', {}, withId('runs'));
  await hearth.fake.until(({ active }) => active === 1);
  const follows = hearth.chat('same');
  const leaver = new AbortController();
  const leaves = hearth.chat('leaves', {}, { signal: leaver.signal });
  await expect.poll(inLine, SOON).toBe(1);
  await hearth.fake.goDown();
  gate.release();
  await expect.poll(async () => (await line()).running, SOON).toEqual([]);
  expect(await inLine()).toBe(3);

  const cancelled = await fetch(`${hearth.url}/api/chat-queue?requestId=runs`, { method: 'DELETE' });
  expect([cancelled.status, (await runs).status]).toEqual([200, 499]);
  leaver.abort();
  await expect(leaves).rejects.toThrow();
  await expect.poll(inLine, SOON).toBe(1);
  const stopped = hearth.backend.stop();
  expect(await (await follows).json()).toMatchObject({ code: 'shutting_down' });
  await stopped;
});

test('a pause goes on when Ollama is back before its end', async () => {
  await start();
  const gate = hearth.fake.gate();
  const runs = hearth.chat('runs');
  await hearth.fake.until(({ active }) => active === 1);
  hearth.backend.control.pause(true);
  await hearth.fake.goDown();
  gate.release();
  await expect.poll(inLine, SOON).toBe(1);
  const before = hearth.fake.chats().length;
  await back();
  const up = async (): Promise<unknown> =>
    ((await (await hearth.get('/health')).json()) as { upstream: { state: unknown } }).upstream.state;
  await expect.poll(up, SOON).toBe('up');
  expect([await inLine(), hearth.fake.chats().length]).toEqual([1, before]);
  hearth.backend.control.pause(false);
  expect((await runs).status).toBe(200);
});

test('who comes before Ollama was ever there is refused, and served as soon as it is', async () => {
  await start();
  const { fake } = hearth;
  await fake.goDown();
  const other = await startBackend({
    config: hearth.config({}),
    log: pino({ level: 'silent' }),
    version: '0.0.0-test',
  });
  const ask = (): Promise<Response> =>
    fetch(`${other.url}/api/chat-optimized`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'early' }] }),
    });
  try {
    expect((await ask()).status).toBe(502);
    await fake.comeBack();
    expect((await ask()).status).toBe(200);
  } finally {
    await other.stop();
  }
});
