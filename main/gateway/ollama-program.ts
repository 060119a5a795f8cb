// The `ollama` program on this machine: whether it is installed, and starting it when asked. Hearth stops only what it
// started, and never an Ollama that somebody else runs.
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AppError } from '../../backend/contract/errors.ts';
import type { Clock, Log } from '../../backend/core/ports.ts';
import { t } from '../../words/texts.ts';

export interface OllamaProgramOptions {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly log: Log;
  /** The program began or ended. */
  onChange(): void;
  /** It ended without being asked to; a sentence. */
  onFailed(sentence: string): void;
}

/** How long it may take to end by itself when Hearth quits. Milliseconds. */
const STOP_MS = 3000;
/** An Ollama that ends at once is not started again and again by itself. Milliseconds. */
const START_AGAIN_MS = 60_000;

export class OllamaProgram {
  readonly #options: OllamaProgramOptions;
  #child: ChildProcess | undefined;
  #stopping = false;
  #startedAt = -Infinity;

  constructor(options: OllamaProgramOptions) {
    this.#options = options;
  }

  /** Where it is, or undefined. Looked up each time: it may be installed while Hearth runs. */
  get path(): string | undefined {
    return places(this.#options).find(isProgram);
  }

  /** Whether one that we started still runs. */
  get started(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it without being asked by anybody, once in a while at most. Throws what `start` throws. */
  async startAgain(url: string, clock: Pick<Clock, 'elapsed'>): Promise<void> {
    if (this.started || clock.elapsed() - this.#startedAt < START_AGAIN_MS) return;
    this.#startedAt = clock.elapsed();
    await this.start(url);
  }

  /**
   * Starts `ollama serve` on the address that Hearth asks. Resolves when the program runs, not yet when it answers.
   * Throws not_found when it is not installed, invalid_request when the address is another machine's.
   */
  async start(url: string): Promise<void> {
    if (this.#child !== undefined) return;
    const { hostname, host } = new URL(url);
    if (!/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)) {
      throw new AppError('invalid_request', t('main.ollama_elsewhere', { host }));
    }
    const { path } = this;
    if (path === undefined) {
      throw new AppError('not_found', t('main.ollama_missing'));
    }
    const { log, env, onChange, onFailed } = this.#options;
    const child = spawn(path, ['serve'], { env: { ...env, OLLAMA_HOST: host }, stdio: 'ignore', windowsHide: true });
    // Set at once: a second start at the same moment would leave a program that nobody ends.
    this.#child = child;
    this.#stopping = false;
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => {
        this.#child = undefined;
        reject(new AppError('not_found', t('main.ollama_not_started', { path, reason: cause.message }), { cause }));
      });
    });
    log.info({ path, pid: child.pid }, 'Ollama was started');
    child.once('exit', (code, signal) => {
      log.info({ code, signal }, 'the Ollama that Hearth started has ended');
      this.#child = undefined;
      // An end by a signal was wanted, and needs no notice.
      if (!this.#stopping && code !== null && code !== 0) {
        onFailed(t('main.ollama_ended', { code: String(code) }));
      }
      onChange();
    });
    onChange();
  }

  /** Ends the one that we started; resolves when it has ended. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#stopping = true;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(limit);
  }
}

/** The PATH, then where Ollama's installers put it; a desktop's PATH is often shorter than a shell's. */
function places({ platform, env, home }: OllamaProgramOptions): string[] {
  const name = platform === 'win32' ? 'ollama.exe' : 'ollama';
  const path = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const usual: Partial<Record<NodeJS.Platform, readonly string[]>> = {
    darwin: [
      '/usr/local/bin',
      '/opt/homebrew/bin',
      '/Applications/Ollama.app/Contents/Resources',
      join(home, 'Applications/Ollama.app/Contents/Resources'),
    ],
    linux: ['/usr/local/bin', '/usr/bin', '/snap/bin', join(home, '.local/bin')],
    win32: [join(env['LOCALAPPDATA'] ?? home, 'Programs', 'Ollama')],
  };
  return [...path, ...(usual[platform] ?? [])].map((folder) => join(folder, name));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
