// The promise: each request has a class, and says which and why: in the header of its answer, in the queue, in the events.
import { createParser } from 'eventsource-parser';
import { afterEach, describe, expect, test } from 'vitest';
import { EVENTS, type RequestFact } from '../../../backend/contract/views/control.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

let hearth: Hearth;
const start = async (config: HearthOptions['config'] = {}): Promise<void> => {
  hearth = await startHearth({ config });
};
afterEach(() => hearth.stop());

const model = 'llama3.2';
const embedder = 'nomic-embed-text';
const messages = [{ role: 'user', content: 'Why?' }];
/** How X-Queue-Class of an answer reads. */
async function classOf(path: string, body: object, headers: Record<string, string> = {}): Promise<string | null> {
  const response = await hearth.post(path, body, { headers });
  expect(response.ok).toBe(true);
  await response.text();
  return response.headers.get('x-queue-class');
}

const ROUTES: readonly [path: string, body: object][] = [
  ['/api/chat-optimized', { messages, use_cache: false }],
  ['/api/chat-queue', { messages }],
  ['/api/chat', { model, messages, stream: false }],
  ['/api/generate', { model, prompt: 'Why?', stream: false }],
  ['/v1/chat/completions', { model, messages }],
  ['/v1/completions', { model, prompt: 'Why?' }],
  ['/v1/responses', { model, input: 'Why?' }],
  ['/v1/messages', { model, messages, max_tokens: 50 }],
  ['/api/embed', { model: embedder, input: 'Why?', use_cache: false }],
  ['/v1/embeddings', { model: embedder, input: 'Why?', use_cache: false }],
];

test.each(ROUTES)('%s: what it asks for goes before all rules, and a word that is none is told', async (path, body) => {
  await start({ queue: { rules: [{ name: 'all of it', when: {}, then: { class: 'background' } }] } });
  const word = (priority: string): Promise<string | null> => classOf(path, body, { 'x-queue-priority': priority });
  expect(await classOf(path, body)).toBe('background; by="all of it"');
  expect(await classOf(path, { ...body, priority: 'interactive' })).toBe('interactive; by="the request"');
  expect(await classOf(path, { ...body, priority: 'Normal' }, { 'x-queue-priority': 'high' })).toBe(
    'normal; by="the request"',
  );
  expect(await word('-5')).toBe('interactive; by="the request"');
  expect(await word('low')).toBe('background; by="the request"');
  expect(await word('0')).toBe('background; by="all of it"');
  expect(await word('"soon" & \\')).toBe('normal; by="the request"; unknown="?soon? & ?"');
});

describe('without a rule', () => {
  test('a streamed chat is interactive, and what is asked for as a whole is normal', async () => {
    await start();
    expect(await classOf('/api/chat', { model, messages })).toBe('interactive; by="default"');
    expect(await classOf('/v1/chat/completions', { model, messages, stream: true })).toBe('interactive; by="default"');
    expect(await classOf('/api/chat', { model, messages, stream: false })).toBe('normal; by="default"');
    expect(await classOf('/api/embed', { model: embedder, input: 'a' })).toBe('normal; by="default"');
  });

  test('an agent’s turn brings its tools, and what it asks without them is background', async () => {
    await start();
    const asks = (more: object): Promise<string | null> =>
      classOf(
        '/v1/messages',
        { model, messages, max_tokens: 50, stream: true, system: 'Name it.', ...more },
        { 'user-agent': 'claude-cli/2.1.197 (external, sdk-cli)' },
      );
    const tools = [{ name: 'Bash', input_schema: { type: 'object', properties: {} } }];
    expect(await asks({})).toBe('background; by="Claude Code: small model"');
    expect(await asks({ tools })).toBe('interactive; by="default"');
  });

  test('a kept answer never stood in line', async () => {
    await start();
    const ask = (): Promise<string | null> => classOf('/api/chat-optimized', { messages });
    expect(await ask()).toBe('normal; by="default"');
    // Once by its meaning, and then by what it came as.
    expect([await ask(), await ask()]).toEqual(['none', 'none']);
  });
});

test('a change of the rules counts for what comes then', async () => {
  await start();
  expect(await classOf('/api/chat', { model, messages })).toMatch(/^interactive/);
  await hearth.backend.configure(
    hearth.config({ queue: { rules: [{ when: { model: 'llama3.2:latest' }, then: { class: 'normal' } }] } }),
  );
  expect(await classOf('/api/chat', { model, messages })).toBe('normal; by="queue.rules[0]"');
});

test('people go before apps, and apps before the background, whoever came first', async () => {
  await start({ queue: { rules: [{ when: { prompt_prefix: 'Name' }, then: { class: 'background' } }] } });
  const gate = hearth.fake.gate();
  const runs = hearth.chat('runs');
  await hearth.fake.until(({ active }) => active === 1);
  const answers = [
    hearth.chat('Name it', { stream: true }),
    hearth.chat('by a script'),
    hearth.chat('by me', { stream: true }),
  ];
  const { waiting } = await eventually('three wait', () => {
    const { queue } = hearth.backend.control.live();
    return queue.waiting.length === 3 && queue;
  });
  expect(waiting.map(({ class: of, class_by }) => `${of} by ${class_by}`)).toEqual([
    'interactive by default',
    'normal by default',
    'background by queue.rules[0]',
  ]);
  gate.release();
  for (const answer of [runs, ...answers]) await (await answer).text();
  const asked = hearth.fake
    .chats()
    .map(({ body }) => (body?.['messages'] as { content: string }[] | undefined)?.[0]?.content);
  expect(asked).toEqual(['runs', 'by me', 'by a script', 'Name it']);
});

test('the users of one Open WebUI take turns, however much one of them asks', async () => {
  await start();
  const gate = hearth.fake.gate();
  const runs = hearth.chat('runs');
  await hearth.fake.until(({ active }) => active === 1);
  const by = (user: string, content: string): Promise<Response> =>
    hearth.chat(
      content,
      { stream: true },
      { headers: { 'x-openwebui-user-id': user, 'user-agent': 'Python/3.11 aiohttp/3.14.5' } },
    );
  const answers = [by('ann', 'a1'), by('ann', 'a2'), by('ann', 'a3')];
  await eventually('they wait', () => hearth.backend.control.live().queue.waiting.length === 3);
  answers.push(by('bob', 'b1'));
  const { waiting } = await eventually('all wait', () => {
    const { queue } = hearth.backend.control.live();
    return queue.waiting.length === 4 && queue;
  });
  expect(waiting.map(({ caller }) => caller)).toEqual(['ann', 'bob', 'ann', 'ann'].map((user) => `Open WebUI ${user}`));
  gate.release();
  for (const answer of [runs, ...answers]) await (await answer).text();
});

test('the event of a request that has ended says its class; that of a kept answer has none', async () => {
  await start();
  const left = new AbortController();
  const events = await fetch(`${hearth.url}/api/events`, { signal: left.signal });
  const ended: RequestFact[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (event === 'request') ended.push(...EVENTS.request.parse(JSON.parse(data)).ended);
    },
  });
  for (let n = 0; n < 2; n++) await (await hearth.chat('once')).text();
  for await (const text of (events.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    parser.feed(text);
    if (ended.length === 2) break;
  }
  left.abort();
  expect(ended[0]).toMatchObject({ source: 'miss', class: 'normal', class_by: 'default' });
  expect(ended[1]).toMatchObject({ source: 'hit' });
  expect(ended[1]).not.toHaveProperty('class');
});
