// A real Prometheus and its promtool, from Debian's package: the system's own, or else one that needs.ts has unpacked beside the
// packages of npm, where nothing starts it as a service. Each runs on a free port of loopback with a folder of its own.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** From here or from dist/tests/support. */
const root = [resolve(import.meta.dirname, '../..'), resolve(import.meta.dirname, '../../..')].find((folder) =>
  existsSync(join(folder, 'package.json')),
);
const UNPACKED = join(root ?? '.', 'node_modules/.cache/prometheus');

const PLACES = ['/usr/bin', '/usr/local/bin', join(UNPACKED, 'usr/bin')];

/** Where a program is; undefined where it is not. */
export function programOfPrometheus(name: 'prometheus' | 'promtool'): string | undefined {
  return PLACES.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Unpacks Debian's package without installing it, which takes no rights. False: there is no apt, or it has none. */
export function unpackPrometheus(): boolean {
  mkdirSync(UNPACKED, { recursive: true });
  const { status } = spawnSync('apt-get', ['download', '-qq', 'prometheus'], { cwd: UNPACKED, stdio: 'inherit' });
  const file = status === 0 ? readdirSync(UNPACKED).find((name) => name.endsWith('.deb')) : undefined;
  if (file === undefined) return false;
  execFileSync('dpkg-deb', ['--extract', join(UNPACKED, file), UNPACKED]);
  rmSync(join(UNPACKED, file));
  return true;
}

/** What promtool says, and with which exit code. */
export function promtool(args: readonly string[], input = ''): { readonly code: number | null; readonly says: string } {
  const program = programOfPrometheus('promtool');
  if (program === undefined) throw new Error('promtool is missing: apt-get install prometheus');
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  return { code: status, says: stdout + stderr };
}

export interface Prometheus {
  /** The values that a query gives now. Throws what Prometheus says when it can't be asked. */
  query(expression: string): Promise<readonly Found[]>;
  stop(): Promise<void>;
}

export interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Starts one with this configuration; resolves when it listens. */
export async function startPrometheus(configuration: string): Promise<Prometheus> {
  const program = programOfPrometheus('prometheus');
  if (program === undefined) throw new Error('Prometheus is missing: apt-get install prometheus');
  const folder = mkdtempSync(join(tmpdir(), 'hearth-prometheus-'));
  writeFileSync(join(folder, 'prometheus.yaml'), configuration);
  const options = ['--web.listen-address=127.0.0.1:0', `--storage.tsdb.path=${join(folder, 'data')}`];
  const child = spawn(program, [`--config.file=${join(folder, 'prometheus.yaml')}`, ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<void>((done) => void child.once('exit', () => done()));
  const address = await new Promise<string>((found, failed) => {
    const lines = createInterface(child.stderr);
    lines.on('line', (line) => {
      const [, at] = /msg="?Listening on"? .*address=(\S+)/.exec(line) ?? [];
      if (at !== undefined) found(at);
    });
    lines.once('close', () => failed(new Error('Prometheus has ended before it listened.')));
  });
  return {
    async query(expression) {
      const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const { error, data } = (await answer.json()) as {
        error?: string;
        data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      if (data === undefined) throw new Error(`${expression}: ${error}`);
      return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async stop() {
      child.kill();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
