// "Free VRAM": all models that nobody needs leave memory, in one step, and what stays is said.
import { afterEach, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { commandLine } from '../../support/command-line.ts';

let hearth: Hearth;
afterEach(() => hearth.stop());

test('idle models leave, whoever loaded them; what runs or is waited for stays and is told', async () => {
  const models = ['idle', 'busy', 'wanted', 'theirs'].map((name) => ({ name, size: 1_000_000_000 }));
  hearth = await startHearth({ fake: { models, maxLoaded: 4 }, config: { ollama: { model: 'idle' } } });
  for (const model of ['idle', 'wanted']) await (await hearth.chat('hello', { model })).text();
  const direct = { model: 'theirs', messages: [] };
  await (await fetch(`${hearth.fake.url}/api/chat`, { method: 'POST', body: JSON.stringify(direct) })).text();
  const gate = hearth.fake.gate();
  const under = [hearth.chat('now', { model: 'busy' })];
  await hearth.fake.until(({ active }) => active === 1);
  under.push(hearth.chat('later', { model: 'wanted' }));
  await expect.poll(() => hearth.backend.control.live().queue.waiting.length).toBe(1);

  const answer = await hearth.post('/api/cache-stats', { action: 'unload_idle' });
  expect(await answer.json()).toEqual({
    success: true,
    action: 'unload_idle',
    unloaded: expect.toSatisfy((names: string[]) => names.toSorted().join() === 'idle:latest,theirs:latest'),
    in_use: expect.toSatisfy((names: string[]) => names.toSorted().join() === 'busy:latest,wanted:latest'),
    freed_bytes: 2_000_000_000,
  });
  expect(
    hearth.fake
      .loaded()
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(['busy:latest', 'wanted:latest']);
  gate.release();
  for (const each of under) expect((await each).status).toBe(200);
  const run = (words: readonly string[]) => commandLine([...words, '--url', hearth.url]);
  expect((await run(['unload', '--idle'])).err).toMatch(/^Out of memory: .*busy:latest.*, 2.0 GB\.\n$/);
  expect((await run(['unload', '--idle'])).err).toBe('Nothing was to be unloaded.\n');
});

test('one that Ollama refuses keeps none of the others in memory, and is named', async () => {
  const models = ['a', 'b'].map((name) => ({ name, size: 1_000_000_000 }));
  hearth = await startHearth({ fake: { models, maxLoaded: 2 }, config: { ollama: { model: 'a' } } });
  for (const model of ['a', 'b']) await (await hearth.chat('hello', { model })).text();
  const refuses = (name: string) =>
    hearth.fake.instead(({ body }) => body?.['keep_alive'] === 0 && String(body['model']).startsWith(name), {
      status: 500,
      body: '{"error":"busy"}',
    });
  refuses('a');
  const free = (): Promise<Response> => hearth.post('/api/cache-stats', { action: 'unload_idle' });
  expect(await (await free()).json()).toMatchObject({ unloaded: ['b:latest'], in_use: [], refused: ['a:latest'] });
  expect(await (await free()).json()).toMatchObject({
    code: 'upstream_failed',
    error: expect.stringContaining('busy'),
  });
});
