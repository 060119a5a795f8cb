// The promise: a person never waits for a title. Open WebUI asks for one 40 to 400 ms before the chat itself, and for tags and
// follow-ups when that has ended: the chat begins as if it were alone. By a clock that stands still unless it is moved, so
// that what begins at once begins in no time at all.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pino } from 'pino';
import { startBackend } from '../../../backend/backend.ts';
import type { Backend } from '../../../backend/hosting.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import { ManualClock } from '../../support/clocks.ts';
import { startFakeOllama, type FakeOllama, type RecordedCall } from '../../support/fake-ollama/fake-ollama.ts';
import { sendAgain, sentBy, type Answered, type Sent } from '../../support/traffic.ts';
import { deferred, eventually, type Deferred } from '../../support/waiting.ts';

const ROUNDS = 100;

/** As it was recorded: a title that comes whole, the chat that is streamed, and what comes after it. */
const [, , TITLE, CHAT, AFTERWARDS] = sentBy('open-webui') as readonly [Sent, Sent, Sent, Sent, Sent];

let clock: ManualClock;
let fake: FakeOllama;
let backend: Backend;
/** By call, the end of each run: its first piece comes when it is resolved. */
let holds: Map<RecordedCall, Deferred<void>>;

beforeEach(async () => {
  holds = new Map();
  clock = new ManualClock();
  fake = await startFakeOllama({
    answer: (call) => {
      const hold = deferred();
      holds.set(call, hold);
      return { hold: hold.promise, pieces: ['Yes', '.'] };
    },
  });
  const data = { server: { port: 0 }, ollama: { api_url: fake.url }, cache: { enabled: false } };
  const { config } = resolveConfig({ file: { path: 'test', data } }, 'headless');
  backend = await startBackend({ config, log: pino({ level: 'silent' }), version: '0.0.0-test', clock });
  await fake.until(({ calls }) => calls.some(({ path }) => path === '/api/ps'));
});

afterEach(async () => {
  for (const { resolve } of holds.values()) resolve();
  await backend.stop();
  await fake.stop();
});

/** The same request with another question, so that none shares the run of one before. */
function asked(sent: Sent, round: number): Promise<Answered> {
  const text = JSON.stringify(sent.body);
  const body = JSON.parse(text.replace(/("role":"user","content":"[^"]*)"/, `$1 ${round}"`)) as Sent['body'];
  return sendAgain(backend.url, { ...sent, body });
}

/** The run of this kind that began last and goes on. */
const runOf = (kind: 'chat' | 'task'): RecordedCall | undefined =>
  [...holds.keys()].findLast(({ body, outcome }) => outcome === 'open' && (kind === 'task') === isTask(body));

const isTask = (body: RecordedCall['body']): boolean => JSON.stringify(body).includes('### Task:');

/** Each wait is for the very next step. */
const SOON = { everyMs: 4 };

const waits = (number: number): Promise<unknown> =>
  eventually(`${number} wait`, () => backend.control.live().queue.queue_length === number, SOON);

/** Ends the run of this kind, and each after it, until the answer is there. */
async function toEnd(kind: 'chat' | 'task', answer: Promise<Answered>): Promise<Answered> {
  let done = false;
  void answer.finally(() => (done = true));
  await eventually(
    `the ${kind} is answered`,
    async () => {
      const run = runOf(kind);
      if (run !== undefined) holds.get(run)?.resolve();
      else if (!done) await clock.advance(50);
      return done;
    },
    SOON,
  );
  return answer;
}

test(
  `over ${ROUNDS} rounds the chat begins in no time, and every task is answered in its turn`,
  { timeout: 180_000 },
  async () => {
    let gaveWay = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const before = 40 + ((round * 37) % 361);
      const title = asked(TITLE, round);
      await waits(1);
      await clock.advance(before);
      const started = runOf('task') !== undefined;

      const cameAt = clock.elapsed();
      const chat = asked(CHAT, round);
      await eventually('the chat runs', () => runOf('chat') !== undefined, SOON);
      expect(clock.elapsed() - cameAt).toBe(0);
      expect(fake.open).toBe(1);
      if (started) gaveWay++;
      expect((await toEnd('chat', chat)).status).toBe(200);

      const afterwards = [asked(AFTERWARDS, round), asked(AFTERWARDS, round + ROUNDS)];
      for (const task of [title, ...afterwards]) expect((await toEnd('task', task)).status).toBe(200);
    }
    expect(gaveWay).toBeGreaterThan(0);
    expect(backend.control.live().queue.totals).toMatchObject({ completed: 4 * ROUNDS, failed: 0, cancelled: 0 });
  },
);
