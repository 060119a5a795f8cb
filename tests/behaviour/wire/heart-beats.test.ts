// What keeps a waiting stream alive must mean nothing to any client, however it reads events: a comment, and no empty line
// that would end an event without data.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import OpenAI from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';

const BEAT = ': still here\n';
let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth({ patience: { heartbeatMs: 20, jsonAfterMs: 20 }, config: { cache: { enabled: false } } });
});
afterEach(() => hearth.stop());

const messages = [{ role: 'user' as const, content: 'Why does bread rise?' }];

/** All of an answer's text; `seen` is told it as it grows. */
async function read(response: Response, seen: (text: string) => void = () => undefined): Promise<string> {
  let text = '';
  for await (const part of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += part;
    seen(text);
  }
  return text;
}

function eventsIn(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  createParser({ onEvent: (event) => void events.push(event) }).feed(text);
  return events;
}

/** As openai-go 1.x reads: each empty line ends an event, and one without data is fatal. */
function emptyEvents(text: string): string[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .filter((block) => !/^data:/m.test(block));
}

test.each([
  ['/v1/chat/completions', { messages }],
  ['/v1/completions', { prompt: 'Hello' }],
])('%s: a caller who waits gets comment lines alone, and then the answer', async (path, body) => {
  const gate = hearth.fake.gate();
  const response = await hearth.post(path, { model: 'llama3.2', stream: true, ...body });
  const text = await read(response, (soFar) => void (soFar.split(BEAT).length > 3 && gate.release()));
  expect(text).toMatch(/^(?:: still here\n){3,}data: \{/);
  expect(emptyEvents(text)).toEqual([]);
  expect(eventsIn(text)).toEqual(eventsIn(text.replaceAll(BEAT, '')));
  expect(eventsIn(text).at(-1)?.data).toBe('[DONE]');
});

test('/v1/messages: a caller who waits gets pings, which Anthropic’s clients pass over', async () => {
  const PING = 'event: ping\ndata: {"type":"ping"}\n\n';
  const gate = hearth.fake.gate();
  const response = await hearth.post('/v1/messages', { model: 'llama3.2', max_tokens: 9, stream: true, messages });
  const text = await read(response, (soFar) => void (soFar.split(PING).length > 3 && gate.release()));
  const again = hearth.fake.gate();
  const client = new Anthropic({ baseURL: hearth.url, apiKey: 'none', maxRetries: 0 });
  const stream = await client.messages.create({ model: 'llama3.2', max_tokens: 9, stream: true, messages });
  again.release();
  const types: string[] = [];
  for await (const event of stream) types.push(event.type);
  expect(eventsIn(text).map(({ event }) => event)).toEqual([
    ...Array.from({ length: text.split(PING).length - 1 }, () => 'ping'),
    ...types,
  ]);
  expect(types[0]).toBe('message_start');
});

test('/api/events: likewise', async () => {
  const leave = new AbortController();
  const response = await fetch(`${hearth.url}/api/events`, { signal: leave.signal });
  let text = '';
  await read(response, (soFar) => {
    text = soFar;
    if (soFar.split(BEAT).length > 3) leave.abort();
  }).catch(() => undefined);
  expect(emptyEvents(text)).toEqual([]);
  expect(eventsIn(text).length).toBeGreaterThan(0);
});

test('wherever such a line comes between two events, parsers and npm `openai` see the same', async () => {
  const response = await hearth.post('/v1/chat/completions', { model: 'llama3.2', stream: true, messages });
  const quiet = await read(response);
  const blocks = quiet.split('\n\n').slice(0, -1);
  const loud = blocks.map((block) => `${BEAT}${BEAT}${block}\n\n`).join('') + BEAT;
  expect(eventsIn(loud)).toEqual(eventsIn(quiet));

  const server = createServer((req, res) => {
    res.setHeader('Content-Type', 'text/event-stream');
    res.end(req.url?.startsWith('/loud') ? loud : quiet);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const chunks = async (path: string): Promise<unknown[]> => {
    const client = new OpenAI({ baseURL: base + path, apiKey: 'none', maxRetries: 0 });
    const all: unknown[] = [];
    const stream = await client.chat.completions.create({ model: 'llama3.2', messages, stream: true });
    for await (const chunk of stream) all.push(chunk);
    return all;
  };
  expect(await chunks('/loud')).toEqual(await chunks('/quiet'));
  server.close();
});
