// The promise: one X-Request-ID for several requests at the same moment, as some programs send it, is no fault on routes
// that chat. An id that a caller chose in the body of /api/chat-queue stays its own.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth();
});
afterEach(() => hearth.stop());

const messages = (i: number) => [{ role: 'user', content: `Why ${i}?` }];
const headers = { 'x-request-id': 'the-same' };
const TEN = Array.from({ length: 10 }, (_, i) => i);

test.each<[string, (i: number) => object]>([
  ['/api/chat-optimized', (i) => ({ messages: messages(i) })],
  ['/api/chat-optimized', (i) => ({ messages: messages(i), stream: true })],
  ['/api/chat-optimized', () => ({ messages: messages(0) })],
  ['/api/chat-optimized', (i) => ({ messages: messages(i), conversation_id: 'talk' })],
  ['/api/chat', (i) => ({ model: 'llama3.2', messages: messages(i) })],
  ['/api/generate', (i) => ({ model: 'llama3.2', prompt: `Why ${i}?`, stream: false })],
  ['/v1/chat/completions', (i) => ({ model: 'llama3.2', messages: messages(i) })],
  ['/api/embed', (i) => ({ model: 'nomic-embed-text', input: `Why ${i}?` })],
])('ten on %s are answered, cold and from the cache', async (path, body) => {
  for (const round of [1, 2]) {
    const answers = await Promise.all(TEN.map((i) => hearth.post(path, body(i), { headers })));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect([round, answers.map(({ status }) => status)]).toEqual([round, TEN.map(() => 200)]);
    expect(texts.join('')).not.toContain('request_exists');
  }
});

test.each([1, 2])('ten jobs each have an id and a result of their own, round %i', async (rounds) => {
  const seen = new Set<string>();
  for (let round = 1; round <= rounds; round += 1) {
    const accepted = await Promise.all(
      TEN.map((i) => hearth.post('/api/chat-queue', { messages: messages(i) }, { headers })),
    );
    expect(accepted.map(({ status }) => status)).toEqual(TEN.map(() => 202));
    for (const [i, answer] of accepted.entries()) {
      const { request_id: id } = (await answer.json()) as { request_id: string };
      expect(seen.has(id)).toBe(false);
      seen.add(id);
      const look = async () =>
        (await (await hearth.get(`/api/chat-queue?requestId=${id}`)).json()) as { status: string; result?: object };
      await expect.poll(async () => (await look()).status, { timeout: 10_000 }).toBe('completed');
      const asked = await hearth.post('/api/chat-optimized', { messages: messages(i) });
      expect((await look()).result).toMatchObject({
        message: ((await asked.json()) as { message: object }).message,
      });
    }
  }
});

test('an id that was chosen stands for one job: with another body it is refused', async () => {
  for (const requestId of ['mine', 'mine-again']) {
    const send = (i: number) => hearth.post('/api/chat-queue', { messages: messages(i), requestId });
    const answers = await Promise.all(TEN.map(() => send(1)));
    expect(answers.map(({ status }) => status)).toEqual(TEN.map(() => 202));
    const accepted = (await Promise.all(answers.map((answer) => answer.json()))) as { request_id: string }[];
    expect(new Set(accepted.map(({ request_id: id }) => id))).toEqual(new Set([requestId]));
    expect((await send(2)).status).toBe(409);
  }
  await expect.poll(() => hearth.fake.chats().length).toBe(1);
});
