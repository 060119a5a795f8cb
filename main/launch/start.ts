// `npm start`: the tray app where there is a screen, the gateway without it where there is none. It says which of the two
// it is and why, passes arguments and signals on, and ends with the code of what it started.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { hasDisplay } from './display.ts';
import { findElectron } from './electron-runtime.ts';

const project = resolve(import.meta.dirname, '..', '..', '..');

function say(sentence: string): void {
  process.stderr.write(`hearth: ${sentence}\n`);
}

interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function choose(args: readonly string[]): Promise<Start> {
  const headless: Start = {
    program: process.execPath,
    args: [join(project, 'dist', 'backend', 'cli.js'), 'serve', ...args],
    env: {},
  };
  if (!hasDisplay()) {
    say('no display here, so there is no tray. Running the gateway headless.');
    return headless;
  }
  const electron = await findElectron({
    project,
    env: process.env,
    platform: process.platform,
    arch: process.arch,
    say,
  });
  if (electron === undefined) {
    say('no Electron, so there is no tray. Running the gateway headless.');
    return headless;
  }
  // Chromium refuses to run its sandbox as root.
  const asRoot = process.platform === 'linux' && process.getuid?.() === 0;
  if (asRoot) say('started as root, so Chromium runs without its sandbox. Better start it as yourself.');
  return {
    program: electron.executable,
    args: [...electron.args, ...(asRoot ? ['--no-sandbox'] : []), ...args],
    env: { ...electron.env },
  };
}

const start = await choose(process.argv.slice(2));
const { ELECTRON_RUN_AS_NODE: _ignored, ...env } = process.env;
const child = spawn(start.program, [...start.args], { stdio: 'inherit', env: { ...env, ...start.env } });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  say(`${start.program} could not be started: ${error.message}`);
  process.exit(70);
});
child.once('exit', (code, signal) => process.exit(signal === null ? (code ?? 70) : 128 + 15));
