// What is handed on as it comes, from an Ollama that breaks off in the middle of it, or is slow to come to its end.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBackend } from '../../../backend/backend.ts';
import type { Backend } from '../../../backend/hosting.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';

const HALF = '{"license":"half of i';
let ollama: Server;
let backend: Backend;
let log: string[];
/** Of the one model that there is. */
let digest: string;
/** Lets a pull come to its end, after it has said that it succeeded. */
let endPull: () => void;

const DONE = { message: { role: 'assistant', content: 'Yes.' }, done: true, done_reason: 'stop' };
const ANSWERS: Record<string, () => unknown> = {
  '/api/version': () => ({ version: '0.33.0' }),
  '/api/tags': () => ({ models: [{ name: 'llama3.2:latest', digest }] }),
  '/api/ps': () => ({ models: [] }),
  '/api/chat': () => DONE,
};

beforeEach(async () => {
  digest = 'old';
  ollama = createServer((req, res) => {
    if (req.headers['x-form'] !== undefined) {
      // The caller says with which headers the answer begins.
      res.writeHead(200, JSON.parse(String(req.headers['x-form'])) as Record<string, string>);
      res.write(HALF, () => res.destroy());
      return;
    }
    if (req.url === '/api/pull') {
      digest = 'new';
      res.write('{"status":"success"}\n');
      endPull = () => res.end();
      return;
    }
    const answer = ANSWERS[req.url ?? ''];
    if (answer === undefined) res.writeHead(404).end();
    else res.end(`${JSON.stringify(answer())}\n`);
  }).listen(0, '127.0.0.1');
  await once(ollama, 'listening');
  const api_url = `http://127.0.0.1:${(ollama.address() as AddressInfo).port}`;
  const data = { server: { port: 0 }, ollama: { api_url } };
  log = [];
  backend = await startBackend({
    config: resolveConfig({ file: { path: 'test', data } }, 'headless').config,
    log: pino({ level: 'warn' }, { write: (line) => void log.push(line) }),
    version: '0.0.0-test',
  });
});

afterEach(async () => {
  await backend.stop();
  ollama.close();
});

test.each([
  { 'content-type': 'application/json; charset=utf-8', 'content-length': '1000' },
  { 'content-type': 'application/json; charset=utf-8' },
  { 'content-type': 'application/x-ndjson', 'content-length': '1000' },
  { 'content-type': 'text/event-stream', 'content-length': '1000' },
  { 'content-type': 'text/plain' },
])('breaks off for the caller too, with nothing of ours behind it: %j', async (headers) => {
  const init = { method: 'POST', body: '{}', headers: { 'x-form': JSON.stringify(headers) } };
  const response = await fetch(`${backend.url}/api/show`, init);
  expect(response.status).toBe(200);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  const read = async (): Promise<void> => {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) seen += part.value;
  };
  await expect(read()).rejects.toThrow('terminated');
  expect(seen).toBe(HALF);
  await expect.poll(() => log.filter((line) => line.includes('/api/show')).length).toBe(1);
  expect(log.find((line) => line.includes('/api/show'))).toContain('"code":"upstream_failed"');
});

test('once a pull says "success" the new model is asked, though the pull has not ended', async () => {
  const body = JSON.stringify({ model: 'llama3.2', messages: [{ role: 'user', content: 'x' }], options: { seed: 1 } });
  const ask = async (): Promise<string | null> => {
    const response = await fetch(`${backend.url}/api/chat`, { method: 'POST', body });
    await response.text();
    return response.headers.get('x-cache');
  };
  expect([await ask(), await ask()]).toEqual(['MISS', 'HIT']);
  const pull = await fetch(`${backend.url}/api/pull`, { method: 'POST', body: '{"model":"llama3.2"}' });
  const reader = pull.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toContain('success');
  expect(await ask()).toBe('MISS');
  endPull();
  expect((await reader?.read())?.done).toBe(true);
});
