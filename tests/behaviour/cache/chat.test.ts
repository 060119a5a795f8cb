// POST /api/chat-optimized: the JSON answer, the stream, and where each answer came from.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chatAnswerSchema } from '../../../backend/contract/chat/chat.ts';
import { piecesOf, startHearth, type Hearth } from '../../support/hearth.ts';
import { deferred, reading } from '../../support/waiting.ts';

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth();
});
afterEach(() => hearth.stop());

const text = (pieces: readonly Record<string, unknown>[]): string =>
  pieces.map(({ content }) => content ?? '').join('');

describe('the JSON answer', () => {
  test('has every field of the contract, first as a miss and then as a hit', async () => {
    hearth.fake.next({ pieces: ['Yeast ', 'makes ', 'gas.'], usage: { prompt_tokens: 7, completion_tokens: 3 } });
    const first = await hearth.chat('Why does bread rise?');
    expect(first.status).toBe(200);
    const miss = chatAnswerSchema.parse(await first.json());
    expect(miss).toMatchObject({
      message: { role: 'assistant', content: 'Yeast makes gas.' },
      cached: false,
      model: 'llama3.2',
      done_reason: 'stop',
      usage: { prompt_tokens: 7, completion_tokens: 3 },
      source: 'miss',
    });
    expect(miss.request_id).toBe(first.headers.get('x-request-id'));
    expect(miss.cached_at).toBeUndefined();

    const second = await hearth.chat('Why does bread rise?');
    const hit = chatAnswerSchema.parse(await second.json());
    expect(hit).toMatchObject({ message: miss.message, usage: miss.usage, cached: true, source: 'hit', age: 0 });
    expect(Date.parse(hit.cached_at ?? '')).toBeGreaterThan(0);
    expect(hit.request_id).not.toBe(miss.request_id);
    expect(hearth.fake.chats()).toHaveLength(1);
  });

  test('the same set of headers on a hit as on a miss', async () => {
    const names = async (): Promise<string[]> => [...(await hearth.chat('headers')).headers.keys()].toSorted();
    const miss = await names();
    expect(await names()).toEqual(miss);
    expect(miss).toEqual(expect.arrayContaining(['age', 'cache-status', 'x-cache', 'x-cache-key', 'x-request-id']));
  });

  test('says what the cache did, in RFC 9211 words', async () => {
    const miss = await hearth.chat('status');
    expect(miss.headers.get('cache-status')).toBe('hearth; fwd=uri-miss; stored');
    expect(miss.headers.get('x-cache')).toBe('MISS');
    await miss.text();
    const hit = await hearth.chat('status');
    expect(hit.headers.get('cache-status')).toMatch(/^hearth; hit; ttl=3[56]\d\d$/);
    expect(hit.headers.get('x-cache')).toBe('HIT');
    expect(hit.headers.get('cache-control')).toBe('no-store');
    const bypass = await hearth.chat('status', { use_cache: false });
    expect(bypass.headers.get('cache-status')).toBe('hearth; fwd=bypass');
    expect(bypass.headers.get('x-cache')).toBe('BYPASS');
    const refresh = await hearth.chat('status', {}, { headers: { 'cache-control': 'no-cache' } });
    expect(refresh.headers.get('cache-status')).toBe('hearth; fwd=request; stored');
    expect(refresh.headers.get('x-cache')).toBe('REFRESH');
  });

  test.each([
    ['fetch with cache: no-store', { 'cache-control': 'no-cache', pragma: 'no-cache' }],
    ['a page that is loaded anew', { 'cache-control': 'max-age=0', 'sec-fetch-mode': 'cors' }],
  ])('what %s sends by habit is not followed, unless the settings say so', async (_, headers) => {
    await (await hearth.chat('habit')).text();
    hearth.clock.forward(1000);
    const hit = await hearth.chat('habit', {}, { headers });
    expect(hit.headers.get('x-cache')).toBe('HIT');
    expect(hit.headers.get('cache-status')).toContain('request cache-control not followed');
    await hit.text();
    hearth.backend.configure(hearth.config({ cache: { honor_request_cache_control: 'always' } }));
    const asked = await hearth.chat('habit', {}, { headers });
    expect(asked.headers.get('x-cache')).not.toBe('HIT');
    await asked.text();
  });

  test("a client's X-Request-ID comes back when it is well formed, else a new one", async () => {
    const good = await hearth.chat('id', {}, { headers: { 'x-request-id': 'my-id.1:2' } });
    expect(good.headers.get('x-request-id')).toBe('my-id.1:2');
    expect(await good.json()).toMatchObject({ request_id: 'my-id.1:2' });
    const bad = await hearth.chat('id', {}, { headers: { 'x-request-id': 'no spaces' } });
    expect(bad.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('tool calls, thinking, images, format, options and unknown fields go up and come back', async () => {
    hearth.fake.install({ name: 'llama3.2', capabilities: ['completion', 'tools', 'vision'] });
    const tool_calls = [{ function: { name: 'weather', arguments: { b: 1, a: 2 } } }];
    hearth.fake.next({ pieces: [{ thinking: 'Hm.' }, { content: 'Rain.', tool_calls }] });
    const image = Buffer.from('not really a picture, but base64').toString('base64');
    const body = {
      messages: [{ role: 'USER', content: 'Weather?', images: [image] }],
      options: { temperature: 0, num_ctx: 2048, made_up: 1 },
      format: { type: 'object', properties: { b: { type: 'string' }, a: { type: 'string' } } },
      tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }],
      think: false,
      logprobs: true,
      future_field: { x: [1] },
      keep_alive: '300',
    };
    const answer = chatAnswerSchema.parse(await (await hearth.post('/api/chat-optimized', body)).json());
    expect(answer.message).toMatchObject({ content: 'Rain.', thinking: 'Hm.', tool_calls });
    expect(Object.keys(answer.message.tool_calls?.[0]?.function.arguments ?? {})).toEqual(['b', 'a']);
    const sent = hearth.fake.chats()[0]?.body;
    const { messages: _messages, ...rest } = body;
    expect(sent).toMatchObject({ ...rest, keep_alive: 300, stream: true, model: 'llama3.2' });
    expect(sent?.['messages']).toEqual([{ role: 'user', content: 'Weather?', images: [image] }]);
    for (const own of ['use_cache', 'priority', 'cache', 'conversation_id']) expect(sent).not.toHaveProperty(own);
  });

  test('the system prompt is put first, unless a message has the role system', async () => {
    await hearth.chat('a', { systemPrompt: 'Be brief.' });
    await hearth.chat('b', {
      system_prompt: 'Be kind.',
      messages: [
        { role: 'system', content: 'Mine' },
        { role: 'user', content: 'b' },
      ],
    });
    const [first, second] = hearth.fake.chats().map((call) => call.body?.['messages']);
    expect(first).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'a' },
    ]);
    expect(second).toEqual([
      { role: 'system', content: 'Mine' },
      { role: 'user', content: 'b' },
    ]);
  });

  test('the key order and white space of the body do not matter; num_ctx, format and think do', async () => {
    const base = {
      model: 'llama3.2',
      options: { temperature: 0, seed: 1 },
      messages: [{ role: 'user', content: 'x' }],
    };
    const permuted = `{ "messages": [ {"content":"x", "role":"user"} ],\n "options":{"seed":1,"temperature":0}, "model":"LLAMA3.2:latest" }`;
    await (await hearth.post('/api/chat-optimized', base)).text();
    expect(await (await hearth.post('/api/chat-optimized', permuted)).json()).toMatchObject({ source: 'hit' });
    for (const change of [{ options: { ...base.options, num_ctx: 4096 } }, { format: 'json' }, { think: false }]) {
      expect(await (await hearth.post('/api/chat-optimized', { ...base, ...change })).json()).toMatchObject({
        source: 'miss',
      });
    }
  });
});

describe('the stream', () => {
  test('is only data lines, each with the fields of the contract', async () => {
    hearth.fake.next({ pieces: [{ thinking: 'Let me see.' }, 'One ', 'two.'] });
    const response = await hearth.chat('stream', { stream: true });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const raw = await response.text();
    expect(raw).toMatch(/^(?:data: \{.*\}\n\n)+$/);
    const pieces = raw
      .split('\n\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>);
    expect(pieces[0]).toHaveProperty('request_id', response.headers.get('x-request-id'));
    expect(pieces.filter((piece) => 'request_id' in piece && piece['done'] === false)).toHaveLength(1);
    expect(text(pieces)).toBe('One two.');
    expect(pieces.map(({ thinking }) => thinking ?? '').join('')).toBe('Let me see.');
    expect(pieces.at(-1)).toMatchObject({ done: true, cached: false, done_reason: 'stop', source: 'miss' });
    expect(pieces.at(-1)).toHaveProperty('usage.completion_tokens');
    expect(pieces.at(-1)).toHaveProperty('timing.total_ms');
    expect(pieces.slice(0, -1).every(({ done, cached }) => done === false && cached === false)).toBe(true);
  });

  test('Accept: text/event-stream asks for a stream when the body does not say', async () => {
    const accept = { headers: { accept: 'text/event-stream' } };
    expect((await hearth.chat('accept', {}, accept)).headers.get('content-type')).toContain('event-stream');
    const json = await hearth.chat('accept', { stream: false }, accept);
    expect(json.headers.get('content-type')).toContain('json');
    await json.text();
  });

  test("the first byte comes with the model's first piece, not at the end", async () => {
    const { promise, resolve } = deferred();
    hearth.fake.next({ pieces: ['early', ' late'], pauseAfter: { pieces: 1, until: promise } });
    const response = await hearth.chat('early', { stream: true });
    const answer = reading(response);
    expect(await answer.until((text) => text.includes('early'))).not.toContain('late');
    resolve();
    expect(await answer.rest()).toContain('late');
  });

  test('a hit is replayed word by word, within 1.2 s, thinking in its own field and first', async () => {
    const answer = Array.from({ length: 400 }, (_, i) => `word${i} `).join('');
    hearth.fake.next({ pieces: [{ thinking: 'First I think.' }, answer] });
    await (await hearth.chat('replay')).text();
    const startedAt = performance.now();
    const response = await hearth.chat('replay', { stream: true });
    const pieces = await piecesOf(response);
    const took = performance.now() - startedAt;
    expect(pieces.length).toBeGreaterThan(400);
    expect(took).toBeLessThan(1200);
    expect(took).toBeGreaterThan(300);
    expect(text(pieces)).toBe(answer);
    expect(pieces.map(({ thinking }) => thinking ?? '').join('')).toBe('First I think.');
    expect(pieces.findLastIndex((piece) => 'thinking' in piece)).toBeLessThan(
      pieces.findIndex(({ content }) => content !== ''),
    );
    expect(pieces.every(({ cached }) => cached === true)).toBe(true);
    expect(pieces.at(-1)).toMatchObject({ done: true, source: 'hit' });
  });

  test.each(['instant', 'original'])('X-Stream-Replay: %s', async (mode) => {
    hearth.fake.next({ pieces: ['a b ', 'c d'] });
    await (await hearth.chat('mode')).text();
    const pieces = await piecesOf(
      await hearth.chat('mode', { stream: true }, { headers: { 'x-stream-replay': mode } }),
    );
    const contents = pieces.slice(0, -1).map(({ content }) => content);
    expect(contents).toEqual(mode === 'instant' ? ['a b c d'] : ['a b ', 'c d']);
  });

  test("the old backend's frontend loop reads it", async () => {
    hearth.fake.next({ pieces: ['Hello ', 'there.'] });
    const response = await fetch(`${hearth.url}/api/chat-optimized`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], stream: true }),
    });
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let shown = '';
    let rest = '';
    let done = false;
    while (!done) {
      const part = await reader?.read();
      if (part === undefined || part.done) break;
      rest += decoder.decode(part.value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.trim() === '') continue;
        const piece = JSON.parse(line.replace('data: ', '')) as { content?: string; done: boolean };
        if (piece.done) done = true;
        else shown += piece.content ?? '';
      }
    }
    expect(shown).toBe('Hello there.');
    expect(done).toBe(true);
  });
});

describe('what is not kept', () => {
  test.each([
    ['an error before the first byte', { fail: { status: 500, error: 'llama-server process has terminated' } }],
    ['an error after the first piece', { pieces: ['half'], failAfter: { pieces: 1, error: 'runner died' } }],
    ['a cut stream', { pieces: ['half', 'way'], cutAfter: 1 }],
    ['an answer without done:true', { pieces: ['half'], endWithoutDone: true }],
    ['a malformed line', { pieces: ['half', 'way'], malformedAfter: 1 }],
    ['an empty answer', { pieces: [''] }],
    ['an answer that ended for another reason', { pieces: ['x'], doneReason: 'unload' }],
  ])('%s', async (_name, script) => {
    hearth.fake.next(script);
    await (await hearth.chat('keep?')).text();
    const again = await hearth.chat('keep?');
    expect(await again.json()).toMatchObject({ source: 'miss' });
    expect(hearth.fake.chats()).toHaveLength(2);
  });

  test('an answer whose caller left', async () => {
    const gate = hearth.fake.gate();
    const left = new AbortController();
    const gone = hearth.chat('left', {}, { signal: left.signal }).catch(() => 'left');
    await hearth.fake.until(({ active }) => active === 1);
    left.abort();
    expect(await gone).toBe('left');
    await hearth.fake.until(({ active }) => active === 0);
    gate.release();
    expect(await (await hearth.chat('left')).json()).toMatchObject({ source: 'miss' });
  });

  test('a stale answer after the model was pulled anew', async () => {
    await (await hearth.chat('digest')).text();
    hearth.fake.install({ name: 'llama3.2:latest', digest: 'f'.repeat(64) });
    const { clock } = hearth;
    clock.forward(5001);
    expect(await (await hearth.chat('digest')).json()).toMatchObject({ source: 'miss' });
  });
});
