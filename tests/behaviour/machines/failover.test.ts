// A machine goes away at each moment of a request: before anything of the answer was told another one serves it, once, with its
// age; after that it ends with an error, and nothing is asked twice. When the better machine is back, new requests go there.
import { afterEach, describe, expect, test } from 'vitest';
import { piecesOf } from '../../support/hearth.ts';
import { startSeveral, type MachineAsked, type Several } from '../../support/several-machines.ts';
import { deferred } from '../../support/waiting.ts';

let several: Several<string>;
const start = async (machines: Readonly<Record<string, MachineAsked>>, ollama: object = {}): Promise<void> => {
  several = await startSeveral(machines, { config: { ollama } });
};
afterEach(() => several.stop());

const TWO = { desktop: {}, laptop: { priority: 2 } } as const;
const asked = (name: string): number => several.on[name]?.chats().length ?? -1;

describe('before anything was told another machine serves it', () => {
  test('when the connection is refused', async () => {
    await start(TWO);
    // Nobody has noticed yet.
    await several.on['desktop']?.goDown();
    expect(await several.ask('one')).toMatchObject({ status: 200, upstream: 'laptop' });
    expect([asked('desktop'), asked('laptop')]).toEqual([0, 1]);
  });

  test('when the connection is reset before the first piece', async () => {
    await start(TWO);
    several.on['desktop']?.next({ cutAfter: 0 });
    expect(await several.ask('one')).toMatchObject({ status: 200, upstream: 'laptop' });
    expect([asked('desktop'), asked('laptop')]).toEqual([1, 1]);
    const shown = (await (await several.hearth.get('/api/requests?limit=1')).json()) as {
      requests: [{ request_id: string }];
    };
    const detail = await (await several.hearth.get(`/api/requests/${shown.requests[0].request_id}`)).json();
    expect(detail).toMatchObject({ detail: { upstream: 'laptop', moved_from: 'desktop' } });
  });

  test('when Ollama dies while the model works', async () => {
    await start(TWO);
    several.on['desktop']?.gate();
    const answer = several.hearth.chat('one', { stream: true });
    await several.on['desktop']?.until(({ active }) => active === 1);
    await several.on['desktop']?.goDown();
    const pieces = await piecesOf(await answer);
    expect(pieces.at(-1)).toMatchObject({ done: true });
    expect([asked('desktop'), asked('laptop')]).toEqual([1, 1]);
  });

  test('when it hangs: it takes the connection and says nothing, and nobody looks', async () => {
    await start(TWO, { connect_timeout_ms: 300 });
    several.on['desktop']?.hang(true);
    const began = performance.now();
    expect(await several.ask('one')).toMatchObject({ status: 200, upstream: 'laptop' });
    // Two seconds of silence and a look; the next look that is due anyway would be 15 s later.
    expect(performance.now() - began).toBeLessThan(8000);
    expect((await several.seen())['desktop']).toMatchObject({ state: 'down' });
    several.on['desktop']?.hang(false);
  });

  test('for vectors, and for what Hearth hands on unread', async () => {
    await start(TWO);
    const cutsAt = (path: string) => several.on['desktop']?.instead((call) => call.path === path, 'reset');
    cutsAt('/api/embed');
    const embedded = await several.hearth.post('/api/embed', { model: 'nomic-embed-text', input: 'a' });
    expect([embedded.status, embedded.headers.get('x-upstream')]).toEqual([200, 'laptop']);
    await embedded.text();
    await several.until('desktop', 'up');
    cutsAt('/api/generate');
    const unread = await several.hearth.post('/api/generate', {
      model: 'llama3.2',
      prompt: 'x',
      stream: false,
      width: 1,
    });
    expect([unread.status, unread.headers.get('x-upstream')]).toEqual([200, 'laptop']);
    await unread.text();
  });
});

test('who waits in the line of a machine that goes away moves on, and keeps its age', async () => {
  await start({ desktop: { slots: 1 }, laptop: { priority: 2, slots: 1 } });
  several.on['desktop']?.gate();
  const gate = several.on['laptop']?.gate();
  const waiting = Array.from({ length: 3 }, (_, i) => several.ask(`question ${i}`));
  await expect.poll(async () => (await several.seen())['desktop']?.waiting).toBe(2);
  await several.on['desktop']?.goDown();
  await expect.poll(async () => (await several.seen())['laptop']?.waiting).toBe(2);
  expect((await several.seen())['desktop']).toMatchObject({ waiting: 0, running: 0 });
  gate?.release();
  for (const answer of waiting) expect(await answer).toMatchObject({ status: 200, upstream: 'laptop' });
});

test('where no other machine has its model, a request waits until Ollama is back', async () => {
  await start({ desktop: {}, laptop: { priority: 2, ollama: { models: [{ name: 'qwen2.5:0.5b' }] } } });
  several.on['desktop']?.gate();
  const answer = several.ask('one');
  await several.on['desktop']?.until(({ active }) => active === 1);
  await several.on['desktop']?.restart();
  several.on['desktop']?.reset();
  expect(await answer).toMatchObject({ status: 200, upstream: 'desktop' });
});

test('a request that has told something ends with an error, and is asked nowhere again', async () => {
  await start(TWO);
  several.on['desktop']?.next({ pieces: ['one ', 'two ', 'three'], cutAfter: 2 });
  const pieces = await piecesOf(await several.hearth.chat('one', { stream: true }));
  expect(pieces.at(-1)).toMatchObject({ code: 'upstream_failed' });
  expect([asked('desktop'), asked('laptop')]).toEqual([1, 0]);
});

test('a request that two machines break off is asked no third time', async () => {
  await start({ desktop: {}, laptop: { priority: 2 }, nas: { priority: 3 } });
  several.on['desktop']?.always({ cutAfter: 0 });
  several.on['laptop']?.always({ cutAfter: 0 });
  expect((await several.ask('one')).status).toBe(502);
  // The second one may only have been started anew, so it is asked as often as a single one would be.
  expect([asked('desktop'), asked('nas')]).toEqual([1, 0]);
});

test('when the better machine is back new requests go there, and those that run stay', async () => {
  await start({ desktop: { away: true }, laptop: { priority: 2 } });
  const end = deferred();
  several.on['laptop']?.next({ pieces: ['a', 'b'], pauseAfter: { pieces: 1, until: end.promise } });
  const running = await several.hearth.chat('one', { stream: true });
  await several.on['laptop']?.until(({ active }) => active === 1);
  await several.on['desktop']?.comeBack();
  await several.until('desktop', 'up');
  expect(await several.ask('two')).toMatchObject({ upstream: 'desktop' });
  end.resolve();
  expect(running.headers.get('x-upstream')).toBe('laptop');
  expect((await piecesOf(running)).at(-1)).toMatchObject({ done: true });
  expect([asked('desktop'), asked('laptop')]).toEqual([1, 1]);
});
