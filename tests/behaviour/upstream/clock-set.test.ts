// The clock on the wall is set while requests wait, run and are kept, as NTP does it or a person: nothing that Hearth
// measures or promises changes by it.
import { afterEach, expect, test } from 'vitest';
import type { ChatAnswer } from '../../../backend/contract/chat/chat.ts';
import { type Health } from '../../../backend/contract/views/control.ts';
import { queueSchema } from '../../../backend/contract/views/queue-view.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let hearth: Hearth;
afterEach(() => hearth.stop());

const HOUR_MS = 3_600_000;
/** More than a test takes, and far less than what the clock is set by. */
const SOON_MS = 60_000;
const soon: unknown = expect.toSatisfy((ms: number) => ms >= 0 && ms < SOON_MS);

test.each([-HOUR_MS, HOUR_MS])('set by %i ms: no duration, estimate, age or limit moves', async (ms) => {
  hearth = await startHearth({ config: { cache: { ttl_seconds: 600 }, queue: { max_wait_ms: 600_000 } } });
  await (await hearth.chat('kept')).text();
  const gate = hearth.fake.gate();
  const running = hearth.chat('runs');
  await hearth.fake.until(({ active }) => active === 1);
  const waiting = hearth.chat('waits');
  await expect.poll(() => hearth.backend.control.live().queue.queue_length).toBe(1);
  const eta = (): number => hearth.backend.control.live().queue.waiting[0]?.estimated_wait_time ?? Number.NaN;
  const before = eta();

  hearth.clock.jump(ms);

  const kept = (await (await hearth.chat('kept')).json()) as ChatAnswer;
  expect(kept).toMatchObject({ source: 'hit', age: soon, timing: { total_ms: soon } });
  const queue = queueSchema.parse(await (await hearth.get('/api/chat-queue')).json());
  expect(queue.running).toMatchObject([{ age_ms: soon, silent_ms: soon }]);
  expect(queue.waiting).toMatchObject([{ age_ms: soon, estimated_wait_time: soon }]);
  // Either way: the estimate itself may have grown a little with what the run has taken meanwhile.
  expect(Math.abs(before - eta())).toEqual(soon);
  const health = (await (await hearth.get('/health')).json()) as Health;
  expect(health).toMatchObject({ status: 'healthy', uptime_ms: soon, upstream: { latency_ms: soon } });

  gate.release();
  for (const answer of [await running, await waiting]) {
    expect(answer.status).toBe(200);
    const { timing } = (await answer.json()) as ChatAnswer;
    expect(timing).toEqual({ queue_ms: soon, ttft_ms: soon, total_ms: soon });
  }
});

test('what is shown as a time of day is what the clock said, and its parts fit together', async () => {
  hearth = await startHearth();
  const id = 'a-job';
  const gate = hearth.fake.gate();
  await hearth.post('/api/chat-queue', { messages: [{ role: 'user', content: 'runs' }], requestId: id });
  await hearth.fake.until(({ active }) => active === 1);
  hearth.clock.jump(-HOUR_MS);
  gate.release();
  const view = async (): Promise<Record<string, string>> =>
    (await (await hearth.get(`/api/chat-queue?requestId=${id}`)).json()) as Record<string, string>;
  await expect.poll(async () => (await view())['status']).toBe('completed');
  const { created_at = '', started_at = '', finished_at = '' } = await view();
  expect(Date.parse(started_at) - Date.parse(created_at)).toEqual(soon);
  expect(Date.parse(finished_at) - Date.parse(started_at)).toEqual(soon);
});
