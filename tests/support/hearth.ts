// A real gateway for tests: the whole backend on a free port of the loopback, in front of a fake Ollama.
import { pino } from 'pino';
import { startBackend } from '../../backend/backend.ts';
import type { Backend } from '../../backend/hosting.ts';
import { systemClock } from '../../backend/clock.ts';
import type { IsPutOff } from '../../backend/contract/rules/pin-rules-by-app.ts';
import type { Legacy } from '../../backend/legacy.ts';
import { resolveConfig } from '../../backend/contract/config/config-sources.ts';
import type { Config } from '../../backend/contract/config/config.ts';
import type { Clock, Log } from '../../backend/core/ports.ts';
import type { Patience } from '../../backend/http/dialect/encode.ts';
import { startFakeOllama, type FakeOllama, type FakeOptions } from './fake-ollama/fake-ollama.ts';

export interface HearthOptions {
  readonly fake?: FakeOptions;
  /** As in a configuration file; the address of the fake, a free port and its first model are filled in. */
  readonly config?: { readonly [S in keyof Config]?: Partial<Config[S]> };
  readonly patience?: Patience;
  readonly log?: Log;
  /** Where hearth.db is; else nothing is written. */
  readonly dataFolder?: string;
  /** What a gateway before this one has left. */
  readonly legacy?: Legacy;
  /** Offers that somebody has put off. */
  readonly isPutOff?: IsPutOff;
  /** An Ollama that is there already, and is left running. */
  readonly inFrontOf?: FakeOllama;
}

export interface Hearth {
  readonly url: string;
  readonly backend: Backend;
  readonly fake: FakeOllama;
  readonly clock: ShiftedClock;
  config(change: HearthOptions['config']): Config;
  /** POST with a JSON body. */
  post(
    path: string,
    body: unknown,
    init?: { headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<Response>;
  /** POST /api/chat-optimized with one user message. */
  chat(
    content: string,
    more?: object,
    init?: { headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<Response>;
  get(path: string): Promise<Response>;
  /** Stops both; fails when something is left over: a model run, an open call. */
  stop(): Promise<void>;
}

/** The real clocks, which a test can put forward; waits under way are not shortened by it. */
export interface ShiftedClock extends Clock {
  /** As if so much time had passed. */
  forward(ms: number): void;
  /** Sets the clock on the wall alone, as NTP does. */
  jump(ms: number): void;
}

function shiftedClock(): ShiftedClock {
  let offset = 0;
  let wall = 0;
  return {
    now: () => systemClock.now() + offset + wall,
    elapsed: () => systemClock.elapsed() + offset,
    sleep: systemClock.sleep,
    after: systemClock.after,
    forward: (ms) => {
      offset += ms;
    },
    jump: (ms) => {
      wall += ms;
    },
  };
}

/** Starts both; resolves when the gateway has seen the fake. */
export async function startHearth(options: HearthOptions = {}): Promise<Hearth> {
  const fake = options.inFrontOf ?? (await startFakeOllama(options.fake));
  const before = fake.calls.length;
  const config = (change: HearthOptions['config'] = {}): Config => {
    const data = {
      ...change,
      server: { port: 0, drain_timeout_ms: 1000, ...change.server },
      ollama: { api_url: fake.url, model: 'llama3.2', ...change.ollama },
    };
    const { config: resolved, problems } = resolveConfig({ file: { path: 'test', data } }, 'headless');
    if (problems.length > 0) throw new Error(`test configuration: ${JSON.stringify(problems)}`);
    return resolved;
  };
  const log = options.log ?? pino({ level: 'silent' });
  const patience = options.patience === undefined ? {} : { patience: options.patience };
  const clock = shiftedClock();
  const backend = await startBackend({
    config: config(options.config),
    log,
    version: '0.0.0-test',
    clock,
    ...patience,
    ...(options.dataFolder === undefined ? {} : { dataFolder: options.dataFolder }),
    ...(options.legacy === undefined ? {} : { legacy: options.legacy }),
    ...(options.isPutOff === undefined ? {} : { isPutOff: options.isPutOff }),
  });
  const { url } = backend;

  const hearth: Hearth = {
    url,
    backend,
    fake,
    clock,
    config,
    post: (path, body, init = {}) =>
      fetch(url + path, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
        headers: { 'content-type': 'application/json', ...init.headers },
      }),
    chat: (content, more = {}, init) =>
      hearth.post('/api/chat-optimized', { messages: [{ role: 'user', content }], ...more }, init),
    get: (path) => fetch(url + path),
    async stop() {
      await backend.stop();
      if (options.inFrontOf !== undefined) return;
      await fake.stop();
      if (fake.active !== 0 || fake.open !== 0)
        throw new Error(`left over: ${fake.active} runs, ${fake.open} open calls`);
    },
  };
  await fake.until((seen) => seen.calls.slice(before).some(({ path }) => path === '/api/ps'));
  return hearth;
}

/** The pieces of a stream on our own routes, as the old backend's frontends read them. */
export async function piecesOf(response: Response): Promise<Record<string, unknown>[]> {
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line.replace(/^data: /, '')) as Record<string, unknown>);
}
