// Asking again on purpose: with an answer kept, a click on Regenerate may ask the model anew, as its header says; and
// what is said to be stored is.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { deferred } from '../../support/waiting.ts';

let hearth: Hearth;
const CONFIG = { cache: { drop_in: 'always', fresh_when: ['X-Message-Id', 'x-chat'] } } as const;
const restart = async (options: HearthOptions): Promise<void> => {
  await hearth.stop();
  hearth = await startHearth(options);
};
beforeEach(async () => {
  // Each run says something else, as a model does.
  let runs = 0;
  hearth = await startHearth({ config: CONFIG, fake: { answer: () => ({ pieces: [`answer ${++runs}`] }) } });
});
afterEach(() => hearth.stop());

const messages = [{ role: 'user', content: 'Why?' }];

/** What came of the question with these headers, and its headers in short. */
async function ask(headers: Record<string, string> = {}, body: object = {}): Promise<string> {
  const response = await hearth.post('/api/chat', { model: 'llama3.2', messages, stream: false, ...body }, { headers });
  const { message } = (await response.json()) as { message: { content: string } };
  return `${message.content} ${response.headers.get('x-cache')}`;
}
const click = (id: string, more: Record<string, string> = {}): Promise<string> => ask({ 'X-Message-Id': id, ...more });
const runs = (): number => hearth.fake.chats().length;

describe('cache.fresh_when', () => {
  test('a new value asks the model again and keeps the answer; a known value or none is a hit', async () => {
    expect(await click('m1')).toBe('answer 1 MISS');
    expect(await click('m1')).toBe('answer 1 HIT');
    expect(await ask()).toBe('answer 1 HIT');
    expect(await click('m2')).toBe('answer 2 REFRESH');
    for (const again of [click('m2'), click('m1'), ask()]) expect(await again).toBe('answer 2 HIT');
    expect(await click('m3')).toBe('answer 3 REFRESH');
    expect(runs()).toBe(3);
  });

  test('also after an answer that was asked for without one', async () => {
    expect(await ask()).toBe('answer 1 MISS');
    expect(await click('m1')).toBe('answer 2 REFRESH');
    expect(await click('m1')).toBe('answer 2 HIT');
  });

  test('each question has its own values', async () => {
    await click('m1');
    const other = { messages: [{ role: 'user', content: 'How?' }] };
    expect(await ask({ 'x-message-id': 'm1' }, other)).toBe('answer 2 MISS');
    expect(await ask({ 'x-message-id': 'm1' }, other)).toBe('answer 2 HIT');
  });

  test('of several headers any may be new; one that is empty is none', async () => {
    expect(await click('m1', { 'X-Chat': 'c1' })).toBe('answer 1 MISS');
    expect(await click('m1', { 'X-Chat': 'c2' })).toBe('answer 2 REFRESH');
    expect(await click('', { 'X-Chat': '' })).toBe('answer 2 HIT');
    expect(await click('m1', { 'X-Chat': 'c1' })).toBe('answer 2 HIT');
  });

  test('two clicks with one value at the same time are one run, those with others are their own', async () => {
    await ask();
    const gate = hearth.fake.gate();
    const first = click('m1');
    await hearth.fake.until(({ active }) => active === 1);
    const [second, other] = [click('m1'), click('m2')];
    await expect.poll(() => hearth.backend.control.live().queue.waiting.length).toBe(1);
    expect(await ask()).toBe('answer 1 HIT');
    gate.release();
    expect(await Promise.all([first, second, other])).toEqual([
      'answer 2 REFRESH',
      'answer 2 COALESCED',
      'answer 3 REFRESH',
    ]);
    expect(await click('m1')).toBe('answer 3 HIT');
  });

  test('a new answer that fails leaves the kept one, and the click may be repeated', async () => {
    await restart({ config: CONFIG });
    await ask();
    hearth.fake.next({ fail: { status: 500, error: 'the runner stopped' } });
    expect(
      (await hearth.post('/api/chat', { model: 'llama3.2', messages }, { headers: { 'x-message-id': 'm1' } })).ok,
    ).toBe(false);
    expect(await ask()).toMatch(/ HIT$/);
    expect(await click('m1')).toMatch(/ REFRESH$/);
  });

  test('on our own routes and on OpenAI’s too', async () => {
    for (const path of ['/api/chat-optimized', '/v1/chat/completions']) {
      const body = { model: 'llama3.2', messages: [{ role: 'user', content: path }] };
      const of = async (id: string): Promise<string | null> => {
        const response = await hearth.post(path, body, { headers: { 'x-message-id': id } });
        await response.text();
        return response.headers.get('x-cache');
      };
      expect([await of('m1'), await of('m2'), await of('m1')]).toEqual(['MISS', 'REFRESH', 'HIT']);
    }
  });

  test('only-if-cached is stronger', async () => {
    await ask();
    expect(await click('m1', { 'x-cache-control': 'only-if-cached' })).toBe('answer 1 HIT');
  });

  test('the header means nothing where it is not named', async () => {
    hearth.backend.configure(hearth.config({ cache: { drop_in: 'always' } }));
    await click('m1');
    expect(await click('m2')).toBe('answer 1 HIT');
  });

  test('however many values come, a bounded number is remembered, and it is counted as memory', async () => {
    const bytes = (): number => hearth.backend.control.live().stats.response_cache.total_size_mb;
    await click('m0');
    const one = bytes();
    for (let i = 1; i <= 64; i++) await click(`m${i}`);
    const full = bytes();
    expect(full - one).toBeGreaterThan((64 * 16) / 1024 / 1024);
    for (let i = 65; i <= 80; i++) await click(`m${i}`);
    expect(bytes()).toBeCloseTo(full, 3);
    expect(await click('m80')).toMatch(/ HIT$/);
    expect(await click('m0')).toMatch(/ REFRESH$/);
  });
});

describe('Cache-Status says stored of what was stored', () => {
  const status = async (body: object, path = '/api/chat-optimized'): Promise<string | null> => {
    const response = await hearth.post(path, { model: 'llama3.2', messages, ...body });
    await response.text();
    return response.headers.get('cache-status');
  };

  test('of a whole answer that was', async () => {
    expect(await status({})).toBe('hearth; fwd=uri-miss; stored');
    expect(await status({ cache: { 'no-cache': true } })).toBe('hearth; fwd=request; stored');
    expect(await status({ model: 'nomic-embed-text', input: 'x' }, '/api/embed')).toBe('hearth; fwd=uri-miss; stored');
  });

  test.each([
    ['our own', '/api/chat-optimized'],
    ['Ollama’s', '/api/chat'],
    ['OpenAI’s', '/v1/chat/completions'],
  ])('not of a stream on %s routes, whose end is not known yet', async (_name, path) => {
    const more = deferred();
    hearth.fake.next({ pieces: ['begun', ' and ended'], pauseAfter: { pieces: 1, until: more.promise } });
    const begun = await hearth.post(path, { model: 'llama3.2', messages, stream: true });
    more.resolve();
    await begun.text();
    expect(begun.headers.get('cache-status')).toBe('hearth; fwd=uri-miss');
    expect(await status({ stream: true }, path)).toMatch(/^hearth; hit; ttl=\d+$/);
  });

  test.each([
    ['too long', { pieces: ['x'.repeat(200_000)] }],
    ['empty', { pieces: [''] }],
    ['unfinished', { pieces: ['x'], doneReason: 'unload' }],
  ])('nor of an answer that is %s', async (_name, script) => {
    await restart({ config: { cache: { max_entry_mb: 0.1 } } });
    hearth.fake.always(script);
    expect(await status({})).toBe('hearth; fwd=uri-miss');
    expect(await status({ cache: { 'no-cache': true } })).toBe('hearth; fwd=request');
  });

  test('nor of vectors that are too long', async () => {
    const models = [{ name: 'long', capabilities: ['embedding'], details: { embedding_length: 5000 } }];
    await restart({ fake: { models }, config: { cache: { max_entry_mb: 0.001 } } });
    for (let i = 0; i < 2; i++) {
      expect(await status({ model: 'long', input: 'x' }, '/api/embed')).toBe('hearth; fwd=uri-miss');
    }
  });
});
