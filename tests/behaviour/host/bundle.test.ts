// `dist/hearth.mjs`, the one file that users start: alone it is whole, its errors name the sources, and what it keeps to
// start sooner next time may be missing, broken or impossible.
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startFakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { certificateFile, startTlsFront } from '../../support/tls-front.ts';
import { startValkey } from '../../support/valkey.ts';
import { startCli, type Cli, type CliOptions } from '../../support/built-cli.ts';

const BUNDLE = resolve(import.meta.dirname, '../../../dist/hearth.mjs');
const run = promisify(execFile);
/** Without Node's own, where it has one. */
const NO_SQLITE: Record<string, string> = isBuiltin('node:sqlite') ? { NODE_OPTIONS: '--no-experimental-sqlite' } : {};
let folder = '';
const started: Cli[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-bundle-'))));
afterEach(async () => {
  for (const cli of started.splice(0)) {
    cli.child.kill('SIGKILL');
    await cli.exit();
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Ends with its test, whatever comes of it. */
function start(options: CliOptions): Cli {
  const cli = startCli(options);
  started.push(cli);
  return cli;
}

test('alone in a folder it serves, says that it keeps nothing, and leaves V8’s code beside it', async () => {
  const fake = await startFakeOllama();
  const alone = join(folder, 'hearth.mjs');
  copyFileSync(BUNDLE, alone);
  const cli = start({
    program: alone,
    args: ['serve', '--port', '0'],
    cwd: folder,
    env: { ...NO_SQLITE, OLLAMA_API_URL: fake.url },
  });
  const url = await cli.ready();
  // Without SQLite's library beside it; the next test has it.
  await expect.poll(() => noticesOf(url)).toEqual([expect.stringMatching(/^SQLite cannot be loaded on this machine/)]);
  const job = await fetch(`${url}/api/chat-queue`, {
    method: 'POST',
    body: '{"messages":[{"role":"user","content":"a"}],"model":"llama3.2"}',
  });
  expect([job.status, await job.json()]).toMatchObject([503, { code: 'no_store', retryable: false }]);
  expect((await fetch(`${url}/openapi.json`)).status).toBe(200);
  await expect.poll(() => existsSync(`${alone}.cache`)).toBe(true);
  cli.child.kill('SIGTERM');
  expect(await cli.exit()).toBe(0);
  await fake.stop();
  const { stdout } = await run(process.execPath, [alone, '--version']);
  expect(stdout).toMatch(/^hearth \d+\.\d+\.\d+\n$/);
  // As a loss of power may leave it: V8 itself would end the process.
  const kept = readFileSync(`${alone}.cache`);
  writeFileSync(`${alone}.cache`, kept.fill(0xff, 5000, 6000));
  const again = await run(process.execPath, [alone, '--version']);
  expect(again).toEqual({ stdout, stderr: '' });
});

test('keeps what it has to keep where SQLite’s library lies beside it', async () => {
  const data = join(folder, 'data');
  const library = `hearth-sqlite-${process.platform}-${process.arch}.node`;
  for (const name of ['hearth.mjs', library]) copyFileSync(join(BUNDLE, '..', name), join(folder, name));
  const args = ['serve', '--port', '0'];
  const cli = start({ program: join(folder, 'hearth.mjs'), args, cwd: folder, env: { HEARTH_DATA_DIR: data } });
  const url = await cli.ready();
  await expect.poll(() => existsSync(join(data, 'hearth.db'))).toBe(true);
  expect(await noticesOf(url)).toBeUndefined();
  cli.child.kill('SIGTERM');
  expect(await cli.exit()).toBe(0);
});

test('asks a gateway behind TLS', async () => {
  const cli = start({ args: ['serve', '--port', '0'], cwd: folder });
  const front = await startTlsFront('good', { port: Number(new URL(await cli.ready()).port) });
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: certificateFile('authority.pem') };
  const { stdout } = await run(process.execPath, [BUNDLE, 'queue', '--url', front.url], { env });
  expect(stdout).toBe('Nothing runs and nothing waits.\n');
  await front.stop();
});

// Windows has no signal for it.
test.skipIf(process.platform === 'win32')('ends without a word when whoever reads it has seen enough', async () => {
  const cli = start({ args: ['completion', 'bash'], cwd: folder });
  cli.child.stdout.destroy();
  expect([await cli.exit(), cli.err]).toEqual([128 + constants.signals.SIGPIPE, '']);
});

test('has at most 2.5 MB', () => {
  expect(statSync(BUNDLE).size).toBeLessThanOrEqual(2.5e6);
});

test('is one of a fleet, with the libraries that it carries compressed', async () => {
  const [fake, valkey] = await Promise.all([startFakeOllama(), startValkey()]);
  try {
    const env = { HEARTH_DATA_DIR: join(folder, 'data'), OLLAMA_API_URL: fake.url };
    const args = ['serve', '--port', '0', '--set', `cluster.url=${valkey.url}`];
    const url = await start({ args, cwd: folder, env }).ready();
    const body = '{"messages":[{"role":"user","content":"a"}],"model":"llama3.2"}';
    // It refuses until Valkey has answered.
    await expect
      .poll(async () => (await fetch(`${url}/api/chat-queue`, { method: 'POST', body })).status, { timeout: 20_000 })
      .toBe(202);
    await expect.poll(() => fake.calls.filter(({ path }) => path === '/api/chat').length).toBeGreaterThan(0);
  } finally {
    await Promise.all([fake.stop(), valkey.stop()]);
  }
});

test('shows where in the sources an error came from', async () => {
  const breaking = join(folder, 'breaking.cjs');
  writeFileSync(breaking, "process.stdout.write = () => { throw new Error('nobody reads'); };");
  const failed = run(process.execPath, ['--require', breaking, BUNDLE, '--version']);
  await expect(failed).rejects.toMatchObject({ code: 70 });
  const { stderr } = await failed.catch((error: unknown) => error as { stderr: string });
  expect(stderr).toMatch(/^Error: nobody reads\n/);
  const [, line] = /at .*backend\/cli\/terminal\/process-terminal\.ts:(\d+):\d+/.exec(stderr) ?? [];
  const path = resolve(import.meta.dirname, '../../../backend/cli/terminal/process-terminal.ts');
  const source = readFileSync(path, 'utf8').split('\n');
  expect(source[Number(line) - 1]).toContain('stdout.write(written)');
});

test.each([
  ['is not V8’s', (path: string) => writeFileSync(path, `${idOf()}no code at all`)],
  ['cannot be read', (path: string) => writeFileSync(path, '', { mode: 0 })],
  ['has no folder', (path: string) => writeFileSync(join(path, '..', 'other'), '')],
])('starts without a word when the kept code %s', async (what, make) => {
  const path = join(folder, 'cache');
  make(path);
  const cache = what === 'has no folder' ? join(folder, 'other', 'cache') : path;
  const { stdout, stderr } = await run(process.execPath, [BUNDLE, '--version'], {
    env: { PATH: process.env['PATH'] ?? '', HEARTH_CODE_CACHE: cache },
  });
  expect(stdout).toMatch(/^hearth /);
  expect(stderr).toBe('');
});

async function noticesOf(url: string): Promise<unknown> {
  return ((await (await fetch(`${url}/health`)).json()) as { notices: unknown }).notices;
}

/** The program's id, as the file tells it. */
function idOf(): string {
  return /^\/\* program (\w+)$/m.exec(readFileSync(BUNDLE, 'latin1'))?.[1] ?? '';
}
