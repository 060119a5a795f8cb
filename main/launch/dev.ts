// `npm run dev`: the app with reload. The page is built again at each change and the window reloads itself; a change of
// main or the backend is bundled and starts the app again. Stops everything with Ctrl+C.
import { spawn, type ChildProcess } from 'node:child_process';
import { watch } from 'chokidar';
import { join, resolve } from 'node:path';

const project = resolve(import.meta.dirname, '..', '..', '..');
/** A build writes many files; after this much quiet it is over. Milliseconds. */
const QUIET_MS = 400;

/** By its file: the commands in .bin are scripts of the shell on Windows, which spawn cannot run. */
const file = (...path: string[]): string => join(project, 'node_modules', ...path);
/** tsc's command is a wrapper that leaves the real one behind when it is ended, so each builder is ended as a group. */
const grouped = process.platform !== 'win32';
const build = { stdio: 'inherit', cwd: project, detached: grouped } as const;
const CONFIG = ['--config', 'renderer/vite.config.ts'];
const builders = [
  spawn(process.execPath, [file('typescript', 'bin', 'tsc'), '-b', '--watch', '--preserveWatchOutput'], build),
  spawn(process.execPath, [file('vite', 'bin', 'vite.js'), 'build', '--watch', ...CONFIG], build),
];

let app: ChildProcess | undefined;
let soon: NodeJS.Timeout | undefined;
let ending = false;
let bundling = false;

/** While one ends, the next start is already arranged; a drain may take seconds, and changes go on meanwhile. */
let restarting = false;

function start(): void {
  restarting = false;
  app = spawn(process.execPath, [join(import.meta.dirname, 'start.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
    cwd: project,
    // The window reloads itself when the page has been built.
    env: { ...process.env, HEARTH_DEV: '1' },
  });
}

/** What runs are bundles. One that fails says why, and the next change tries again. */
function bundleAndStart(): void {
  if (ending) return;
  if (bundling) return void (soon = setTimeout(bundleAndStart, QUIET_MS));
  bundling = true;
  const bundler = spawn(process.execPath, [join(project, 'dist', 'build', 'build.js')], {
    stdio: 'inherit',
    cwd: project,
  });
  bundler.once('exit', (code) => {
    bundling = false;
    if (code === 0) startAgain();
  });
}

function startAgain(): void {
  if (restarting || ending) return;
  if (app === undefined || hasEnded(app)) return start();
  restarting = true;
  app.once('exit', () => ending || start());
  app.kill('SIGTERM');
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

const output = watch([join(project, 'dist', 'main'), join(project, 'dist', 'backend')], { ignoreInitial: true });
output.on('all', (_event, path) => {
  if (!/\.c?js$/.test(path) || path.includes(join('main', 'launch'))) return;
  clearTimeout(soon);
  soon = setTimeout(bundleAndStart, QUIET_MS);
});
startAgain();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    ending = true;
    clearTimeout(soon);
    void output.close();
    app?.kill('SIGTERM');
    for (const builder of builders) endGroup(builder);
  });
}

function endGroup(builder: ChildProcess): void {
  if (builder.pid === undefined || hasEnded(builder)) return;
  if (grouped) process.kill(-builder.pid, 'SIGTERM');
  else builder.kill();
}
