// Models in memory: what Hearth has loaded, kept and unloaded for its callers, and what it leaves as others want it.
import { afterEach, describe, expect, test } from 'vitest';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth(options);
};
afterEach(() => hearth.stop());

type Body = Record<string, unknown>;

/** The last object of an answer: the whole of it, or the last line of a stream. */
async function last(path: string, body: object): Promise<Body> {
  const text = await (await hearth.post(path, body)).text();
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return JSON.parse((lines.at(-1) ?? '').replace(/^data: /, '')) as Body;
}

describe('load_duration contains the load that was made for the request', () => {
  /** Milliseconds; a timer may be a little early by another clock. */
  const LOAD_MS = 290;
  const cold = { models: [{ name: 'm', loadMs: 300, capabilities: ['completion', 'embedding'] }] };
  const messages = [{ role: 'user', content: 'hi' }];

  test.each([
    ['chat, whole', '/api/chat', { messages, stream: false }],
    ['chat, streamed', '/api/chat', { messages }],
    ['generate, whole', '/api/generate', { prompt: 'hi', stream: false }],
    ['generate, streamed', '/api/generate', { prompt: 'hi' }],
    ['embed', '/api/embed', { input: 'hi' }],
    ['embed, several texts', '/api/embed', { input: ['a', 'b'] }],
  ])('%s', async (_name, path, body) => {
    await start({ fake: cold });
    const [first, second] = [await last(path, { model: 'm', ...body }), await last(path, { model: 'm', ...body })];
    expect(hearth.fake.loads).toHaveLength(1);
    expect(first['load_duration']).toBeGreaterThanOrEqual(LOAD_MS * 1e6);
    expect(first['total_duration']).toBeGreaterThanOrEqual(Number(first['load_duration']));
    // It stood ready for the second, unless that was the first one's answer again.
    if (path !== '/api/embed') expect(second['load_duration'] ?? 0).toBeLessThan(LOAD_MS * 1e6);
  });

  test('on our own routes the load is no wait in line, but part of the time to the first piece', async () => {
    await start({ fake: cold, config: { ollama: { model: 'm' } } });
    const { timing } = (await (await hearth.chat('hi')).json()) as { timing: Record<string, number> };
    expect(timing['ttft_ms']).toBeGreaterThanOrEqual(LOAD_MS);
    expect(timing['queue_ms']).toBeLessThan(LOAD_MS);
  });

  test('a load by itself tells no figures, as Ollama tells none', async () => {
    await start({ fake: cold });
    const fields = Object.keys(await last('/api/chat', { model: 'm' }));
    expect(fields.join(' ')).toBe('model created_at message done done_reason');
  });
});

const SMALL = { capabilities: ['completion', 'embedding'] };

/** How long a model stays by /api/ps, in seconds from now. */
const staysFor = (name: string): number | undefined => {
  const model = hearth.fake.loaded().find((each) => each.name === name);
  return model === undefined ? undefined : (Date.parse(model.expires_at) - Date.now()) / 1000;
};
const YEARS = 365 * 86_400;

/** Straight to Ollama, past Hearth. */
const direct = (path: string, body: object): Promise<unknown> =>
  fetch(hearth.fake.url + path, { method: 'POST', body: JSON.stringify(body) }).then((response) => response.text());

const hi = (model: string, more: object = {}): object => ({
  model,
  messages: [{ role: 'user', content: 'hi' }],
  stream: false,
  ...more,
});
const ask = async (model: string, more: object = {}): Promise<Response> => {
  const response = await hearth.post('/api/chat', hi(model, more));
  await response.clone().text();
  return response;
};

const upstreamHealth = async (): Promise<Body> => {
  const { upstream } = (await (await hearth.get('/health')).json()) as { upstream: Body };
  return upstream;
};

describe('a runner belongs to weights, not to a name', () => {
  const digest = 'd'.repeat(64);
  const twoNames = [
    { name: 'm', digest },
    { name: 'alias', digest },
  ];
  const twoManifests = [
    { name: 'm', weights: 'blob' },
    { name: 'alias', weights: 'blob', system: 'Be brief.' },
  ];
  const config = { ollama: { model: 'm' } };

  test.each([
    ['two names of one digest', twoNames],
    ['two manifests over one file', twoManifests],
  ])('%s: one load, and the configured model is loaded under either', async (_name, models) => {
    await start({ fake: { models, maxLoaded: 1 }, config });
    for (const name of ['alias', 'm', 'alias']) await ask(name);
    expect(hearth.fake.loads).toHaveLength(1);
    // Nor was Ollama asked to load what stood ready.
    expect(hearth.fake.calls.filter(({ kind }) => kind === 'load')).toHaveLength(1);
    await expect.poll(upstreamHealth).toMatchObject({ model: 'm', model_loaded: true });
    expect(hearth.backend.control.live().models).toMatchObject([
      { name: 'm:latest', loaded: true },
      { name: 'alias:latest', loaded: true },
    ]);
  });

  test.each([
    ['two names of one digest', twoNames],
    ['two manifests over one file', twoManifests],
  ])('%s: unloading the one waits for what was loaded under the other', async (_name, models) => {
    await start({ fake: { models }, config });
    await ask('alias');
    const answer = await hearth.post('/api/cache-stats', { action: 'unload_model', data: { model: 'm' } });
    expect(answer.status).toBe(200);
    expect(hearth.fake.loaded()).toEqual([]);
  });

  test('requests of both are one group in line: another model waits for no switch between them', async () => {
    await start({ fake: { models: [...twoManifests, { name: 'other' }], maxLoaded: 1 }, config });
    await ask('m');
    const gate = hearth.fake.gate();
    const first = ask('m', { options: { seed: 1 } });
    await hearth.fake.until(({ active }) => active === 1);
    const later = ['other', 'alias'].map((name) => ask(name, { options: { seed: 2 } }));
    await expect.poll(() => hearth.backend.control.live().queue.waiting.length).toBe(2);
    gate.release();
    await Promise.all([first, ...later]);
    expect(hearth.fake.loads.map(({ model }) => model)).toEqual(['m:latest', 'other:latest']);
    expect(hearth.fake.chats().map(({ body }) => body?.['model'])).toEqual(['m', 'm', 'alias', 'other']);
  });

  test('other PARAMETERs over one file are another runner', async () => {
    const models = [
      { name: 'm', weights: 'blob' },
      { name: 'wide', weights: 'blob', parameters: { num_ctx: 8192 } },
    ];
    await start({ fake: { models }, config });
    await ask('m');
    await ask('wide');
    await ask('m', { options: { num_ctx: 8192 } });
    // The third said itself what the Modelfile of the second says.
    expect(hearth.fake.loads.map(({ options }) => options['num_ctx'])).toEqual([expect.anything(), 8192]);
  });

  test('warm_model loads under the name that was asked for, as its traffic uses it', async () => {
    await start({ fake: { models: twoNames }, config });
    for (const seed of [1, 2, 3]) await ask('m', { options: { num_ctx: 2048, seed } });
    await ask('m', { options: { num_ctx: 512, seed: 4 } });
    await last('/api/embed', { model: 'm', input: 'a probe' });
    hearth.fake.unloadAll();
    hearth.backend.control.lookAgain();
    await hearth.post('/api/cache-stats', { action: 'warm_model', data: { model: 'alias' } });
    expect(hearth.fake.loads.at(-1)).toMatchObject({ model: 'alias:latest', options: { num_ctx: 2048 } });
  });
});

describe('keep_alive is never shortened by one who says nothing', () => {
  const models = [{ name: 'm', ...SMALL }];

  test.each([
    ['through Hearth', () => ask('m', { keep_alive: -1 })],
    ['by an empty request through Hearth', () => hearth.post('/api/generate', { model: 'm', keep_alive: -1 })],
    ['past Hearth, before it was used through it', () => direct('/api/chat', hi('m', { keep_alive: -1 }))],
    [
      'past Hearth, while it was in use through it',
      async () => {
        await ask('m');
        await direct('/api/chat', hi('m', { keep_alive: -1 }));
      },
    ],
    [
      'past Hearth, after a caller wanted less',
      async () => {
        await ask('m', { keep_alive: '1m' });
        hearth.clock.forward(2000);
        await direct('/api/chat', hi('m', { keep_alive: -1 }));
      },
    ],
  ])('a model that was pinned %s stays pinned', async (_how, pin) => {
    await start({ fake: { models } });
    await pin();
    for (const path of ['/api/chat', '/api/generate', '/api/embed', '/v1/chat/completions']) {
      const body = { ...hi('m', { options: { seed: 7 } }), prompt: 'hi', input: `hi ${path}` };
      await (await hearth.post(path, body)).text();
    }
    await hearth.post('/api/cache-stats', { action: 'warm_model', data: { model: 'm' } });
    expect(staysFor('m:latest')).toBeGreaterThan(50 * YEARS);
  });

  test('also when a request with other options has it loaded anew', async () => {
    await start({ fake: { models } });
    await ask('m', { keep_alive: -1 });
    await ask('m', { options: { num_ctx: 512 } });
    expect(hearth.fake.loads).toHaveLength(2);
    expect(staysFor('m:latest')).toBeGreaterThan(50 * YEARS);
  });

  test.each([
    ['longer: it stays so', 86_400_000, 86_400],
    ['for ever: it stays so', -1, 50 * YEARS],
    ['shorter: ollama.keep_alive is added', 60_000, 900],
    ['not at all: ollama.keep_alive is added', 0, 900],
  ])('what Ollama itself keeps models for is %s', async (_what, keepAliveMs, least) => {
    await start({ fake: { models, keepAliveMs: keepAliveMs < 0 ? 300 * YEARS * 1000 : keepAliveMs } });
    await ask('m');
    expect(staysFor('m:latest')).toBeGreaterThan(least - 5);
    if (least === 900) expect(staysFor('m:latest')).toBeLessThan(905);
    await ask('m', { options: { seed: 2 } });
    expect(staysFor('m:latest')).toBeGreaterThan(least - 5);
  });

  test('a caller’s own word counts, also when it is less', async () => {
    await start({ fake: { models } });
    await ask('m', { keep_alive: -1 });
    await ask('m', { keep_alive: '10m', options: { seed: 2 } });
    expect(staysFor('m:latest')).toBeLessThan(601);
  });

  test('a warm-up by hand gives it ollama.keep_alive', async () => {
    await start({ fake: { models }, config: { ollama: { model: 'm', keep_alive: '30m' } } });
    await hearth.post('/api/cache-stats', { action: 'warm_model' });
    expect(staysFor('m:latest')).toBeGreaterThan(1790);
    expect(hearth.fake.loads).toHaveLength(1);
  });
});

describe('a kept answer passes an explicit keep_alive on', () => {
  const models = [{ name: 'm', ...SMALL }];
  const same = { options: { temperature: 0 } };
  const emptyOnes = (): number => hearth.fake.calls.filter(({ kind }) => kind === 'load' || kind === 'unload').length;

  test('a pin', async () => {
    await start({ fake: { models } });
    await ask('m', same);
    const hit = await ask('m', { ...same, keep_alive: -1 });
    expect(hit.headers.get('x-cache')).toBe('HIT');
    await expect.poll(() => staysFor('m:latest')).toBeGreaterThan(50 * YEARS);
    expect(hearth.fake.chats()).toHaveLength(1);
  });

  test('an unload', async () => {
    await start({ fake: { models } });
    await ask('m', same);
    await ask('m', { ...same, keep_alive: 0 });
    await hearth.fake.until((fake) => fake.loaded().length === 0);
  });

  test('a load of what has left memory, when nothing else is in use', async () => {
    await start({ fake: { models } });
    await ask('m', same);
    hearth.fake.unloadAll();
    await hearth.post('/api/cache-stats', { action: 'unload_model', data: { model: 'm' } });
    await ask('m', { ...same, keep_alive: '1h' });
    await expect.poll(() => staysFor('m:latest')).toBeGreaterThan(3590);
  });

  test('but not in the place of a model that is in use', async () => {
    await start({ fake: { models: [...models, { name: 'other' }], maxLoaded: 1 } });
    await ask('m', same);
    await ask('other');
    for (let i = 0; i < 5; i++) await ask('m', { ...same, keep_alive: '1h' });
    await ask('other', { options: { seed: 2 } });
    expect(hearth.fake.loads.map(({ model }) => model)).toEqual(['m:latest', 'other:latest']);
  });

  test('many hits are one word to Ollama, and none waits for it', async () => {
    await start({ fake: { models: [...models, { name: 'other' }] } });
    await ask('m', same);
    const before = emptyOnes();
    const gate = hearth.fake.gate();
    const running = ask('other');
    await hearth.fake.until(({ active }) => active === 1);
    // The slot is taken, so nothing can be said yet; the answers are there all the same.
    for (let i = 0; i < 30; i++) {
      expect((await ask('m', { ...same, keep_alive: '2h' })).headers.get('x-cache')).toBe('HIT');
    }
    gate.release();
    await running;
    await expect.poll(() => staysFor('m:latest')).toBeGreaterThan(7190);
    for (let i = 0; i < 30; i++) await ask('m', { ...same, keep_alive: '2h' });
    await ask('other', { options: { seed: 2 } });
    // One for the hits, one to load the other.
    expect(emptyOnes() - before).toBe(2);
  });

  test('on our own routes, for vectors, and for one who shares another’s run', async () => {
    await start({ fake: { models }, config: { ollama: { model: 'm' } } });
    await (await hearth.chat('own')).text();
    expect(await (await hearth.chat('own', { keep_alive: '3h' })).json()).toMatchObject({ source: 'hit' });
    await expect.poll(() => staysFor('m:latest')).toBeGreaterThan(3 * 3600 - 10);
    await last('/api/embed', { model: 'm', input: 'x' });
    await last('/api/embed', { model: 'm', input: 'x', keep_alive: '4h' });
    await expect.poll(() => staysFor('m:latest')).toBeGreaterThan(4 * 3600 - 10);
    const gate = hearth.fake.gate();
    const leads = hearth.chat('shared');
    await hearth.fake.until(({ active }) => active === 1);
    const shares = hearth.chat('shared', { keep_alive: '5h' });
    await expect.poll(() => hearth.backend.control.live().queue.running.length).toBe(2);
    gate.release();
    expect(await (await shares).json()).toMatchObject({ source: 'coalesced' });
    await leads;
    await expect.poll(() => staysFor('m:latest')).toBeGreaterThan(5 * 3600 - 10);
  });
});

describe('preload in front of a real socket', () => {
  const models = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];

  test('what does not fit together is loaded once each, and a standing notice says so', async () => {
    await start({ fake: { models, maxLoaded: 1 }, config: { ollama: { model: 'c', preload: ['a', 'b'] } } });
    await expect.poll(() => hearth.backend.control.live().health.notices?.length).toBe(1);
    expect(hearth.backend.control.live().health.notices?.[0]).toContain('a and b do not fit into memory together');
    for (let i = 0; i < 5; i++) hearth.backend.control.lookAgain();
    await ask('c');
    await ask('c', { options: { seed: 2 } });
    expect(hearth.fake.loads.map(({ model }) => model)).toEqual(['a:latest', 'b:latest', 'c:latest']);
  });
});
