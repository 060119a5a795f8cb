// The context that a model runs with: chosen by what the prompt needs, the same question for the cache all the same, and told
// where a prompt does not fit.
import { afterEach, describe, expect, test } from 'vitest';
import type { QueueEntry } from '../../../backend/contract/views/queue-view.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { reading } from '../../support/waiting.ts';

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth(options);
};
afterEach(() => hearth.stop());

const AUTO = { models: { m: { num_ctx: 'auto' } } } as const;
const config = { ollama: { model: 'm', ...AUTO }, cache: { drop_in: 'always' } } as const;

/** A prompt of about so many tokens, by the rule of thumb. */
const prompt = (tokens: number, about = 'a'): string => about.repeat(tokens * 4);
const ask = (path: string, content: string, more: object = {}): Promise<Response> =>
  hearth.post(path, { model: 'm', messages: [{ role: 'user', content }], stream: false, ...more });
const chat = async (content: string, more: object = {}): Promise<Response> => {
  const response = await ask('/api/chat', content, more);
  expect(response.status).toBe(200);
  await response.clone().text();
  return response;
};
const loadedWith = (): unknown[] => hearth.fake.loads.map(({ options }) => options['num_ctx']);
const sentWith = (): unknown[] =>
  hearth.fake.chats().map(({ body }) => (body?.['options'] as Record<string, unknown> | undefined)?.['num_ctx']);

describe('num_ctx "auto"', () => {
  test('is what the prompt needs on the ladder, and never less than what is loaded', async () => {
    await start({ fake: { models: [{ name: 'm' }] }, config });
    for (const tokens of [10, 4000, 20, 3500, 12_000]) await chat(prompt(tokens));
    expect(loadedWith()).toEqual([4096, 8192, 16_384]);
    expect(sentWith()).toEqual([4096, 8192, 8192, 8192, 16_384]);
  });

  test('may be said by a request and by a profile alone', async () => {
    const models = { fast: { model: 'm', options: { num_ctx: 'auto' } } };
    await start({ fake: { models: [{ name: 'm' }] }, config: { models } });
    await chat(prompt(5000), { options: { num_ctx: 'auto' } });
    await chat(prompt(12_000), { model: 'fast' });
    expect(sentWith()).toEqual([8192, 16_384]);
  });

  test('after the model has left memory the ladder begins again', async () => {
    await start({ fake: { models: [{ name: 'm' }] }, config });
    await chat(prompt(5000));
    await hearth.post('/api/cache-stats', { action: 'unload_model', data: { model: 'm' } });
    await chat('hi');
    expect(loadedWith()).toEqual([8192, 4096]);
  });

  test('one that grows by each turn, as of aider, is rounded up and ends its reload storm', async () => {
    await start({ fake: { models: [{ name: 'm' }] }, config });
    for (const num_ctx of [9102, 9350, 9644, 10_020]) await chat(`turn ${num_ctx}`, { options: { num_ctx } });
    expect(loadedWith()).toEqual([16_384]);
  });

  test('is at most what the model can, and what fits into the graphics memory as measured', async () => {
    const small = { name: 's', details: { context_length: 2048 } };
    const models = { m: { num_ctx: 'auto' }, s: { num_ctx: 'auto' } } as const;
    await start({ fake: { models: [{ name: 'm', fitsContext: 8192 }, small] }, config: { ollama: { models } } });
    await chat(prompt(5000), { model: 's' });
    expect(loadedWith()).toEqual([2048]);
    await hearth.post('/api/cache-stats', { action: 'unload_model', data: { model: 's' } });
    for (const tokens of [10, 5000, 12_000]) {
      await chat(prompt(tokens));
      await expect.poll(() => hearth.backend.control.live().models[0]?.context_length).toBe(loadedWith().at(-1));
    }
    await hearth.post('/api/cache-stats', { action: 'unload_model', data: { model: 'm' } });
    const cut = await chat(prompt(12_000, 'b'));
    expect(loadedWith()).toEqual([2048, 4096, 8192, 16_384, 8192]);
    expect(cut.headers.get('x-context')).toMatch(/^\d+\/8192 truncated$/);
  });

  test('one question has one key, whatever was loaded, in every dialect', async () => {
    await start({ fake: { models: [{ name: 'm' }] }, config });
    const options = { temperature: 0 };
    const first = await chat('hi', { options });
    await chat(prompt(5000));
    const again = await chat('hi', { options });
    const other = await ask('/v1/chat/completions', 'hi', { temperature: 0 });
    const sized = await chat('hi', { options: { ...options, num_ctx: 5000 } });
    for (const response of [again, other, sized]) {
      expect(response.headers.get('x-cache')).toBe('HIT');
      expect(response.headers.get('x-cache-key')).toBe(first.headers.get('x-cache-key'));
    }
    expect(sentWith()).toEqual([4096, 8192]);
  });

  test('OpenAI clients, who cannot say num_ctx, have all of a long prompt read', async () => {
    await start({ fake: { models: [{ name: 'm' }] }, config });
    const response = await ask('/v1/chat/completions', prompt(5000));
    expect(response.headers.get('x-context')).toBeNull();
    expect(sentWith()).toEqual([8192]);
  });

  test('vectors, a warm-up and a keep_alive ask for the same', async () => {
    await start({ fake: { models: [{ name: 'm', capabilities: ['completion', 'embedding'] }] }, config });
    await hearth.post('/api/embed', { model: 'm', input: ['a', prompt(5000)] });
    await hearth.post('/api/cache-stats', { action: 'warm_model', data: { model: 'm' } });
    await chat('hi');
    expect((await chat('hi', { keep_alive: -1 })).headers.get('x-cache')).toBe('HIT');
    await expect.poll(() => hearth.fake.loaded()[0]?.expires_at ?? '').toMatch(/^2[1-9]/);
    expect(loadedWith()).toEqual([8192]);
  });

  test('one that waited for its turn takes the larger context that was loaded meanwhile', async () => {
    await start({ fake: { models: [{ name: 'm' }] }, config });
    await chat('warm');
    const gate = hearth.fake.gate();
    const running = chat('one');
    await hearth.fake.until(({ active }) => active === 1);
    const long = ask('/api/chat', prompt(5000), { priority: -5 });
    const waits = ask('/api/chat', 'two');
    await expect.poll(() => hearth.backend.control.live().queue.waiting.length).toBe(2);
    gate.release();
    await Promise.all([running, long, waits]);
    expect(loadedWith()).toEqual([4096, 8192]);
  });
});

describe('num_ctx of one model', () => {
  test('fills what a request leaves out, also where the policy leaves requests as they are', async () => {
    const models = { 'M:latest': { num_ctx: 6000 } };
    await start({ fake: { models: [{ name: 'm' }, { name: 'n' }] }, config: { ollama: { models } } });
    await chat('hi');
    await chat('hi', { options: { num_ctx: 7000 } });
    await ask('/v1/chat/completions', 'hi');
    await chat('hi', { model: 'n' });
    expect(sentWith()).toEqual([6000, 7000, 6000, undefined]);
  });
});

describe('a prompt that does not fit', () => {
  const long = prompt(9000);

  const ROUTES = ['/api/chat', '/v1/chat/completions', '/v1/messages', '/v1/responses'];
  test.each(
    ROUTES.flatMap(
      (path) =>
        [
          [path, false],
          [path, true],
        ] as const,
    ),
  )('is told by %s, streamed: %s, of a kept answer too', async (path, stream) => {
    const more = { stream, ...(path === '/v1/responses' ? { input: long } : {}), max_tokens: 10 };
    await start({ fake: { models: [{ name: 'm' }] }, config: { cache: { drop_in: 'always' } } });
    for (const source of ['MISS', 'HIT', 'HIT']) {
      const response = await ask(path, long, more);
      await response.text();
      expect(response.headers.get('x-cache')).toBe(source);
      expect(response.headers.get('x-context')).toMatch(/^9\d\d\d\/4096 truncated$/);
      expect(response.headers.get('access-control-expose-headers') ?? 'X-Context').toContain('X-Context');
    }
  });

  test('is seen where it runs, told to all who share it, and a standing notice says what to do', async () => {
    await start({ fake: { models: [{ name: 'm' }] } });
    const gate = hearth.fake.gate();
    const same = { options: { temperature: 0 }, use_cache: true };
    const asked = [
      ask('/api/chat', long, same),
      ask('/v1/chat/completions', long, { temperature: 0, use_cache: true }),
    ];
    const rows = (): QueueEntry[] => hearth.backend.control.live().queue.running;
    await expect.poll(() => rows().map(({ truncated }) => truncated?.size)).toEqual([4096, 4096]);
    gate.release();
    for (const response of await Promise.all(asked)) expect(response.headers.get('x-context')).toContain('/4096');
    const { notices } = hearth.backend.control.live().health;
    expect(notices).toHaveLength(1);
    expect(notices?.[0]).toContain('set num_ctx to "auto" for m:latest in ollama.models');
  });

  test('is not kept where the context was for Hearth to choose: the next one may be larger', async () => {
    const models = [{ name: 'm', details: { context_length: 4096 } }];
    await start({ fake: { models }, config });
    for (const source of ['MISS', 'MISS']) {
      const response = await chat(long);
      expect(response.headers.get('x-cache')).toBe(source);
      expect(response.headers.get('x-context')).toContain('/4096');
    }
  });
});

describe('a reload storm', () => {
  /** A request whose load takes more than a second, as far as Hearth can see. */
  const from = async (agent: string, num_ctx: number): Promise<void> => {
    const gate = hearth.fake.gateLoads();
    const before = hearth.fake.loads.length;
    const answer = hearth.post(
      '/api/chat',
      { model: 'm', messages: [{ role: 'user', content: `${agent} ${num_ctx}` }], options: { num_ctx }, stream: false },
      { headers: { 'user-agent': agent } },
    );
    await hearth.fake.until(({ loads }) => loads.length > before);
    hearth.clock.forward(1100);
    gate.release();
    await (await answer).text();
  };

  test('is a notice that names the clients, what they asked for, and the setting that ends it', async () => {
    await start({ fake: { models: [{ name: 'm' }] } });
    const events = await fetch(`${hearth.url}/api/events`);
    const told = reading(events);
    await from('aider/1', 9102);
    await from('aider/1', 9350);
    expect(hearth.backend.control.live().health.notices).toBeUndefined();
    await from('Continue', 16_384);
    const notice = await told.until((text) => text.includes('event: notice'));
    expect(notice).toContain('m:latest was loaded 2 times in 3 requests, each time for another num_ctx.');
    expect(notice).toContain('aider/1 asks for num_ctx 9102 and 9350, Continue for 16384.');
    expect(notice).toContain('set num_ctx to \\"auto\\" for m:latest in ollama.models');
    // Everybody may read /health, and need not know who asks for what.
    const standing = hearth.backend.control.live().health.notices ?? [];
    expect(standing).toHaveLength(1);
    expect(standing[0]).not.toContain('aider');
    await told.cancel();
  });
});
