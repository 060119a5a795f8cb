// Ollama ends an answer without a word when a token comes more than 30 times in a row: no `done`, no figures, no error.
// Clients of Ollama and OpenAI get that as they would from Ollama itself (tests/data/transcripts/*repeat_abort*).
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { piecesOf, startHearth, type Hearth } from '../../support/hearth.ts';

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth();
  // Loaded by now, so that what is scripted meets the questions alone.
  await (await hearth.chat('load it')).text();
});
afterEach(() => hearth.stop());

const WORD = 'no ';
const REPEATED = { pieces: Array.from({ length: 40 }, () => WORD) };
const TEXT = WORD.repeat(31);

const messages = [{ role: 'user', content: 'Say no.' }];
const body = (stream: boolean): object => ({ model: 'llama3.2', messages, prompt: 'Say no.', stream });

interface Chunk {
  readonly error?: unknown;
  readonly done?: boolean;
  readonly choices?: readonly { readonly finish_reason: string | null }[];
}

/** What a direct caller and one behind Hearth get, times and ids aside. */
async function both(path: string, stream: boolean): Promise<{ direct: Whole; through: Whole }> {
  hearth.fake.always(REPEATED);
  const asked = JSON.stringify(body(stream));
  const at = async (url: string): Promise<Whole> => {
    const headers = { 'content-type': 'application/json', 'x-cache-control': 'max-age=60' };
    const response = await fetch(url + path, { method: 'POST', body: asked, headers });
    const text = (await response.text()).replaceAll(/"(created_at|created|id)":("[^"]*"|\d+)/g, '"$1":0');
    const lines = text.split('\n').filter((line) => line !== '');
    return { status: response.status, parts: lines.map((line) => JSON.parse(line.replace(/^data: /, '')) as Chunk) };
  };
  return { direct: await at(hearth.fake.url), through: await at(hearth.url) };
}

interface Whole {
  readonly status: number;
  readonly parts: readonly Chunk[];
}

const PATHS = ['/api/chat', '/api/generate', '/v1/chat/completions', '/v1/completions'];

describe.each(PATHS)('%s', (path) => {
  test('a stream ends as it does at Ollama: no last line, no reason, no [DONE]', async () => {
    const { direct, through } = await both(path, true);
    expect(through).toEqual(direct);
    expect(through.status).toBe(200);
    expect(through.parts).toHaveLength(31);
    for (const { error, done, choices } of through.parts) {
      expect([error, done ?? false, choices?.[0]?.finish_reason ?? null]).toEqual([undefined, false, null]);
    }
  });

  test('a whole answer is 200 and not done, each time anew', async () => {
    const { direct, through } = await both(path, false);
    expect(through).toEqual(direct);
    expect(through.status).toBe(200);
    const again = await hearth.post(path, { ...body(false), cache_control: { ttl: 60 } });
    expect(again.headers.get('x-cache')).not.toBe('HIT');
  });
});

describe('our own routes', () => {
  test('say that the answer is incomplete, and do not keep it', async () => {
    hearth.fake.always(REPEATED);
    for (const stream of [false, true]) {
      const response = await hearth.chat('Say no.', { stream });
      expect(response.status).toBe(200);
      const last = stream ? (await piecesOf(response)).at(-1) : ((await response.json()) as object);
      expect(last).toMatchObject({ done_reason: 'incomplete', source: 'miss', usage: { completion_tokens: 0 } });
    }
    expect(hearth.fake.chats()).toHaveLength(3);
  });

  test('those who share the run get the same', async () => {
    const gate = hearth.fake.gate();
    hearth.fake.always(REPEATED);
    const asks = [hearth.chat('Say no.'), hearth.chat('Say no.'), hearth.post('/api/chat', body(false))];
    await hearth.fake.until(({ active }) => active > 0);
    gate.release();
    for (const asked of asks) {
      const answer = (await (await asked).json()) as object;
      expect(answer).toMatchObject({ message: { content: TEXT } });
    }
  });

  test('a job is completed with it', async () => {
    hearth.fake.always(REPEATED);
    const accepted = (await (await hearth.post('/api/chat-queue', { messages })).json()) as { request_id: string };
    const url = `${hearth.url}/api/chat-queue?requestId=${accepted.request_id}`;
    await (await fetch(url, { headers: { accept: 'text/event-stream' } })).text();
    const job = await (await fetch(url)).json();
    expect(job).toMatchObject({
      status: 'completed',
      result: { done_reason: 'incomplete', message: { content: TEXT } },
    });
  });
});

test('a connection that breaks is a failure', async () => {
  hearth.fake.always({ ...REPEATED, cutAfter: 3 });
  expect((await hearth.post('/api/chat', body(false))).status).toBe(502);
});
