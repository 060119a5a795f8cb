// A frontend that names its conversation sends only what is new; Hearth remembers the rest, in order, and within bounds.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { piecesOf, startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { reading } from '../../support/waiting.ts';

let hearth: Hearth;
const start = async (options: HearthOptions): Promise<void> => {
  await hearth.stop();
  hearth = await startHearth(options);
};
beforeEach(async () => {
  hearth = await startHearth();
});
afterEach(() => hearth.stop());

interface Answer {
  readonly message: { readonly content: string };
  readonly source: string;
  readonly conversation: { readonly id: string; readonly resumed: boolean; readonly messages: number };
}

const say = async (content: string, id = 'talk', more: object = {}): Promise<Answer> =>
  (await (await hearth.chat(content, { conversation_id: id, ...more })).json()) as Answer;

/** What went upstream, run by run, as role and text. */
const sent = (): string[][] =>
  hearth.fake
    .chats()
    .map(({ body }) =>
      ((body?.['messages'] ?? []) as { role: string; content: string }[]).map((m) => `${m.role}: ${m.content}`),
    );

const view = async (id = 'talk'): Promise<Response> => await hearth.get(`/api/conversations/${encodeURIComponent(id)}`);

describe('a conversation', () => {
  test('goes upstream whole, though only its last message was sent', async () => {
    const first = await say('My name is Ada.');
    expect(first.conversation).toEqual({ id: 'talk', resumed: false, messages: 2 });
    const second = await say('What is my name?');
    expect(second.conversation).toEqual({ id: 'talk', resumed: true, messages: 4 });
    expect(sent()[1]).toEqual([
      'user: My name is Ada.',
      `assistant: ${first.message.content}`,
      'user: What is my name?',
    ]);
    expect(await (await view()).json()).toMatchObject({
      id: 'talk',
      messages: [{ role: 'user' }, { role: 'assistant' }, { role: 'user' }, { role: 'assistant' }],
      expires_in_s: 1800,
    });
  });

  test('has one system prompt, first, however long it goes on', async () => {
    await start({ config: { ollama: { system_prompt: 'Be brief.' } } });
    await say('one');
    await say('two');
    expect(sent()[1]?.filter((text) => text.startsWith('system:'))).toEqual(['system: Be brief.']);
    expect(sent()[1]?.[0]).toBe('system: Be brief.');
    const messages = [
      { role: 'system', content: 'Be loud.' },
      { role: 'user', content: 'three' },
    ];
    await (await hearth.post('/api/chat-optimized', { messages, conversation_id: 'talk' })).text();
    expect(sent()[2]?.filter((text) => text.startsWith('system:'))).toEqual(['system: Be loud.']);
  });

  test('remembers thinking, tool calls and pictures too', async () => {
    const call = { function: { name: 'weather', arguments: { city: 'Ulm' } } };
    hearth.fake.next({ pieces: [{ thinking: 'hm' }, { content: 'Let me see.' }, { tool_calls: [call] }] });
    await say('Does it rain?');
    await say('And tomorrow?');
    const messages = hearth.fake.chats()[1]?.body?.['messages'] as object[];
    expect(messages[1]).toMatchObject({ role: 'assistant', thinking: 'hm', tool_calls: [call] });
  });

  test('is told in the last piece of a stream, and a kept answer is a part of it as well', async () => {
    await say('hello', 'one');
    const response = await hearth.chat('hello', { conversation_id: 'two', stream: true });
    expect(response.headers.get('x-cache')).toBe('HIT');
    const last = (await piecesOf(response)).at(-1);
    expect(last).toMatchObject({ done: true, conversation: { id: 'two', resumed: false, messages: 2 } });
    await say('again', 'two');
    expect(sent()[1]).toHaveLength(3);
  });

  test('stays as it was when the answer fails or is cancelled', async () => {
    await say('one');
    hearth.fake.next({ failAfter: { pieces: 1, error: 'broken' } });
    expect((await hearth.chat('two', { conversation_id: 'talk' })).status).toBe(502);
    const gate = hearth.fake.gate();
    const leave = new AbortController();
    const left = hearth.chat('three', { conversation_id: 'talk' }, { signal: leave.signal }).catch(() => undefined);
    await hearth.fake.until(({ active }) => active === 1);
    leave.abort();
    await left;
    await hearth.fake.until(({ active }) => active === 0);
    gate.release();
    expect((await say('four')).conversation.messages).toBe(4);
    expect(
      sent()
        .at(-1)
        ?.filter((text) => text.startsWith('user:')),
    ).toEqual(['user: one', 'user: four']);
  });

  test('is spoken in by one request at a time, in their order', async () => {
    const gate = hearth.fake.gate();
    const first = say('one');
    await hearth.fake.until(({ active }) => active === 1);
    const rest = [say('two'), say('three')];
    gate.release();
    const answers = await Promise.all([first, ...rest]);
    expect(answers.map(({ conversation }) => conversation.messages)).toEqual([2, 4, 6]);
    expect(
      sent()
        .at(-1)
        ?.filter((text) => text.startsWith('user:')),
    ).toEqual(['user: one', 'user: two', 'user: three']);
  });

  test('a caller who leaves while it waits for its turn lets the others pass', async () => {
    const gate = hearth.fake.gate();
    const first = say('one');
    await hearth.fake.until(({ active }) => active === 1);
    const leave = new AbortController();
    const left = hearth.chat('two', { conversation_id: 'talk' }, { signal: leave.signal }).catch(() => undefined);
    const third = say('three');
    leave.abort();
    await left;
    gate.release();
    await first;
    expect((await third).conversation.messages).toBe(4);
    expect(
      sent()
        .flat()
        .some((text) => text.endsWith('two')),
    ).toBe(false);
  });
});

describe('who waits for its turn', () => {
  const waits = { conversation_id: 'talk', stream: true };
  interface Listed {
    readonly waiting: { request_id: string; queue_position: number; estimated_wait_time: number }[];
  }
  const listed = async (): Promise<Listed['waiting']> =>
    ((await (await hearth.get('/api/chat-queue')).json()) as Listed).waiting;
  const inLine = async (): Promise<number> => (await listed()).length;

  test('is seen in the queue, and cancelled by its id', async () => {
    const gate = hearth.fake.gate();
    const first = say('one');
    await hearth.fake.until(({ active }) => active === 1);
    const headers = { 'x-request-id': 'mine' };
    const waits = hearth.chat('two', { conversation_id: 'talk' }, { headers });
    await expect.poll(inLine).toBe(1);
    const at = `${hearth.url}/api/chat-queue?requestId=mine`;
    expect(await (await fetch(at)).json()).toMatchObject({ status: 'queued' });
    expect((await fetch(at, { method: 'DELETE' })).status).toBe(200);
    expect((await waits).status).toBe(499);
    gate.release();
    await first;
    expect(sent()).toHaveLength(1);
    expect((await say('three')).conversation.messages).toBe(4);
    expect(await inLine()).toBe(0);
  });

  test('is seen by who looks at the queue all the time, when it comes and when it goes', async () => {
    // No heart-beat tells it instead.
    await start({ patience: { heartbeatMs: 600_000, jsonAfterMs: 600_000 } });
    const gate = hearth.fake.gate();
    const first = say('one');
    await hearth.fake.until(({ active }) => active === 1);
    const looking = await fetch(`${hearth.url}/api/chat-queue`, { headers: { accept: 'text/event-stream' } });
    const events = reading(looking);
    /** How many wait, in the next block. */
    const next = async (): Promise<number> => {
      const before = events.text.length;
      const text = await events.until((all) => all.length > before && all.endsWith('\n\n'));
      return (JSON.parse(text.slice(before).replace('data: ', '')) as Listed).waiting.length;
    };
    expect(await next()).toBe(0);
    const leave = new AbortController();
    const waiting = hearth.chat('two', { conversation_id: 'talk' }, { signal: leave.signal }).catch(() => undefined);
    expect(await next()).toBe(1);
    leave.abort();
    await waiting;
    expect(await next()).toBe(0);
    await events.cancel();
    gate.release();
    await first;
  });

  test('has room in line only as long as the queue is not over its bound', async () => {
    await start({ config: { queue: { max_queue_size: 2, estimated_time_per_request_ms: 60_000 } } });
    const gate = hearth.fake.gate();
    const first = say('one');
    await hearth.fake.until(({ active }) => active === 1);
    const body = { messages: [{ role: 'user', content: 'two' }], conversation_id: 'talk' };
    const waiting = [say('two'), say('three')];
    await expect.poll(inLine).toBe(2);
    for (const path of ['/api/chat-optimized', '/api/chat-queue']) {
      const refused = await hearth.post(path, body);
      expect([path, refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
        path,
        503,
        'queue_full',
      ]);
      // When the one that runs may have ended, and not at once.
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(1);
    }
    gate.release();
    await Promise.all([first, ...waiting]);
    expect((await say('four')).conversation.messages).toBe(8);
  });

  test('is told at once where it stands, whenever it moves up, and from time to time', async () => {
    await start({ patience: { heartbeatMs: 30, jsonAfterMs: 60_000 } });
    const gate = hearth.fake.gate();
    const first = say('one');
    await hearth.fake.until(({ active }) => active === 1);
    const left = new AbortController();
    const second = await hearth.chat('two', waits, { signal: left.signal });
    const third = await hearth.chat('three', waits);
    expect(third.headers.get('content-type')).toContain('text/event-stream');
    expect((await listed()).map(({ queue_position }) => queue_position)).toEqual([1, 2]);
    left.abort();
    await second.text().catch(() => undefined);
    await expect.poll(inLine).toBe(1);
    const read = reading(third);
    await read.until((text) => text.split('"position":1').length > 3);
    gate.release();
    await first;
    const pieces = await piecesOf(new Response(await read.rest()));
    const positions = pieces.flatMap(({ queue }) =>
      queue === undefined ? [] : [(queue as { position: number }).position],
    );
    // On a slow machine the first place is repeated, too.
    expect(positions.filter((position, i) => position !== positions[i - 1]).slice(0, 2)).toEqual([2, 1]);
    expect(positions.filter((position) => position === 1).length).toBeGreaterThan(2);
    expect(pieces[0]).toMatchObject({ queue: { eta_ms: expect.any(Number) }, request_id: expect.any(String) });
    const end = pieces.at(-1) as { timing: Record<string, number> };
    expect(end).toMatchObject({ done: true, source: 'miss', conversation: { resumed: true, messages: 4 } });
    // Two heart-beats at least.
    expect(end.timing['queue_ms']).toBeGreaterThan(50);
  });
});

describe('a turn that comes', () => {
  const waits = { conversation_id: 'talk', stream: true };
  /** Somebody speaks, and somebody else waits for the end of that. */
  const spokenIn = async (): Promise<{ first: Promise<Response>; gate: { release(): void } }> => {
    const gate = hearth.fake.gate();
    const first = hearth.chat('one', { conversation_id: 'talk' });
    await hearth.fake.until(({ active }) => active === 1);
    return { first, gate };
  };

  test('after an answer that failed finds the conversation as it was', async () => {
    await say('zero');
    hearth.fake.next({ failAfter: { pieces: 1, error: 'broken' } });
    const { first, gate } = await spokenIn();
    const second = await hearth.chat('two', waits);
    gate.release();
    expect((await first).status).toBe(502);
    expect((await piecesOf(second)).at(-1)).toMatchObject({ conversation: { resumed: true, messages: 4 } });
  });

  test('never while Hearth stops: the stream ends with an error, and JSON has its status', async () => {
    const { first } = await spokenIn();
    const stream = await hearth.chat('two', waits);
    const json = hearth.chat('three', { conversation_id: 'talk' });
    await expect
      .poll(async () => ((await (await hearth.get('/api/chat-queue')).json()) as { waiting: unknown[] }).waiting.length)
      .toBe(2);
    await hearth.stop();
    expect((await piecesOf(stream)).at(-1)).toMatchObject({ code: 'shutting_down', done: true });
    expect((await json).status).toBe(503);
    expect((await first).status).toBe(503);
    expect(hearth.fake.chats()).toHaveLength(1);
    hearth = await startHearth();
  });

  test('late is waited for with headers that say so, also by who wants JSON', async () => {
    await start({ patience: { heartbeatMs: 20, jsonAfterMs: 10 } });
    const { first, gate } = await spokenIn();
    const detail = 'hearth; detail="waits for its turn in the conversation"';
    const stream = await hearth.chat('two', waits);
    expect(stream.headers.get('cache-status')).toBe(detail);
    const json = await hearth.chat('three', { conversation_id: 'talk' });
    expect(json.headers.get('cache-status')).toBe(detail);
    gate.release();
    expect((await piecesOf(stream)).at(-1)).toMatchObject({ source: 'miss', conversation: { messages: 4 } });
    expect(await json.json()).toMatchObject({ source: 'miss', conversation: { messages: 6 } });
    await (await first).text();
  });

  test('may find a kept answer', async () => {
    await say('two', 'other');
    hearth.fake.next({ failAfter: { pieces: 1, error: 'broken' } });
    const { first, gate } = await spokenIn();
    const second = say('two');
    gate.release();
    expect((await first).status).toBe(502);
    expect(await second).toMatchObject({ source: 'hit', conversation: { resumed: false, messages: 2 } });
    expect(hearth.fake.chats()).toHaveLength(2);
  });
});

describe('handed in without a connection', () => {
  const submit = async (content: string, requestId: string): Promise<Response> =>
    await hearth.post('/api/chat-queue', { messages: [{ role: 'user', content }], conversation_id: 'talk', requestId });
  const state = async (id: string): Promise<{ status: string; result?: Answer }> =>
    (await (await hearth.get(`/api/chat-queue?requestId=${id}`)).json()) as never;

  test('a request that must wait for its turn is accepted at once, seen in line, and answered', async () => {
    const gate = hearth.fake.gate();
    expect((await submit('one', 'a')).status).toBe(202);
    await hearth.fake.until(({ active }) => active === 1);
    expect((await submit('two', 'b')).status).toBe(202);
    expect((await state('b')).status).toBe('queued');
    const watched = hearth
      .get('/api/chat-queue?requestId=b')
      .then(() => fetch(`${hearth.url}/api/chat-queue?requestId=b`, { headers: { accept: 'text/event-stream' } }));
    gate.release();
    const pieces = await piecesOf(await watched);
    expect(pieces.at(-1)).toMatchObject({ done: true, conversation: { resumed: true, messages: 4 } });
    expect((await state('b')).result?.conversation).toEqual({ id: 'talk', resumed: true, messages: 4 });
  });

  test('its watchers are told of every place that it moves up', async () => {
    const gate = hearth.fake.gate();
    await submit('one', 'a');
    await hearth.fake.until(({ active }) => active === 1);
    for (const id of ['b', 'c', 'd']) await submit(id, id);
    const headers = { accept: 'text/event-stream' };
    const watched = await fetch(`${hearth.url}/api/chat-queue?requestId=d`, { headers });
    const events = reading(watched);
    const told = (words: string): Promise<string> => events.until((text) => text.includes(words));
    await told('"position":3,');
    for (const [left, position] of [
      ['b', 2],
      ['c', 1],
    ] as const) {
      await fetch(`${hearth.url}/api/chat-queue?requestId=${left}`, { method: 'DELETE' });
      await told(`"position":${position},`);
    }
    gate.release();
    await told('"conversation":{"id":"talk","resumed":true,"messages":4}');
  });

  test('it can be cancelled while it waits for its turn', async () => {
    const gate = hearth.fake.gate();
    await submit('one', 'a');
    await hearth.fake.until(({ active }) => active === 1);
    await submit('two', 'b');
    const cancelled = await fetch(`${hearth.url}/api/chat-queue?requestId=b`, { method: 'DELETE' });
    expect(cancelled.status).toBe(200);
    await expect.poll(async () => (await state('b')).status).toBe('cancelled');
    gate.release();
    await expect.poll(async () => (await state('a')).status).toBe('completed');
    expect((await say('three')).conversation.messages).toBe(4);
  });
});

describe('its bounds', () => {
  test('an idle one is forgotten, and a new one begins under the same id', async () => {
    await say('one');
    hearth.clock.forward(1800_000 + 1);
    expect((await say('two')).conversation).toEqual({ id: 'talk', resumed: false, messages: 2 });
  });

  test('each message starts the idle clock again', async () => {
    await say('one');
    hearth.clock.forward(1_000_000);
    await say('two');
    hearth.clock.forward(1_000_000);
    expect((await say('three')).conversation.resumed).toBe(true);
  });

  test('the least recently used goes first, and one that is too large is not kept and says so', async () => {
    await start({ config: { conversation_cache: { max_size_mb: 0.1 } } });
    const long = 'x'.repeat(20_000);
    await say(long, 'a');
    await say(long, 'b');
    await say('more', 'a');
    await say(long, 'c');
    expect((await view('b')).status).toBe(404);
    expect((await view('a')).status).toBe(200);
    expect((await say('x'.repeat(80_000), 'huge')).conversation).toEqual({ id: 'huge', resumed: false, messages: 0 });
  });

  test('a page from elsewhere has its own', async () => {
    await start({ config: { cors: { allowed_origins: ['https://chat.example'] } } });
    await say('secret');
    const headers = { origin: 'https://chat.example' };
    expect((await fetch(`${hearth.url}/api/conversations/talk`, { headers })).status).toBe(404);
    const answer = await hearth.chat('hello', { conversation_id: 'talk' }, { headers });
    expect(((await answer.json()) as Answer).conversation.resumed).toBe(false);
  });

  test('what is deleted or cleared while an answer is under way does not come back with it', async () => {
    const remove = (): Promise<Response> => fetch(`${hearth.url}/api/conversations/talk`, { method: 'DELETE' });
    const clear = (): Promise<Response> => hearth.post('/api/cache-stats', { action: 'clear_conversation_cache' });
    for (const [n, forget] of [remove, clear, remove].entries()) {
      // The last time nothing was said before, and the answer is the first one.
      if (n < 2) await say(`a secret ${n}`);
      const gate = hearth.fake.gate();
      const under = say(`and more ${n}`);
      await hearth.fake.until(({ active }) => active === 1);
      expect((await forget()).status).toBe(200);
      gate.release();
      expect((await under).conversation).toEqual({ id: 'talk', resumed: n < 2, messages: 0 });
      expect((await view()).status).toBe(404);
    }
    expect((await say('hello')).conversation).toEqual({ id: 'talk', resumed: false, messages: 2 });
  });

  test('it is counted, cleared, and deleted by its id', async () => {
    await say('one', 'a b/c');
    await say('two', 'a b/c');
    await say('one', 'd');
    const { conversation_cache: stats } = (await (await hearth.get('/api/cache-stats')).json()) as {
      conversation_cache: Record<string, number>;
    };
    expect(stats).toMatchObject({ total_entries: 2, hit_rate: 1 / 3 });
    expect(stats['total_size_mb']).toBeGreaterThan(0);
    const remove = { method: 'DELETE' };
    expect((await fetch(`${hearth.url}/api/conversations/${encodeURIComponent('a b/c')}`, remove)).status).toBe(200);
    expect((await fetch(`${hearth.url}/api/conversations/nobody`, remove)).status).toBe(404);
    const cleared = await hearth.post('/api/cache-stats', { action: 'clear_conversation_cache' });
    expect(await cleared.json()).toMatchObject({ success: true, removed: 1 });
    expect((await view('d')).status).toBe(404);
  });
});
