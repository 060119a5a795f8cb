// `npm start` where there is no screen, as a process: it says so, serves, passes arguments and signals on, and ends as the
// gateway ends. Runs the built program; on systems that always have a screen there is nothing to test.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCli, type Cli } from '../../support/built-cli.ts';
import { startFakeOllama, type FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';

let fake: FakeOllama;
let folder: string;
const started: Cli[] = [];

beforeEach(async () => {
  fake = await startFakeOllama();
  folder = await mkdtemp(join(tmpdir(), 'hearth-start-'));
});
afterEach(async () => {
  for (const cli of started.splice(0)) {
    if (cli.child.exitCode === null && cli.child.signalCode === null) cli.child.kill('SIGTERM');
    await cli.exit();
  }
  await fake.stop();
  await rm(folder, { recursive: true });
});

function start(args: readonly string[] = []): Cli {
  const cli = startCli({
    program: 'main/launch/start.js',
    args,
    cwd: folder,
    env: { PORT: '0', OLLAMA_API_URL: fake.url, OLLAMA_MODEL: 'llama3.2', XDG_CACHE_HOME: folder },
  });
  started.push(cli);
  return cli;
}

/** The processes that a process has started. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').map(Number);
}

describe.runIf(process.platform === 'linux')('without a screen', () => {
  test('it says so, and an app gets its answer', async () => {
    const cli = start();
    const url = await cli.ready();
    expect(cli.err).toContain('hearth: no display here, so there is no tray. Running the gateway headless.\n');
    const answer = await fetch(`${url}/api/chat-optimized`, {
      method: 'POST',
      body: JSON.stringify({ messages: [{ role: 'user', content: 'hello' }] }),
    });
    expect(await answer.json()).toMatchObject({ source: 'miss' });
  });

  test('SIGTERM goes on to the gateway, and its end is the end', async () => {
    const cli = start();
    const url = await cli.ready();
    // The gateway listens to signals a moment after its ready line; once it has answered, it does.
    await fetch(`${url}/health`);
    cli.child.kill('SIGTERM');
    expect(await cli.exit()).toBe(0);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  test('a gateway that is ended by a signal is told as a shell tells it', async () => {
    const cli = start();
    await cli.ready();
    const [gateway] = await childrenOf(cli.child.pid ?? 0);
    process.kill(gateway ?? 0, 'SIGKILL');
    expect(await cli.exit()).toBe(137);
  });

  test('arguments go on to the gateway, and so does its opinion of them', async () => {
    const cli = start(['--no-such-option']);
    expect(await cli.exit()).toBe(64);
    expect(cli.err).toContain('--no-such-option');
  });
});
