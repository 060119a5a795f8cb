// `npm run demo`: Hearth in front of a simulated Ollama, for looking at without a model or a graphics card, on a day that plays
// by itself (demo-day.ts): the tray app where there is a display, the gateway otherwise. It starts and ends the two, and tells
// on the terminal what the apps ask and what came of it; all behaviour is the gateway's own and the fake's.
// `--speed 10` plays ten times as fast. Other arguments are for the gateway, which then runs without the tray. Where the usual port is
// taken, it takes the next one that is free: nobody has set the demo's address anywhere.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LISTENS_AT } from '../../../backend/contract/listens-at.ts';
import { freePortAfter } from '../../../main/gateway/port-holder.ts';
import { hasDisplay } from '../../../main/launch/display.ts';
import { eventually } from '../waiting.ts';
import { playDays } from './demo-day.ts';
import { CHAT } from './demo-models.ts';
import { startFakeOllama } from '../fake-ollama/fake-ollama.ts';
import { demoOllama } from './demo-ollama.ts';
import { demoStage } from './demo-stage.ts';

/** Milliseconds in which a second equal signal is taken for the same one: a terminal and npm both send Ctrl-C. */
const SAME_SIGNAL_MS = 500;
/** Milliseconds until the gateway of the tray app answers; the first start may download Electron. */
const START_MS = 20 * 60_000;

const cli = fileURLToPath(new URL('../../../hearth.mjs', import.meta.url));
const start = fileURLToPath(new URL('../../../main/launch/start.js', import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

if (existsSync(cli)) await demo();
else {
  say(`Hearth demo: ${cli} is missing; run "npm run build" first.`);
  process.exitCode = 1;
}

/** Its own argument, wherever it stands, and those for the gateway. */
function readArgs(): { readonly speed: number; readonly rest: readonly string[] } {
  const args = process.argv.slice(2).flatMap((arg) => (arg.startsWith('--speed=') ? arg.split('=') : [arg]));
  const at = args.indexOf('--speed');
  if (at < 0) return { speed: 1, rest: args };
  const speed = Number(args[at + 1]);
  if (!(speed > 0)) throw new Error('--speed must be a number above 0');
  return { speed, rest: args.toSpliced(at, 2) };
}

/** Where it is to listen, unless the arguments say it. */
async function portFor(rest: readonly string[]): Promise<number | undefined> {
  if (rest.some((arg) => /^--port\b|^server\.port=/.test(arg))) return undefined;
  const wanted = Number(process.env['PORT'] ?? LISTENS_AT.port.default);
  const port = (await freePortAfter(wanted - 1)) ?? wanted;
  if (port !== wanted) say(`Hearth demo: port ${wanted} is taken, so it listens on port ${port}.`);
  return port;
}

async function demo(): Promise<void> {
  const { speed, rest } = readArgs();
  const fake = await startFakeOllama(demoOllama(speed));
  say('Hearth demo: the answers come from a simulated Ollama, no model runs. Nothing of it is kept.');
  const withTray = rest.length === 0 && (await hasDisplay(process.env, process.platform));
  const data = mkdtempSync(join(tmpdir(), 'hearth-demo-'));
  const ollama = { api_url: fake.url, model: CHAT };
  const port = await portFor(rest);
  // The app has its settings in the file, so that the window can change them.
  writeFileSync(join(data, 'config.json'), JSON.stringify({ ollama, server: { port } }));
  writeFileSync(join(data, 'state.json'), JSON.stringify({ first_run_done: true }));
  const listens = port === undefined ? [] : [`server.port=${port}`];
  const set = [`ollama.api_url=${ollama.api_url}`, `ollama.model=${ollama.model}`, 'log.level=error', ...listens];
  const serve = [cli, 'serve', ...set.flatMap((each) => ['--set', each]), ...rest];
  const { OLLAMA_API_URL: _url, OLLAMA_HOST: _host, PORT: _port, ...env } = process.env;
  const gateway = spawn(process.execPath, withTray ? [start] : serve, {
    // What a simulated Ollama said is kept apart from what a real one says.
    env: { ...env, HEARTH_DEMO: '1', HEARTH_DATA_DIR: data },
    stdio: ['ignore', 'pipe', 'inherit'],
    // Its own process group, so that a terminal's Ctrl-C reaches the gateway once, through us; a second one would mean "at once".
    detached: process.platform !== 'win32',
  });

  const ended = new AbortController();
  const begin = (url: string): void => {
    say(
      `Hearth demo: ${withTray ? 'the window and the tray show it; apps' : 'apps'} reach Hearth at ${url}. Ctrl-C ends it.\n`,
    );
    void playDays(demoStage({ url, fake, speed, say, signal: ended.signal }));
  };
  let seen = '';
  gateway.stdout.on('data', (bytes: Buffer) => {
    process.stdout.write(bytes);
    if (withTray || seen.includes('\n')) return;
    seen += bytes.toString();
    const url = /^hearth ready (http:\/\/\S+)\s/m.exec(seen)?.[1];
    if (url !== undefined) begin(url);
  });
  if (withTray) {
    const url = `http://127.0.0.1:${port}`;
    // Another Hearth may have taken that port meanwhile: nobody asks that one.
    const isOurs = (health: string): boolean => health.includes(fake.url);
    const answers = (): Promise<boolean> =>
      fetch(`${url}/health`)
        .then(async (answer) => isOurs(await answer.text()))
        .catch(() => ended.signal.aborted);
    void eventually('a gateway that answers', answers, { limitMs: START_MS, everyMs: 500 }).then(() => begin(url));
  }

  let lastSignalAt = -Infinity;
  const pass = (signal: NodeJS.Signals): void => {
    // The clock starts with the signal that was passed on.
    if (performance.now() - lastSignalAt < SAME_SIGNAL_MS) return;
    lastSignalAt = performance.now();
    ended.abort();
    gateway.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, pass);
  // When the demo itself fails, it must end the gateway, which is detached and would stay.
  process.on('exit', () => {
    gateway.kill();
    rmSync(data, { recursive: true, force: true });
  });

  gateway.on('error', (error) => {
    ended.abort();
    say(`Hearth demo: the gateway could not be started: ${error.message}`);
    process.exitCode = 1;
    void fake.stop();
  });
  gateway.on('close', (code, signal) => {
    ended.abort();
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(each, pass);
    void fake.stop();
  });
}
