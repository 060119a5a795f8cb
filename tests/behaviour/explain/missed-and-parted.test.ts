// Each cause of "why it missed" is provoked over real sockets, and the request says it. And where its prompt parted from the
// one before.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RequestDetail, Why } from '../../../backend/contract/views/request-detail.ts';
import { DEFAULT_MODELS, startFakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

type Headers = Readonly<Record<string, string>>;

const MODELS = [
  ...DEFAULT_MODELS,
  { name: 'gpt-oss:120b-cloud', remote: { model: 'gpt-oss:120b', host: 'https://ollama.com' } },
  ...['a', 'b', 'c', 'd'].map((name) => ({ name: `${name}:latest` })),
];

let hearth: Hearth;
let ids = 0;

/** Names a question that nobody has asked yet. */
const fresh = (): string => `question ${++ids}`;

interface Asked {
  readonly path?: string;
  readonly headers?: Headers;
  readonly body?: object;
  readonly signal?: AbortSignal;
}

/** Asks our own route, which keeps everything, and gives the id. */
async function ask(content: string, asked: Asked = {}): Promise<string> {
  const id = `request-${++ids}`;
  const { path = '/api/chat-optimized', headers, body, signal } = asked;
  const messages = [{ role: 'user', content }];
  const init = { headers: { 'x-request-id': id, ...headers }, ...(signal === undefined ? {} : { signal }) };
  await (await hearth.post(path, { model: 'llama3.2', messages, stream: false, ...body }, init)).text();
  return id;
}

/** What is told of it, once it has ended. */
async function detailOf(id: string): Promise<RequestDetail> {
  return await eventually(`${id} has ended`, async () => {
    const response = await hearth.get(`/api/requests/${id}`);
    const told = (await response.json()) as { detail?: RequestDetail; status?: string };
    return told.status === 'processing' || told.status === 'queued' ? undefined : told.detail;
  });
}

const why = async (id: string): Promise<Why | undefined> => (await detailOf(id)).why_missed;
const cause = async (id: string): Promise<string | undefined> => (await why(id))?.cause;

function configure(change: HearthOptions['config']): void {
  hearth.backend.configure(hearth.config(change));
}

const clear = async (): Promise<void> => {
  await (await hearth.post('/api/cache-stats', { action: 'clear' })).text();
};

beforeAll(async () => {
  hearth = await startHearth({ fake: { models: MODELS } });
});
afterAll(() => hearth.stop());
afterEach(() => {
  hearth.fake.always(undefined);
  configure({});
});

describe('the cache was not asked', () => {
  test('cache-off', async () => {
    configure({ cache: { enabled: false } });
    expect(await why(await ask(fresh()))).toEqual({
      cause: 'cache-off',
      text: 'The cache is turned off.',
      setting: { path: 'cache.enabled', label: 'Turn the cache on' },
    });
  });

  test('asked-not-to, asked-anew, and kept-nothing-before where the first left nothing', async () => {
    const question = fresh();
    expect(await cause(await ask(question, { headers: { 'x-cache-control': 'no-store' } }))).toBe('asked-not-to');
    expect(await cause(await ask(question))).toBe('kept-nothing-before');
    expect(await cause(await ask(question, { headers: { 'x-cache-control': 'no-cache' } }))).toBe('asked-anew');
  });

  test('not-repeatable and never-kept, on routes of Ollama', async () => {
    const path = '/api/chat';
    expect(await why(await ask(fresh(), { path, body: { options: { temperature: 1 } } }))).toMatchObject({
      cause: 'not-repeatable',
      text: 'The temperature is 1 and there is no seed, so its answer could be another each time.',
      setting: { path: 'cache.drop_in' },
    });
    configure({ cache: { drop_in: 'off' } });
    expect(await cause(await ask(fresh(), { path }))).toBe('never-kept');
  });

  test('fresh-mark, and same-time where such a request could not share a run', async () => {
    configure({ cache: { fresh_when: ['X-Message-Id'] } });
    const question = fresh();
    await ask(question, { headers: { 'x-message-id': 'm1' } });
    expect(await why(await ask(question, { headers: { 'x-message-id': 'm2' } }))).toMatchObject({
      cause: 'fresh-mark',
      text: 'X-Message-Id came with a new value, so the model was asked anew.',
    });
    const other = fresh();
    const gate = hearth.fake.gate();
    const first = ask(other, { headers: { 'x-message-id': 'm1' } });
    await hearth.fake.until(({ active }) => active === 1);
    const second = ask(other, { headers: { 'x-message-id': 'm2' } });
    await waiting(1);
    gate.release();
    await first;
    expect(await cause(await second)).toBe('same-time');
  });

  test('cloud-model', async () => {
    expect(await cause(await ask(fresh(), { path: '/api/chat', body: { model: 'gpt-oss:120b-cloud' } }))).toBe(
      'cloud-model',
    );
  });

  test('never-cached, of what is handed on', async () => {
    const dream = '/api/experimental/dream';
    const answers = hearth.fake.instead(({ path }) => path === dream, { status: 200 });
    const id = await ask(fresh(), { path: dream });
    answers.release();
    expect(await cause(id)).toBe('never-cached');
  });

  test('nothing is said of what was refused: it has no answer that could have been kept', async () => {
    expect(await cause(await ask(fresh(), { path: '/api/experimental/dream' }))).toBeUndefined();
  });

  test('model-unknown', async () => {
    configure({ cache: { stale_model_list_s: 0 } });
    const broken = hearth.fake.instead(({ path }) => path === '/api/tags', { status: 500 });
    hearth.clock.forward(6000);
    const id = await ask(fresh());
    broken.release();
    expect(await cause(id)).toBe('model-unknown');
  });
});

/** Resolves when so many wait in line. */
async function waiting(count: number): Promise<void> {
  await eventually(`${count} wait`, async () => {
    const queue = (await (await hearth.get('/api/chat-queue')).json()) as { waiting: readonly unknown[] };
    return queue.waiting.length === count;
  });
}

describe('what became of the answer to the same question', () => {
  test('shared, and not-shared with batch.enable_deduplication off', async () => {
    for (const [enable_deduplication, expected] of [
      [true, 'shared'],
      [false, 'not-shared'],
    ] as const) {
      configure({ batch: { enable_deduplication } });
      const question = fresh();
      const gate = hearth.fake.gate();
      const first = ask(question);
      await hearth.fake.until(({ active }) => active === 1);
      const second = ask(question);
      await eventually('the second has come', async () => {
        const health = (await (await hearth.get('/api/chat-queue')).json()) as Record<string, readonly unknown[]>;
        return (health['running']?.length ?? 0) + (health['waiting']?.length ?? 0) === 2;
      });
      gate.release();
      await first;
      expect(await cause(await second)).toBe(expected);
    }
  });

  test('expired and too-old', async () => {
    const question = fresh();
    await ask(question);
    hearth.clock.forward(120_000);
    expect(await why(await ask(question, { headers: { 'x-cache-control': 'max-age=60' } }))).toMatchObject({
      cause: 'too-old',
      text: expect.stringMatching(/^Its app takes no answer older than 60 s, and the kept one was 12\d s old\.$/),
    });
    hearth.clock.forward(3_660_000);
    expect(await why(await ask(question))).toMatchObject({
      cause: 'expired',
      text: expect.stringMatching(/^The answer was kept for 60 min, and that was over 6\d(?:\.\d)? s before\.$/),
      setting: { path: 'cache.ttl_seconds' },
    });
  });

  test('cleared, and none-left where another was asked', async () => {
    const question = fresh();
    await ask(question, { body: { model: 'a' } });
    await clear();
    expect(await cause(await ask(`${question}, or not`, { body: { model: 'a' } }))).toBe('none-left');
    expect(await why(await ask(question, { body: { model: 'a' } }))).toMatchObject({
      cause: 'cleared',
      text: expect.stringMatching(/^Its kept answer was cleared [\d.]+ ms before\.$/),
    });
  });

  test('too-large, no-room and not-whole', async () => {
    const [large, empty] = [fresh(), fresh()];
    hearth.fake.always({ pieces: ['x'.repeat(40_000)], pieceMs: -1 });
    configure({ cache: { max_entry_mb: 0.01 } });
    await ask(large);
    expect(await cause(await ask(large))).toBe('too-large');
    configure({ cache: { max_size_mb: 0.1 } });
    for (const question of [large, fresh(), fresh(), fresh()]) await ask(question);
    expect(await cause(await ask(large))).toBe('no-room');
    hearth.fake.always({ pieces: [] });
    await ask(empty);
    expect(await cause(await ask(empty))).toBe('not-whole');
  });

  test('failed-before and left-before', async () => {
    const [failing, left] = [fresh(), fresh()];
    hearth.fake.next({ fail: { status: 400, error: 'no' } });
    await ask(failing);
    expect(await cause(await ask(failing))).toBe('failed-before');
    const gate = hearth.fake.gate();
    const abort = new AbortController();
    const gone = ask(left, { signal: abort.signal });
    await hearth.fake.until(({ active }) => active === 1);
    abort.abort();
    await expect(gone).rejects.toThrow();
    gate.release();
    await hearth.fake.until(({ active }) => active === 0);
    expect(await cause(await ask(left))).toBe('left-before');
  });
});

describe('how the nearest kept question differs', () => {
  const options = { temperature: 0 };

  test('first, all-new, differs and other-context', async () => {
    const body = { model: 'b', options };
    const first = await ask('Why does bread rise?', { path: '/api/chat', body });
    expect(await why(first)).toMatchObject({
      cause: 'first',
      text: expect.stringMatching(/^No answer of b has been kept since Hearth started [\d.]+ \w+ before\.$/),
    });
    expect(await cause(await ask('Tell me of wine, 14:01', { path: '/api/chat', body }))).toBe('all-new');
    expect(await why(await ask('Tell me of wine, 14:06', { path: '/api/chat', body }))).toMatchObject({
      cause: 'differs',
      text: 'It differs from the nearest kept question: message 1 differs from character 22 (a clock).',
    });
    const other = { ...body, options: { ...options, num_ctx: 4096 } };
    expect(await why(await ask('Why does bread rise?', { path: '/api/chat', body: other }))).toMatchObject({
      cause: 'other-context',
      text: 'The same is kept with another context: num_ctx 4096 instead of nothing.',
    });
    const more = {
      ...body,
      think: false,
      messages: [
        { role: 'user', content: 'Why does bread rise?' },
        { role: 'user', content: 'Well?' },
      ],
    };
    expect((await why(await ask('', { path: '/api/chat', body: more })))?.text).toBe(
      'It differs from the nearest kept question: 1 message more; think false instead of nothing.',
    );
  });

  test('other-namespace, but nothing of another owner', async () => {
    const question = fresh();
    await ask(question, { body: { model: 'c', cache: { namespace: 'one' } } });
    expect(await cause(await ask(question, { body: { model: 'c', cache: { namespace: 'two' } } }))).toBe(
      'other-namespace',
    );
    configure({ cors: { allowed_origins: ['https://app.example'] } });
    const page = { origin: 'https://app.example' };
    expect(await cause(await ask(question, { body: { model: 'c' }, headers: page }))).toBe('first');
  });

  test('model-updated and ollama-updated', async () => {
    const question = fresh();
    await ask(question, { body: { model: 'd' } });
    hearth.fake.install({ name: 'd:latest', digest: 'd'.repeat(64) });
    hearth.clock.forward(6000);
    expect(await cause(await ask(question, { body: { model: 'd' } }))).toBe('model-updated');
    await hearth.fake.restart({ version: '0.34.0' });
    await ask(fresh());
    await eventually('it is seen', async () => {
      const health = (await (await hearth.get('/health')).json()) as { upstream: { version: string } };
      return health.upstream.version === '0.34.0';
    });
    expect(await why(await ask(question, { body: { model: 'd' } }))).toMatchObject({
      cause: 'ollama-updated',
      text: expect.stringMatching(/^Ollama went from \S+ to 0\.34\.0 since the same was answered/),
    });
  });

  test('other-ollama', async () => {
    const question = fresh();
    await ask(question);
    const other = await startFakeOllama({ models: MODELS, version: '0.34.0' });
    configure({ ollama: { api_url: other.url } });
    await other.until(({ calls }) => calls.some(({ path }) => path === '/api/ps'));
    expect(await cause(await ask(question))).toBe('other-ollama');
    configure({});
    await hearth.fake.until(() => true);
    await other.stop();
  });

  test('texts, one by one', async () => {
    const embed = (input: readonly string[]): Promise<string> =>
      ask('', { path: '/api/embed', body: { model: 'nomic-embed-text', input, messages: undefined } });
    expect((await why(await embed(['one', 'two'])))?.text).toBe('No vector of its 2 texts is kept.');
    expect(await why(await embed(['one', 'two', 'three']))).toEqual({
      cause: 'texts',
      text: 'Of 1 of its 3 texts no vector is kept.',
    });
  });
});

describe('on the disk', () => {
  let kept: Hearth;
  let dataFolder: string;
  beforeEach(() => {
    kept = hearth;
    dataFolder = mkdtempSync(join(tmpdir(), 'hearth-data-'));
  });
  afterEach(async () => {
    await hearth.stop();
    hearth = kept;
    rmSync(dataFolder, { recursive: true, force: true });
  });

  test('no-room-on-disk and gone; after a restart only what is known is said', async () => {
    hearth = await startHearth({ config: { cache: { max_size_mb: 0.1, disk_max_size_mb: 1 } }, dataFolder });
    hearth.fake.always({ pieces: ['x'.repeat(300_000)], pieceMs: -1 });
    const question = fresh();
    await ask(question);
    const file = new DatabaseSync(join(dataFolder, 'hearth.db'));
    const oldest = (): unknown => file.prepare('SELECT key FROM answers ORDER BY used_at').get();
    const first = await eventually('it is written', oldest);
    for (const each of [fresh(), fresh(), fresh(), fresh()]) await ask(each);
    const { key } = first as { key: string };
    const find = file.prepare('SELECT 1 FROM answers WHERE key = ?');
    await eventually('it has made room', () => find.get(key) === undefined);
    expect(await cause(await ask(question))).toBe('no-room-on-disk');

    await hearth.stop();
    hearth = await startHearth({ config: { cache: { max_size_mb: 0.1 } }, dataFolder });
    hearth.fake.always({ pieces: ['x'.repeat(300_000)], pieceMs: -1 });
    const other = fresh();
    const emptied = (): number | bigint => file.prepare('DELETE FROM answers').run().changes;
    emptied();
    expect(await cause(await ask(other))).toBe('first');
    await eventually('it is written, and gone', () => emptied() === 1);
    file.close();
    expect(await cause(await ask(other))).toBe('gone');
  });
});

describe('where the prompt parts from the one before', () => {
  test('Claude Code changes its key at the top, and Ollama says what it reused', async () => {
    const text = 'You are Claude Code. Be concise, and read a file before you change it. '.repeat(30);
    const asked = (key: string, ...said: readonly string[]): Promise<string> =>
      ask('', {
        path: '/v1/messages',
        headers: { 'user-agent': 'claude-cli/2.1.197 (external, cli)' },
        body: {
          max_tokens: 10,
          system: [
            { type: 'text', text: `x-anthropic-billing-header: cc_entrypoint=cli; cch=${key};` },
            { type: 'text', text },
          ],
          messages: said.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content })),
        },
      });
    hearth.fake.always({ usage: { prompt_tokens: 600, completion_tokens: 3, cached_tokens: 12 } });
    // A title would wait for the models that the tests before had people use.
    configure({ queue: { settle_ms: 0, evict_after_s: 0 } });
    const first = await asked('4a1f07c2e', 'What does a.py do?');
    const between = await asked('4a1f07c2e', 'Give this chat a title.');
    expect((await detailOf(between)).parted).toMatchObject({ where: 'message 2', with: { request_id: first } });
    const { parted, tokens } = await detailOf(await asked('b07d91e53', 'What does a.py do?', 'It adds.', 'Why?'));
    expect(tokens).toMatchObject({ prompt: 600, reused: 12, reused_by: 'reported' });
    expect(parted).toMatchObject({
      with: { request_id: first },
      same_chars: 'x-anthropic-billing-header: cc_entrypoint=cli; cch='.length,
      block: 1,
      where: 'the system prompt',
      what: 'a random key',
      reused_tokens: 12,
      known_by: 'reported',
      then: { differs: '4a1f07c2e' },
      now: { before: ' cc_entrypoint=cli; cch=', differs: 'b07d91e53' },
    });
    const { same_tokens = 0, same_after_tokens = 0, new_tokens = 0 } = parted ?? {};
    expect(same_tokens + same_after_tokens + new_tokens).toBeCloseTo(600, -1);
  });

  test('a secret is not shown, also where only its end stands in what is shown', async () => {
    const body = { model: 'b' };
    const secret = 'sk-proj-Qm8Zr4Lx2Wv7Tn1Kp6Yb3Hd9Jf5Gs0Ac8Ev2Ui4Ox';
    const text = `Use the key ${secret}`;
    await ask(`${text}A1 for this.`, { body });
    const { parted } = await detailOf(await ask(`${text}B2 for this.`, { body }));
    const shown = [parted?.then, parted?.now].map((span) => Object.values(span ?? {}).join('|'));
    expect(shown).toEqual([expect.stringMatching(/\*\* ?\|? for this/), expect.stringMatching(/\*\* ?\|? for this/)]);
    expect(JSON.stringify(parted)).not.toMatch(/Ox|A1|B2|Ui4/);
    await ask(`password = correct7horse8battery9staple and one`, { body });
    const other = await detailOf(await ask(`password = correct7horse8battery9staple and two`, { body }));
    expect(JSON.stringify(other.parted)).not.toContain('staple');
    expect(other.parted?.now?.differs).toBe('two');
  });

  test('with log.prompts_mb 0 no text is kept, and it is known to the block', async () => {
    configure({ log: { prompts_mb: 0 } });
    const text = 'Answer in one short paragraph, and say what you do not know. '.repeat(20);
    await ask(`${text}14:01`, { body: { model: 'b' } });
    const { parted } = await detailOf(await ask(`${text}14:06`, { body: { model: 'b' } }));
    expect(parted).toMatchObject({ block: 256, same_chars: 1024, where: 'message 1' });
    expect(parted).not.toHaveProperty('now');
  });
});
