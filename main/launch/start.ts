// `npm start`: the tray app where there is a screen, the gateway without it where there is none (choose.ts). It passes
// arguments and signals on, and ends with the code of what it started.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { chooseStart } from './choose.ts';
import { findElectron } from './electron-runtime.ts';

const project = resolve(import.meta.dirname, '..', '..', '..');

function say(sentence: string): void {
  process.stderr.write(`hearth: ${sentence}\n`);
}

const start = await chooseStart({
  project,
  node: process.execPath,
  args: process.argv.slice(2),
  env: process.env,
  platform: process.platform,
  arch: process.arch,
  isRoot: process.getuid?.() === 0,
  say,
  find: findElectron,
});
const { ELECTRON_RUN_AS_NODE: _ignored, ...env } = process.env;
const child = spawn(start.program, [...start.args], { stdio: 'inherit', env: { ...env, ...start.env } });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  say(`${start.program} could not be started: ${error.message}`);
  process.exit(70);
});
// As a shell says it: 128 and the signal's number.
child.once('exit', (code, signal) => process.exit(signal === null ? (code ?? 70) : 128 + constants.signals[signal]));
