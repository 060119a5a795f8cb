// Streams that are handed on as they come (what a dialect does not know, pulls) end as our own do: whole when Hearth stops while
// there is time, and with last words of their dialect when there is not, or when Ollama breaks off in the middle.
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startBackend } from '../../../backend/backend.ts';
import type { Backend } from '../../../backend/hosting.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import { deferred, reading } from '../../support/waiting.ts';

let ollama: Server;
let backend: Backend;
/** The answer under way at Ollama, which the test goes on with. */
let answer: ServerResponse;
let asked: Promise<ServerResponse>;

beforeEach(() => {
  const { promise, resolve: tell } = deferred<ServerResponse>();
  asked = promise;
  ollama = createServer((req, res) => {
    if (req.url === '/api/version') return void res.end('{"version":"0.33.0"}');
    if (req.url === '/api/tags' || req.url === '/api/ps') return void res.end('{"models":[]}');
    tell(res);
  });
});

afterEach(async () => {
  await backend.stop();
  ollama.closeAllConnections();
  ollama.close();
});

async function start(drain_timeout_ms = 10_000): Promise<void> {
  ollama.listen(0, '127.0.0.1');
  await once(ollama, 'listening');
  const api_url = `http://127.0.0.1:${(ollama.address() as AddressInfo).port}`;
  const data = { server: { port: 0, drain_timeout_ms }, ollama: { api_url } };
  backend = await startBackend({
    config: resolveConfig({ file: { path: 'test', data } }, 'headless').config,
    log: pino({ level: 'silent' }),
    version: '0.0.0-test',
  });
}

interface Dialect {
  readonly path: string;
  readonly type: string;
  /** Whole pieces as they come from Ollama. */
  readonly piece: string;
  /** What the last words are, `message` standing for the sentence. */
  last(message: unknown, code: unknown): unknown;
}

const some = expect.any(String) as unknown;

const DIALECTS: readonly Dialect[] = [
  {
    path: '/api/pull',
    type: 'application/x-ndjson',
    piece: '{"status":"pulling manifest"}\n',
    last: (error) => ({ error }),
  },
  {
    path: '/v1/something/new',
    type: 'text/event-stream',
    piece: 'data: {"a":1}\n\n',
    last: (message, code) => ({ error: { message, code, type: 'api_error', param: null } }),
  },
  {
    path: '/v1/responses/new',
    type: 'text/event-stream',
    piece:
      'event: response.output_text.delta\ndata: {"delta":"A","sequence_number":7,"type":"response.output_text.delta"}\n\n',
    last: (message, code) => ({
      name: 'error',
      type: 'error',
      code,
      message,
      param: null,
      sequence_number: 8,
      error: { message, code, type: 'api_error', param: null },
    }),
  },
  {
    path: '/v1/messages/batches',
    type: 'text/event-stream; charset=utf-8',
    piece: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0}\n\n',
    last: (message) => ({ name: 'error', type: 'error', error: { type: some, message }, request_id: some }),
  },
];

/** The last line or event, as an object. */
function lastOf(text: string): unknown {
  const block =
    text
      .trimEnd()
      .split(/\n\n|(?<=\})\n/)
      .at(-1) ?? '';
  const name = /^event: (.*)$/m.exec(block)?.[1];
  const value = JSON.parse(block.replace(/^event: .*\n/, '').replace(/^data: /, '')) as object;
  return name === undefined ? value : { name, ...value };
}

/** Begins a stream: one whole piece has reached the caller. */
async function begin({ path, type, piece }: Dialect): Promise<{ rest(): Promise<string> }> {
  const response = fetch(backend.url + path, { method: 'POST', body: '{"stream":true}' });
  answer = await asked;
  answer.writeHead(200, { 'content-type': type });
  answer.write(piece);
  const reader = reading(await response);
  expect(await reader.until(({ length }) => length >= piece.length)).toBe(piece);
  return { rest: async () => (await reader.rest()).slice(piece.length) };
}

describe.each(DIALECTS)('$path', (dialect) => {
  const { path, piece } = dialect;

  test('ends whole while Hearth stops, and nothing new is begun', async () => {
    await start();
    const stream = await begin(dialect);
    const stopped = backend.stop();
    const refused = await fetch(backend.url + path, { method: 'POST', body: '{}' });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    answer.end(piece + piece);
    expect(await stream.rest()).toBe(piece + piece);
    await stopped;
  });

  test('gets last words of its dialect when the time to finish is up', async () => {
    await start(50);
    const stream = await begin(dialect);
    await backend.stop();
    expect(lastOf(await stream.rest())).toEqual(
      dialect.last('Hearth stopped before the answer was complete.', 'shutting_down'),
    );
    await expect.poll(() => answer.destroyed).toBe(true);
  });

  test.each([
    ['between two pieces', 0],
    ['in the middle of one', 9],
  ])('gets last words when Ollama breaks off %s, and no half a piece', async (_where, more) => {
    await start();
    const stream = await begin(dialect);
    answer.write(piece + piece.slice(0, more), () => answer.destroy());
    const rest = await stream.rest();
    expect(rest.startsWith(piece)).toBe(true);
    expect(rest).not.toContain(piece + piece.slice(0, 9));
    expect(lastOf(rest)).toEqual(
      dialect.last(expect.stringMatching(/^Ollama stopped in the middle of the answer/), 'upstream_failed'),
    );
  });
});

test('a body that goes up when the time is up is refused with a status', async () => {
  await start(50);
  const response = fetch(`${backend.url}/v1/responses/new`, { method: 'POST', body: '{}' });
  await asked;
  await backend.stop();
  expect((await response).status).toBe(503);
  expect(await (await response).json()).toMatchObject({ error: { code: 'shutting_down' } });
});

test('a stream that ends without its last line end is handed on to its last byte', async () => {
  await start();
  const response = fetch(`${backend.url}/api/pull`, { method: 'POST', body: '{}' });
  const from = await asked;
  from.writeHead(200, { 'content-type': 'application/x-ndjson' });
  from.end('{"status":"pulling"}\n{"status":"success"}');
  expect(await (await response).text()).toBe('{"status":"pulling"}\n{"status":"success"}');
});

test('a long event is handed on as quickly as a short one', async () => {
  await start();
  const response = fetch(`${backend.url}/v1/messages/batches`, { method: 'POST', body: '{}' });
  const from = await asked;
  const event = `event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"${'a'.repeat(160_000)}"}}\n\n`;
  from.writeHead(200, { 'content-type': 'text/event-stream' });
  from.end(event);
  expect(await (await response).text()).toBe(event);
});
