// A real Valkey, or the Redis of older Debians, on a port of its own of the loopback, for tests. The package of its tools has
// the server too, under another name, and starts no service when it is installed.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Debian's packages, the one that is preferred first, and the server in each. It looks at the name that it is called by. */
export const VALKEY_PACKAGES = {
  'valkey-tools': { file: '/usr/bin/valkey-check-rdb', name: 'valkey-server' },
  'redis-tools': { file: '/usr/bin/redis-check-rdb', name: 'redis-server' },
} as const;

export function valkeyProgram(): (typeof VALKEY_PACKAGES)[keyof typeof VALKEY_PACKAGES] | undefined {
  return Object.values(VALKEY_PACKAGES).find(({ file }) => existsSync(file));
}

export interface Valkey {
  readonly port: number;
  /** `valkey://127.0.0.1:<port>`, or with TLS where it has a certificate. */
  readonly url: string;
  /** Answers nothing until it is resumed, and holds all connections. */
  pause(): void;
  resume(): void;
  /** As by kill -9; what it had is gone. Resolves when it has ended. */
  kill(): Promise<void>;
  /** Runs again on the same port, empty. Resolves when it takes connections. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Where one runs, if not on a free port of the loopback. */
export interface ValkeyPlace {
  /** A program with its arguments that starts it. */
  readonly under: readonly string[];
  /** By which others reach it; it listens at all that it has. */
  readonly address: string;
  readonly port: number;
}

/** Starts one with these settings beside its defaults, as `{ maxmemory: '10mb' }`; resolves when it takes connections. */
export async function startValkey(
  settings: Readonly<Record<string, string>> = {},
  place?: ValkeyPlace,
): Promise<Valkey> {
  const program = valkeyProgram();
  if (program === undefined) throw new Error('Valkey is missing: apt-get install redis-tools');
  const folder = mkdtempSync(join(tmpdir(), 'hearth-valkey-'));
  const { under = [], address = '127.0.0.1', port = await freePort() } = place ?? {};
  const tls = 'tls-cert-file' in settings;
  const all = {
    ...(tls ? { port: '0', 'tls-port': String(port) } : { port: String(port) }),
    ...(place === undefined ? { bind: address } : { bind: '0.0.0.0', 'protected-mode': 'no' }),
    dir: folder,
    save: '',
    maxmemory: '256mb',
    'maxmemory-policy': 'volatile-lru',
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => [
    `--${name}`,
    ...(name === 'user' ? value.split(' ') : [value]),
  ]);
  // A name that it is called by can be handed on by another program as a file alone.
  const file = under.length === 0 ? program.file : join(folder, program.name);
  if (under.length > 0) symlinkSync(program.file, file);
  const [command = file, ...rest] = [...under, file, ...args];
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const started = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'ignore'],
      ...(under.length === 0 && { argv0: program.name }),
    });
    child = started;
    const lines: string[] = [];
    await new Promise<void>((ready, failed) => {
      const output = createInterface(started.stdout);
      output.on('line', (line) => {
        lines.push(line);
        if (/ready to accept connections/i.test(line)) ready();
      });
      output.once('close', () => failed(new Error(`Valkey has ended:\n${lines.join('\n')}`)));
    });
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  await start();
  return {
    port,
    url: `valkey${tls ? 's' : ''}://${address}:${port}`,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    start,
    async stop() {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port of the loopback on which nobody listens now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
