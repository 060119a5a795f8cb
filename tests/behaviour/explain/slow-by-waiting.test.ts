// Why it was slow: each cause of a wait, provoked, and the sentence that GET /api/requests/:id has of it. The clock stands still
// unless it is moved, so that the figures are exact.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueueView } from '../../../backend/contract/views/queue-view.ts';
import { startSlowHearth, type Asking, type SlowHearth } from '../../support/slow-hearth.ts';
import { deferred, eventually } from '../../support/waiting.ts';

let hearth: SlowHearth;
const startWith = (...options: Parameters<typeof startSlowHearth>): void => {
  beforeAll(async () => {
    hearth = await startSlowHearth(...options);
  });
  afterAll(() => hearth.stop());
};

const BACKGROUND: Asking = { headers: { 'x-queue-priority': 'background' } };
/** As Open WebUI asks for a title. */
const TITLE: Asking = {
  by: 'Python/3.11 aiohttp/3.14.5',
  more: {
    stream: false,
    messages: [{ role: 'user', content: '### Task:\nGenerate a concise, 3-5 word title with an emoji.' }],
  },
};

let models = 0;
const nextModel = (): string => `m${models++}`;

/** Has a run hold its slot while `meanwhile` happens. */
async function whileRuns(id: string, how: Asking, meanwhile: () => Promise<void>): Promise<void> {
  const gate = hearth.fake.gate();
  const run = hearth.ask(id, how);
  await hearth.fake.until(({ active }) => active === 1);
  await meanwhile();
  gate.release();
  await run;
}

/** The second stands in line while the first runs for 12 s. */
async function oneAfterTheOther(name: string, first: Asking, second: Asking): Promise<string> {
  const ids = [`${name}-first`, `${name}-second`] as const;
  const model = nextModel();
  let waits: Promise<string> | undefined;
  await whileRuns(ids[0], { model, ...first }, async () => {
    waits = hearth.ask(ids[1], { model, ...second });
    await hearth.waiting(1);
    hearth.clock.pass(12_000);
  });
  await waits;
  return ids[1];
}

describe('with one slot, and background work that stops for nobody', () => {
  startWith({ config: { queue: { yield_ms: 0, settle_ms: 0, evict_after_s: 0 } } });

  test('behind-background: a title had the slot', async () => {
    const id = await oneAfterTheOther('title', TITLE, { by: 'Continue' });
    expect(await hearth.why(id)).toMatchObject({
      cause: 'behind-background',
      text: '12 of 12 s were spent behind a title of Open WebUI.',
      setting: { path: 'queue.yield_ms' },
    });
  });

  test('own-requests: the app asked for several at once', async () => {
    const id = await oneAfterTheOther('own', { by: 'aider' }, { by: 'aider' });
    expect(await hearth.why(id)).toMatchObject({
      cause: 'own-requests',
      text: '12 of 12 s were spent behind another request of aider itself.',
      setting: { path: 'queue.max_concurrent' },
    });
  });

  test('behind-urgent: a person went first', async () => {
    const id = await oneAfterTheOther('urgent', { by: 'aider' }, { by: 'n8n', ...BACKGROUND });
    expect(await hearth.why(id)).toMatchObject({
      cause: 'behind-urgent',
      text: '12 of 12 s were spent behind a request of aider, for which a person waited.',
      setting: { path: 'queue.rules' },
    });
  });

  test('behind: another app was as urgent', async () => {
    const id = await oneAfterTheOther('behind', { by: 'aider', model: 'm19' }, { by: 'Continue' });
    expect(await hearth.why(id)).toMatchObject({
      cause: 'behind',
      text: '12 of 12 s were spent behind a request of aider for m19:latest.',
    });
  });

  test('behind-many: several apps had it one after the other', async () => {
    const { fake, clock } = hearth;
    const model = nextModel();
    const holds = [deferred(), deferred(), deferred()];
    fake.next(...holds.map(({ promise }) => ({ hold: promise })));
    const apps = ['one', 'two', 'three'].map((by, i) => hearth.ask(`many-${i}`, { by, model }));
    await hearth.waiting(2);
    const last = hearth.ask('many-last', { by: 'aider', model });
    await hearth.waiting(3);
    await fake.until(({ active }) => active === 1);
    const before = fake.chats().length;
    for (const [i, { resolve }] of holds.entries()) {
      await fake.until((seen) => seen.chats().length >= before + i && seen.active === 1);
      clock.pass(4000);
      resolve();
    }
    await Promise.all([...apps, last]);
    const told = await hearth.why('many-last');
    expect(told).toMatchObject({ cause: 'behind-many', setting: { path: 'queue.max_concurrent' } });
    expect(told?.text).toMatch(/^12 of 12 s were spent behind 3 requests of [\w, ]+ and \w+\.$/);
  });

  test('paused: somebody paused the queue', async () => {
    hearth.backend.control.pause(true);
    const waits = hearth.ask('paused', { model: nextModel() });
    await hearth.waiting(1);
    hearth.clock.pass(12_000);
    hearth.backend.control.pause(false);
    await waits;
    expect(await hearth.why('paused')).toMatchObject({
      cause: 'paused',
      text: '12 of 12 s were spent in a queue that somebody had paused.',
    });
  });

  test('turn: its conversation was busy', async () => {
    const how: Asking = { path: '/api/chat-optimized', model: nextModel(), more: { conversation_id: 'talk' } };
    let waits: Promise<string> | undefined;
    await whileRuns('turn-first', how, async () => {
      waits = hearth.ask('turn-second', how);
      await eventually('it waits for its turn', () => hearth.backend.control.live().queue.waiting.length === 1);
      hearth.clock.pass(12_000);
    });
    await waits;
    expect(await hearth.why('turn-second')).toMatchObject({
      cause: 'turn',
      text: '12 of 12 s were spent waiting for its turn: another request of the same conversation was still being answered.',
    });
  });
});

describe('with background work that lets people go first', () => {
  startWith({ config: { queue: { settle_ms: 20_000, evict_after_s: 0 } } });

  test('gave-way: its run was given up for a person', async () => {
    const { fake, clock } = hearth;
    const model = nextModel();
    const gate = fake.gate();
    const cron = hearth.ask('gave-way', { by: 'cron', model, ...BACKGROUND });
    await hearth.waiting(1);
    // Its own app has been quiet for long enough.
    await clock.advance(20_000);
    await fake.until(({ active }) => active === 1);
    const person = hearth.ask('goes-first', { model });
    await fake.until((seen) => seen.calls.some(({ outcome }) => outcome === 'aborted') && seen.active === 1);
    clock.pass(12_000);
    gate.release();
    await Promise.all([cron, person]);
    expect(await hearth.why('gave-way')).toMatchObject({
      cause: 'gave-way',
      text: 'It gave way to people once, so that 32 of 32 s had passed when it began for the last time.',
      setting: { path: 'queue.yield_ms' },
    });
  });

  test('settling: its own app was active a moment ago', async () => {
    const answer = hearth.ask('settling', { by: 'cron', model: nextModel(), ...BACKGROUND });
    await hearth.waiting(1);
    await hearth.clock.advance(20_000);
    await answer;
    expect(await hearth.why('settling')).toMatchObject({
      cause: 'settling',
      text: '20 of 20 s were spent waiting for cron to be quiet.',
      setting: { path: 'queue.settle_ms' },
    });
  });
});

describe("with background work that spares a person's model", () => {
  startWith({ config: { queue: { settle_ms: 0, evict_after_s: 20 } }, fake: { maxLoaded: 1 } });

  test('spared-model: a person talks with the one that it would push out', async () => {
    await hearth.ask('talk', { model: 'm0' });
    const answer = hearth.ask('spares', { by: 'cron', model: 'm1', ...BACKGROUND });
    await hearth.waiting(1);
    await hearth.clock.advance(20_000);
    await answer;
    expect(await hearth.why('spares')).toMatchObject({
      cause: 'spared-model',
      text: '20 of 20 s were spent sparing the model that a person talks with, which m1:latest would have pushed out of memory.',
      setting: { path: 'queue.evict_after_s' },
    });
  });
});

describe('with an Ollama that goes away', () => {
  startWith({});

  test('ollama-away: it was accepted, and waited for Ollama to be back', async () => {
    const { fake, clock, backend } = hearth;
    const gate = fake.gate();
    const path = '/api/chat-optimized';
    const both = [hearth.ask('runs', { path }), hearth.ask('away', { path, by: 'aider' })];
    await hearth.waiting(1);
    await fake.until(({ active }) => active === 1);
    await fake.goDown();
    const live = (): QueueView => backend.control.live().queue;
    await eventually('both wait for it', () => live().waiting.every((each) => each.waits_for === 'ollama') && live().waiting.length === 2, { everyMs: 2 }); // prettier-ignore
    clock.pass(12_000);
    gate.release();
    await fake.comeBack();
    await eventually('it is back', async () => {
      await clock.advance(1000);
      return live().waiting.length + live().running.length === 0;
    });
    await Promise.all(both);
    expect(await hearth.why('away')).toMatchObject({
      cause: 'ollama-away',
      text: expect.stringMatching(/^1\d of \d+ s were spent waiting for Ollama, which was away\.$/),
    });
  });

  test('broken-off: Ollama ended its run before anything came', async () => {
    const { fake, clock } = hearth;
    const hold = deferred();
    fake.next({ hold: hold.promise, cutAfter: 0 });
    const answer = hearth.ask('broken', { model: 'm1' });
    await fake.until(({ active }) => active === 1);
    clock.pass(12_000);
    hold.resolve();
    await answer;
    expect(await hearth.why('broken')).toMatchObject({
      cause: 'broken-off',
      text: 'Ollama broke off its run once, so that 12 of 12 s had passed when it began for the last time.',
    });
  });

  test('place: it waited, and what for is not known', async () => {
    const { fake, clock } = hearth;
    // The list of models is too old to be used, and a new one does not come.
    clock.pass(3_600_000);
    fake.hang(true);
    const before = fake.calls.length;
    const answer = hearth.ask('place', { model: 'm2' });
    await fake.until(({ calls }) => calls.length > before);
    clock.pass(12_000);
    fake.hang(false);
    await answer;
    expect(await hearth.why('place')).toMatchObject({
      cause: 'place',
      text: '12 of 12 s were spent waiting for a place.',
    });
  });
});
