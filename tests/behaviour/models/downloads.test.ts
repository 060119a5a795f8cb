// Downloads of models by the gateway, in front of an Ollama that pulls as a real one does: in parts, kept when it breaks off.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PullView } from '../../../backend/contract/views/pull-view.ts';
import type { FakeOllama, RecordedCall } from '../../support/fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { deferred, reading } from '../../support/waiting.ts';

const GB = 1_000_000_000;
const registry = ['a', 'b', 'c'].map((name) => ({ name, size: GB }));

let folder: string;
let hearth: Hearth;
let started: Hearth[];
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth({ fake: { registry }, dataFolder: folder, ...options });
  started.push(hearth);
};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-pulls-'));
  started = [];
  await start();
});
afterEach(async () => {
  for (const each of started.toReversed()) await each.stop();
  rmSync(folder, { recursive: true });
});

const list = async (): Promise<PullView[]> =>
  ((await (await hearth.get('/api/pulls')).json()) as { pulls: PullView[] }).pulls;
const ask = async (model: string, more = {}): Promise<PullView> => {
  const answer = await hearth.post('/api/pulls', { model, ...more });
  expect(answer.status).toBe(202);
  return (await answer.json()) as PullView;
};
const cancel = (model: string): Promise<Response> =>
  fetch(`${hearth.url}/api/pulls?model=${encodeURIComponent(model)}`, { method: 'DELETE' });
const pulled = (fake: FakeOllama = hearth.fake): RecordedCall[] =>
  fake.calls.filter(({ path }) => path === '/api/pull');
/** The pull that is asked next comes so far and waits there. */
function stalling(at = 0.4 * GB): () => void {
  const { promise, resolve } = deferred();
  hearth.fake.nextPull({ stall: { at, until: promise } });
  return resolve;
}
const comes = async (completed = 0.4 * GB): Promise<void> => {
  await expect.poll(async () => (await list())[0]).toMatchObject({ completed, total: GB });
};

test('one after the other, told live; the model can be asked as soon as it is there', async () => {
  const release = stalling();
  const events = reading(await hearth.get('/api/events'));
  expect(await ask('a')).toMatchObject({ model: 'a', state: 'running', phase: 'looking' });
  expect(await ask('b')).toMatchObject({ model: 'b', state: 'waiting', phase: null });
  await comes();
  expect(await list()).toMatchObject([{ phase: 'downloading' }, { model: 'b', state: 'waiting' }]);
  await events.until((text) => /event: pulls\ndata: .*"completed":400000000/.test(text));
  release();
  await expect.poll(list).toEqual([]);
  await events.until((text) => text.includes('event: pulls\ndata: {"pulls":[]}'));
  await events.cancel();
  expect(pulled().map(({ body, outcome }) => [body, outcome])).toEqual([
    [{ model: 'a', stream: true }, 'done'],
    [{ model: 'b', stream: true }, 'done'],
  ]);
  expect((await hearth.chat('hello', { model: 'b' })).status).toBe(200);
});

test('pause and cancel close the connection to Ollama, and the same goes on from what came', async () => {
  stalling();
  await ask('a');
  await comes();
  expect(await ask('a', { paused: true })).toMatchObject({ state: 'paused', completed: 0.4 * GB });
  await expect.poll(() => pulled()[0]?.outcome).toBe('aborted');
  const release = stalling(0.6 * GB);
  expect(await ask('a')).toMatchObject({ completed: 0.4 * GB });
  await comes(0.6 * GB);
  release();
  await expect.poll(list).toEqual([]);
  stalling();
  await ask('b');
  await comes();
  expect(await (await cancel('B:latest')).json()).toEqual({ model: 'B:latest', removed: true });
  await expect.poll(() => pulled()[2]?.outcome).toBe('aborted');
  expect(await list()).toEqual([]);
  expect((await cancel('b')).status).toBe(404);
  expect((await hearth.post('/api/pulls', { model: 'no name' })).status).toBe(400);
  expect((await hearth.post('/api/pulls', { model: 'c', more: 1 })).status).toBe(400);
});

test('what cannot be had says so, and holds up nobody', async () => {
  hearth.fake.nextPull({ breaks: { at: 0.4 * GB, error: 'write /blobs/x: no space left on device' } });
  for (const model of ['a', 'nowhere', 'b']) await ask(model);
  await expect.poll(list).toMatchObject([
    { model: 'a', state: 'failed', completed: 0.4 * GB, error: 'The disk is full. Make room, then resume.' },
    { model: 'nowhere', state: 'failed', error: expect.stringContaining('There is no such model') },
  ]);
  expect(hearth.fake.calls.filter(({ path }) => path === '/api/pull')).toHaveLength(3);
  await ask('a');
  await expect.poll(list).toMatchObject([{ model: 'nowhere' }]);
});

test('an internet that is away for a while is waited for', async () => {
  const away = 'pull model manifest: Get "https://models.example/v2/": dial tcp: lookup models.example: no such host';
  hearth.fake.nextPull({ breaks: { at: 0.4 * GB, error: 'read tcp: connection reset by peer' } }, { unreached: away });
  await ask('a');
  await expect
    .poll(list, { timeout: 15_000 })
    .toMatchObject([{ state: 'waiting', error: expect.stringContaining('no such host') }]);
  await expect.poll(list, { timeout: 15_000 }).toEqual([]);
  expect(pulled()).toHaveLength(3);
});

test('an Ollama that is killed in the middle and comes back goes on by itself', async () => {
  stalling();
  await ask('a');
  await comes();
  await hearth.fake.goDown();
  await expect.poll(list).toMatchObject([{ state: 'waiting', error: expect.stringContaining('Ollama') }]);
  await hearth.fake.comeBack();
  await expect.poll(list, { timeout: 15_000 }).toEqual([]);
  await expect.poll(() => hearth.backend.control.live().models.map(({ name }) => name)).toContain('a:latest');
});

test('the line outlasts the gateway', async () => {
  stalling();
  for (const model of ['a', 'b', 'c']) await ask(model);
  await ask('b', { paused: true });
  await comes();
  const { fake } = hearth;
  await hearth.backend.stop();
  await expect.poll(() => pulled(fake)[0]?.outcome).toBe('aborted');
  const release = stalling(0.6 * GB);
  await start({ inFrontOf: fake });
  await comes(0.6 * GB);
  expect(await list()).toMatchObject([
    { model: 'a', state: 'running' },
    { model: 'b', state: 'paused' },
    { model: 'c' },
  ]);
  release();
  await expect.poll(list).toMatchObject([{ model: 'b', state: 'paused' }]);
});
