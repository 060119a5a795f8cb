// What is so across machines whatever is asked: each way to ask names the machine that answered, a conversation stays where its
// prompt is held, lists are those of all, and what was recorded is answered by none.
import { afterEach, expect, test } from 'vitest';
import { startSeveral, type MachineAsked, type Several } from '../../support/several-machines.ts';

let several: Several<string>;
const start = async (machines: Readonly<Record<string, MachineAsked>>): Promise<void> => {
  several = await startSeveral(machines);
};
afterEach(() => several.stop());

const LLAMA = { name: 'llama3.2' };
const QWEN = { name: 'qwen2.5:0.5b' };
const NOMIC = { name: 'nomic-embed-text' };

/** Loads llama3.2 on both, as somebody else would. */
async function loadedOnBoth(): Promise<void> {
  for (const fake of Object.values(several.on))
    await (await fetch(`${fake.url}/api/chat`, { method: 'POST', body: '{"model":"llama3.2"}' })).text();
}

test('whole or as a stream, each way to ask says in X-Upstream which machine answered', async () => {
  await start({ desktop: { ollama: { models: [LLAMA] } }, laptop: { priority: 2 } });
  const { hearth } = several;
  // Each asks something else: a kept answer is of no machine.
  const saying = (content: string): object => ({ messages: [{ role: 'user', content }] });
  const ways: readonly (readonly [string, (content: string) => object])[] = [
    ['/api/chat-optimized', saying],
    ['/api/chat', saying],
    ['/api/generate', (prompt) => ({ prompt })],
    ['/v1/chat/completions', saying],
    ['/v1/completions', (prompt) => ({ prompt })],
    ['/v1/responses', (input) => ({ input })],
    ['/v1/messages', (content) => ({ ...saying(content), max_tokens: 100 })],
  ];
  const said: unknown[] = [];
  for (const [model, machine] of [
    ['llama3.2', 'desktop'],
    ['qwen2.5:0.5b', 'laptop'],
  ] as const) {
    for (const [path, body] of ways) {
      for (const stream of [false, true]) {
        const answer = await hearth.post(path, { ...body(`${path} ${stream}`), model, stream });
        await answer.text();
        if (answer.status !== 200 || answer.headers.get('x-upstream') !== machine)
          said.push([path, stream, answer.status, answer.headers.get('x-upstream')]);
      }
    }
  }
  for (const path of ['/api/embed', '/api/embeddings', '/v1/embeddings']) {
    const answer = await hearth.post(path, { model: 'nomic-embed-text', input: 'a', prompt: 'a' });
    await answer.text();
    said.push(...(answer.headers.get('x-upstream') === 'laptop' ? [] : [[path, answer.status]]));
  }
  expect(said).toEqual([]);
});

test('the turns of a conversation stay on the machine that still holds its prompt', async () => {
  await start({ desktop: { slots: 1 }, laptop: { slots: 1, weight: 2 } });
  const { hearth, on } = several;
  await loadedOnBoth();
  await expect
    .poll(() => (hearth.backend.control.lookAgain(), several.seen()))
    .toMatchObject({ desktop: { loaded: ['llama3.2:latest'] }, laptop: { loaded: ['llama3.2:latest'] } });
  const gate = on['laptop']?.gate();
  const busy = several.ask('something short');
  await on['laptop']?.until(({ active }) => active === 1);
  const first = {
    role: 'user',
    content: `Of whom does this tell? ${'A long story of a king and a fool. '.repeat(200)}`,
  };
  const told = await several.ask('', { messages: [first] });
  expect(told).toMatchObject({ status: 200, upstream: 'desktop' });
  gate?.release();
  expect(await busy).toMatchObject({ upstream: 'laptop' });
  const { content } = (told.body as { message: { content: string } }).message;
  const messages = [first, { role: 'assistant', content }, { role: 'user', content: 'And then?' }];
  expect(await several.ask('', { messages })).toMatchObject({ upstream: 'desktop' });
  expect(await several.ask('another question')).toMatchObject({ upstream: 'laptop' });
});

test('the lists are those of all machines that answer', async () => {
  await start({
    desktop: { ollama: { models: [LLAMA, QWEN] } },
    laptop: { priority: 2, ollama: { models: [LLAMA, NOMIC] } },
  });
  const { hearth, on } = several;
  await loadedOnBoth();
  const names = async (path: string): Promise<string[]> =>
    ((await (await hearth.get(path)).json()) as { models: { name: string }[] }).models.map(({ name }) => name);
  expect(await names('/api/tags')).toEqual(['llama3.2:latest', 'qwen2.5:0.5b', 'nomic-embed-text:latest']);
  expect(await names('/api/ps')).toEqual(['llama3.2:latest', 'llama3.2:latest']);
  // One that breaks off its list costs the others nothing.
  const broken = on['desktop']?.instead(({ path }) => path === '/api/tags', { status: 500 });
  expect(await names('/api/tags')).toEqual(['llama3.2:latest', 'nomic-embed-text:latest']);
  broken?.release();
  await on['desktop']?.goDown();
  await several.until('desktop', 'down');
  expect(await names('/api/tags')).toEqual(['llama3.2:latest', 'nomic-embed-text:latest']);
  expect(await names('/api/ps')).toEqual(['llama3.2:latest']);
});

test('what was recorded on one machine is replayed without any', async () => {
  await start({ desktop: {}, laptop: { priority: 2 } });
  const { hearth, on } = several;
  const mode = (word: string) => ({ headers: { 'x-hearth-mode': word } });
  const recorded = await hearth.chat('one', {}, mode('record'));
  expect(recorded.headers.get('x-upstream')).toBe('desktop');
  const { message } = (await recorded.json()) as { message: unknown };
  for (const name of ['desktop', 'laptop'] as const) {
    await on[name]?.goDown();
    await several.until(name, 'down');
  }
  const replayed = await hearth.chat('one', {}, mode('replay'));
  expect([replayed.status, replayed.headers.get('x-upstream')]).toEqual([200, null]);
  expect(await replayed.json()).toMatchObject({ message });
  const unknown = await hearth.chat('two', {}, mode('replay'));
  expect(unknown.status).toBe(504);
  await unknown.text();
});
