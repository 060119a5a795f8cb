// A gateway whose clock stands still unless the test lets time pass, in front of a fake Ollama: for requests that are slow to the
// millisecond, and take no time.
import { pino } from 'pino';
import { startBackend } from '../../backend/backend.ts';
import { resolveConfig } from '../../backend/contract/config/config-sources.ts';
import type { Why } from '../../backend/contract/views/request-detail.ts';
import type { Backend } from '../../backend/hosting.ts';
import { ManualClock } from './clocks.ts';
import { startFakeOllama, type FakeOllama, type FakeOptions } from './fake-ollama/fake-ollama.ts';
import type { HearthOptions } from './hearth.ts';
import { eventually } from './waiting.ts';

/** How one asks. */
export interface Asking {
  /** The app. */
  readonly by?: string;
  readonly model?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
  /** Fields of the body. */
  readonly more?: object;
}

export interface SlowHearth {
  readonly clock: ManualClock;
  readonly fake: FakeOllama;
  readonly backend: Backend;
  readonly url: string;
  /** A streamed chat with this request id, read to its end. What it asks is its id too. */
  ask(id: string, how?: Asking): Promise<string>;
  /** The same, of which the answer is not read. */
  send(id: string, how?: Asking): Promise<Response>;
  /** Resolves when so many stand in line. */
  waiting(count: number): Promise<unknown>;
  /** Why a request that has ended was slow. */
  why(id: string): Promise<Why | undefined>;
  stop(): Promise<void>;
}

/** One for each test of a file, so that none makes slow requests usual for another: a model that was measured often has a median. */
const MODELS = Array.from({ length: 20 }, (_none, i) => ({ name: `m${i}` }));

export async function startSlowHearth(options: {
  readonly fake?: FakeOptions;
  readonly config?: HearthOptions['config'];
}): Promise<SlowHearth> {
  const clock = new ManualClock();
  // The wall is the fake's too, which says by it when a model leaves memory.
  clock.jump(Date.now() - clock.now());
  const fake = await startFakeOllama({ models: MODELS, ...options.fake });
  const data = {
    ...options.config,
    server: { port: 0, ...options.config?.server },
    ollama: { api_url: fake.url, model: 'm0', ...options.config?.ollama },
  };
  const { config, problems } = resolveConfig({ file: { path: 'test', data } }, 'headless');
  if (problems.length > 0) throw new Error(`test configuration: ${JSON.stringify(problems)}`);
  const backend = await startBackend({ config, log: pino({ level: 'silent' }), version: '0.0.0-test', clock });
  const { url } = backend;
  await fake.until(({ calls }) => calls.some(({ path }) => path === '/api/ps'));
  const send: SlowHearth['send'] = (id, { by = 'Firefox/1', model = 'm0', path = '/api/chat', ...how } = {}) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': by, 'x-request-id': id, ...how.headers },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: id }], stream: true, ...how.more }),
      ...(how.signal === undefined ? {} : { signal: how.signal }),
    });
  return {
    clock,
    fake,
    backend,
    url,
    send,
    ask: async (id, how) => await (await send(id, how)).text(),
    waiting: (count) =>
      eventually(`${count} wait`, () => backend.control.live().queue.waiting.length === count, { everyMs: 2 }),
    why: (id) =>
      eventually(`${id} has ended`, async () => {
        const response = await fetch(`${url}/api/requests/${id}`);
        const { status, detail } = (await response.json()) as { status?: string; detail?: { why_slow?: Why } };
        return status !== undefined && !['queued', 'processing'].includes(status) && { why: detail?.why_slow };
      }).then(({ why }) => why),
    async stop() {
      await backend.stop();
      await fake.stop();
    },
  };
}
