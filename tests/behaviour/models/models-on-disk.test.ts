// What the window can do with installed models: look at one closely, and delete one.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';

const LICENSE =
  '\n\n                                 Apache License\n                           Version 2.0, January 2004\n\n ...';

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth({
    fake: {
      models: [
        { name: 'm', license: LICENSE, details: { context_length: 40_960, embedding_length: 4096 } },
        { name: 'vectors', capabilities: ['embedding'], details: { context_length: 2048, embedding_length: 768 } },
      ],
    },
    config: { ollama: { model: 'm' }, models: { fast: { model: 'm' } } },
  });
});
afterEach(() => hearth.stop());

const as = (app: string, model: string): Promise<Response> =>
  hearth.chat(`${app} asks ${model}, `.repeat(20), { model }, { headers: { 'User-Agent': app } });

test('of a model is told its context, licence and speed, and who asks for it, by a profile too', async () => {
  for (const [app, model] of [
    ['one/1.0', 'm'],
    ['two/1.0', 'm:latest'],
    ['two/1.0', 'fast'],
  ] as const) {
    expect((await as(app, model)).status).toBe(200);
  }
  const { modelDetails } = hearth.backend.control;
  await expect.poll(async () => (await modelDetails('M')).used_by).toEqual(['two/1.0', 'one/1.0']);
  expect(await modelDetails('M')).toMatchObject({
    most_context: 40_960,
    vector_length: null,
    license: 'Apache License Version 2.0, January 2004',
    reads_tokens_per_s: expect.any(Number),
  });
  expect(await modelDetails('vectors')).toEqual({
    most_context: 2048,
    vector_length: 768,
    license: null,
    used_by: [],
    reads_tokens_per_s: null,
  });
  await expect(modelDetails('nowhere')).rejects.toMatchObject({ code: 'model_not_found' });
});

test('a model is unloaded before it is deleted, and is asked for no more', async () => {
  expect((await as('one/1.0', 'm')).status).toBe(200);
  await hearth.backend.control.removeModel('M:latest');
  const seen = hearth.fake.calls.map(({ kind, method, path }) => (kind === 'unload' ? kind : `${method} ${path}`));
  expect(seen.filter((call) => /unload|delete/.test(call))).toEqual(['unload', 'DELETE /api/delete']);
  expect(hearth.fake.loaded()).toEqual([]);
  await expect.poll(() => hearth.backend.control.live().models.map(({ name }) => name)).toEqual(['vectors:latest']);
  expect((await as('one/1.0', 'm')).status).toBe(404);
  await expect(hearth.backend.control.removeModel('m')).rejects.toMatchObject({ code: 'model_not_found' });
});
