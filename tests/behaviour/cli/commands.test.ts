// The commands that ask a gateway that runs: what they print for people and for programs, and how they end.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { commandLine, type CommandOptions, type Ended } from '../../support/command-line.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { deferred } from '../../support/waiting.ts';

let hearth: Hearth;
beforeAll(async () => {
  hearth = await startHearth();
});
afterAll(() => hearth.stop());
afterEach(() => hearth.fake.always(undefined));

const run = (words: readonly string[], more: CommandOptions = {}): Promise<Ended> =>
  commandLine(words, { ...more, env: { HEARTH_URL: hearth.url, ...more.env } });
const parsed = async (...words: string[]): Promise<unknown> => JSON.parse((await run([...words, '--json'])).out);

/** What Claude Code calls itself. */
const CLAUDE = 'claude-cli/2.1.197 (external, cli)';

test('status tells how both are, and gives what /health says', async () => {
  const { code, out } = await run(['status']);
  expect(code).toBe(0);
  expect(out).toMatch(
    new RegExp(`^Hearth  healthy, version 0\\.0\\.0-test at ${hearth.url}, up for .*\\nOllama  up, version `),
  );
  // Nothing was asked yet.
  expect(out).not.toContain('Prompts');
  expect(await parsed('status')).toMatchObject({ status: 'healthy', upstream: { state: 'up' } });
});

test('a request that runs is seen, shown and cancelled', async () => {
  const gate = hearth.fake.gate();
  const asked = hearth.chat('what runs', {}, { headers: { 'X-Request-ID': 'cli-1', 'User-Agent': CLAUDE } });
  await hearth.fake.until(({ open }) => open === 1);
  const { out } = await run(['queue']);
  expect(out.split('\n')[0]).toMatch(/^# +App +Model +Class +State +Since +Tokens +Id$/);
  expect(out).toMatch(/ Claude Code +llama3\.2.* running .* cli-1\n/);
  expect(await parsed('queue')).toMatchObject({ running: [{ request_id: 'cli-1' }], waiting: [] });
  expect((await run(['__words', 'living'])).out).toBe('cli-1\n');
  expect(await run(['cancel', 'cli-1'])).toEqual({ code: 0, out: '', err: 'cli-1 is cancelled.\n' });
  expect((await asked).status).toBe(499);
  gate.release();
  expect((await run(['queue'])).out).toBe('Nothing runs and nothing waits.\n');
  expect(await run(['cancel', 'cli-1'])).toMatchObject({ code: 65, err: '"cli-1" has already ended as cancelled.\n' });
  // One that has ended can still be shown.
  expect([(await run(['__words', 'living'])).out, (await run(['__words', 'request'])).out]).toEqual(['', 'cli-1\n']);
});

test('requests are listed, filtered and shown as a whole', async () => {
  await (await hearth.chat('one', {}, { headers: { 'X-Request-ID': 'cli-2' } })).text();
  await (await hearth.chat('one', {}, { headers: { 'X-Request-ID': 'cli-3', 'User-Agent': CLAUDE } })).text();
  const { out } = await run(['requests', '--limit', '2']);
  expect(out.split('\n').map((line) => line.split(/ +/).at(-1))).toEqual(['Id', 'cli-3', 'cli-2', '']);
  // Apps by the names that people know, which find them, too.
  expect(out).toMatch(/ Claude Code +llama3\.2 .* cli-3\n/);
  const ofApp = (await run(['requests', '--app', 'claude code', '--search', 'cli-3'])).out;
  expect(ofApp).toContain('cli-3');
  const lines = (await run(['requests', '--json', '--limit', '1'])).out;
  expect(JSON.parse(lines)).toMatchObject({ request_id: 'cli-3', source: 'hit' });
  const shown = (await run(['requests', 'show', 'cli-3'])).out;
  expect(shown).toContain('completed, hit, in ');
  expect(shown).toContain(`Claude Code (${CLAUDE})`);
  expect(await parsed('requests', 'show', 'cli-2')).toMatchObject({ request_id: 'cli-2', source: 'miss' });
  expect(await run(['requests', 'show', 'nobody'])).toMatchObject({ code: 65, err: expect.stringContaining('nobody') });
});

test('requests --follow goes on with what ends, until it is told to stop', async () => {
  const life = new AbortController();
  const seen = deferred<string>();
  const following = run(['requests', '--follow', '--json', '--limit', '1'], {
    signal: life.signal,
    onWrite: (text) => (text.includes('cli-live') ? seen.resolve(text) : undefined),
  });
  await (await hearth.chat('live', {}, { headers: { 'X-Request-ID': 'cli-live' } })).text();
  expect(JSON.parse(await seen.promise)).toMatchObject({ request_id: 'cli-live' });
  life.abort(new Error('enough'));
  await following;
});

test('a model is loaded, unloaded, installed and removed, and kept answers are forgotten', async () => {
  expect((await run(['warm'])).err).toMatch(/^llama3\.2\S* is in memory\./);
  expect((await run(['models', 'list'])).out).toMatch(/^llama3\.2:latest +2\.0 GB .* for /m);
  expect((await run(['unload', 'llama3.2'])).err).toMatch(/^llama3\.2\S* is out of memory\.\n$/);
  expect(await run(['warm', 'nowhere'])).toMatchObject({ code: 65, err: expect.stringContaining('nowhere') });

  const pulled = await run(['models', 'pull', 'phi4']);
  expect(pulled).toMatchObject({ code: 0, out: '' });
  expect(pulled.err).toMatch(/^looking it up\n(?:\w+[^\n]*\n)*phi4 is installed\.\n$/);
  // Not for want of a connection, which the gateway would wait for.
  hearth.fake.nextPull({ unreached: 'pull model manifest: 401: unauthorized' });
  expect(await run(['models', 'pull', 'locked:1b'])).toMatchObject({
    code: 65,
    err: expect.stringContaining('locked:1b cannot be installed. Ollama: “pull model manifest: 401'),
  });
  // Nothing of it came, so nothing of it is left.
  expect(await (await hearth.get('/api/pulls')).json()).toEqual({ pulls: [] });

  hearth.fake.install({ name: 'spare:1b' });
  expect((await run(['__words', 'model'])).out).toContain('spare:1b\n');
  expect(await run(['models', 'rm', 'spare:1b'])).toMatchObject({ code: 64, err: expect.stringContaining('--yes') });
  const no = await run(['models', 'rm', 'spare:1b'], { asksBack: true, input: 'n\n' });
  expect([no.code, no.err]).toEqual([0, expect.stringMatching(/\[y\/N\] Nothing is removed\.\n$/)]);
  expect((await run(['models', 'rm', 'spare:1b'], { asksBack: true, input: 'y\n' })).err).toContain('is removed');
  expect((await run(['models', 'rm', 'spare:1b', '--yes'])).code).toBe(65);

  await (await hearth.chat('kept')).text();
  expect((await run(['clear', '--older-than', '1h'])).err).toBe('0 answers forgotten, 0 MB free.\n');
  expect(await parsed('clear')).toMatchObject({ success: true, action: 'clear', removed: expect.any(Number) });
  expect(await run(['clear', '--older-than', 'soon'])).toMatchObject({ code: 64 });
});

test('a download draws one line on a terminal; who stops the command pauses it', async () => {
  const never = new Promise(() => undefined);
  hearth.fake.nextPull({ stall: { at: 800_000_000, until: never } });
  const stopped = new AbortController();
  let pulls: unknown[] = [];
  const words = ['models', 'pull', 'phi4-mini', '--url', hearth.url];
  const ended = commandLine(words, { columns: 80, signal: stopped.signal });
  const look = async (): Promise<unknown[]> =>
    (pulls = ((await (await hearth.get('/api/pulls')).json()) as { pulls: unknown[] }).pulls);
  await expect.poll(look).toMatchObject([{ model: 'phi4-mini', completed: 800_000_000 }]);
  stopped.abort(new Error('enough'));
  expect((await ended).code).not.toBe(0);
  await expect.poll(look).toMatchObject([{ state: 'paused', completed: 800_000_000 }]);
  expect(pulls).toHaveLength(1);
  hearth.fake.nextPull({ bytesPerS: 20_000_000_000 });
  const { code, err } = await commandLine(words, { columns: 80 });
  expect(code).toBe(0);
  expect(err.replaceAll('\u001B', '␛').replaceAll('\u202F', ' ')).toMatch(
    /\r␛\[Kdownloading {2}█+░+ \d\d % {2}\S+ [MG]B of 2\.0 GB[^]*phi4-mini is installed\.\n$/,
  );
});

test('a download that somebody else asked for goes on when the command is stopped', async () => {
  const gate = deferred();
  hearth.fake.nextPull({ stall: { at: 800_000_000, until: gate.promise } });
  await hearth.post('/api/pulls', { model: 'theirs:1b' });
  const list = async (): Promise<unknown> =>
    ((await (await hearth.get('/api/pulls')).json()) as { pulls: unknown[] }).pulls;
  await expect.poll(list).toMatchObject([{ completed: 800_000_000 }]);
  const stopped = new AbortController();
  const drawn = deferred();
  const watching = commandLine(['models', 'pull', 'theirs:1b', '--json', '--url', hearth.url], {
    signal: stopped.signal,
    onWrite: () => drawn.resolve(),
  });
  await drawn.promise;
  stopped.abort(new Error('enough'));
  expect((await watching).code).not.toBe(0);
  expect(await list()).toMatchObject([{ state: 'running' }]);
  gate.resolve();
  await expect.poll(list).toEqual([]);
});

describe('a gateway that does not do as asked', () => {
  const on = (url: string, ...words: string[]): Promise<Ended> => commandLine([...words, '--url', url]);

  test('is not there: what to do, and 69', async () => {
    const { code, err } = await on('127.0.0.1:1', 'queue');
    expect([code, err]).toEqual([69, expect.stringMatching(/^No gateway runs at http:\/\/127\.0\.0\.1:1\. Start it /)]);
  });

  test('is something else, or wants a key', async () => {
    const other = createServer((_req, res) => res.end('<html>')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    expect(await on(`127.0.0.1:${port}`, 'status')).toMatchObject({
      code: 69,
      err: expect.stringContaining('not Hearth'),
    });
    other.close();

    const secret = 'sk-hearth-none';
    const locked = createServer((req, res) => {
      const is = req.headers.authorization === `Bearer ${secret}`;
      res.writeHead(is ? 503 : 401);
      res.end(JSON.stringify({ error: 'No.', code: is ? 'queue_full' : 'unauthorized', retryable: is }));
    }).listen(0, '127.0.0.1');
    await once(locked, 'listening');
    const url = `http://127.0.0.1:${(locked.address() as AddressInfo).port}`;
    expect(await on(url, 'queue')).toMatchObject({ code: 77, err: expect.stringContaining('HEARTH_API_KEY') });
    expect(await commandLine(['queue', '--url', url], { env: { HEARTH_API_KEY: secret } })).toMatchObject({ code: 75 });
    locked.close();
  });
});

test('status tells how much of the prompts was read, once there is something to tell', async () => {
  const system = 'You are a helper who knows the house. '.repeat(40);
  const of = (cached_tokens: number) => ({ usage: { prompt_tokens: 400, completion_tokens: 3, cached_tokens } });
  hearth.fake.next(of(0), of(300));
  for (const content of ['one tree', 'two trees']) {
    const messages = [
      { role: 'system', content: system },
      { role: 'user', content },
    ];
    await (await hearth.post('/api/chat', { model: 'llama3.2', messages, stream: false })).text();
  }
  await expect
    .poll(async () => (await run(['status'])).out)
    .toMatch(/\nPrompts +[\d,]+ of [\d,]+ tokens read, reused \d+ % of what could be, since \d\d:\d\d\n/);
});
