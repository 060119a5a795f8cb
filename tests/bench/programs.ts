// The processes that are measured: starts each with the same Node and the same flags, reads what it prints, knows its
// memory and processor time, and ends it by its pid. Nothing outlives the benchmark. It measures nothing itself.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Flags of every measured Node, gateway and yardstick alike; the report names them. */
export const NODE_FLAGS: readonly string[] = [];

const READY_MS = 20_000;
const STOP_MS = 5000;

const live = new Set<Program>();
let folder: string | undefined;

/** An empty directory: a config.toml where the benchmark was called from must not change what is measured. */
export function emptyFolder(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'hearth-bench-'));
  return folder;
}

export class Program {
  readonly startedAt = performance.now();
  /** Resolves with the exit code when the process has gone; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #name: string;
  #stdout = '';
  #stderr = '';
  #watchers: (() => void)[] = [];
  #gone = false;

  /** `script` is relative to dist/tests/bench; none where the program is no Node. */
  constructor(
    script: string,
    args: readonly string[] = [],
    flags: readonly string[] = NODE_FLAGS,
    program = process.execPath,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#name = script;
    const scripts = program === process.execPath ? [fileURLToPath(new URL(script, import.meta.url))] : [];
    this.#child = spawn(program, [...flags, ...scripts, ...args], {
      cwd: emptyFolder(),
      // Nothing of the caller's: a HOST or LOG_LEVEL there would change what is measured.
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    live.add(this);
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      this.#stdout += bytes.toString();
      this.#wake();
    });
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString()).slice(-4000);
    });
    // Writing to a program that has just ended is no news: `exited` tells.
    this.#child.stdin?.on('error', () => undefined);
    this.exited = new Promise((resolve, reject) => {
      const end = (): void => {
        this.#gone = true;
        live.delete(this);
        this.#wake();
      };
      this.#child.once('error', (error) => {
        end();
        reject(error);
      });
      this.#child.once('exit', (code) => {
        end();
        resolve(code);
      });
    });
    this.exited.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with the first match in what it has printed and will print. Rejects when it ends or is silent before. */
  expect(pattern: RegExp, limitMs: number = READY_MS): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.#stdout);
        if (match === null && !this.#gone) {
          this.#watchers.push(look);
          return;
        }
        clearTimeout(timer);
        if (match === null)
          reject(new Error(`${this.#name} ended before it said ${String(pattern)}:\n${this.#stderr}`));
        else resolve(match);
      };
      const timer = setTimeout(() => {
        reject(new Error(`${this.#name} did not say ${String(pattern)} within ${limitMs} ms:\n${this.#stderr}`));
      }, limitMs);
      look();
    });
  }

  /** The port of the address in its ready line. */
  async port(): Promise<number> {
    const [, port = ''] = await this.expect(/ready http:\/\/[^\s:]+:(\d+)\n/);
    return Number(port);
  }

  /** Writes a line to its standard input and resolves with the answer. What it printed before is forgotten. */
  async say(line: string, answer: RegExp): Promise<RegExpExecArray> {
    this.#stdout = '';
    this.#child.stdin?.write(`${line}\n`);
    return this.expect(answer);
  }

  /** Asks it to end (SIGTERM, and the end of its standard input), and ends it after a limit (SIGKILL). */
  async stop(): Promise<void> {
    if (this.#gone) return;
    this.#child.stdin?.end();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.exited.catch(() => undefined);
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #wake(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const look of watchers) look();
  }
}

/** How the simulated upstream answers; see upstream-main.ts. Milliseconds and characters. */
export type UpstreamOptions = Partial<Record<'pieces' | 'piece-chars' | 'piece-ms' | 'first-ms' | 'parallel', number>>;

export function startUpstream(options: UpstreamOptions): Program {
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  return new Program('upstream-main.js', args);
}

/** The gateway as people start it, in front of an upstream on this port. */
export function startGateway(
  upstreamPort: number,
  settings: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Program {
  const all = [`ollama.api_url=http://127.0.0.1:${upstreamPort}`, 'ollama.model=llama3.2', ...settings];
  const args = ['serve', '--port', '0', ...all.flatMap((setting) => ['--set', setting])];
  // Each begins with nothing kept.
  const data = mkdtempSync(join(emptyFolder(), 'data-'));
  return new Program('../../hearth.mjs', args, NODE_FLAGS, process.execPath, { HEARTH_DATA_DIR: data, ...env });
}

export async function stopAll(): Promise<void> {
  await Promise.all([...live].map((program) => program.stop()));
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
}

// The last resort, should the benchmark itself fall.
process.on('exit', () => {
  for (const program of live) program.kill();
});

/** Resident memory of a process in MB (2^20 bytes). */
export async function residentMb(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1024;
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)], { timeout: STOP_MS });
  return Number(stdout.trim()) / 1024;
}

/** Milliseconds of processor time that a process has used, in steps of 10 ms; undefined where the system does not tell. */
export function cpuMs(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name in brackets, which may hold blanks: utime and stime are fields 14 and 15 (proc(5)), in ticks of 1/100 s.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
