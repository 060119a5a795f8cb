// A machine that sleeps is woken by the packet that its network card waits for, here one that a socket of the test receives. A
// request waits for it as long as its patience lasts, says so, and goes to the next machine when that is over.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSeveral, type Several } from '../../support/several-machines.ts';

const MAC = '9c:6b:00:12:34:56';

let card: Socket;
let several: Several<'desktop' | 'laptop'>;
const packets: Buffer[] = [];

beforeEach(async () => {
  packets.length = 0;
  card = createSocket('udp4');
  card.on('message', (packet) => void packets.push(packet));
  card.bind(0, '127.0.0.1');
  await once(card, 'listening');
});
afterEach(async () => {
  await several.stop();
  card.close();
});

const start = async (patience_s: number): Promise<void> => {
  const wake = { mac: MAC, patience_s, address: `127.0.0.1:${card.address().port}` };
  several = await startSeveral({ desktop: { wake }, laptop: { priority: 2 } });
  // It is seen with its models, and then falls asleep.
  await several.on.desktop.goDown();
  await several.until('desktop', 'down');
};

interface Entry {
  readonly waits_for?: string;
  readonly upstream?: string;
  readonly estimated_wait_time: number;
}
const waiting = async (): Promise<Entry[]> =>
  ((await (await several.hearth.get('/api/chat-queue')).json()) as { waiting: Entry[] }).waiting;

test('a request that wants it sends the packet, says what it waits for, and runs there', async () => {
  await start(60);
  const answer = several.ask('one');
  await expect.poll(() => packets.length).toBeGreaterThan(0);
  expect(packets[0]?.toString('hex')).toBe('f'.repeat(12) + MAC.replaceAll(':', '').repeat(16));
  await expect.poll(waiting).toMatchObject([{ waits_for: 'waking', upstream: 'desktop' }]);
  const [entry] = await waiting();
  expect(entry?.estimated_wait_time).toBeGreaterThan(0);
  expect(await several.seen()).toMatchObject({
    desktop: { state: 'waking', waking_ms: expect.any(Number), waiting: 1 },
  });
  await several.on.desktop.comeBack();
  several.hearth.backend.control.lookAgain();
  expect(await answer).toMatchObject({ status: 200, upstream: 'desktop' });
  expect(several.on.laptop.chats()).toEqual([]);
});

test('when the patience is over it goes to the next machine, and the next request waits no more', async () => {
  await start(1);
  expect(await several.ask('one')).toMatchObject({ status: 200, upstream: 'laptop' });
  const sent = packets.length;
  expect(sent).toBeGreaterThan(0);
  expect(await several.ask('two')).toMatchObject({ status: 200, upstream: 'laptop' });
  expect(packets.length).toBe(sent);
});

test('a kept answer wakes nobody, and neither does a model that it may not be asked for', async () => {
  const wake = { mac: MAC, address: `127.0.0.1:${card.address().port}` };
  several = await startSeveral({ desktop: { wake, models: ['llama*'] }, laptop: { priority: 2 } });
  await several.ask('one');
  await several.on.desktop.goDown();
  await several.until('desktop', 'down');
  expect(await several.ask('one')).toMatchObject({ cache: 'HIT' });
  expect(await several.ask('one', { model: 'qwen2.5:0.5b' })).toMatchObject({ upstream: 'laptop' });
  expect(packets).toEqual([]);
});

test('a single machine that sleeps keeps its list, says so, and is woken by a request', async () => {
  const wake = { mac: MAC, patience_s: 60, address: `127.0.0.1:${card.address().port}` };
  several = (await startSeveral({ desktop: { wake } })) as Several<'desktop' | 'laptop'>;
  const { hearth, on } = several;
  const listed = async (): Promise<string[]> =>
    ((await (await hearth.get('/api/tags')).json()) as { models: { name: string }[] }).models.map(({ name }) => name);
  const models = await listed();
  await on.desktop.goDown();
  await several.until('desktop', 'down');
  expect(await listed()).toEqual(models);
  expect(await (await hearth.get('/v1/models')).json()).toMatchObject({
    data: models.map(() => ({ object: 'model' })),
  });
  const shown = await hearth.post('/api/show', { model: 'llama3.2' });
  expect([shown.status, await shown.text()]).toEqual([502, expect.stringContaining('desktop is asleep')]);
  expect((await several.seen())['desktop']?.reason).toContain('desktop is asleep');
  expect(packets).toEqual([]);
  const answer = several.ask('one');
  await expect.poll(() => packets.length).toBeGreaterThan(0);
  await on.desktop.comeBack();
  hearth.backend.control.lookAgain();
  expect(await answer).toMatchObject({ status: 200, upstream: 'desktop' });
});

test('the models of a machine that may be woken are listed until it was woken in vain', async () => {
  const wake = { mac: MAC, patience_s: 1, address: `127.0.0.1:${card.address().port}` };
  const laptop = { priority: 2, ollama: { models: [{ name: 'qwen2.5:0.5b' }] } };
  several = await startSeveral({ desktop: { wake, ollama: { models: [{ name: 'llama3.2' }] } }, laptop });
  const { hearth } = several;
  const listed = async (): Promise<unknown[]> => {
    const tags = (await (await hearth.get('/api/tags')).json()) as { models: { name: string; model: string }[] };
    const models = (await (await hearth.get('/v1/models')).json()) as { data: { id: string }[] };
    return [tags.models.map(({ model }) => model).toSorted(), models.data.map(({ id }) => id).toSorted()];
  };
  const both = ['llama3.2:latest', 'qwen2.5:0.5b'];
  expect(await listed()).toEqual([both, both]);
  await several.on.desktop.goDown();
  await several.until('desktop', 'down');
  expect(await listed()).toEqual([both, both]);
  await several.on.laptop.goDown();
  await several.until('laptop', 'down');
  expect(await listed()).toEqual([['llama3.2:latest'], ['llama3.2:latest']]);
  await several.on.laptop.comeBack();
  await several.until('laptop', 'up');
  const answer = hearth.chat('one', {}, { signal: AbortSignal.timeout(60_000) });
  await expect.poll(() => packets.length).toBeGreaterThan(0);
  await expect.poll(listed, { timeout: 20_000 }).toEqual([['qwen2.5:0.5b'], ['qwen2.5:0.5b']]);
  await several.on.desktop.comeBack();
  await several.until('desktop', 'up');
  await (await answer).text();
});
