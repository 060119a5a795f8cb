// Starts what was built, as users will: it says its version, and it answers. A build that does not is no build.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { codeCache } from '../backend/cli/boot.ts';

const LIMIT_MS = 30_000;
const LOOK_MS = 50;

/** Throws when `program ...args` does not say this version, does not answer /health, or cannot keep anything. */
export async function tryOut(program: string, args: readonly string[], version: string): Promise<void> {
  const { stdout } = await promisify(execFile)(program, [...args, '--version'], { timeout: LIMIT_MS });
  if (stdout !== `hearth ${version}\n`) throw new Error(`${program} says: ${stdout}`);
  await serving(program, args, {}, async (url, data) => {
    const { status } = await fetch(`${url}/health`, { signal: AbortSignal.timeout(LIMIT_MS) });
    if (status !== 200) throw new Error(`${program} answers /health with ${status}.`);
    await there(join(data, 'hearth.db'));
  });
}

/** What V8 made of the program `id` while it served. */
export async function compiledBy(program: string, args: readonly string[], id: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-compiled-'));
  const place = join(folder, 'code');
  try {
    return await serving(program, args, { HEARTH_CODE_CACHE: place }, async (url) => {
      await fetch(`${url}/health`, { signal: AbortSignal.timeout(LIMIT_MS) });
      await there(place);
      const compiled = codeCache(place, id).read();
      if (compiled === undefined) throw new Error(`${program} kept code that cannot be used.`);
      return compiled;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Resolves when there is such a file. Throws when that takes too long. */
async function there(path: string): Promise<void> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  while (!existsSync(path)) await sleep(LOOK_MS, undefined, { signal: limit });
}

/** Runs a gateway for as long as `use` takes. Throws when it does not start or does not end well. */
async function serving<T>(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  use: (url: string, data: string) => Promise<T>,
): Promise<T> {
  const data = await mkdtemp(join(tmpdir(), 'hearth-trial-'));
  const child = spawn(program, [...args, 'serve', '--port', '0', '--set', 'log.level=error'], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] ?? '', HEARTH_DATA_DIR: data, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  try {
    const [line] = (await Promise.race([
      once(createInterface(child.stdout), 'line'),
      ended.then((code) => Promise.reject(new Error(`${program} ended with ${code} before it listened.`))),
    ])) as [string];
    return await use(line.replace('hearth ready ', ''), data);
  } finally {
    child.kill('SIGTERM');
    const code = await ended;
    // Windows has no SIGTERM that a program could answer.
    await rm(data, { recursive: true, force: true });
    if (code !== 0 && process.platform !== 'win32') process.stderr.write(`${program} ended with ${code}.\n`);
  }
}
