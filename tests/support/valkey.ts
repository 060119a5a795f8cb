// A real Valkey, or the Redis of older Debians, on a port of its own of the loopback, for tests. The package of its tools has
// the server too, under another name, and starts no service when it is installed.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
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

/** Starts one with these settings beside its defaults, as `{ maxmemory: '10mb' }`; resolves when it takes connections. */
export async function startValkey(settings: Readonly<Record<string, string>> = {}): Promise<Valkey> {
  const program = valkeyProgram();
  if (program === undefined) throw new Error('Valkey is missing: apt-get install redis-tools');
  const folder = mkdtempSync(join(tmpdir(), 'hearth-valkey-'));
  const port = await freePort();
  const tls = 'tls-cert-file' in settings;
  const all = {
    ...(tls ? { port: '0', 'tls-port': String(port) } : { port: String(port) }),
    bind: '127.0.0.1',
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
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const started = spawn(program.file, args, { argv0: program.name, stdio: ['ignore', 'pipe', 'ignore'] });
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
    url: `valkey${tls ? 's' : ''}://127.0.0.1:${port}`,
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
