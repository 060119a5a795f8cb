// The promise: an app that is pointed at Hearth instead of Ollama goes on working, what it asks again is answered from the
// cache, and what it asks in the background gives way. What each app sends was recorded; here it is sent again, with its very
// headers, to a gateway and to the simulated Ollama itself: what comes back is read by the strict rules of its dialect, and is the same.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dialectOf } from '../../../backend/contract/routes.ts';
import { APP_FACTS } from '../../support/app-facts.ts';
import { messagesEvents, ndjson, openaiChunks, ownEvents, responsesEvents } from '../../support/strict-readers.ts';
import { DEFAULT_MODELS, startFakeOllama, type FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
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
const ofField = (piece: unknown, name: string): unknown => (piece as Json | undefined)?.[name];

/** What is answered now, where it is not what was answered when it was recorded, by an older Hearth. */
function statusOf({ method, headers, status }: Sent): number {
  // Another machine, by a proxy on this one: a key is needed, and there is none yet.
  if (headers['x-forwarded-host']?.startsWith('192.168.') && headers['origin'] === undefined) return 401;
  // Editors are let in as Ollama lets them in.
  if (headers['origin']?.startsWith('vscode-file:')) return method === 'OPTIONS' ? 204 : 200;
  return status;
}

/** Ollama's own routes stream unless they are told otherwise, or asked for nothing but to load or unload. */
function streams(path: string, { stream, prompt }: Json): boolean {
  return path === '/api/chat' || path === '/api/generate' ? stream !== false && prompt !== '' : stream === true;
}

/** The objects of an answer, read as a client of that route reads them. */
function objectsIn(sent: Sent, { text, headers }: Answered): readonly Json[] {
  const body = bodyOf(sent);
  const path = pathOf(sent);
  if (!/json|event-stream/.test(headers['content-type'] ?? '') || text === '') return [];
  if (path === '/api/pull' || path === '/api/create') return ndjson(text);
  if (!streams(path, body)) return [JSON.parse(text) as Json];
  if (path === '/api/chat' || path === '/api/generate') return ndjson(text);
  if (path === '/api/chat-optimized') return ownEvents(text);
  if (path === '/v1/responses') return responsesEvents(text);
  if (path === '/v1/messages') return messagesEvents(text);
  return openaiChunks(text, ofField(body['stream_options'], 'include_usage') === true);
}

/** What was said. A kept answer may come in other pieces. */
function said(sent: Sent, answered: Answered): unknown {
  const path = pathOf(sent);
  const objects = objectsIn(sent, answered);
  if (path === '/api/pull' || path === '/api/create') return objects.at(-1);
  if (!streams(path, bodyOf(sent))) return objects.map(withoutThisTime);
  const told = (pieces: readonly unknown[]): string => pieces.map((piece) => String(piece ?? '')).join('');
  if (path === '/api/chat') return told(objects.map(({ message }) => ofField(message, 'content')));
  if (path === '/api/generate') return told(objects.map(({ response }) => response));
  if (path === '/api/chat-optimized') return told(objects.map(({ content }) => content));
  if (path === '/v1/responses') return told(objects.map(({ delta }) => delta));
  if (path === '/v1/messages') return told(objects.map(({ delta }) => ofField(delta, 'text')));
  const deltas = objects.flatMap(({ choices }) => choices as Json[]);
  return told(deltas.map(({ delta }) => ofField(delta, 'content')));
}

/** What says when and how it was answered, and so differs from time to time. */
const OF_THIS_TIME =
  /^(?:(?:\w+_)?id|created|\w+_at|timing|(?:total|load|eval|prompt_eval)_duration|age|cached|saved_ms|source|size_vram)$/;
/** What the gateway adds to an error. */
const OURS = new Set(['code', 'request_id', 'retryable']);

function withoutThisTime(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutThisTime);
  if (typeof value !== 'object' || value === null) return value;
  const isError = typeof (value as Json)['error'] === 'string';
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !OF_THIS_TIME.test(name) && !(isError && OURS.has(name)))
      .map(([name, inner]) => [name, withoutThisTime(inner)]),
  );
}

/** The fields of each kind of object that came, with the types of what is in them. */
function shapes(sent: Sent, answered: Answered): readonly string[] {
  const isError = answered.status >= 400;
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) return [...new Set(value.map((each) => JSON.stringify(shape(each))))].toSorted();
    if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
    const fields = Object.entries(value).filter(([name]) => !(isError && OURS.has(name)));
    return Object.fromEntries(fields.map(([name, inner]) => [name, shape(inner)]).toSorted());
  };
  return [...new Set(objectsIn(sent, answered).map((each) => JSON.stringify(shape(each))))].toSorted();
}

/** Whether Ollama itself has an answer to compare with: on its own routes, unless our door has refused. */
function isOllamas(sent: Sent, { status }: Answered): boolean {
  return dialectOf(pathOf(sent)) !== 'own' && status !== 401 && status !== 403 && sent.method !== 'OPTIONS';
}

describe.each(APPS)('%s', (app) => {
  const facts = APP_FACTS.find((each) => each.app === app);
  const seen = { asks: [] as number[], cached: new Set<string>(), background: new Set<string>() };
  let hearth: Hearth;
  let direct: FakeOllama;
  beforeAll(async () => {
    // What was sent over minutes is sent at once: no background work waits here until a person's model is idle.
    const config = { cache: { replay: 'original' }, queue: { evict_after_s: 0 } } as const;
    hearth = await startHearth({ fake: { models: MODELS }, config });
    direct = await startFakeOllama({ models: MODELS });
  });
  afterAll(async () => {
    await hearth.stop();
    await direct.stop();
  });

  test.each(sentBy(app).map((sent, at) => [at + 1, sent.method, pathOf(sent), sent] as const))(
    '%i. %s %s',
    async (number, _method, _path, sent) => {
      const first = await sendAgain(hearth.url, sent);
      expect([first.status, first.status === statusOf(sent) ? '' : first.text]).toEqual([statusOf(sent), '']);
      if (isOllamas(sent, first)) {
        const alone = await sendAgain(direct.url, sent);
        expect([first.status, said(sent, first)]).toEqual([alone.status, said(sent, alone)]);
        expect(shapes(sent, first)).toEqual(shapes(sent, alone));
      }
      const [queueClass] = String(first.headers['x-queue-class'] ?? '').split(';');
      if (first.status >= 400 || queueClass === '') return;
      seen.asks.push(number);
      const name = facts?.asks[number] ?? String(number);
      if (queueClass === 'background') seen.background.add(name);
      const again = await sendAgain(hearth.url, sent);
      if (again.headers['x-cache'] !== 'HIT') return;
      seen.cached.add(name);
      expect([again.status, said(sent, again)]).toEqual([200, said(sent, first)]);
    },
  );

  test('is as docs/apps.md says', () => {
    const { asks, cached, background } = facts ?? { asks: {}, cached: [], background: [] };
    expect(seen).toEqual({
      asks: Object.keys(asks).map(Number),
      cached: new Set(cached),
      background: new Set(background),
    });
  });
});
