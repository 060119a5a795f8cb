// The built command line as a real process, for tests.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';

/** From the sources, or from dist/ itself. */
const DIST = resolve(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../../dist' : '../..');

export interface CliOptions {
  /** A path, from dist/; `hearth` itself when left out. */
  readonly program?: string;
  readonly args?: readonly string[];
  /** The whole environment, apart from PATH and, unless it is named, a folder for its data that goes away with it. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A program with its arguments that starts it, as `prlimit --nofile=64` does. */
  readonly under?: readonly string[];
}

export interface Cli {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** All of standard output and of standard error so far. */
  readonly out: string;
  readonly err: string;
  /** The log so far, parsed; throws when a line is no JSON. */
  log(): Record<string, unknown>[];
  /** Resolves with the address of the ready line; rejects when the process ends before. */
  ready(): Promise<string>;
  /** Resolves when standard error has this; rejects when the process ends before. */
  says(pattern: RegExp): Promise<void>;
  /** Resolves with the exit code; null when a signal ended it. */
  exit(): Promise<number | null>;
}

/** Starts `hearth` with these arguments. Whoever starts it ends it. */
export function startCli(options: CliOptions = {}): Cli {
  const { program = 'hearth.mjs', args = ['serve'], env = {}, cwd, under = [] } = options;
  const [command = process.execPath, ...rest] = [...under, process.execPath, resolve(DIST, program), ...args];
  const data = mkdtempSync(join(tmpdir(), 'hearth-cli-'));
  const child = spawn(command, rest, {
    env: { PATH: process.env['PATH'] ?? '', HEARTH_DATA_DIR: data, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const exited = once(child, 'close').then(([code]) => {
    rmSync(data, { recursive: true, force: true });
    return code as number | null;
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (out += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (err += part));

  const until = async (stream: Readable, look: () => boolean): Promise<void> => {
    while (!look()) {
      const next = await Promise.race([once(stream, 'data').then(() => 'data'), exited]);
      if (next !== 'data' && !look()) throw new Error(`hearth ended with ${String(next)}: ${err}`);
    }
  };
  return {
    child,
    get out() {
      return out;
    },
    get err() {
      return err;
    },
    log: () =>
      err
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async ready() {
      await until(child.stdout, () => out.includes('\n'));
      const [line = ''] = out.split('\n');
      return line.replace(/^hearth ready /, '');
    },
    says: (pattern) => until(child.stderr, () => pattern.test(err)),
    exit: () => exited,
  };
}
