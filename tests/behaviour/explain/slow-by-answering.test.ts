// Why it was slow: each cause of a slow run, provoked, and the sentence that GET /api/requests/:id has of it. The clock stands
// still unless it is moved, and Ollama's own figures are those of its script, so that all are exact.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DetailedRequest } from '../../../backend/contract/views/control.ts';
import type { Why } from '../../../backend/contract/views/request-detail.ts';
import type { Scripted } from '../../support/fake-ollama/fake-ollama.ts';
import { startSlowHearth, type Asking, type SlowHearth } from '../../support/slow-hearth.ts';
import { deferred, eventually, reading } from '../../support/waiting.ts';

let hearth: SlowHearth;
beforeAll(async () => {
  hearth = await startSlowHearth({
    fake: {
      parallel: 2,
      models: [
        ...Array.from({ length: 20 }, (_none, i) => ({ name: `m${i}` })),
        { name: 'half', fitsContext: 1000 },
        { name: 'ear', capabilities: ['completion', 'audio'] },
        { name: 'gpt:20b-cloud', remote: { model: 'gpt', host: 'https://ollama.com' } },
      ],
    },
    config: { queue: { max_concurrent: 2 }, ollama: { stuck_after_seconds: 10 } },
  });
});
afterAll(() => hearth.stop());

/** Ollama's figures of a run: so many tokens in so many seconds. */
const figures = (
  prompt: readonly [tokens: number, seconds: number],
  answer: readonly [tokens: number, seconds: number] = [2, 0.1],
): NonNullable<Scripted['extraFinal']> => ({
  load_duration: 1e6,
  prompt_eval_count: prompt[0],
  prompt_eval_duration: prompt[1] * 1e9,
  eval_count: answer[0],
  eval_duration: answer[1] * 1e9,
});

/** Asks, and lets 12 s pass before the first token, or between the first and the second. */
async function asks(
  id: string,
  at: 'first token' | 'answer',
  script: Scripted,
  how: Asking = {},
): Promise<Why | undefined> {
  const { fake, clock } = hearth;
  const hold = deferred();
  const before = fake.chats().length;
  const pieces = ['a', 'b'];
  fake.next(
    at === 'answer'
      ? { pieces, pauseAfter: { pieces: 1, until: hold.promise }, ...script }
      : { pieces, hold: hold.promise, ...script },
  );
  const response = hearth.send(id, how);
  await fake.until(
    (seen) => seen.chats().length > before && seen.chats().at(-1)?.outcome === 'open' && seen.active > 0,
  );
  const text = at === 'answer' ? reading(await response) : undefined;
  await text?.until((all) => all.includes('\n'));
  clock.pass(12_000);
  hold.resolve();
  await (text?.rest() ?? (await response).text());
  return await hearth.why(id);
}

/** Another run holds the other slot meanwhile. */
async function beside<T>(id: string, model: string, work: () => Promise<T>): Promise<T> {
  const hold = deferred();
  hearth.fake.next({ hold: hold.promise });
  const other = hearth.ask(id, { by: 'aider', model });
  await hearth.fake.until(({ active }) => active === 1);
  const done = await work();
  hold.resolve();
  await other;
  return done;
}

describe('the first token', () => {
  test('prompt-long: many tokens were read', async () => {
    const script = { usage: { prompt_tokens: 21_352, completion_tokens: 2, cached_tokens: 26 } };
    const extraFinal = { ...figures([21_352, 12]), prompt_eval_cached_count: 26 };
    expect(await asks('long', 'first token', { ...script, extraFinal }, { model: 'm0' })).toMatchObject({
      cause: 'prompt-long',
      text: expect.stringMatching(/^Reading the prompt took 12 of 12 s: 21,\d+ tokens at 1,7\d\d a second/),
    });
  });

  test('first-token: Ollama told nothing of it', async () => {
    const extraFinal = { prompt_eval_count: 0, prompt_eval_duration: 0, load_duration: 0 };
    expect(await asks('untold', 'first token', { extraFinal }, { model: 'm1' })).toMatchObject({
      cause: 'first-token',
      text: '12 of 12 s were spent waiting for the first token.',
    });
  });

  test('prompt-truncated: the prompt did not fit', async () => {
    const more = { messages: [{ role: 'user', content: 'a'.repeat(2000) }], options: { num_ctx: 64 } };
    const script = { extraFinal: figures([64, 12]) };
    expect(await asks('truncated', 'first token', script, { model: 'm2', more })).toMatchObject({
      cause: 'prompt-truncated',
      text: 'Reading the prompt took 12 of 12 s. It has about 500 tokens, and its context holds 64: the oldest part was left out.',
      setting: { path: 'ollama.models' },
    });
  });

  test('prompt-changed: it parts early from the one before it', async () => {
    const at = (clock: string): Asking => ({
      model: 'm12',
      by: 'aider',
      more: {
        messages: [
          { role: 'system', content: `It is ${clock}. ${'You help. '.repeat(400)}` },
          { role: 'user', content: 'hi' },
        ],
      },
    });
    await hearth.ask('clock-1', at('12:00:01'));
    const usage = { prompt_tokens: 1000, completion_tokens: 2, cached_tokens: 3 };
    const script = { usage, extraFinal: figures([1000, 12]) };
    expect(await asks('clock-2', 'first token', script, at('12:00:59'))).toMatchObject({
      cause: 'prompt-changed',
      text: expect.stringMatching(
        /^Reading the prompt took 12 of 12 s\. It changed at character \d+, in the system prompt.*, so only 3 of 1,000 tokens could be reused\.$/,
      ),
    });
  });

  test('prompt-partly-in-graphics: a half of the model is outside', async () => {
    const script = { extraFinal: figures([400, 12]) };
    expect(await asks('half', 'first token', script, { model: 'half' })).toMatchObject({
      cause: 'prompt-partly-in-graphics',
      text: 'Reading the prompt took 12 of 12 s, with 50 % of half:latest outside the graphics memory.',
    });
  });

  test('prompt-beside-others: another run shared the machine', async () => {
    const script = { extraFinal: figures([400, 12]) };
    const told = await beside('with it', 'm3', () => asks('beside', 'first token', script, { model: 'm3' }));
    expect(told).toMatchObject({
      cause: 'prompt-beside-others',
      text: 'Reading the prompt took 12 of 12 s while another request ran at the same time.',
      setting: { path: 'queue.max_concurrent' },
    });
  });

  test('ollama-queue: it waited inside of Ollama', async () => {
    const script = { extraFinal: figures([400, 1]) };
    const told = await beside('first in it', 'm4', () => asks('second-in-it', 'first token', script, { model: 'm4' }));
    expect(told).toMatchObject({
      cause: 'ollama-queue',
      text: '11 of 12 s passed inside Ollama before it read the prompt, while 1 other request ran.',
      setting: { path: 'queue.max_concurrent' },
    });
  });

  test('cloud: the model runs elsewhere', async () => {
    const script = { extraFinal: figures([400, 12]) };
    expect(await asks('cloud', 'first token', script, { model: 'gpt:20b-cloud' })).toMatchObject({
      cause: 'cloud',
      text: 'gpt:20b-cloud runs at ollama.com, and took 12 of 12 s.',
    });
  });

  test('stuck: nothing came until it was cancelled', async () => {
    const { fake, clock, url } = hearth;
    fake.next({ silent: true });
    const answer = hearth.ask('stuck', { model: 'm5' }).catch(() => undefined);
    await fake.until(({ active }) => active === 1);
    clock.pass(12_000);
    await fetch(`${url}/api/requests/stuck/cancel`, { method: 'POST' });
    await answer;
    expect(await hearth.why('stuck')).toMatchObject({
      cause: 'stuck',
      text: 'Nothing came from the model for the last 12 of 12 s.',
      setting: { path: 'ollama.timeout_seconds' },
    });
  });

  test('asleep: the machine slept meanwhile', async () => {
    const { fake, clock, backend } = hearth;
    const gate = fake.gate();
    const answer = hearth.ask('asleep', { model: 'm6' });
    await fake.until(({ active }) => active === 1);
    clock.pass(3_600_000);
    backend.control.lookAgain();
    gate.release();
    await answer;
    expect(await hearth.why('asleep')).toMatchObject({
      cause: 'asleep',
      // Not in the five seconds between two beats.
      text: expect.stringMatching(/^The machine slept for (59\.9|60) of 60 min\.$/),
    });
  });

  test('handed-on: the route hands on what it gets', async () => {
    const { fake, clock, url } = hearth;
    const gate = fake.gate();
    const form = new FormData();
    form.append('file', new Blob([Buffer.from([0, 255])]), 'a.wav');
    form.append('model', 'ear');
    const headers = { 'x-request-id': 'handed-on' };
    const answer = fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: form, headers });
    await fake.until(({ active }) => active === 1);
    clock.pass(12_000);
    gate.release();
    await (await answer).text();
    expect(await hearth.why('handed-on')).toMatchObject({ cause: 'handed-on', text: 'Ollama took 12 of 12 s.' });
  });
});

describe('the answer', () => {
  test('answer-long: many tokens were written', async () => {
    expect(await asks('many', 'answer', { extraFinal: figures([10, 0.1], [540, 12]) }, { model: 'm7' })).toMatchObject({
      cause: 'answer-long',
      text: 'The answer took 12 of 12 s: 540 tokens at 45 a second.',
    });
  });

  test('answer: Ollama told nothing of it', async () => {
    const extraFinal = { eval_count: 0, eval_duration: 0 };
    expect(await asks('nothing', 'answer', { extraFinal }, { model: 'm8' })).toMatchObject({
      cause: 'answer',
      text: 'The answer took 12 of 12 s.',
    });
  });

  test('thinking: most of it was thought', async () => {
    const pieces = [{ thinking: 'h' }, { thinking: 'm' }, { thinking: '?' }, 'a', 'b'];
    const script = { pieces, extraFinal: figures([10, 0.1], [500, 12]) };
    expect(await asks('thinks', 'answer', { ...script }, { model: 'm9' })).toMatchObject({
      cause: 'thinking',
      text: 'The answer took 12 of 12 s: about 300 of 500 tokens were thinking.',
    });
  });

  test('answer-partly-in-graphics: a half of the model is outside', async () => {
    const script = { extraFinal: figures([10, 0.1], [60, 12]) };
    expect(await asks('half-answer', 'answer', script, { model: 'half' })).toMatchObject({
      cause: 'answer-partly-in-graphics',
      text: 'The answer took 12 of 12 s, with 50 % of half:latest outside the graphics memory.',
    });
  });

  describe('of a model whose pace is known', () => {
    beforeAll(async () => {
      for (let i = 0; i < 8; i++) {
        hearth.fake.next({ extraFinal: figures([10, 0.1], [100, 2]) });
        await hearth.ask(`usual-${i}`, { model: 'm10' });
      }
    });
    const slow = { extraFinal: figures([10, 0.1], [120, 12]) };

    test('answer-slow: it wrote more slowly than usual', async () => {
      expect(await asks('slowly', 'answer', slow, { model: 'm10' })).toMatchObject({
        cause: 'answer-slow',
        text: expect.stringMatching(
          /^The answer took 12 of 12 s: 120 tokens at 10 a second, where (49|50|51) a second are usual\.$/,
        ),
      });
    });

    test('answer-beside-others: another run shared the machine', async () => {
      const told = await beside('shares', 'm10', () => asks('shared', 'answer', slow, { model: 'm10' }));
      expect(told).toMatchObject({
        cause: 'answer-beside-others',
        text: 'The answer took 12 of 12 s while another request ran at the same time.',
      });
    });
  });

  test('delivery: the app did not read', async () => {
    const { fake, clock, url } = hearth;
    // More than the system keeps for a socket.
    fake.next({ pieces: Array.from({ length: 140 }, (_none, i) => `${i}`.padEnd(100_000)), pieceMs: -1 });
    const response = await hearth.send('unread', { model: 'm11', by: 'reader' });
    await eventually('the model has said all', async () => {
      const { detail } = (await (await fetch(`${url}/api/requests/unread`)).json()) as DetailedRequest;
      return detail?.ended_with === 'stop';
    });
    clock.pass(12_000);
    await response.text();
    expect(await hearth.why('unread')).toMatchObject({
      cause: 'delivery',
      text: 'reader took 12 of 12 s to read the answer, after its last token had come from the model.',
    });
  });
});
