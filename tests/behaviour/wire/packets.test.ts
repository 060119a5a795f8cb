// How an answer leaves: what came together in one packet, and what came alone at once.
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { deferred, reading } from '../../support/waiting.ts';

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth({ config: { cache: { enabled: false } } });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await hearth.stop();
});

/** Counts what Hearth's own connections give to the system from now on, each time one packet or more. */
function writes(): () => number {
  const port = Number(new URL(hearth.url).port);
  const seen = (['_write', '_writev'] as const).map((method) => vi.spyOn(Socket.prototype, method));
  const mine = (socket: unknown): boolean => socket instanceof Socket && socket.localPort === port;
  return () => seen.flatMap(({ mock }) => mock.contexts as unknown[]).filter(mine).length;
}

const pieces = Array.from({ length: 50 }, (_, i) => `word${i} `);

test.each(['/api/chat', '/v1/chat/completions', '/api/chat-optimized'])(
  '%s: pieces that came together leave together',
  async (path) => {
    hearth.fake.next({ pieces, pieceMs: -1 });
    const written = writes();
    const messages = [{ role: 'user', content: 'All at once' }];
    const answer = await hearth.post(path, { model: 'llama3.2', messages, stream: true });
    expect(await answer.text()).toContain('word49 ');
    // Where it stands, the headers, all pieces, the end.
    expect(written()).toBeLessThanOrEqual(5);
  },
);

test('a piece that came alone leaves alone, before the next one is there', async () => {
  const next = deferred();
  hearth.fake.next({ pieces: ['one ', 'two '], pauseAfter: { pieces: 1, until: next.promise } });
  const body = { model: 'llama3.2', messages: [{ role: 'user', content: 'One by one' }] };
  const answer = reading(await hearth.post('/api/chat', body));
  await answer.until((text) => text.includes('one '));
  next.resolve();
  await answer.rest();
});
