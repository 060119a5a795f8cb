// A restart of the gateway inside the app, as a setting like the port asks for it: what was kept in memory is there
// afterwards, also where nothing may be written.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../backend/clock.ts';
import type { Health } from '../../../backend/contract/views/control.ts';
import { Legacy } from '../../../backend/legacy.ts';
import { startFakeOllama, type FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

let fake: FakeOllama;
let legacy: Legacy;
let hearth: Hearth;
let dataFolder: string;

/** A gateway after the one before has stopped, on another port. */
const next = async (persist: boolean, config: HearthOptions['config'] = {}): Promise<void> => {
  await hearth?.stop();
  hearth = await startHearth({ inFrontOf: fake, legacy, dataFolder, config: { ...config, cache: { persist } } });
};
const say = async (content: string): Promise<unknown> => {
  const response = await hearth.chat(content, { conversation_id: 'talk' });
  return [
    response.headers.get('x-cache'),
    ((await response.json()) as { conversation: { resumed: boolean } }).conversation.resumed,
  ];
};
const ask = async (): Promise<string | null> => (await hearth.chat('Why?')).headers.get('x-cache');

beforeEach(async () => {
  dataFolder = mkdtempSync(join(tmpdir(), 'hearth-data-'));
  fake = await startFakeOllama();
  legacy = new Legacy(systemClock, pino({ level: 'silent' }));
});
afterEach(async () => {
  await hearth.stop();
  legacy.database.close();
  await fake.stop();
  rmSync(dataFolder, { recursive: true, force: true });
});

test.each([
  ['with nothing written', [false, false]],
  ['with all of it on the disk', [true, true]],
  ['that begins to write', [false, true]],
  ['that ends to write', [true, false]],
])('%s: answers and conversations stay', async (_, [before = true, after = true]) => {
  await next(before);
  expect(await ask()).toBe('MISS');
  expect(await say('One.')).toEqual(['MISS', false]);
  await next(after);
  expect(await ask()).toBe('HIT');
  expect(await say('Two.')).toEqual(['MISS', true]);
  const { cache } = (await (await hearth.get('/health')).json()) as Health;
  expect(cache.entries).toBe(3);
  expect(cache.disk === undefined).toBe(!after);
  if (!before && !after) expect(readdirSync(dataFolder)).toEqual([]);
});

test('a notice stays the same while its state goes on, and is over when that has ended', async () => {
  const open = { server: { host: '0.0.0.0' } };
  await next(false, open);
  const [told] = legacy.board.list;
  expect(told).toMatchObject({ id: 'bind', until: null });
  await next(false, open);
  expect(legacy.board.list).toMatchObject([{ id: 'bind', since: told?.since, until: null }]);
  await next(false);
  expect(legacy.board.list).toMatchObject([{ id: 'bind', until: expect.any(String) }]);
});
