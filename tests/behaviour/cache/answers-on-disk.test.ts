// Answers, vectors and conversations survive a restart: they are told again as if nothing had happened, and what was cleared
// stays away.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CacheStats, Health } from '../../../backend/contract/views/control.ts';
import { startFakeOllama, type FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { piecesOf, startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

let fake: FakeOllama;
let hearth: Hearth;
let dataFolder: string;
const start = (config: HearthOptions['config'] = {}): Promise<Hearth> =>
  startHearth({ inFrontOf: fake, dataFolder, config: { ...config, cache: { drop_in: 'always', ...config.cache } } });
const restart = async (config?: HearthOptions['config']): Promise<void> => {
  await hearth.stop();
  hearth = await start(config);
};

beforeEach(async () => {
  dataFolder = mkdtempSync(join(tmpdir(), 'hearth-data-'));
  fake = await startFakeOllama();
  hearth = await start();
});
afterEach(async () => {
  await hearth.stop();
  await fake.stop();
  rmSync(dataFolder, { recursive: true, force: true });
});

const chat = { model: 'llama3.2', messages: [{ role: 'user', content: 'Why?' }], stream: false };
const asked = async (
  body: object = chat,
  path = '/api/chat',
): Promise<{ readonly headers: Headers; readonly body: unknown }> => {
  const response = await hearth.post(path, body);
  return { headers: response.headers, body: await response.json() };
};
const stats = async (): Promise<CacheStats> => (await (await hearth.get('/api/cache-stats')).json()) as CacheStats;
const act = async (action: string, data?: object): Promise<{ readonly removed: number }> =>
  (await (await hearth.post('/api/cache-stats', { action, data })).json()) as { removed: number };

describe('after a restart', () => {
  test('an answer is a hit in every header and word, and from then on comes from memory', async () => {
    const first = await asked();
    expect(first.headers.get('x-cache')).toBe('MISS');
    await restart();
    hearth.clock.forward(60_000);
    expect((await stats()).response_cache).toMatchObject({ total_entries: 0, disk: { entries: 1, max_size_mb: 1024 } });
    const hit = await asked();
    expect(hit.headers.get('x-cache')).toBe('HIT');
    expect(Number(hit.headers.get('age'))).toBeGreaterThanOrEqual(60);
    expect(hit.headers.get('cache-status')).toMatch(/^hearth; hit; ttl=35[34]\d$/);
    expect(hit.headers.get('x-cache-key')).toBe(first.headers.get('x-cache-key'));
    expect(hit.body).toMatchObject({ message: (first.body as { message: object }).message });
    // By the short way for a question that is known.
    expect((await asked()).headers.get('x-cache')).toBe('HIT');
    const { response_cache: cache } = await stats();
    expect(cache).toMatchObject({ total_entries: 1, hits: 2, misses: 0, disk: { entries: 1 } });
    expect(cache.time_saved_ms).toBeGreaterThan(0);
    expect(fake.chats()).toHaveLength(1);
    const { cache: shown } = (await (await hearth.get('/health')).json()) as Health;
    expect(shown.disk).toEqual(cache.disk);
  });

  test('a vector is a hit, and of several texts only the new one goes up', async () => {
    const embed = (...input: string[]) => asked({ model: 'nomic-embed-text', input }, '/api/embed');
    const first = await embed('a', 'b');
    await restart();
    const again = await embed('a', 'b', 'c');
    expect((again.body as { embeddings: number[][] }).embeddings.slice(0, 2)).toEqual(
      (first.body as { embeddings: number[][] }).embeddings,
    );
    expect(fake.embeds().map(({ body }) => body?.['input'])).toEqual([['a', 'b'], ['c']]);
  });

  test('a conversation goes on, unless it was deleted', async () => {
    const say = async (content: string, id: string): Promise<unknown> =>
      ((await (await hearth.chat(content, { conversation_id: id })).json()) as { conversation: unknown }).conversation;
    await say('One.', 'kept');
    await say('One.', 'deleted');
    expect((await fetch(`${hearth.url}/api/conversations/deleted`, { method: 'DELETE' })).status).toBe(200);
    await restart();
    expect(await (await hearth.get('/api/conversations/kept')).json()).toMatchObject({
      messages: [{ content: 'One.' }, {}],
    });
    expect((await hearth.get('/api/conversations/deleted')).status).toBe(404);
    expect((await stats()).conversation_cache).toMatchObject({ total_entries: 0, disk: { entries: 1 } });
    expect(await say('Two.', 'kept')).toEqual({ id: 'kept', resumed: true, messages: 4 });
    expect(await say('Two.', 'deleted')).toMatchObject({ resumed: false });
    expect(await act('clear_conversation_cache')).toMatchObject({ removed: 2 });
    await restart();
    expect((await hearth.get('/api/conversations/kept')).status).toBe(404);
  });

  test('nothing of what was cleared is told again, though it is told so far as it was not', async () => {
    const ask = async (content: string): Promise<string | null> => (await hearth.chat(content)).headers.get('x-cache');
    await ask('One?');
    await restart();
    await ask('Two?');
    expect(await act('clear')).toMatchObject({ removed: 2 });
    expect((await stats()).response_cache).toMatchObject({ total_entries: 0, disk: { entries: 0 } });
    expect(await ask('One?')).toBe('MISS');
    await restart();
    expect(await ask('One?')).toBe('HIT');
    expect(await ask('Two?')).toBe('MISS');
  });
});

test('an answer that memory has no room for is told from the disk', async () => {
  await restart({ cache: { max_size_mb: 0.1 } });
  fake.always({ pieces: ['x'.repeat(300_000)] });
  const stored = await asked();
  expect(stored.headers.get('cache-status')).toMatch(/; stored$/);
  for (const stream of [false, true, false]) {
    const response = await hearth.post('/api/chat', { ...chat, stream });
    expect(response.headers.get('x-cache')).toBe('HIT');
    const said = (await piecesOf(response)).map(({ message }) => (message as { content: string }).content).join('');
    expect(said).toHaveLength(300_000);
  }
  expect(fake.chats()).toHaveLength(1);
});

test('with cache.persist off nothing is written, and nothing is there after a restart', async () => {
  await restart({ cache: { persist: false } });
  await asked();
  expect((await stats()).response_cache.disk).toBeUndefined();
  await restart({ cache: { persist: false } });
  expect((await asked()).headers.get('x-cache')).toBe('MISS');
});
