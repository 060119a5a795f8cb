// The first moment of a gateway: nothing is known of Ollama yet, and a page that opens just then is not told that it is ill.
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBackend } from '../../../backend/backend.ts';
import type { Backend } from '../../../backend/hosting.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import { healthSchema } from '../../../backend/contract/views/control.ts';
import { startFakeOllama, type FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';

let fake: FakeOllama;
let backend: Backend;

beforeEach(async () => {
  fake = await startFakeOllama();
  fake.hang(true);
  const data = { server: { port: 0 }, ollama: { api_url: fake.url, model: 'llama3.2', connect_timeout_ms: 20_000 } };
  const { config } = resolveConfig({ file: { path: 'test', data } }, 'headless');
  backend = await startBackend({ config, log: pino({ level: 'silent' }), version: '0.0.0-test' });
});

afterEach(async () => {
  await backend.stop();
  await fake.stop();
});

const health = async (query = '') => healthSchema.parse(await (await fetch(`${backend.url}/health${query}`)).json());

test('/health waits for the first look', async () => {
  const both = Promise.all([health(), health('?ready=1')]);
  await fake.until(({ calls }) => calls.some(({ path }) => path === '/api/version'));
  fake.hang(false);
  const [shown, ready] = await both;
  expect(shown).toMatchObject({ status: 'healthy', upstream: { state: 'up', reachable: true } });
  expect(ready.status).toBe('healthy');
});

test('but not for long: an Ollama that says nothing is not up', async () => {
  expect(await health()).toMatchObject({ status: 'unhealthy', upstream: { state: 'unknown', reachable: false } });
  fake.hang(false);
});
