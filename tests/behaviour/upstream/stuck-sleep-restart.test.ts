// What the watch tells of beside up and down: a run that hangs, a machine that slept, an Ollama that was started anew.
import { afterEach, describe, expect, test } from 'vitest';
import { type Health } from '../../../backend/contract/views/control.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

let hearth: Hearth;
const start = async (options: HearthOptions = {}): Promise<void> => {
  hearth = await startHearth(options);
};
afterEach(() => hearth.stop());

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const health = (): Health => hearth.backend.control.live().health;
/** Lets time pass in steps, each of which is no sleep of the machine. */
function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 9000) {
    hearth.clock.forward(Math.min(left, 9000));
    hearth.backend.control.lookAgain();
  }
}

test('a run that gives nothing for longer than the setting is told by /health', async () => {
  await start({ config: { ollama: { stuck_after_seconds: 60 } } });
  const gate = hearth.fake.gate();
  const headers = { 'x-request-id': 'hangs' };
  const answer = hearth.chat('hangs', {}, { headers });
  await hearth.fake.until(({ active }) => active === 1);
  await expect.poll(() => health().status).toBe('healthy');
  pass(50_000);
  expect(health().stuck).toBeUndefined();
  pass(10_000);
  const told = (await (await hearth.get('/health')).json()) as Health;
  expect(told).toMatchObject({ status: 'degraded', stuck: { model: 'llama3.2' } });
  expect(told.stuck?.silent_ms).toBeGreaterThanOrEqual(60_000);
  expect((await hearth.get('/health?ready=1')).status).toBe(503);
  await fetch(`${hearth.url}/api/chat-queue?requestId=hangs`, { method: 'DELETE' });
  gate.release();
  await (await answer).text();
  expect(health()).toMatchObject({ status: 'healthy' });
  expect(health().stuck).toBeUndefined();
});

test('the time of a load does not count as silence', async () => {
  await start({ config: { ollama: { stuck_after_seconds: 60 } } });
  const [load, run] = [hearth.fake.gateLoads(), hearth.fake.gate()];
  const answer = hearth.chat('loads');
  await hearth.fake.until(({ loads }) => loads.length === 1);
  pass(5 * MINUTE_MS);
  expect(health().stuck).toBeUndefined();
  load.release();
  await hearth.fake.until(({ active }) => active === 1);
  expect(health().stuck).toBeUndefined();
  run.release();
  await (await answer).text();
});

describe('a machine that slept', () => {
  test('looks at Ollama at once; no wait has run out, no run hangs, its clock going on or not', async () => {
    await start({ config: { queue: { max_wait_ms: 60_000 }, ollama: { stuck_after_seconds: 60 } } });
    const gate = hearth.fake.gate();
    const answers = [hearth.chat('runs'), hearth.chat('waits')];
    await expect.poll(() => hearth.backend.control.live().queue.waiting.length).toBe(1);
    const phase = (): string | undefined => hearth.backend.control.live().queue.running[0]?.phase;
    await expect.poll(phase).toBe('running');
    for (const sleep of ['forward', 'jump'] as const) {
      const before = hearth.fake.calls.filter(({ path }) => path === '/api/version').length;
      hearth.clock[sleep](HOUR_MS);
      hearth.backend.control.lookAgain();
      await hearth.fake.until(({ calls }) => calls.filter(({ path }) => path === '/api/version').length > before);
      await expect.poll(() => health().upstream.state).toBe('up');
      expect(health().stuck).toBeUndefined();
    }
    // What gives nothing for so long after that hangs all the same.
    pass(60_000);
    await expect.poll(() => health().stuck).toMatchObject({ model: 'llama3.2' });
    // Somebody comes, and the line is looked at again.
    const third = hearth.chat('comes');
    await expect.poll(() => hearth.backend.control.live().queue.waiting.length).toBe(2);
    gate.release();
    for (const answer of await Promise.all([...answers, third])) expect(answer.status).toBe(200);
  });
});

test('after a restart of Ollama what was warm is loaded again, as its requests use it', async () => {
  await start({ config: { ollama: { keep_alive: '30m' } } });
  for (const n of [1, 2, 3]) await (await hearth.chat(`hi ${n}`, { options: { num_ctx: 8192 } })).text();
  await expect.poll(() => health().upstream.model_loaded).toBe(true);
  await hearth.fake.goDown();
  hearth.backend.control.lookAgain();
  await expect.poll(() => health().upstream.state).toBe('down');
  await hearth.fake.comeBack();
  hearth.backend.control.lookAgain();
  await expect.poll(() => hearth.fake.loaded()).toMatchObject([{ name: 'llama3.2:latest', context_length: 8192 }]);
  await expect.poll(() => health().upstream.model_loaded).toBe(true);
  await (await hearth.chat('again', { options: { num_ctx: 8192 } })).text();
  expect(hearth.fake.loads.filter(({ outcome }) => outcome === 'loaded')).toHaveLength(2);
});
