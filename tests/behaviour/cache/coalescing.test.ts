// Identical requests in flight share one upstream call; who leaves costs nothing to the others.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWire, type Wire } from '../../support/door.ts';
import { piecesOf, startHearth, type Hearth } from '../../support/hearth.ts';
import { deferred, eventually, reading } from '../../support/waiting.ts';

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth();
});
afterEach(() => hearth.stop());

const text = (pieces: readonly Record<string, unknown>[]): string =>
  pieces.map(({ content }) => content ?? '').join('');

/** Waits until so many requests live in the gateway. */
const living = (count: number): Promise<true> =>
  eventually(`${count} requests live`, () => {
    const { running, waiting } = hearth.backend.control.live().queue;
    return running.length + waiting.length === count;
  });

test('50 identical requests are one upstream call and 50 complete answers', async () => {
  const gate = hearth.fake.gate();
  hearth.fake.next({ pieces: ['All ', 'the ', 'same.'] });
  const answers = Array.from({ length: 50 }, (_, i) => hearth.chat('same', { stream: i % 2 === 0 }));
  await living(50);
  gate.release();
  let coalesced = 0;
  for (const [i, response] of (await Promise.all(answers)).entries()) {
    if (i % 2 === 0) {
      const pieces = await piecesOf(response);
      expect(text(pieces)).toBe('All the same.');
      if (pieces.at(-1)?.['source'] === 'coalesced') coalesced++;
    } else {
      const answer = (await response.json()) as { message: { content: string }; source: string };
      expect(answer.message.content).toBe('All the same.');
      if (answer.source === 'coalesced') coalesced++;
    }
  }
  expect(coalesced).toBe(49);
  expect(hearth.fake.chats()).toHaveLength(1);
  const stats = (await (await hearth.get('/api/cache-stats')).json()) as { response_cache: Record<string, number> };
  expect(stats.response_cache).toMatchObject({ misses: 1, coalesced: 49, hits: 0, hit_rate: 0.98 });
});

test('a late joiner has the beginning at once, then the rest with the others', async () => {
  const { promise: until, resolve: release } = deferred();
  hearth.fake.next({ pieces: ['begin ', 'end'], pauseAfter: { pieces: 1, until } });
  const leader = await hearth.chat('late', { stream: true });
  const leaderReader = leader.body?.getReader();
  await leaderReader?.read();
  const late = await hearth.chat('late', { stream: true });
  expect(late.headers.get('x-cache')).toBe('COALESCED');
  expect(late.headers.get('cache-status')).toBe('hearth; fwd=uri-miss; collapsed');
  const answer = reading(late);
  await answer.until((seen) => seen.includes('begin'));
  release();
  expect(await answer.rest()).toContain('"end"');
  await leaderReader?.cancel();
});

test('a follower survives its leader', async () => {
  const gate = hearth.fake.gate();
  hearth.fake.next({ pieces: ['still ', 'here'] });
  const left = new AbortController();
  const leader = hearth.chat('survive', {}, { signal: left.signal }).catch(() => 'left');
  await hearth.fake.until(({ active }) => active === 1);
  const follower = hearth.chat('survive');
  await living(2);
  left.abort();
  await leader;
  await living(1);
  gate.release();
  expect(await (await follower).json()).toMatchObject({ message: { content: 'still here' }, source: 'coalesced' });
  expect(hearth.fake.chats().map(({ outcome }) => outcome)).toEqual(['done']);
});

test('when the last one leaves, the upstream call ends and the slot is free', async () => {
  const gate = hearth.fake.gate();
  const left = new AbortController();
  const callers = [1, 2, 3].map(() =>
    hearth
      .chat('all leave', { stream: true }, { signal: left.signal })
      .then((r) => r.text())
      .catch(() => 'left'),
  );
  await hearth.fake.until(({ active }) => active === 1);
  await living(3);
  left.abort();
  await hearth.fake.until(({ active }) => active === 0);
  expect(await Promise.all(callers)).toEqual(['left', 'left', 'left']);
  gate.release();
  expect(await (await hearth.chat('next')).json()).toMatchObject({ source: 'miss' });
});

test('a body in parts is not taken for a caller who left, and one who leaves later is noticed', async () => {
  const port = Number(new URL(hearth.url).port);
  const ask = async (content: string): Promise<Wire> => {
    const body = JSON.stringify({ stream: true, messages: [{ role: 'user', content }] });
    const wire = await openWire(port);
    wire.send(`POST /api/chat-optimized HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: ${body.length}\r\n`);
    wire.send('Expect: 100-continue\r\n\r\n');
    // Now the request is being read, and its body is not there yet.
    await wire.until(/100 Continue/);
    wire.send(body);
    return wire;
  };
  const stays = await ask('stays');
  await stays.until(/"done":true/);
  stays.socket.destroy();
  const gate = hearth.fake.gate();
  const leaves = await ask('leaves');
  await hearth.fake.until(({ active }) => active === 1);
  leaves.socket.destroy();
  await hearth.fake.until(({ active }) => active === 0);
  gate.release();
});

test('an error before the first piece reaches each of them once, and nothing is kept', async () => {
  const gate = hearth.fake.gate();
  hearth.fake.next({ fail: { status: 500, error: 'unable to load full model on GPU' } });
  const callers = [1, 2, 3].map(() => hearth.chat('fails'));
  await living(3);
  gate.release();
  for (const response of await Promise.all(callers)) {
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({
      code: 'upstream_failed',
      error: expect.stringContaining('unable to load full model on GPU'),
    });
  }
  expect(hearth.fake.chats()).toHaveLength(1);
});

test('a reader that stands still delays nobody', async () => {
  hearth.fake.next({ pieces: Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 'x' : 'y').repeat(10_000)) });
  const slow = await hearth.chat('slow', { stream: true });
  const quick = await hearth.chat('slow', { stream: true });
  expect(text(await piecesOf(quick))).toHaveLength(4_000_000);
  expect(text(await piecesOf(slow))).toHaveLength(4_000_000);
});

test('batch.enable_deduplication = false switches it off', async () => {
  hearth.backend.configure(
    hearth.config({
      ollama: { api_url: hearth.fake.url },
      batch: { enable_deduplication: false },
      queue: { max_concurrent: 2 },
    }),
  );
  const gate = hearth.fake.gate();
  const both = [hearth.chat('twice'), hearth.chat('twice')];
  await hearth.fake.until(({ open }) => open === 2);
  gate.release();
  for (const response of await Promise.all(both)) expect(await response.json()).toMatchObject({ source: 'miss' });
});
