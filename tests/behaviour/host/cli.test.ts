// `hearth serve` as a process: what it prints, what it accepts, how it ends. Runs the built program.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCli, type Cli, type CliOptions } from '../../support/built-cli.ts';
import { commandLine, type Ended } from '../../support/command-line.ts';
import { startFakeOllama, type FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { piecesOf } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

let fake: FakeOllama;
let folder: string;
const started: Cli[] = [];

beforeEach(async () => {
  fake = await startFakeOllama();
  folder = await mkdtemp(join(tmpdir(), 'hearth-cli-'));
});
afterEach(async () => {
  for (const cli of started.splice(0)) {
    if (cli.child.exitCode === null && cli.child.signalCode === null) cli.child.kill('SIGKILL');
    await cli.exit();
  }
  await fake.stop();
  await rm(folder, { recursive: true });
});

function start(options: CliOptions = {}): Cli {
  const cli = startCli({
    cwd: folder,
    ...options,
    env: { PORT: '0', OLLAMA_API_URL: fake.url, OLLAMA_MODEL: 'llama3.2', ...options.env },
  });
  started.push(cli);
  return cli;
}

const ask = (url: string, content: string, more: object = {}): Promise<Response> =>
  fetch(`${url}/api/chat-optimized`, {
    method: 'POST',
    body: JSON.stringify({ messages: [{ role: 'user', content }], ...more }),
  });

const health = async (url: string): Promise<{ upstream: { model: string; reachable: boolean }; notices?: string[] }> =>
  (await fetch(`${url}/health`)).json() as never;

describe('starting', () => {
  test('prints one line on standard output, JSON lines on standard error, and exits 0 on SIGTERM', async () => {
    const cli = start();
    const url = await cli.ready();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await ask(url, 'hello')).json()).toMatchObject({ source: 'miss' });
    cli.child.kill('SIGTERM');
    expect(await cli.exit()).toBe(0);
    expect(cli.out).toBe(`hearth ready ${url}\n`);
    for (const line of cli.log())
      expect(line).toMatchObject({ level: expect.any(Number), time: expect.any(String), msg: expect.any(String) });
  });

  test('listens on both loopback addresses', async () => {
    const url = new URL(await start().ready());
    for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
      expect((await fetch(`http://${host}:${url.port}/health`)).status).toBe(200);
    }
  });

  test('Ollama being down is a state, not a failure', async () => {
    await fake.goDown();
    const cli = start();
    const url = await cli.ready();
    await eventually('an Ollama that is away', async () => !(await health(url)).upstream.reachable);
    await cli.says(/ollama\.com\/download/);
    const answer = await ask(url, 'hello');
    expect(answer.status).toBe(502);
  });

  test("the old backend's config.toml works as it is; host 0.0.0.0 stays on loopback and says so", async () => {
    await writeFile(
      join(folder, 'config.toml'),
      `[server]\nhost = "0.0.0.0"\nport = 0\nworkers = 4\n\n[ollama]\napi_url = "${fake.url}"\nmodel = "llama3.2"\nkeep_alive = "30m"\nsystem_prompt = ""\ntimeout_seconds = 300\n\n` +
        '[cache]\nmax_size_mb = 256\nttl_seconds = 3600\n\n[conversation_cache]\nmax_size_mb = 128\nttl_seconds = 1800\n\n[queue]\nmax_concurrent = 1\nmax_queue_size = 100\nestimated_time_per_request_ms = 30000\n\n' +
        '[batch]\nmax_batch_size = 3\nbatch_timeout_ms = 2000\nenable_deduplication = true\n\n[cors]\nallowed_origins = ["http://localhost:3000"]\n',
    );
    const cli = start();
    const url = await cli.ready();
    const { notices } = await health(url);
    expect(notices?.join()).toContain('allow_anonymous');
    await cli.says(/allow_anonymous/);
    expect(cli.err).toMatch(/server\.workers/);
    expect(await (await ask(url, 'old')).json()).toMatchObject({ source: 'miss', model: 'llama3.2' });
    expect(fake.chats()[0]?.body).toMatchObject({ keep_alive: 1800 });
  });

  test.each([
    [
      'a wrong value in the file',
      '[cache]\nttl_seconds = "1h"\n',
      /config\.toml: cache\.ttl_seconds must be .+ It was "1h"\./,
    ],
    [
      'an unknown key',
      '[cache]\nttl_second = 60\n',
      /config\.toml: cache\.ttl_second is not a known key\. Did you mean cache\.ttl_seconds\?/,
    ],
    ['broken TOML', '[cache\n', /config\.toml, line 1: /],
  ])('%s: exit code 78 with a sentence', async (_name, text, sentence) => {
    await writeFile(join(folder, 'config.toml'), text);
    const cli = start();
    expect(await cli.exit()).toBe(78);
    expect(cli.err).toMatch(sentence);
    expect(cli.out).toBe('');
  });

  test('a wrong value in the environment, a missing file that is named, an unknown option', async () => {
    const wrong = start({ env: { CACHE__TTL_SECONDS: 'soon' } });
    expect(await wrong.exit()).toBe(78);
    expect(wrong.err).toContain('CACHE__TTL_SECONDS');
    const missing = start({ env: { CONFIG_PATH: 'nowhere.toml' } });
    expect(await missing.exit()).toBe(78);
    expect(missing.err).toContain('nowhere.toml');
    const unknown = start({ args: ['serve', '--prot', '1'] });
    expect(await unknown.exit()).toBe(64);
    // The mistake can be seen: how the command is used is one line, and its help is asked for.
    expect(unknown.err).toMatch(
      /^Unknown option '--prot'\.\n(.+\n)?\nUsage: hearth serve .+\nhearth serve --help says more\.\n$/,
    );
    const command = start({ args: ['server'] });
    expect(await command.exit()).toBe(64);
    expect(command.err).toMatch(/^Unknown command 'server'\.\n\(Did you mean serve\?\)[^]*Usage: hearth /);
  });

  test.each([
    ['--set', 'ollama.api_key', 'SECRET'],
    ['--set', 'ollama.api_key:SECRET'],
    ['--set', 'ollama.headers=X-Api-Key:', 'SECRET'],
    ['--set', 'ollama.api_kee=SECRET'],
    ['--set', 'ollama.api_url=http://me:SECRET@'],
  ])('a mistake beside a secret is told without it: %s %s', async (...args) => {
    const cli = start({ args: ['serve', ...args] });
    expect([64, 78]).toContain(await cli.exit());
    expect(cli.err).not.toContain('SECRET');
  });

  test('a port that is taken: it says by whom, and does not move silently', async () => {
    const first = start();
    const url = new URL(await first.ready());
    const second = start({ args: ['serve', '--port', url.port] });
    expect(await second.exit()).toBe(69);
    expect(second.err).toMatch(
      new RegExp(`Port ${url.port} is taken by another Hearth\\. Version \\d+\\.\\d+\\.\\d+ answers there`),
    );
    const taken = start({ env: { PORT: String(fake.port) } });
    expect(await taken.exit()).toBe(69);
    expect(taken.err).toContain(`Port ${fake.port} is taken by another program`);
  });

  test('--help and --version', async () => {
    const help = start({ args: ['--help'] });
    expect(await help.exit()).toBe(0);
    expect(help.out).toMatch(/^Usage: hearth \[options\] \[command\]\n[^]*^ {2}serve .* run the gateway$/m);
    const version = start({ args: ['--version'] });
    expect(await version.exit()).toBe(0);
    expect(version.out).toMatch(/^hearth \d+\.\d+\.\d+\n$/);
  });
});

describe('while it runs', () => {
  test('a changed file is taken over, a bad edit keeps the old values, a replaced file is seen too', async () => {
    const file = join(folder, 'config.toml');
    const write = (model: string): string => `[ollama]\nmodel = "${model}"\n`;
    await writeFile(file, write('llama3.2'));
    const cli = startCli({ cwd: folder, env: { PORT: '0', OLLAMA_API_URL: fake.url } });
    started.push(cli);
    const url = await cli.ready();
    await cli.says(/configuration is followed/);
    await writeFile(file, write('deepseek-r1:8b'));
    await cli.says(/configuration changed/);
    expect((await health(url)).upstream.model).toBe('deepseek-r1:8b');
    await writeFile(file, '[cache]\nttl_seconds = "1h"\n');
    await cli.says(/The old values stay in use/);
    expect((await health(url)).upstream.model).toBe('deepseek-r1:8b');
    await writeFile(`${file}.new`, `${write('qwen2.5:0.5b')}[server]\nmax_body_mb = 5\nhost = "127.0.0.2"\n`);
    await rename(`${file}.new`, file);
    await cli.says(/after a restart of the gateway/);
    expect((await health(url)).upstream.model).toBe('qwen2.5:0.5b');
  });

  test('SIGINT lets a running stream end, and refuses new work', async () => {
    const cli = start();
    const url = await cli.ready();
    const gate = fake.gate();
    const running = await ask(url, 'running', { stream: true });
    await fake.until(({ active }) => active === 1);
    cli.child.kill('SIGINT');
    await cli.says(/stopping/);
    gate.release();
    expect((await piecesOf(running)).at(-1)).toMatchObject({ done: true, source: 'miss' });
    expect(await cli.exit()).toBe(0);
  });

  test('no prompt and no answer in the log, unless log.requests is on', async () => {
    fake.always({ pieces: ['secret answer'] });
    const quiet = start({ env: { LOG_LEVEL: 'trace' } });
    await (await ask(await quiet.ready(), 'secret prompt')).text();
    quiet.child.kill('SIGTERM');
    await quiet.exit();
    expect(quiet.err).not.toMatch(/secret/);
    const loud = start({ env: { LOG__REQUESTS: 'true' } });
    await (await ask(await loud.ready(), 'secret prompt')).text();
    loud.child.kill('SIGTERM');
    await loud.exit();
    expect(loud.err).toMatch(/secret prompt/);
    expect(loud.err).toMatch(/secret answer/);
  });
});

describe('hearth key', () => {
  const run = (...args: string[]): Promise<Ended> => commandLine(['key', ...args], { cwd: folder });

  test('a key that is made opens the door of a gateway that runs, until it is revoked', async () => {
    await writeFile(join(folder, 'config.toml'), '[server]\nallowed_hosts = []\n');
    const gateway = start();
    const url = await gateway.ready();
    await gateway.says(/configuration is followed/);
    const made = await run(
      'create',
      'phone',
      '--scopes',
      'chat,cache',
      '--requests-per-minute',
      '60',
      '--high-priority',
    );
    expect(made).toMatchObject({ code: 0, err: expect.stringContaining('shown only now') });
    const headers = { 'x-forwarded-for': '203.0.113.7', authorization: `Bearer ${made.out.trim()}` };
    await gateway.says(/configuration changed/);
    expect((await fetch(`${url}/health`, { headers })).status).toBe(200);
    expect((await fetch(`${url}/health`, { headers: { 'x-forwarded-for': '203.0.113.7' } })).status).toBe(401);

    const { out } = await run('list', '--json');
    expect(JSON.parse(out)).toMatchObject([
      { name: 'phone', scopes: ['chat', 'cache'], requests_per_minute: 60, high_priority: true },
    ]);
    expect(out).not.toContain('sha256');
    expect((await run('list')).out).toMatch(
      /^phone {2}chat,cache {2}60 requests a minute {2}high priority {2}made \d{4}-/,
    );

    expect(await run('revoke', 'phone')).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringMatching(/^"phone" is revoked\.\nIt was the last one\. /),
    });
    await gateway.says(/configuration changed[\s\S]*configuration changed/);
    expect((await fetch(`${url}/health`, { headers })).status).toBe(401);
  });

  test('mistakes end with sentences and the codes of sysexits, and change nothing', async () => {
    expect(JSON.parse((await run('create', 'phone', '--scopes', 'chat, chat', '--json')).out)).toMatchObject({
      scopes: ['chat'],
    });
    const before = await readFile(join(folder, 'config.toml'), 'utf8');
    expect(await run('create', 'phone')).toMatchObject({ code: 65, err: expect.stringContaining('Revoke it first') });
    expect(await run('revoke', 'tablet')).toMatchObject({
      code: 65,
      err: 'There is no key "tablet". There are phone.\n',
    });
    const mistakes = [[], ['make', 'x'], ['list', 'x'], ['create', 'a b'], ['create', 'x', '--scopes', 'all']];
    const usage = { code: 64, out: '', err: expect.stringContaining('Usage: hearth key') };
    expect(await Promise.all(mistakes.map((args) => run(...args)))).toMatchObject(mistakes.map(() => usage));
    expect(await run('list', '--config', 'missing.toml')).toMatchObject({ code: 78 });
    expect(await readFile(join(folder, 'config.toml'), 'utf8')).toBe(before);
  });
});
