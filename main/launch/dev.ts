// `npm run dev`: the app with reload. The page is built again at each change and the window reloads itself; a change of
// main or the backend starts the app again. Stops everything with Ctrl+C.
import { spawn, type ChildProcess } from 'node:child_process';
import { watch } from 'chokidar';
import { join, resolve } from 'node:path';

const project = resolve(import.meta.dirname, '..', '..', '..');
/** A build writes many files; this much quiet is its end. Milliseconds. */
const QUIET_MS = 400;

const bin = (name: string): string => join(project, 'node_modules', '.bin', name);
const builders = [
  spawn(bin('tsc'), ['-b', '--watch', '--preserveWatchOutput'], { stdio: 'inherit', cwd: project }),
  spawn(bin('vite'), ['build', '--watch', '--config', 'renderer/vite.config.ts'], { stdio: 'inherit', cwd: project }),
];

let app: ChildProcess | undefined;
let soon: NodeJS.Timeout | undefined;

function startAgain(): void {
  const start = (): void => {
    app = spawn(process.execPath, [join(import.meta.dirname, 'start.js'), ...process.argv.slice(2)], {
      stdio: 'inherit',
      cwd: project,
      env: { ...process.env, HEARTH_DEV: '1' },
    });
  };
  if (app === undefined || app.exitCode !== null) return start();
  app.once('exit', start);
  app.kill('SIGTERM');
}

const output = watch([join(project, 'dist', 'main'), join(project, 'dist', 'backend')], { ignoreInitial: true });
output.on('all', (_event, path) => {
  if (!/\.c?js$/.test(path) || path.includes(join('main', 'launch'))) return;
  clearTimeout(soon);
  soon = setTimeout(startAgain, QUIET_MS);
});
startAgain();

process.on('SIGINT', () => {
  clearTimeout(soon);
  void output.close();
  for (const child of [...builders, app]) child?.kill('SIGTERM');
});
