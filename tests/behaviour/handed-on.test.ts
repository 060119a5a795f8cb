// What is handed on as it comes, from an Ollama that breaks off in the middle of it.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBackend, type Backend } from '../../backend/backend.ts';
import { resolveConfig } from '../../backend/contract/config-sources.ts';

const HALF = '{"license":"half of i';
let ollama: Server;
let backend: Backend;
let log: string[];

beforeEach(async () => {
  ollama = createServer((req, res) => {
    if (req.url === '/api/show') {
      // The caller says with which headers the answer begins.
      res.writeHead(200, JSON.parse(String(req.headers['x-form'])) as Record<string, string>);
      res.write(HALF, () => res.destroy());
      return;
    }
    res.writeHead(404).end();
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
  { 'content-type': 'application/x-ndjson' },
  { 'content-type': 'text/event-stream' },
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
