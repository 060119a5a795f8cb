// A log that cannot be written costs its lines and nothing else: the headless gateway lives on a full disk, on a closed
// pipe and on a pipe that nobody reads, with bounded memory, and says afterwards how many lines are missing.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startFakeOllama, type FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';

const CLI = resolve(import.meta.dirname, '../../../dist/hearth.mjs');
let fake: FakeOllama;
let child: ChildProcess;
let data = '';

beforeEach(async () => {
  fake = await startFakeOllama();
  data = mkdtempSync(join(tmpdir(), 'hearth-log-'));
});
afterEach(async () => {
  if (child.exitCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await fake.stop();
  rmSync(data, { recursive: true });
});

function start(stdio: StdioOptions, args: readonly string[] = ['serve', '--port', '0']): void {
  const env = {
    PATH: process.env['PATH'] ?? '',
    OLLAMA_API_URL: fake.url,
    OLLAMA_MODEL: 'llama3.2',
    LOG_LEVEL: 'debug',
    HEARTH_DATA_DIR: data,
  };
  child = spawn(process.execPath, [CLI, ...args], { env, stdio });
}

/** The address, from the first line that names it. */
async function addressIn(stream: NodeJS.ReadableStream | null): Promise<string> {
  for await (const line of createInterface({ input: stream ?? process.stdin })) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('ended without an address');
}

const LINE = 'x'.repeat(8000);
/** Has lines written, each of some 8 KB. */
async function chatter(url: string, lines: number): Promise<void> {
  for (let each = 0; each < lines; each += 1) await (await fetch(`${url}/${LINE}`)).text();
}

/** A stream that runs while `meanwhile` happens ends whole. */
async function answersThrough(url: string, meanwhile: () => Promise<void>): Promise<void> {
  const gate = fake.gate();
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], stream: true });
  const response = await fetch(`${url}/api/chat-optimized`, { method: 'POST', body });
  await fake.until(({ active }) => active === 1);
  await meanwhile();
  gate.release();
  expect(await response.text()).toMatch(/"done":true.*\n\n$/);
  expect((await fetch(`${url}/health`)).status).toBe(200);
}

async function endsWell(): Promise<void> {
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(0);
}

test('standard error that nobody reads costs bounded memory, and the lost lines are counted', async () => {
  start(['ignore', 'pipe', 'pipe']);
  const url = await addressIn(child.stdout);
  const sent = 600;
  await answersThrough(url, () => chatter(url, sent));
  const lines: Record<string, unknown>[] = [];
  let lost = 0;
  const reader = createInterface({ input: child.stderr ?? process.stdin });
  reader.on('line', (line) => {
    if (line === '') return;
    const value = JSON.parse(line) as Record<string, unknown>;
    lines.push(value);
    if (typeof value['lost'] === 'number') lost += value['lost'];
  });
  await expect.poll(() => lost).toBeGreaterThan(0);
  const chats = lines.filter(({ path }) => path === `/${LINE}`).length;
  // Beside those of the test a few lines are lost or come late: of the chat and of the look at health.
  expect(chats + lost).toBeGreaterThanOrEqual(sent);
  expect(chats + lost).toBeLessThan(sent + 20);
  expect(chats * LINE.length).toBeLessThan(3_000_000);
  await chatter(url, 1);
  await expect.poll(() => lines.at(-1)?.['path']).toBe(`/${LINE}`);
  await endsWell();
});

test('standard error that is closed: it lives', async () => {
  start(['ignore', 'pipe', 'pipe']);
  const url = await addressIn(child.stdout);
  child.stderr?.destroy();
  await answersThrough(url, () => chatter(url, 20));
  await endsWell();
});

test('standard output closed before the ready line: it runs on, and the log has the address', async () => {
  start(['ignore', 'pipe', 'pipe']);
  child.stdout?.destroy();
  const url = await addressIn(child.stderr);
  await answersThrough(url, () => chatter(url, 3));
  await endsWell();
});

test('standard output that nobody reads: it lives', async () => {
  start(['ignore', 'pipe', 'ignore']);
  const url = await addressIn(child.stdout);
  await answersThrough(url, () => Promise.resolve());
  await endsWell();
});

describe.runIf(existsSync('/dev/full'))('a full disk', () => {
  let full: number;
  beforeEach(() => {
    full = openSync('/dev/full', 'w');
  });
  afterEach(() => closeSync(full));

  test('for the log: it lives', async () => {
    start(['ignore', 'pipe', full]);
    const url = await addressIn(child.stdout);
    await answersThrough(url, () => chatter(url, 20));
    await endsWell();
  });

  test('for the ready line: the log has the address, and it lives', async () => {
    start(['ignore', full, 'pipe']);
    const url = await addressIn(child.stderr);
    await answersThrough(url, () => chatter(url, 3));
    await endsWell();
  });

  test('for a command that only prints: a sentence and an exit code', async () => {
    start(['ignore', full, 'pipe'], ['--help']);
    let said = '';
    child.stderr?.on('data', (part: Buffer) => (said += part.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(74);
    expect(said).toMatch(/^Standard output cannot be written: ENOSPC.*\.\n$/);
  });
});
