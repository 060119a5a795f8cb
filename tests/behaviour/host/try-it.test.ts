// The promise: what is asked in the window goes the way of every app's request, by HTTP as "Hearth" and before programs; its answer
// comes piece by piece, says where it came from, and what is stopped or broken off keeps what came.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DetailedRequest, RequestList } from '../../../backend/contract/views/control.ts';
import type { TurnView } from '../../../backend/contract/window/talk.ts';
import { AppError } from '../../../backend/contract/errors.ts';
import { systemClock } from '../../../backend/clock.ts';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { Talk } from '../../../main/try/window-talk.ts';
import { pino } from 'pino';
import { ownAddress } from '../../support/door.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { deferred, eventually } from '../../support/waiting.ts';

const MODEL = 'llama3.2';
const { key } = addKey([], { name: 'app', scopes: ['chat'] }, new Date('2026-01-01T00:00:00Z'));

const address = ownAddress();

let hearth: Hearth;
/** Where it is asked. */
let at: Hearth;
let talk: Talk;
let running: boolean;
beforeEach(async () => {
  // Keys are on, as they must be where other machines are let in.
  hearth = await startHearth({ config: { server: { api_keys: [key] } } });
  at = hearth;
  running = true;
  talk = new Talk({
    gateway: () => {
      if (running) return at.backend.control.connect;
      throw new AppError('shutting_down', 'The gateway does not run.');
    },
    clock: systemClock,
    log: pino({ level: 'silent' }),
    onChange: () => undefined,
  });
});
afterEach(async () => {
  talk.clear();
  await hearth.stop();
});

const last = (): TurnView => talk.view().at(-1) as TurnView;
const ended = (): Promise<TurnView> =>
  eventually('it ended', () => talk.view().every(({ state }) => state !== 'answering') && last());
const ask = (question: string, more = {}): void => talk.ask({ model: MODEL, question, ...more });
const asked = async (question: string): Promise<TurnView> => {
  ask(question);
  return await ended();
};
const detail = async (id: string | null): Promise<DetailedRequest> =>
  (await (await hearth.get(`/api/requests/${id}`)).json()) as DetailedRequest;

test('comes piece by piece, is listed as asked by Hearth, and goes before programs', async () => {
  const paused = deferred();
  hearth.fake.next({ pieces: ['Warm', 'th.'], pauseAfter: { pieces: 1, until: paused.promise } });
  ask('What is a hearth?');
  expect(last()).toMatchObject({ state: 'answering', answer: '', model: MODEL });
  await eventually('the first piece', () => last().answer === 'Warm');
  expect(last()).toMatchObject({ state: 'answering', source: 'miss', tokens: 1, total_ms: null });
  expect(() => ask('Another?')).toThrow('under way');
  paused.resolve();
  const turn = await ended();
  expect(turn).toMatchObject({ state: 'answered', answer: 'Warmth.', source: 'miss', tokens: 2, error: null });
  expect(turn.total_ms).toBeGreaterThanOrEqual(0);
  const { requests } = (await (await hearth.get('/api/requests')).json()) as RequestList;
  expect(requests).toMatchObject([{ caller: 'Hearth', class: 'interactive', request_id: turn.request_id }]);
});

test('a follow-up takes along what was said; a question asked once more is a kept answer', async () => {
  await asked('First?');
  const first = last().answer;
  await asked('Second?');
  expect(hearth.fake.chats().at(-1)?.body?.['messages']).toEqual([
    { role: 'user', content: 'First?' },
    { role: 'assistant', content: first },
    { role: 'user', content: 'Second?' },
  ]);
  talk.clear();
  expect(talk.view()).toEqual([]);
  const again = await asked('First?');
  expect(again).toMatchObject({ source: 'hit', answer: first, tokens_per_s: null });
  expect(Date.parse(again.kept_at ?? '')).toBeGreaterThan(0);
  expect(again.saved_ms).toBeGreaterThan(0);
  expect(hearth.fake.chats()).toHaveLength(2);
});

// A machine without a network has no such address.
test.skipIf(address === undefined)(
  'where the gateway listens on one address of the network, it needs no key',
  async () => {
    const server = { host: address ?? '', api_keys: [key] };
    at = await startHearth({ inFrontOf: hearth.fake, config: { server } });
    try {
      expect((await at.get('/health')).status).toBe(401);
      expect(await asked('Who is here?')).toMatchObject({ state: 'answered', error: null });
      const { requests } = await at.backend.control.requests.list({ limit: 9 });
      expect(requests).toMatchObject([{ caller: 'Hearth', class: 'interactive' }]);
    } finally {
      await at.backend.stop();
    }
  },
);

test('an answer that is shared says with whom', async () => {
  const gate = hearth.fake.gate();
  const other = hearth.chat('Same?', { model: MODEL }, { headers: { 'user-agent': 'Open WebUI' } });
  await hearth.fake.until(({ active }) => active === 1);
  ask('Same?');
  await eventually('the other is known', () => last().run_of === 'Open WebUI');
  expect(last()).toMatchObject({ state: 'answering', source: 'coalesced' });
  gate.release();
  await (await other).text();
  expect(await ended()).toMatchObject({ state: 'answered', source: 'coalesced', run_of: 'Open WebUI' });
  expect(hearth.fake.chats()).toHaveLength(1);
});

test('what is stopped frees its slot at once, and keeps what came', async () => {
  const never = deferred();
  hearth.fake.next({ pieces: ['Some', 'more'], pauseAfter: { pieces: 1, until: never.promise } });
  ask('Long?');
  await eventually('the first piece', () => last().answer === 'Some');
  talk.stop();
  expect(last()).toMatchObject({ state: 'stopped', answer: 'Some', error: null });
  await hearth.fake.until(({ active }) => active === 0);
  never.resolve();
  await eventually('listed', async () => (await detail(last().request_id)).status === 'cancelled');
  // What came goes with the next question.
  await asked('And?');
  expect(hearth.fake.chats().at(-1)?.body?.['messages']).toHaveLength(3);
});

test('what fails keeps what came, quotes Ollama, and can be asked once more in its place', async () => {
  const killed = 'llama runner process has terminated: signal: killed';
  hearth.fake.next({ pieces: ['Half', ' an', ' answer'], failAfter: { pieces: 2, error: killed } });
  ask('Whole?');
  const failed = await ended();
  expect(failed).toMatchObject({ state: 'failed', answer: 'Half an', error: { code: 'upstream_failed' } });
  expect(failed.error?.sentence).toContain(killed);
  ask('Whole?', { instead_of: failed.id });
  expect(await ended()).toMatchObject({ state: 'answered' });
  expect(talk.view()).toHaveLength(1);
  expect(hearth.fake.chats().at(-1)?.body?.['messages']).toEqual([{ role: 'user', content: 'Whole?' }]);
  await asked('More?');
  ask('Whole, and short?', { instead_of: failed.id + 1 });
  await ended();
  expect(talk.view().map(({ question }) => question)).toEqual(['Whole, and short?', 'More?']);
  expect(hearth.fake.chats().at(-1)?.body?.['messages']).toEqual([{ role: 'user', content: 'Whole, and short?' }]);
  talk.ask({ model: 'not-there', question: 'Who?' });
  expect(await ended()).toMatchObject({ state: 'failed', answer: '', error: { code: 'model_not_found' } });
});

test('while the gateway stops under it, what came stays; without one, nothing is asked', async () => {
  const never = deferred();
  hearth.fake.next({ pieces: ['Some', 'more'], pauseAfter: { pieces: 1, until: never.promise } });
  ask('Long?');
  await eventually('the first piece', () => last().answer === 'Some');
  running = false;
  await hearth.backend.stop();
  expect(await ended()).toMatchObject({ state: 'failed', answer: 'Some', error: { code: 'shutting_down' } });
  never.resolve();
  expect(() => ask('More?')).toThrow('does not run');
  expect(talk.view()).toHaveLength(1);
});
