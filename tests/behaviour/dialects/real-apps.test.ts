// The promise: an app that is pointed at Hearth instead of Ollama goes on working, and what it asks again is answered from
// the cache. What each app sends was recorded; here it is sent again, with its very headers, to a gateway in front of the
// simulated Ollama, and what comes back is read by the strict rules of its dialect.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { messagesEvents, ndjson, openaiChunks, ownEvents, responsesEvents } from '../../support/strict-readers.ts';
import { DEFAULT_MODELS } from '../../support/fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { APPS, sendAgain, sentBy, type Answered, type Sent } from '../../support/traffic.ts';

type Json = Readonly<Record<string, unknown>>;

/** What the apps had installed beside the usual ones. */
const MODELS = [
  ...DEFAULT_MODELS.filter(({ name }) => name !== 'qwen2.5:0.5b'),
  { name: 'qwen2.5:0.5b', capabilities: ['completion', 'tools', 'insert'] },
  { name: 'bard:latest' },
];

const pathOf = ({ url }: Sent): string => url.replace(/\?.*/, '');
const bodyOf = ({ body }: Sent): Json => (typeof body === 'string' ? {} : body);

/** What is answered now, where it is not what was answered when it was recorded, by an older Hearth. */
function statusOf({ method, headers, status }: Sent): number {
  // Another machine, by a proxy on this one: a key is needed, and there is none yet.
  if (headers['x-forwarded-host']?.startsWith('192.168.') && headers['origin'] === undefined) return 401;
  // Editors are let in as Ollama lets them in.
  if (headers['origin']?.startsWith('vscode-file:')) return method === 'OPTIONS' ? 204 : 200;
  return status;
}

/** Whether an answer is kept: always on our own routes, of Ollama's and OpenAI's what can be repeated (cache.drop_in). */
function isKept(sent: Sent): boolean {
  const body = bodyOf(sent);
  const options = (body['options'] ?? {}) as Json;
  const path = pathOf(sent);
  if (sent.method !== 'POST' || statusOf(sent) !== 200) return false;
  if (/^\/(?:api\/chat-optimized|api\/embed|v1\/embeddings)$/.test(path)) return true;
  if (/^\/api\/(?:chat|generate)$/.test(path)) return options['temperature'] === 0;
  return /^\/v1\/(?:chat\/)?completions$/.test(path) && body['temperature'] === 0;
}

/** Ollama's own routes stream unless they are told otherwise, or asked for nothing but to load or unload. */
function streams(path: string, { stream, prompt }: Json): boolean {
  return path === '/api/chat' || path === '/api/generate' ? stream !== false && prompt !== '' : stream === true;
}

/** What was said, read as a client of that route reads it. A kept answer may come in other pieces. */
function said(sent: Sent, { text }: Answered): unknown {
  const body = bodyOf(sent);
  const path = pathOf(sent);
  const told = (pieces: readonly unknown[]): string => pieces.map((piece) => String(piece ?? '')).join('');
  const of = (piece: unknown, name: string): unknown => (piece as Json | undefined)?.[name];
  if (text === '') return text;
  if (path === '/api/pull' || path === '/api/create') return ndjson(text).at(-1);
  if (!streams(path, body)) return whole(JSON.parse(text) as Json);
  if (path === '/api/chat') return told(ndjson(text).map(({ message }) => of(message, 'content')));
  if (path === '/api/generate') return told(ndjson(text).map(({ response }) => response));
  if (path === '/api/chat-optimized') return told(ownEvents(text).map(({ content }) => content));
  if (path === '/v1/responses') return told(responsesEvents(text).map(({ delta }) => delta));
  if (path === '/v1/messages') return told(messagesEvents(text).map(({ delta }) => of(delta, 'text')));
  const usage = of(body['stream_options'], 'include_usage') === true;
  const deltas = openaiChunks(text, usage).flatMap(({ choices }) => choices as Json[]);
  return told(deltas.map(({ delta }) => of(delta, 'content')));
}

/** What says when and how it was answered, and so differs from time to time. */
const OF_THIS_TIME =
  /^(?:id|request_id|created|created_at|timing|(?:total|load|eval|prompt_eval)_duration|age|cached|cached_at|source)$/;

function whole(answer: Json): Json {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => !OF_THIS_TIME.test(name)));
}

describe.each(APPS)('%s', (app) => {
  let hearth: Hearth;
  beforeAll(async () => {
    hearth = await startHearth({ fake: { models: MODELS } });
  });
  afterAll(() => hearth.stop());

  test.each(sentBy(app).map((sent, at) => [at + 1, sent.method, pathOf(sent), sent] as const))(
    '%i. %s %s',
    async (_at, _method, _path, sent) => {
      const first = await sendAgain(hearth.url, sent);
      expect([first.status, first.status === statusOf(sent) ? '' : first.text]).toEqual([statusOf(sent), '']);
      if (first.status >= 400) return;
      const answer = said(sent, first);
      if (!isKept(sent)) return;
      const again = await sendAgain(hearth.url, sent);
      expect([again.status, again.headers['x-cache'], said(sent, again)]).toEqual([200, 'HIT', answer]);
    },
  );
});
