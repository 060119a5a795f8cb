// Downloads in front of several Ollamas: each is for one of them, which is named or is the first that answers and may have it;
// the lists say where each model is, and so do the commands.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ModelView } from '../../../backend/contract/views/control.ts';
import type { PullView } from '../../../backend/contract/views/pull-view.ts';
import { commandLine } from '../../support/command-line.ts';
import { startSeveral, type Several } from '../../support/several-machines.ts';
import { deferred } from '../../support/waiting.ts';

const GB = 1_000_000_000;
const registry = ['a', 'b', 'llama-new'].map((name) => ({ name, size: GB }));

let several: Several<'desktop' | 'laptop'>;
beforeEach(async () => {
  several = await startSeveral({
    desktop: { models: ['llama*'], ollama: { registry, models: [{ name: 'llama3.2' }] } },
    laptop: { priority: 2, ollama: { registry, models: [{ name: 'llama3.2' }, { name: 'qwen2.5:0.5b' }] } },
  });
});
afterEach(() => several.stop());

const pulls = async (): Promise<PullView[]> =>
  ((await (await several.hearth.get('/api/pulls')).json()) as { pulls: PullView[] }).pulls;
const ask = async (model: string, upstream?: string): Promise<PullView & { error: string; code?: string }> =>
  (await (await several.hearth.post('/api/pulls', { model, upstream })).json()) as PullView & { error: string };
const pulled = (name: 'desktop' | 'laptop'): unknown[] =>
  several.on[name].calls
    .filter(({ path }) => path === '/api/pull')
    .map(({ body }) => (body as { model: string }).model);
/** The pull that is asked next on it waits until this is called. */
function stalling(name: 'desktop' | 'laptop'): () => void {
  const { promise, resolve } = deferred();
  several.on[name].nextPull({ stall: { at: 0.4 * GB, until: promise } });
  return resolve;
}
const models = async (): Promise<Record<string, ModelView['upstreams']>> => {
  const { out } = await command('models', 'list', '--json');
  const list = JSON.parse(out) as ModelView[];
  return Object.fromEntries(list.map(({ name, upstreams }) => [name, upstreams]));
};
const command = (...words: string[]): ReturnType<typeof commandLine> =>
  commandLine(words, { env: { HEARTH_URL: several.hearth.url }, columns: 200 });

test('a model is downloaded to the machine that is named, to both side by side', async () => {
  const [desktop, laptop] = [stalling('desktop'), stalling('laptop')];
  expect(await ask('llama-new', 'laptop')).toMatchObject({ upstream: 'laptop' });
  expect(await ask('llama-new', 'desktop')).toMatchObject({ upstream: 'desktop' });
  await expect.poll(pulls).toMatchObject([{ completed: 0.4 * GB }, { completed: 0.4 * GB }]);
  const cancel = (more: string) =>
    fetch(`${several.hearth.url}/api/pulls?model=llama-new${more}`, { method: 'DELETE' });
  const unclear = await cancel('');
  expect([unclear.status, await unclear.text()]).toEqual([400, expect.stringContaining('Name one of them')]);
  expect((await cancel('&upstream=desktop')).status).toBe(200);
  expect(await pulls()).toMatchObject([{ upstream: 'laptop' }]);
  laptop();
  desktop();
  await expect.poll(pulls).toEqual([]);
  // What has left the line is in the list of its machine.
  expect(await models()).toEqual({
    'llama3.2:latest': ['desktop', 'laptop'],
    'qwen2.5:0.5b': ['laptop'],
    'llama-new:latest': ['laptop'],
  });
});

test('without a name it goes to the first that answers and may be asked for it', async () => {
  expect(await ask('a')).toMatchObject({ upstream: 'laptop' });
  await expect.poll(pulls).toEqual([]);
  expect(await ask('llama-new')).toMatchObject({ upstream: 'desktop' });
  await expect.poll(pulls).toEqual([]);
  const handedOn = await several.hearth.post('/api/pull', { model: 'b', stream: false });
  expect([handedOn.status, handedOn.headers.get('x-upstream')]).toEqual([200, 'laptop']);
  await handedOn.text();
  expect([pulled('desktop'), pulled('laptop')]).toEqual([['llama-new'], ['a', 'b']]);
  expect(await ask('a', 'nas')).toMatchObject({
    code: 'invalid_request',
    error: expect.stringContaining('desktop, laptop'),
  });
  expect(await ask('a', 'desktop')).toMatchObject({ error: expect.stringContaining('may not be asked of desktop') });
});

test('one for a machine that is away waits for it, and the others go on', async () => {
  await several.on.desktop.goDown();
  await several.until('desktop', 'down');
  expect(await ask('llama-new', 'desktop')).toMatchObject({ upstream: 'desktop', state: 'waiting' });
  expect(await ask('a')).toMatchObject({ upstream: 'laptop' });
  await expect.poll(pulls).toMatchObject([{ upstream: 'desktop', state: 'waiting' }]);
  await several.on.desktop.comeBack();
  several.hearth.backend.control.lookAgain();
  await expect.poll(pulls).toEqual([]);
  expect(pulled('desktop')).toEqual(['llama-new']);
});

test('the commands download to a machine that is named, and say where each model is', async () => {
  const told = await command('models', 'pull', 'b', '--on', 'laptop');
  expect([told.code, told.err]).toEqual([0, expect.stringContaining('b is installed on laptop.')]);
  const wrong = await command('models', 'pull', 'b', '--on', 'nas');
  expect([wrong.code, wrong.err]).toEqual([expect.any(Number), expect.stringContaining('There are desktop, laptop.')]);
  expect(wrong.code).not.toBe(0);
  const { out } = await command('models', 'list');
  expect(out).toMatch(/^Model +On /m);
  expect(out).toMatch(/^llama3\.2:latest +desktop, laptop /m);
  expect(out).toMatch(/^b:latest +laptop /m);
});
