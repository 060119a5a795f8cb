// Several machines: each request goes to one that has its model, by priority, by what is loaded, and by how much is to do
// there; what one has answered is kept for all that have the same model and version.
import { afterEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../../backend/cli/doctor/finding.ts';
import { commandLine } from '../../support/command-line.ts';
import { piecesOf, startHearth } from '../../support/hearth.ts';
import { figuresOf } from '../../support/metrics.ts';
import { startSeveral, type MachineAsked, type Several } from '../../support/several-machines.ts';

let several: Several<string>;
const start = async (
  machines: Readonly<Record<string, MachineAsked>>,
  options: Parameters<typeof startSeveral>[1] = {},
): Promise<void> => {
  several = await startSeveral(machines, options);
};
afterEach(() => several.stop());

const LLAMA = { name: 'llama3.2' };
const NOMIC = { name: 'nomic-embed-text' };
const QWEN = { name: 'qwen2.5:0.5b' };

describe('a request goes', () => {
  test('to the machine of the best priority, also where another has its model loaded', async () => {
    await start({ laptop: { priority: 2 }, desktop: { priority: 1 } });
    await several.hearth.fake.until(() => true);
    await fetch(`${several.on['laptop']?.url}/api/chat`, { method: 'POST', body: '{"model":"llama3.2"}' });
    expect(await several.ask('one')).toMatchObject({ status: 200, upstream: 'desktop' });
  });

  test('of the same priority to the one that has the model loaded', async () => {
    await start({ desktop: {}, laptop: { ollama: { models: [{ ...LLAMA, loadMs: 300 }] } } });
    await fetch(`${several.on['laptop']?.url}/api/chat`, { method: 'POST', body: '{"model":"llama3.2"}' });
    several.hearth.backend.control.lookAgain();
    await expect.poll(async () => (await several.seen())['laptop']?.loaded).toEqual(['llama3.2:latest']);
    expect(await several.ask('one')).toMatchObject({ upstream: 'laptop' });
    expect(several.on['desktop']?.loads).toEqual([]);
  });

  test('to a machine that has its model, whatever the priority', async () => {
    await start({ desktop: { ollama: { models: [LLAMA] } }, laptop: { priority: 9, ollama: { models: [QWEN] } } });
    expect(await several.ask('one', { model: 'qwen2.5:0.5b' })).toMatchObject({ status: 200, upstream: 'laptop' });
  });

  test('never to a machine whose patterns do not name its model', async () => {
    await start({ desktop: { models: ['qwen*'] }, laptop: { priority: 2 } });
    expect(await several.ask('one')).toMatchObject({ upstream: 'laptop' });
    expect(await several.ask('one', { model: 'qwen2.5:0.5b' })).toMatchObject({ upstream: 'desktop' });
  });

  test('of two that are equal to the one with less to do, for its weight', async () => {
    await start({ desktop: {}, laptop: { weight: 2 } });
    const gates = [several.on['desktop']?.gate(), several.on['laptop']?.gate()];
    const first = several.hearth.chat('one');
    await several.on['laptop']?.until(({ active }) => active === 1);
    const second = several.hearth.chat('two');
    await several.on['desktop']?.until(({ active }) => active === 1);
    for (const gate of gates) gate?.release();
    expect((await first).headers.get('x-upstream')).toBe('laptop');
    expect((await second).headers.get('x-upstream')).toBe('desktop');
    await Promise.all([(await first).text(), (await second).text()]);
  });
});

test('a model that no machine has is refused with the names of those that were asked', async () => {
  await start({ desktop: {}, laptop: { models: ['qwen*'] }, nas: {} });
  const { status, body } = await several.ask('one', { model: 'lama3.2' });
  expect(status).toBe(404);
  expect(body).toMatchObject({ code: 'model_not_found', error: expect.stringContaining('desktop, nas') });
  expect(JSON.stringify(body)).toContain('Near: llama3.2');
  const native = await several.hearth.post('/api/chat', { model: 'nothing', messages: [] });
  expect(await native.json()).toMatchObject({ error: "model 'nothing' not found" });
});

test('what a machine may not be asked for is not listed, and the refusal says where it is', async () => {
  await start({ desktop: { models: ['qwen*'] }, laptop: { priority: 2, ollama: { models: [NOMIC] } } });
  const { hearth } = several;
  const tags = (await (await hearth.get('/api/tags')).json()) as { models: { name: string }[] };
  const models = (await (await hearth.get('/v1/models')).json()) as { data: { id: string }[] };
  const names = tags.models.map(({ name }) => name);
  expect(names).toEqual(['qwen2.5:0.5b', 'nomic-embed-text:latest']);
  expect(models.data.map(({ id }) => id).toSorted()).toEqual(names.toSorted());
  expect((await hearth.get('/v1/models/llama3.2')).status).toBe(404);
  const said = 'Model "llama3.2" is on desktop, which may not be asked for it (upstreams.models)';
  const { status, body } = await several.ask('one');
  expect([status, body]).toMatchObject([404, { error: expect.stringContaining(said) }]);
  const unread = { model: 'llama3.2', prompt: 'x', stream: false, width: 1 };
  expect((await hearth.post('/api/generate', unread)).status).toBe(404);
  expect((await hearth.post('/api/show', { model: 'llama3.2' })).status).toBe(404);
  expect((await hearth.post('/api/show', { model: 'nothing' })).status).toBe(404);
  // Hearth itself looks at what is installed there, but nobody's question goes there.
  const calls = several.on['desktop']?.calls ?? [];
  expect(calls.filter((call) => JSON.stringify(call.body ?? '').includes('nothing'))).toEqual([]);
  expect(calls.filter(({ path }) => path === '/api/generate')).toEqual([]);
});

test('a model that is made from another by a long body goes to who has that one', async () => {
  await start({ desktop: {}, laptop: { priority: 2 } }, { config: { server: { max_body_mb: 6 } } });
  const { hearth } = several;
  const system = 'x'.repeat(5 * 1024 * 1024);
  const made = await hearth.post('/api/create', { model: 'mine', from: 'llama3.2', system, stream: false });
  expect([made.status, made.headers.get('x-upstream')]).toEqual([200, 'desktop']);
  await made.text();
  const refused = await hearth.post('/api/create', {
    model: 'mine',
    from: 'llama3.2',
    system: `${system}${'x'.repeat(2e6)}`,
  });
  expect(refused.status).toBe(413);
  expect(await refused.text()).toContain('server.max_body_mb');
});

describe('a deletion', () => {
  const remove = async (name: string): Promise<{ status: number; upstream: string | null; text: string }> => {
    const body = JSON.stringify({ model: name });
    const response = await fetch(`${several.hearth.url}/api/delete`, { method: 'DELETE', body });
    return { status: response.status, upstream: response.headers.get('x-upstream'), text: await response.text() };
  };

  test('says who kept the model, and else names those that deleted it', async () => {
    await start({ desktop: {}, laptop: { priority: 2 }, nas: { priority: 3 } });
    const isDeletion = ({ path }: { readonly path: string }): boolean => path === '/api/delete';
    const broken = several.on['laptop']?.instead(isDeletion, { status: 500, body: '{"error":"the disk is broken"}' });
    const kept = await remove('llama3.2');
    expect(kept).toMatchObject({
      status: 500,
      upstream: 'laptop',
      text: expect.stringContaining('the disk is broken'),
    });
    expect(several.on['nas']?.calls.filter(isDeletion)).toHaveLength(1);
    // The desktop no longer has one, which is no failure where another had it.
    several.on['desktop']?.instead(isDeletion, { status: 404, body: '{"error":"model not found"}' });
    broken?.release();
    expect(await remove('qwen2.5:0.5b')).toMatchObject({ status: 200, upstream: 'laptop, nas' });
  });

  test('reaches the others also where one is gone, and names that one', async () => {
    await start({ desktop: {}, laptop: { priority: 2 }, nas: { priority: 3 } });
    await several.on['laptop']?.goDown();
    const kept = await remove('llama3.2');
    expect(kept).toMatchObject({ status: 502, text: expect.stringContaining('laptop') });
    expect(several.on['nas']?.calls.filter(({ path }) => path === '/api/delete')).toHaveLength(1);
    expect(await remove('qwen2.5:0.5b')).toMatchObject({ status: 200, upstream: 'desktop, nas' });
    expect(await remove('nothing')).toMatchObject({ status: 404 });
  });
});

test('what fails is told with the name of its machine, and with the setting that is its own', async () => {
  await start({ desktop: { key: 'a-key-that-is-old' }, laptop: { away: true } });
  const denied = several.on['desktop']?.instead(() => true, { status: 401 });
  several.hearth.backend.control.lookAgain();
  await several.until('desktop', 'down');
  const { desktop, laptop } = await several.seen();
  expect(desktop?.reason).toContain(`Ollama on desktop at ${several.on['desktop']?.url} does not accept the key`);
  expect(desktop?.reason).toContain('Check the key of desktop in upstreams in Hearth.');
  expect(laptop?.reason).toBe(
    `Ollama on laptop does not answer at ${several.on['laptop']?.url}. Start it, or correct the url of laptop in upstreams.`,
  );
  const notices: unknown = await (await several.hearth.get('/api/notices')).json();
  expect(JSON.stringify(notices)).not.toContain('ollama.api_url');
  denied?.release();
});

describe('a kept answer', () => {
  test('is that of every machine with the same model and version', async () => {
    await start({ desktop: {}, laptop: { priority: 2 } });
    expect(await several.ask('one')).toMatchObject({ upstream: 'desktop', cache: 'MISS' });
    await several.on['desktop']?.goDown();
    await several.until('desktop', 'down');
    expect(await several.ask('one')).toMatchObject({ upstream: null, cache: 'HIT' });
    expect(several.on['laptop']?.chats()).toEqual([]);
  });

  test('is not that of a machine with another model under the name, or another version', async () => {
    const other = { ollama: { models: [{ ...LLAMA, digest: 'f'.repeat(64) }] } };
    await start({
      desktop: {},
      laptop: { priority: 2, ...other },
      nas: { priority: 3, ollama: { version: '0.32.0' } },
    });
    await several.ask('one');
    await several.on['desktop']?.goDown();
    await several.until('desktop', 'down');
    expect(await several.ask('one')).toMatchObject({ upstream: 'laptop', cache: 'MISS' });
    await several.on['laptop']?.goDown();
    await several.until('laptop', 'down');
    expect(await several.ask('one')).toMatchObject({ upstream: 'nas', cache: 'MISS' });
  });
});

test('vectors, jobs, and requests in words that Hearth does not read are routed too', async () => {
  await start({ desktop: { ollama: { models: [LLAMA] } }, laptop: {} });
  const { hearth } = several;
  const embedded = await hearth.post('/api/embed', { model: 'nomic-embed-text', input: ['a', 'b'] });
  expect(embedded.headers.get('x-upstream')).toBe('laptop');
  expect(await embedded.json()).toMatchObject({ embeddings: [expect.any(Array), expect.any(Array)] });
  const unread = await hearth.post('/api/generate', { model: 'qwen2.5:0.5b', prompt: 'x', stream: false, width: 1 });
  expect(unread.headers.get('x-upstream')).toBe('laptop');
  await unread.text();
  const stream = await hearth.chat('as it comes', { stream: true, model: 'qwen2.5:0.5b' });
  expect(stream.headers.get('x-upstream')).toBe('laptop');
  expect((await piecesOf(stream)).at(-1)).toMatchObject({ done: true });
  const job = { messages: [{ role: 'user', content: 'later' }], model: 'qwen2.5:0.5b', requestId: 'job' };
  await (await hearth.post('/api/chat-queue', job)).text();
  await expect
    .poll(async () => (await hearth.get('/api/chat-queue?requestId=job')).json())
    .toMatchObject({ status: 'completed' });
  expect(await (await hearth.get('/api/requests/job')).json()).toMatchObject({ detail: { upstream: 'laptop' } });
});

test('figures tell of each machine, and with one Ollama there are none of these', async () => {
  await start({ desktop: {}, laptop: { priority: 2, away: true } });
  const gate = several.on['desktop']?.gate();
  const first = several.hearth.chat('one');
  await several.on['desktop']?.until(({ active }) => active === 1);
  const running = await figuresOf(several.hearth);
  expect(running.get('hearth_upstream_up{upstream="desktop"}')).toBe(1);
  expect(running.get('hearth_upstream_up{upstream="laptop"}')).toBe(0);
  expect(running.get('hearth_upstream_running{upstream="desktop"}')).toBe(1);
  expect(running.get('hearth_upstream_waiting{upstream="desktop"}')).toBe(0);
  gate?.release();
  await (await first).text();
  await several.ask('one');
  const { hearth } = several;
  await expect
    .poll(async () =>
      (await figuresOf(hearth)).get('hearth_upstream_requests_total{upstream="desktop",status="completed"}'),
    )
    .toBe(1);
  const alone = await startHearth();
  await (await alone.chat('one')).text();
  expect([...(await figuresOf(alone)).keys()].filter((name) => name.includes('upstream'))).toEqual([]);
  await alone.stop();
});

test('hearth status has a line for each machine, and the doctor says which cannot be used', async () => {
  await start({ desktop: {}, laptop: { priority: 2, away: true } });
  const env = { HEARTH_URL: several.hearth.url };
  const { out } = await commandLine(['status'], { env, columns: 400 });
  expect(out).toMatch(/^desktop +up, version 0\.33\.0 at http/m);
  expect(out).toMatch(/^laptop +down at .*Ollama on laptop does not answer/m);
  const told = await commandLine(['doctor', '--json'], { env });
  const { findings } = JSON.parse(told.out) as { findings: Finding[] };
  const ofMachines = findings.filter(({ check }) => check === 'ollama');
  expect(ofMachines).toMatchObject([
    { result: 'ok', says: expect.stringContaining('answers on desktop') },
    { result: 'warn', says: expect.stringContaining('laptop cannot be used.') },
  ]);
  expect(findings.map(({ check }) => check)).not.toContain('parallel');
});
