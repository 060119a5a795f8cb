// What is kept the same in prompts, over real sockets: what goes up, what its caller and the log are told, and what is never touched.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noticeListSchema, type NoticeFact } from '../../../backend/contract/views/control.ts';
import type { Partings } from '../../../backend/contract/views/parting-places.ts';
import type { RequestDetail } from '../../../backend/contract/views/request-detail.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

let hearth: Hearth;
let ids = 0;
/** What somebody has put off. */
let putOff = '';

const CLAUDE = { 'user-agent': 'claude-cli/2.1.197 (external, cli)' };
const LONG = 'You are Claude Code. Be concise, and read a file before you change it. '.repeat(30);
const head = (cch: string): string =>
  `x-anthropic-billing-header: cc_version=2.1.37.0d9; cc_entrypoint=cli; cch=${cch};`;
const KEPT = 'x-anthropic-billing-header: cc_version=2.1.37.000; cc_entrypoint=cli; cch=00000;';

const configure = (config: HearthOptions['config']): void => void hearth.backend.configure(hearth.config(config));
const rules = (apps: object, keep_stable = true): void => configure({ prompts: { keep_stable, apps } as never });
const PINNED = { 'Claude Code': { billing_line: 'pin' } };

interface Told {
  readonly id: string;
  readonly x: string | null;
  readonly kept: string | null;
  readonly key: string | null;
}

async function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
  const id = `request-${++ids}`;
  const response = await hearth.post(
    path,
    { model: 'llama3.2', stream: false, ...body },
    { headers: { 'x-request-id': id, ...headers } },
  );
  await response.text();
  const { headers: told } = response;
  return { id, x: told.get('x-cache'), kept: told.get('x-prompt-kept'), key: told.get('x-cache-key') };
}

/** A turn of Claude Code. */
const turn = (cch: string, ...said: readonly string[]): Promise<Told> =>
  post(
    '/v1/messages',
    {
      max_tokens: 10,
      temperature: 0,
      system: [head(cch), LONG].map((text) => ({ type: 'text', text })),
      messages: said.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content })),
    },
    CLAUDE,
  );

/** What went up last. */
const sentUp = (): Record<string, unknown> => (hearth.fake.chats().at(-1)?.body ?? {}) as Record<string, unknown>;
const texts = (): string[] => (sentUp()['messages'] as { content: string }[]).map(({ content }) => content);

async function detailOf(id: string): Promise<RequestDetail> {
  return await eventually(`${id} has ended`, async () => {
    const told = (await (await hearth.get(`/api/requests/${id}`)).json()) as {
      detail?: RequestDetail;
      status?: string;
    };
    return told.status === 'completed' ? told.detail : undefined;
  });
}

beforeAll(async () => {
  hearth = await startHearth({ isPutOff: (app, what) => putOff === `${app} ${what}` });
});
afterAll(() => hearth.stop());
beforeEach(() => rules(PINNED));

describe('with a rule for its app', () => {
  test('Claude Code asks with one check value, is told so, and asked again gets the kept answer', async () => {
    const first = await turn('fa690', 'What does a.py do?');
    expect(texts()).toEqual([KEPT + LONG, 'What does a.py do?']);
    expect(first).toMatchObject({ x: 'MISS', kept: 'billing_line=pin' });
    const runs = hearth.fake.chats().length;
    const again = await turn('1c8b4', 'What does a.py do?');
    expect(again).toMatchObject({ x: 'HIT', kept: 'billing_line=pin', key: first.key });
    // The second time its question is known by its bytes.
    const known = await turn('1c8b4', 'What does a.py do?');
    expect(known).toMatchObject({ x: 'HIT', kept: 'billing_line=pin' });
    expect(hearth.fake.chats()).toHaveLength(runs);
    // Both say so in full.
    for (const { id } of [again, known]) {
      const { pinned } = await detailOf(id);
      expect(pinned).toMatchObject({ done: [{ what: 'billing_line', how: 'pin' }], saved_tokens: null });
    }
  });

  test('two that differ in the span alone share one run', async () => {
    const { release } = hearth.fake.gate();
    const both = [turn('aaaaa', 'Share it.'), turn('bbbbb', 'Share it.')];
    await expect.poll(() => hearth.backend.control.live().queue.running[0]?.shared_with).toBe(1);
    release();
    const told = await Promise.all(both);
    expect(told.map(({ x }) => x).toSorted()).toEqual(['COALESCED', 'MISS']);
    // Each is shown what it had sent itself.
    const sent = await Promise.all(
      told.map(async ({ id }) => {
        const { pinned } = await detailOf(id);
        return pinned?.done[0]?.diff?.sent.flatMap(({ text, differs }) => (differs === true ? [text] : []));
      }),
    );
    expect(sent).toEqual([
      ['0d9', 'aaaaa'],
      ['0d9', 'bbbbb'],
    ]);
  });

  test('a request says what was kept the same, by a hash, and what that saved', async () => {
    hearth.fake.always({ usage: { prompt_tokens: 600, completion_tokens: 3, cached_tokens: 560 } });
    await turn('11111', 'What does b.py do?');
    const { id } = await turn('22222', 'What does b.py do?', 'It adds.', 'Why?');
    const { pinned, parted } = await detailOf(id);
    expect(pinned?.done).toMatchObject([{ what: 'billing_line', how: 'pin', chars: 8 }]);
    const joined = (pieces: readonly { text: string; differs?: true | undefined }[] = []): string =>
      pieces.map(({ text, differs }) => (differs === true ? `[${text}]` : text)).join('');
    const [{ diff } = { diff: undefined }] = pinned?.done ?? [];
    expect([joined(diff?.sent), joined(diff?.now)]).toEqual([
      '…ader: cc_version=2.1.37.[0d9]; cc_entrypoint=cli; cch=[22222];You are Claude Code. Be…',
      '…ader: cc_version=2.1.37.[000]; cc_entrypoint=cli; cch=[00000];You are Claude Code. Be…',
    ]);
    // As sent, the two would have parted within the first line.
    expect(pinned?.saved_tokens).toBeGreaterThan(530);
    expect(pinned?.saved_tokens).toBeLessThan(560);
    expect(parted).toMatchObject({ where: 'the end of the prompt before' });
    hearth.fake.always(undefined);
  });

  test('a clock goes to the end, or its day stays, on every route that runs a model', async () => {
    const system = 'Current time: 2026-11-28 14:35:12';
    const asked = [
      { role: 'system', content: system },
      { role: 'user', content: 'Name a tree.' },
    ];
    rules({ '*': { clock: 'to_end' } });
    for (const path of ['/api/chat', '/v1/chat/completions', '/api/chat-optimized']) {
      expect((await post(path, { messages: asked })).kept).toBe('clock=to_end');
      expect(texts()).toEqual([
        'Current time: given at the end of the last message',
        'Name a tree.\n\n[Current time: 2026-11-28 14:35:12]',
      ]);
    }
    expect((await post('/v1/responses', { instructions: system, input: 'Name a tree.' })).kept).toBe('clock=to_end');
    expect(texts()[1]).toMatch(/12\]$/);
    expect((await post('/api/generate', { system, prompt: 'Name a tree.' })).kept).toBe('clock=to_end');
    expect(sentUp()).toMatchObject({ prompt: 'Name a tree.\n\n[Current time: 2026-11-28 14:35:12]' });
    rules({ '*': { clock: 'to_day' } });
    expect((await post('/api/generate', { system, prompt: 'Name a tree.', stream: true })).kept).toBe('clock=to_day');
    expect(sentUp()).toMatchObject({ system: 'Current time: 2026-11-28', prompt: 'Name a tree.' });
  });
});

describe('where no header can say it', () => {
  const messages = [
    { role: 'system', content: 'Current time: 2026-11-28 14:35:12' },
    { role: 'user', content: 'Name a tree, and say why.' },
  ];
  const kept = { clock: 'to_end' };
  const lastOf = async (response: Response): Promise<unknown> => {
    const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'));
    return JSON.parse(lines.at(-1)?.slice(6) ?? 'null');
  };
  beforeEach(() => rules({ '*': { clock: 'to_end' } }));

  test('a job’s result says it, as JSON and as the last piece of its stream, also from the store', async () => {
    const accepted = await hearth.post('/api/chat-queue', { model: 'llama3.2', messages, requestId: 'kept-job' });
    expect(accepted.status).toBe(202);
    const at = '/api/chat-queue?requestId=kept-job';
    const watched = await fetch(`${hearth.url}${at}`, { headers: { accept: 'text/event-stream' } });
    expect(await lastOf(watched)).toMatchObject({ done: true, prompt_kept: kept });
    expect(await (await hearth.get(at)).json()).toMatchObject({ status: 'completed', result: { prompt_kept: kept } });
  });

  test('the last piece of a stream says it, also of a kept answer, but not where nothing was done', async () => {
    const headers = { 'x-stream-replay': 'instant' };
    const stream = async (content: string): Promise<unknown> => {
      const body = { model: 'llama3.2', stream: true, messages: [{ role: 'system', content }, messages[1]] };
      return await lastOf(await hearth.post('/api/chat-optimized', body, { headers }));
    };
    for (const source of ['miss', 'hit', 'hit']) {
      expect(await stream('Current time: 2026-11-28 15:35:12')).toMatchObject({ source, prompt_kept: kept });
    }
    // Sent as it goes up: the same kept answer, of which nothing was done.
    const asKept = {
      model: 'llama3.2',
      stream: true,
      messages: [
        { role: 'system', content: 'Current time: given at the end of the last message' },
        { role: 'user', content: `${messages[1]?.content}\n\n[Current time: 2026-11-28 15:35:12]` },
      ],
    };
    for (let i = 0; i < 2; i++) {
      const last = await lastOf(await hearth.post('/api/chat-optimized', asKept, { headers }));
      expect(last).toMatchObject({ source: 'hit' });
      expect(last).not.toHaveProperty('prompt_kept');
    }
  });

  test('a line of a batch says it', async () => {
    const url = '/v1/chat/completions';
    const form = new FormData();
    form.set('purpose', 'batch');
    const line = JSON.stringify({ custom_id: 'a', method: 'POST', url, body: { model: 'llama3.2', messages } });
    form.set('file', new Blob([line]), 'lines.jsonl');
    const { id } = (await (await fetch(`${hearth.url}/v1/files`, { method: 'POST', body: form })).json()) as {
      id: string;
    };
    const made = await hearth.post('/v1/batches', { input_file_id: id, endpoint: url, completion_window: '24h' });
    const batch = ((await made.json()) as { id: string }).id;
    const output = await eventually('the batch is done', async () => {
      const now = (await (await hearth.get(`/v1/batches/${batch}`)).json()) as Record<string, string>;
      return now['status'] === 'completed' ? now['output_file_id'] : undefined;
    });
    const answered: unknown = JSON.parse(await (await hearth.get(`/v1/files/${output}/content`)).text());
    expect(answered).toMatchObject({ response: { status_code: 200, prompt_kept: kept } });
  });
});

describe('in parts, whole or as a stream', () => {
  const system = 'Current time: 2026-11-28 14:35:12';
  const parts = (...said: readonly string[]) => said.map((text) => ({ type: 'text', text }));
  const user = { role: 'user', content: parts('Name a tree.', 'And a bird.') };
  test.each([
    ['/v1/chat/completions', { messages: [{ role: 'system', content: parts(system) }, user] }],
    ['/v1/messages', { max_tokens: 9, system: parts(system), messages: [user] }],
    [
      '/v1/responses',
      { instructions: system, input: [{ role: 'user', content: [{ type: 'input_text', text: 'Name a tree.' }] }] },
    ],
  ])('%s tells the clock behind the last part, once, and makes its key after that', async (path, body) => {
    rules({ '*': { clock: 'to_end' } });
    const whole = await post(path, { ...body, temperature: 0 });
    expect(whole.kept).toBe('clock=to_end');
    const sent = texts();
    expect(sent[0]).toBe('Current time: given at the end of the last message');
    expect(sent.slice(1).join('|')).toMatch(
      /^Name a tree\.(?:\s*\|?And a bird\.)?\n\n\[Current time: 2026-11-28 14:35:12\]$/,
    );
    const runs = hearth.fake.chats().length;
    const streamed = await post(path, { ...body, temperature: 0, stream: true });
    expect(streamed).toMatchObject({ kept: 'clock=to_end', x: 'HIT', key: whole.key });
    expect(hearth.fake.chats()).toHaveLength(runs);
  });
});

describe('as it was sent', () => {
  test.each<{ when: string; apps: object; on?: boolean; question?: string }>([
    { when: 'without a rule', apps: {} },
    { when: 'with the switch off', apps: PINNED, on: false },
    { when: 'with a rule for another app', apps: { 'Open WebUI': { billing_line: 'pin' } } },
    { when: 'with a rule that says so', apps: { 'Claude Code': { billing_line: 'as_sent' } } },
    { when: 'where the user speaks of it', apps: PINNED, question: 'What is cch=33333 for?' },
  ])('$when', async ({ apps, on = true, question = 'What does c.py do?' }) => {
    rules(apps, on);
    expect((await turn('33333', question)).kept).toBeNull();
    expect(texts()).toEqual([head('33333') + LONG, question]);
  });

  test('goes, byte for byte, what is handed on to Ollama, with every rule there is', async () => {
    rules({ '*': { billing_line: 'pin', clock: 'to_end' } });
    const asked = { role: 'user', content: 'Who won?' };
    const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }];
    const system = [head('fa690'), 'Current time: 2026-11-28 14:35:12'].map((text) => ({ type: 'text', text }));
    const body = ` {"model":"llama3.2","max_tokens":9, "system":${JSON.stringify(system)},"messages":[${JSON.stringify(asked)}], "tools":${JSON.stringify(tools)}}`;
    const headers = { ...CLAUDE, 'content-type': 'application/json' };
    const response = await fetch(`${hearth.url}/v1/messages`, { method: 'POST', headers, body });
    await response.text();
    expect(response.headers.get('x-prompt-kept')).toBeNull();
    expect(hearth.fake.calls.findLast(({ path }) => path === '/v1/messages')?.rawBody).toBe(body);
  });

  test('goes all of a request of Anthropic’s but the span, and without a rule that too', async () => {
    const tool = { name: 'Read', description: 'Reads.', input_schema: { type: 'object', properties: {} } };
    const ask = async (): Promise<string> => {
      const cache_control = { type: 'ephemeral' };
      const system = [head('fa690'), LONG].map((text) => ({ type: 'text', text, cache_control }));
      const messages = [
        { role: 'user', content: 'Read a.py.' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'Read', input: { path: 'a.py' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'Current time: 14:35:12' }] },
      ];
      const more = { max_tokens: 10, tools: [tool], system, messages };
      await post('/v1/messages', more, { 'user-agent': 'other-app', 'x-cache-control': 'no-store' });
      return hearth.fake.chats().at(-1)?.rawBody ?? '';
    };
    rules({ 'other-app': { billing_line: 'pin' } });
    const kept = await ask();
    rules({});
    const sent = await ask();
    expect(sent).toContain(`${head('fa690')}${LONG}`);
    expect(sent.replace('2.1.37.0d9', '2.1.37.000').replace('cch=fa690', 'cch=00000')).toBe(kept);
    expect(kept).not.toBe(sent);
  });

  test('goes a text to be made a vector', async () => {
    const body = JSON.stringify({ model: 'llama3.2', input: head('fa690') });
    rules({ '*': { billing_line: 'pin', clock: 'to_end' } });
    const told = await post('/api/embed', JSON.parse(body) as object, CLAUDE);
    expect(told.kept).toBeNull();
    expect(hearth.fake.embeds().at(-1)?.body).toMatchObject({ input: [head('fa690')] });
  });
});

describe('an offer', () => {
  const partings = (): Promise<Partings> => hearth.backend.control.requests.partings();
  const offers = async (): Promise<Partings['offers']> => (await partings()).offers;

  test('comes when a rule would have helped three times, with what reading again cost', async () => {
    rules({});
    hearth.fake.always({ usage: { prompt_tokens: 600, completion_tokens: 3, cached_tokens: 12 } });
    const said = ['What does d.py do?'];
    for (const cch of ['a1111', 'b2222', 'c3333']) {
      await detailOf((await turn(cch, ...said)).id);
      said.push('It adds.', `And ${cch}?`);
    }
    expect(await offers()).toEqual([]);
    await detailOf((await turn('d4444', ...said)).id);
    const [offer, ...others] = await offers();
    expect(others).toEqual([]);
    expect(offer).toMatchObject({
      what: 'billing_line',
      how: 'pin',
      times: 3,
      chars: 5,
      same_chars: head('').length - 1,
    });
    expect(offer?.tokens).toBeGreaterThan(500);
    expect(offer?.tokens).toBeLessThanOrEqual(588);
    const { sent, kept } = offer?.turn ?? {};
    expect(sent).toMatchObject({ read_tokens: 588, reused_tokens: 12 });
    expect(kept?.reused_tokens).toBeGreaterThan(512);
    expect((kept?.read_tokens ?? 0) + (kept?.reused_tokens ?? 0)).toBe(600);
    expect(kept?.ms).toBeLessThanOrEqual(sent?.ms ?? 0);
    expect(offer?.last.map(({ now }) => now?.differs)).toEqual(['b2222', 'c3333', 'd4444']);
    const differing = (pieces: readonly { text: string; differs?: true | undefined }[] = []): string[] =>
      pieces.filter(({ differs }) => differs).map(({ text }) => text);
    expect([differing(offer?.diff?.sent), differing(offer?.diff?.now)]).toEqual([
      ['0d9', 'd4444'],
      ['000', '00000'],
    ]);
    for (const settled of [PINNED, { 'claude code': { billing_line: 'as_sent' } }]) {
      rules(settled);
      expect(await offers()).toEqual([]);
    }
    putOff = 'Claude Code billing_line';
    rules({});
    expect(await offers()).toEqual([]);
    putOff = 'Claude Code clock';
    rules({ 'Claude Code': { clock: 'as_sent' } });
    expect(await offers()).toHaveLength(1);
    rules({}, false);
    expect(await offers()).toEqual([]);
    hearth.fake.always(undefined);
  });

  test('is not looked for where one switch has turned all of it off', async () => {
    const said = ['What does e.py do?'];
    const looked: boolean[] = [];
    for (const [cch, on] of [
      ['abcd1', true],
      ['abcd2', true],
      ['abcd3', false],
    ] as const) {
      rules({}, on);
      looked.push((await detailOf((await turn(cch, ...said)).id)).parted?.pinnable !== undefined);
      said.push('It adds.', `And ${cch}?`);
    }
    expect(looked.slice(1)).toEqual([true, false]);
  });

  test('does not come where the rule itself would step back', async () => {
    rules({});
    hearth.fake.always({ usage: { prompt_tokens: 600, completion_tokens: 3, cached_tokens: 12 } });
    const before = (await offers()).find(({ what }) => what === 'billing_line')?.times ?? 0;
    for (const cch of ['e5555', 'f6666', 'a7777', 'b8888']) await detailOf((await turn(cch, `Why is cch ${cch}?`)).id);
    expect((await offers()).find(({ what }) => what === 'billing_line')?.times ?? 0).toBe(before);
    hearth.fake.always(undefined);
  });

  test('is told in a notice once it has been worth it three times, and is over when it is settled', async () => {
    const pins = async (): Promise<NoticeFact[]> => {
      const { notices } = noticeListSchema.parse(await (await hearth.get('/api/notices')).json());
      return notices.filter(({ id }) => id.startsWith('pin '));
    };
    let asked = 0;
    const ask = async (agent: string, turns: number, promptMs: number): Promise<void> => {
      rules({});
      hearth.fake.always({
        usage: { prompt_tokens: 3000, completion_tokens: 3, cached_tokens: 12 },
        extraFinal: { prompt_eval_duration: promptMs * 1e6 },
      });
      for (let i = 0; i < turns; i++) {
        const messages = [
          { role: 'system', content: `Current time: 2026-11-28 14:35:${10 + asked}. ${LONG.repeat(4)}` },
          { role: 'user', content: `Name tree ${asked++}.` },
        ];
        await detailOf((await post('/api/chat', { messages }, { 'user-agent': agent })).id);
      }
      hearth.fake.always(undefined);
    };
    await ask('quick-app', 6, 900);
    await ask('slow-app', 3, 5000);
    expect(await pins()).toEqual([]);
    await ask('slow-app', 1, 5000);
    await expect.poll(pins).toMatchObject([
      {
        id: 'pin slow-app',
        level: 'info',
        text: expect.stringMatching(
          /^slow-app changes the time at character 3\d of each prompt; told at its end, it would save about [45][.\d]* s a turn\.$/,
        ),
        todo: 'Choose so under "Where prompts part" in the window, or set clock to "to_end" for slow-app in prompts.apps.',
        until: null,
      },
    ]);
    await ask('slow-app', 6, 5000);
    rules({ 'Slow-App': { clock: 'as_sent' } });
    expect(await pins()).toMatchObject([{ until: expect.any(String), times: 1 }]);
    // It names an app, so that not everybody may read it.
    expect(await (await hearth.get('/health')).text()).not.toContain('slow-app');
  });
});
