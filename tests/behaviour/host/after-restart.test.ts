// The promise: a setting of which Hearth says "after restart" is read at the start and not before the next one, and all
// others apply at once. That this holds for each of them is in tests/unit/contract/config/config.test.ts.
import { afterEach, expect, test } from 'vitest';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

const FROM_ELSEWHERE = { 'x-forwarded-for': '203.0.113.7' };

let hearth: Hearth;
afterEach(() => hearth.stop());
const change = (config: HearthOptions['config']): void => hearth.backend.configure(hearth.config(config));
const statusFromElsewhere = async (): Promise<number> =>
  (await hearth.chat('Why?', {}, { headers: FROM_ELSEWHERE })).status;

test.each([
  [false, 401],
  [true, 200],
])('who was let in without a key at the start (%s) is so until the next one', async (started, status) => {
  hearth = await startHearth({ config: { server: { allow_anonymous: started } } });
  expect(await statusFromElsewhere()).toBe(status);
  change({ server: { allow_anonymous: !started } });
  expect(await statusFromElsewhere()).toBe(status);
});

test('a change of both kinds: what applies at once does, and the rest waits', async () => {
  hearth = await startHearth({ config: { queue: { retention_seconds: 60, retained_max_mb: 0.1 } } });
  change({ queue: { retention_seconds: 5, retained_max_mb: 10 } });
  const body = { messages: [{ role: 'user', content: 'Why?' }], requestId: 'one' };
  await hearth.post('/api/chat-queue', body);
  const look = (): Promise<Response> => hearth.get('/api/chat-queue?requestId=one');
  const status = async (): Promise<unknown> => ((await (await look()).json()) as { status: string }).status;
  await expect.poll(status, { timeout: 10_000 }).toBe('completed');
  hearth.clock.forward(6000);
  const gone = await look();
  expect([gone.status, await gone.json()]).toMatchObject([
    410,
    { error: expect.stringContaining('kept for 5 s, at most 0.1 MB') },
  ]);
});
