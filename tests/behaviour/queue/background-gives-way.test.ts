// The promise: no person waits for a title. Background work comes after the chat that it is about, gives way while it has
// told nothing, and leaves a person's model where it is; and its own callers notice nothing of all that.
import { afterEach, expect, test } from 'vitest';
import { queueSchema, type QueueEntry } from '../../../backend/contract/views/queue-view.ts';
import type { RecordedCall } from '../../support/fake-ollama/fake-ollama.ts';
import { piecesOf, startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

type Queue = NonNullable<NonNullable<HearthOptions['config']>['queue']>;

let hearth: Hearth;
const start = async (queue: Queue, options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth({ ...options, config: { queue } });
};
afterEach(() => hearth.stop());

/** As Open WebUI sends them. */
const WEBUI = { 'user-agent': 'Python/3.11 aiohttp/3.14.5' };
const BACKGROUND = { headers: { 'x-queue-priority': 'background' } };

const ask = (
  content: string,
  stream: boolean,
  headers: Record<string, string>,
  model = 'llama3.2',
): Promise<Response> => hearth.post('/api/chat', { model, messages: [{ role: 'user', content }], stream }, { headers });
const title = (): Promise<Response> => ask('### Task:\nGenerate a concise title.', false, WEBUI);
const person = (content = 'Why does bread rise?', model = 'llama3.2'): Promise<Response> =>
  ask(content, true, { 'user-agent': 'Mozilla/5.0' }, model);

/** All that live, once they are what is looked for. */
const line = (what: string, is: (entries: readonly QueueEntry[]) => boolean): Promise<readonly QueueEntry[]> =>
  eventually(what, async () => {
    const { waiting, running } = queueSchema.parse(await (await hearth.get('/api/chat-queue')).json());
    const all = [...running, ...waiting];
    return is(all) && all;
  });

const asked = (call: RecordedCall): string =>
  call.rawBody.includes('Task:') ? 'title' : call.rawBody.includes('bread') ? 'person' : 'other';
/** What was asked of the model, in this order, and what became of it. */
const sent = (): string[] => hearth.fake.chats().map((call) => `${asked(call)} ${call.outcome}`);

test('a title that comes just before its chat runs after it', async () => {
  await start({ settle_ms: 60_000 });
  const first = title();
  const [waits] = await line('the title settles', ([entry]) => entry?.waits_for === 'settling');
  expect(waits).toMatchObject({ class: 'background', status: 'queued', queue_position: 1, phase: 'queued' });
  const chat = await ask('Why does bread rise?', true, WEBUI);
  expect(await chat.text()).toContain('"done":true');
  expect(sent()).toEqual(['person done']);
  // As if its moment was over.
  hearth.backend.configure(hearth.config({ queue: { settle_ms: 0 } }));
  expect((await first).status).toBe(200);
  expect(sent()).toEqual(['person done', 'title done']);
});

test('a run that told nothing gives way; its followers and a job get one answer in the end', async () => {
  await start({ settle_ms: 0, yield_ms: 600_000 });
  await (await person('load it')).text();
  const gate = hearth.fake.gate();
  const body = { messages: [{ role: 'user', content: '### Task: tags' }] };
  const json = hearth.post('/api/chat-optimized', body, BACKGROUND);
  await hearth.fake.until(({ active }) => active === 1);
  const stream = await hearth.post('/api/chat-optimized', { ...body, stream: true }, BACKGROUND);
  const job = await hearth.post('/api/chat-queue', { ...body, requestId: 'job' }, BACKGROUND);
  expect([stream.status, job.status]).toEqual([200, 202]);
  await line('three share a run', (all) => all.filter(({ phase }) => phase === 'running').length === 3);
  const answer = person();
  const all = await line(
    'they wait for the person',
    (all) => all.filter((each) => each.waits_for === 'people').length === 3,
  );
  // It is known by now how long an answer takes; the job's run is one that was told to give way.
  expect(all.find(({ class: of }) => of === 'interactive')).toMatchObject({
    gave_way: 0,
    expected_ms: expect.any(Number),
  });
  expect(all.find(({ leads, waits_for }) => leads && waits_for === 'people')).toMatchObject({
    gave_way: 1,
    expected_ms: null,
  });
  await hearth.fake.until(({ active }) => active === 1);
  expect(sent().slice(1)).toEqual(['title aborted', 'person open']);
  gate.release();
  expect(await (await answer).text()).toContain('"done":true');
  const whole = (await (await json).json()) as { message: { content: string }; source: string };
  expect(whole.source).toBe('miss');
  const pieces = await piecesOf(stream);
  expect(pieces.map(({ content }) => content).join('')).toBe(whole.message.content);
  await expect
    .poll(async () => await (await hearth.get('/api/chat-queue?requestId=job')).json(), { timeout: 15_000 })
    .toMatchObject({ status: 'completed', result: { message: whole.message } });
  expect(sent().slice(1)).toEqual(['title aborted', 'person done', 'title done']);
  const stats = (await (await hearth.get('/api/cache-stats')).json()) as Record<string, object>;
  expect(stats['response_cache']).toMatchObject({ misses: 1, coalesced: 2 });
  expect(stats['batch_processor']).toMatchObject({ total_requests: 5, model_switches: 0, average_batch_size: 3 });
  expect(stats['queue']).toMatchObject({ totals: { completed: 5, failed: 0, cancelled: 0, refused: 0 } });
});

test('while its model loads, background work gives way to who needs another model', async () => {
  await start({ settle_ms: 0, evict_after_s: 0 });
  const gate = hearth.fake.gateLoads();
  const report = ask('report', false, BACKGROUND.headers, 'deepseek-r1:8b');
  await hearth.fake.until(({ loads }) => loads.length === 1);
  // Who else is in line for that model comes later than the person too, and does not keep its load going.
  const tags = ask('tags', false, BACKGROUND.headers, 'deepseek-r1:8b');
  await line('the tags wait', (all) => all.length === 2);
  const answer = person();
  await line('the person loads', (all) => all.some((each) => each.class === 'interactive' && each.phase === 'loading'));
  // Else that load would end well before Ollama knows that it was given up.
  await hearth.fake.until(({ calls }) => calls.some(({ outcome }) => outcome === 'aborted'));
  gate.release();
  expect((await answer).status).toBe(200);
  await (await answer).text();
  expect([(await report).status, (await tags).status]).toEqual([200, 200]);
  expect(hearth.fake.calls.filter(({ outcome }) => outcome === 'aborted')).toHaveLength(1);
  expect(sent()).toEqual(['person done', 'other done', 'other done']);
});

test('a load goes on for a person who needs the same model', async () => {
  await start({ settle_ms: 0 });
  const gate = hearth.fake.gateLoads();
  const first = title();
  await line('the title loads', ([entry]) => entry?.phase === 'loading');
  const answer = person();
  await line('the person waits', (all) => all.length === 2);
  gate.release();
  await (await answer).text();
  expect((await first).status).toBe(200);
  expect(hearth.fake.loads).toHaveLength(1);
  expect(sent()).toEqual(['person done', 'title done']);
});

test("background work leaves a person's model in memory for queue.evict_after_s", async () => {
  await start({ settle_ms: 0, evict_after_s: 600 }, { fake: { maxLoaded: 1 } });
  await (await person()).text();
  const report = ask('report', false, BACKGROUND.headers, 'deepseek-r1:8b');
  const [waits] = await line('the report waits', ([entry]) => entry?.waits_for === 'people');
  // No longer than until it moves up a class.
  expect(waits?.estimated_wait_time).toBeLessThanOrEqual(60_000);
  await (await title()).text();
  expect(sent()).toEqual(['person done', 'title done']);
  hearth.backend.configure(hearth.config({ queue: { settle_ms: 0, evict_after_s: 0 } }));
  expect((await report).status).toBe(200);
  expect(hearth.fake.loads).toHaveLength(2);
});

test('queue.reserve_interactive keeps a slot for a person', async () => {
  await start({ max_concurrent: 2, reserve_interactive: 1 }, { fake: { parallel: 2 } });
  await (await person('load it')).text();
  const gate = hearth.fake.gate();
  const scripts = [1, 2].map((n) => ask(`script ${n}`, false, { 'user-agent': 'curl/8' }));
  const [one, two] = await line('one of two runs', (all) => all.length === 2 && all[0]?.phase === 'running');
  expect([one?.status, two?.status]).toEqual(['processing', 'queued']);
  const answer = person();
  await hearth.fake.until(({ active }) => active === 2);
  expect(sent().slice(1)).toEqual(['other open', 'person open']);
  gate.release();
  await (await answer).text();
  for (const script of scripts) expect((await script).status).toBe(200);
});
