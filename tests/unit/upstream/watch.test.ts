// The watch over Ollama and its breaker, by a clock that the test moves: what is noticed when, and told how often.
import { afterEach, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import { AppError } from '../../../backend/contract/errors.ts';
import { orAborted } from '../../../backend/core/abort.ts';
import type { InstalledModel, LoadedModel, UpstreamState } from '../../../backend/core/ports.ts';
import { Breaker } from '../../../backend/upstream/breaker.ts';
import { unreachable } from '../../../backend/upstream/failure.ts';
import { createWatch } from '../../../backend/upstream/watch.ts';
import { ManualClock, settled } from '../../support/clocks.ts';
import { deferred } from '../../support/waiting.ts';

const URL_A = 'http://127.0.0.1:11434';
const URL_B = 'http://other:11434';
const undo: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

const model = (name: string, digest = name): InstalledModel => ({
  name,
  digest,
  size: 1,
  modified_at: '2026-01-01T00:00:00Z',
  remote: false,
  details: {},
});

const resident = (name: string): LoadedModel => ({ name, digest: name, size: 1, size_vram: 1, expires_at: 0 });

const away = (): AppError => new AppError('upstream_unreachable', 'Ollama does not answer.');

/** A watch over an Ollama that is as `ollama` says at the moment it is asked. */
function setUp() {
  const clock = new ManualClock();
  const ollama = {
    up: true,
    /** What a call throws instead of answering. */
    failure: undefined as unknown,
    version: '0.33.0',
    tags: [model('llama3.2:latest')] as InstalledModel[],
    ps: [] as LoadedModel[],
    latency: 0,
    calls: { version: 0, tags: 0, ps: 0 },
    /** Answers wait for this. */
    gates: { version: undefined, tags: undefined, ps: undefined } as Record<string, Promise<void> | undefined>,
  };
  let url = URL_A;
  const answer = async <T>(name: 'version' | 'tags' | 'ps', signal: AbortSignal, read: () => T): Promise<T> => {
    ollama.calls[name]++;
    signal.throwIfAborted();
    const { up, failure } = ollama; // as it is when the question arrives
    const value = read();
    const gate = ollama.gates[name];
    if (gate !== undefined) await orAborted(gate, signal);
    if (name === 'version' && ollama.latency > 0) await clock.sleep(ollama.latency, signal);
    if (!up) throw away();
    if (failure !== undefined) throw failure;
    return value;
  };
  const told: UpstreamState[] = [];
  const logged: string[] = [];
  const note = (_: object, message: string): void => void logged.push(message);
  const watch = createWatch({
    upstream: {
      version: (signal) => answer('version', signal, () => ollama.version),
      tags: (signal) => answer('tags', signal, () => [...ollama.tags]),
      ps: (signal) => answer('ps', signal, () => [...ollama.ps]),
    },
    config: () => {
      const defaults = defaultConfig();
      return { ...defaults, ollama: { ...defaults.ollama, api_url: url } };
    },
    clock,
    log: { debug() {}, info: note, warn: note, error: note },
    onChange: (state) => void told.push(state),
  });
  undo.push(async () => {
    await watch.stop();
    await settled();
    expect(clock.sleeping, 'no timer is left').toBe(0);
  });
  return {
    clock,
    ollama,
    watch,
    told,
    logged,
    moveTo: (next: string): void => {
      url = next;
    },
    /** Started, and the first probe is over. */
    async started() {
      watch.start();
      await clock.advance(ollama.latency);
    },
  };
}

const never = (): AbortSignal => new AbortController().signal;

/** What admit() throws. */
function refusal(admit: () => void): AppError | undefined {
  try {
    admit();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return undefined;
}

describe('probing', () => {
  test('before the first probe nothing is known', () => {
    const { watch } = setUp();
    expect(watch.state).toEqual({
      url: URL_A,
      status: 'unknown',
      version: undefined,
      latency_ms: undefined,
      reason: undefined,
      foreign: false,
      away: true,
      breaker: 'closed',
      installed: undefined,
      loaded: [],
    });
    expect(watch.peek('llama3.2')).toBeUndefined();
  });

  test('without a file handle to ask with nothing is news, and Ollama is not called away', async () => {
    const { watch, ollama, clock, told, started } = setUp();
    await started();
    const before = watch.state;
    told.length = 0;
    ollama.failure = unreachable({ url: URL_A }, Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' }));
    expect(ollama.failure).toMatchObject({ code: 'overloaded', message: expect.stringMatching(/no file handles/) });
    // Also where a call has shown meanwhile that it works.
    for (const outcome of [undefined, 'ok'] as const) {
      if (outcome !== undefined) watch.report(outcome);
      const { calls } = ollama;
      const asked = calls.version;
      await clock.advance(15_000);
      expect(calls.version).toBeGreaterThan(asked);
    }
    expect(watch.state).toEqual(before);
    expect(told).toEqual([]);
  });

  test('one probe tells everything, in one change', async () => {
    const { watch, ollama, told, logged, started } = setUp();
    ollama.latency = 12;
    ollama.ps = [resident('llama3.2:latest')];
    await started();
    expect(told).toEqual([
      {
        url: URL_A,
        status: 'up',
        version: '0.33.0',
        latency_ms: 12,
        reason: undefined,
        foreign: false,
        away: false,
        breaker: 'closed',
        installed: ollama.tags,
        loaded: ollama.ps,
      },
    ]);
    expect(watch.state).toEqual(told[0]);
    expect(logged).toEqual(['Ollama is up']);
  });

  test('every 15 s while up, every 2 s while down, and nothing is told twice', async () => {
    const { clock, ollama, told, logged, started } = setUp();
    ollama.ps = [resident('llama3.2:latest')];
    await started();
    expect(ollama.calls.version).toBe(1);
    await clock.advance(14_999);
    expect(ollama.calls.version).toBe(1);
    await clock.advance(1);
    expect(ollama.calls.version).toBe(2);
    ollama.up = false;
    await clock.advance(15_000);
    expect(ollama.calls.version).toBe(3);
    expect(told.at(-1)).toMatchObject({ status: 'down', reason: 'Ollama does not answer.', loaded: [] });
    expect(told.at(-1)?.installed, 'the last list stays').toHaveLength(1);
    await clock.advance(1999);
    expect(ollama.calls.version).toBe(3);
    await clock.advance(1);
    expect(ollama.calls.version).toBe(4);
    const before = told.length;
    ollama.up = true;
    await clock.advance(2000);
    expect(told).toHaveLength(before + 1);
    expect(told.at(-1)).toMatchObject({ status: 'up', reason: undefined });
    await clock.advance(60_000);
    expect(told).toHaveLength(before + 1);
    expect(logged).toEqual([
      'Ollama is up',
      'Ollama is down. To install it: https://ollama.com/download',
      'Ollama is up',
    ]);
  });

  test('a change of the lists or the version is told, of the latency alone not', async () => {
    const { clock, ollama, told, started } = setUp();
    await started();
    ollama.latency = 40;
    await clock.advance(15_000 + 40);
    expect(told).toHaveLength(1);
    ollama.ps = [resident('llama3.2:latest')];
    await clock.advance(15_000 + 40);
    ollama.tags = [];
    await clock.advance(15_000 + 40);
    ollama.version = '0.34.0';
    await clock.advance(15_000 + 40);
    expect(told.map(({ version, installed, loaded }) => [version, installed?.length, loaded.length])).toEqual([
      ['0.33.0', 1, 0],
      ['0.33.0', 1, 1],
      ['0.33.0', 0, 1],
      ['0.34.0', 0, 1],
    ]);
  });

  test('what answers but is no Ollama is down, with the reason', async () => {
    const { ollama, watch, started } = setUp();
    ollama.failure = new AppError('upstream_failed', 'The address answers, but not as Ollama does.');
    await started();
    expect(watch.state).toMatchObject({ status: 'down', reason: 'The address answers, but not as Ollama does.' });
  });

  test('an old server without /api/ps is up', async () => {
    const { clock, ollama, watch, started } = setUp();
    await started();
    const old = createWatch({
      upstream: {
        version: async () => '0.1.30',
        tags: async () => ollama.tags,
        ps: async () => Promise.reject(new AppError('upstream_failed', 'HTTP 404')),
      },
      config: defaultConfig,
      clock,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      onChange() {},
    });
    await old.reconfigured();
    expect(old.state).toMatchObject({ status: 'up', loaded: [], installed: watch.state.installed });
    await old.stop();
  });

  test('stop ends a probe under way and tells nothing any more', async () => {
    const { clock, ollama, watch, told } = setUp();
    ollama.gates['version'] = new Promise(() => {});
    watch.start();
    await clock.advance(0);
    await watch.stop();
    await watch.stop();
    expect(told).toEqual([]);
    expect(clock.sleeping).toBe(0);
    await clock.advance(60_000);
    expect(ollama.calls.version).toBe(1);
  });

  test('stop in the pause', async () => {
    const { clock, ollama, watch, started } = setUp();
    await started();
    expect(clock.sleeping).toBe(1);
    await watch.stop();
    await clock.advance(60_000);
    expect(ollama.calls.version).toBe(1);
  });

  test('starting twice probes once', async () => {
    const { ollama, watch, started } = setUp();
    watch.start();
    await started();
    expect(ollama.calls.version).toBe(1);
  });
});

describe('another address', () => {
  test('everything is forgotten, told, and probed at once', async () => {
    const { clock, ollama, watch, told, moveTo, started } = setUp();
    ollama.ps = [resident('llama3.2:latest')];
    await started();
    ollama.up = false;
    for (let i = 0; i < 3; i++) watch.report('unreachable');
    await clock.advance(0); // the probe that the reports set off
    expect(watch.state).toMatchObject({ status: 'down', breaker: 'open' });
    ollama.up = true;
    moveTo(URL_B);
    expect(watch.peek('llama3.2'), 'names of the other Ollama are not looked up').toBeUndefined();
    ollama.tags = [model('other:latest')];
    const before = ollama.calls.version;
    const from = told.length;
    await watch.reconfigured();
    expect(ollama.calls.version).toBe(before + 1);
    expect(told.slice(from)).toMatchObject([
      { url: URL_B, status: 'unknown', version: undefined, installed: undefined, loaded: [], breaker: 'closed' },
      { url: URL_B, status: 'up', installed: ollama.tags },
    ]);
    await clock.advance(15_000);
    expect(told.slice(from)).toHaveLength(2);
  });

  test('an answer of the old address does not count', async () => {
    const { ollama, watch, moveTo, started } = setUp();
    const old = { version: deferred(), tags: deferred(), ps: deferred() };
    ollama.gates = { version: old.version.promise, tags: old.tags.promise, ps: old.ps.promise };
    await started();
    const lookup = watch.refreshLoaded(never());
    moveTo(URL_B);
    ollama.gates = {};
    ollama.version = '0.1.0';
    ollama.tags = [model('other:latest')];
    ollama.ps = [resident('other:latest')];
    await watch.reconfigured();
    for (const each of Object.values(old)) each.resolve();
    await lookup;
    await settled();
    expect(watch.state).toMatchObject({ url: URL_B, version: '0.1.0', installed: ollama.tags, loaded: ollama.ps });
  });

  test('that the old address answers does not close the breaker of the new one', async () => {
    const { ollama, watch, moveTo, started } = setUp();
    const old = deferred();
    ollama.gates['version'] = old.promise;
    await started();
    moveTo(URL_B);
    ollama.gates = {};
    ollama.up = false;
    for (let i = 0; i < 3; i++) await watch.reconfigured();
    expect(watch.state.breaker).toBe('open');
    old.resolve();
    await settled();
    expect(watch.state).toMatchObject({ status: 'down', breaker: 'open' });
  });

  test('is noticed by the next probe or lookup without being told', async () => {
    const { clock, watch, moveTo, started } = setUp();
    await started();
    moveTo(URL_B);
    await clock.advance(15_000);
    expect(watch.state.url).toBe(URL_B);
    moveTo(URL_A);
    await watch.resolve('llama3.2', never());
    expect(watch.state).toMatchObject({ url: URL_A, status: 'up' });
  });

  test('reconfigured with the same address probes at once and forgets nothing', async () => {
    const { clock, ollama, watch, told, started } = setUp();
    await started();
    await clock.advance(3000);
    await watch.reconfigured();
    expect([ollama.calls.version, told.length]).toEqual([2, 1]);
    ollama.up = false;
    await watch.reconfigured();
    expect(watch.state.status).toBe('down');
  });
});

describe('names', () => {
  test('every spelling of a name means the same model', async () => {
    const { watch, ollama, started } = setUp();
    ollama.tags = [model('llama3.2:latest'), model('Mixed/Case:Q4')];
    await started();
    for (const name of ['llama3.2', 'LLAMA3.2:Latest', 'library/llama3.2', 'registry.ollama.ai/library/llama3.2']) {
      expect(watch.peek(name)?.name, `${name}`).toBe('llama3.2:latest');
    }
    expect(watch.peek('mixed/case:q4')?.name).toBe('Mixed/Case:Q4');
    expect(watch.peek('mixed/case')).toBeUndefined();
  });

  test('peek answers from a list of less than 5 s, and asks nobody', async () => {
    const { clock, watch, ollama, started } = setUp();
    await started();
    await clock.advance(4999);
    expect(watch.peek('llama3.2')).toBeDefined();
    await clock.advance(1);
    expect(watch.peek('llama3.2')).toBeUndefined();
    expect(ollama.calls.tags).toBe(1);
  });

  test('resolve looks again after 5 s, once for all who ask', async () => {
    const { clock, watch, ollama, started } = setUp();
    await started();
    await watch.resolve('llama3.2', never());
    expect(ollama.calls.tags).toBe(1);
    await clock.advance(5000);
    ollama.tags = [model('llama3.2:latest', 'new')];
    const found = await Promise.all(Array.from({ length: 20 }, () => watch.resolve('llama3.2', never())));
    expect(new Set(found.map((each) => each?.digest))).toEqual(new Set(['new']));
    expect(ollama.calls.tags).toBe(2);
    expect(watch.peek('llama3.2')?.digest).toBe('new');
    expect(watch.state.installed).toEqual(ollama.tags);
  });

  test('a name that is missing causes one fresh look, also within 5 s', async () => {
    const { watch, ollama, started } = setUp();
    await started();
    ollama.tags = [model('llama3.2:latest'), model('new:latest')];
    expect(await watch.resolve('new', never())).toMatchObject({ name: 'new:latest' });
    expect(ollama.calls.tags).toBe(2);
    expect(await watch.resolve('nope', never())).toBeUndefined();
    expect(ollama.calls.tags).toBe(3);
  });

  test('a list that is old anyway is looked at once, not twice, for a name that is missing', async () => {
    const { clock, watch, ollama, started } = setUp();
    await started();
    await clock.advance(5000);
    expect(await watch.resolve('nope', never())).toBeUndefined();
    expect(ollama.calls.tags).toBe(2);
  });

  test('while Ollama is silent the last list serves, at once', async () => {
    const { clock, watch, ollama, started } = setUp();
    await started();
    ollama.up = false;
    await clock.advance(15_000);
    expect(watch.state.status).toBe('down');
    ollama.gates['tags'] = new Promise(() => {}); // whoever asked now would wait
    expect(await watch.resolve('llama3.2', never())).toMatchObject({ name: 'llama3.2:latest' });
  });

  test('a look that fails falls back on the last list', async () => {
    const { clock, watch, ollama, started } = setUp();
    await started();
    await clock.advance(6000);
    ollama.up = false; // not yet noticed by a probe
    expect(await watch.resolve('llama3.2', never())).toMatchObject({ name: 'llama3.2:latest' });
    expect(await watch.resolve('nope', never())).toBeUndefined();
  });

  test('down from the beginning: nothing is known, nothing is thrown', async () => {
    const { watch, ollama, started } = setUp();
    ollama.up = false;
    await started();
    expect(await watch.resolve('llama3.2', never())).toBeUndefined();
  });

  test('the first to ask waits for the first probe, also when nobody started one', async () => {
    const { watch, ollama } = setUp();
    expect(await watch.resolve('llama3.2', never())).toMatchObject({ name: 'llama3.2:latest' });
    expect(watch.state).toMatchObject({ status: 'up', version: '0.33.0' });
    expect(ollama.calls).toEqual({ version: 1, tags: 1, ps: 1 });
  });

  test('and so does who asks when the list has come, but nobody knows the version yet', async () => {
    const { watch, ollama } = setUp();
    const rest = deferred();
    ollama.gates['ps'] = rest.promise;
    watch.start();
    await settled();
    expect([ollama.calls.tags, watch.state.version, watch.peek('llama3.2')]).toEqual([1, undefined, undefined]);
    const found = watch.resolve('llama3.2', never()).then(() => watch.state.version);
    rest.resolve();
    expect(await found).toBe('0.33.0');
    expect(watch.peek('llama3.2')).toBeDefined();
  });

  test('… but no longer than connect_timeout_ms', async () => {
    const { clock, watch, ollama } = setUp();
    ollama.gates['version'] = new Promise(() => {});
    watch.start();
    let found: unknown = 'waiting';
    const waiting = watch.resolve('llama3.2', never()).then((each) => {
      found = each?.name;
    });
    await clock.advance(2999);
    expect(found).toBe('waiting');
    await clock.advance(1);
    await waiting;
    expect(found).toBe('llama3.2:latest'); // tags answered when version did not
  });

  test('a caller who leaves does not wait, and spoils nothing for the others', async () => {
    const { clock, watch, ollama, started } = setUp();
    await started();
    await clock.advance(5000);
    const held = deferred();
    ollama.gates['tags'] = held.promise;
    const caller = new AbortController();
    const left = watch.resolve('llama3.2', caller.signal);
    const stays = watch.resolve('llama3.2', never());
    caller.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    held.resolve();
    expect(await stays).toMatchObject({ name: 'llama3.2:latest' });
    expect(ollama.calls.tags).toBe(2);
  });

  test('invalidate forgets the list, and the answer to a question from before', async () => {
    const { clock, watch, ollama, started } = setUp();
    await started();
    await clock.advance(5000);
    const held = deferred();
    ollama.gates['tags'] = held.promise;
    const before = watch.resolve('llama3.2', never());
    await settled();
    ollama.tags = [model('llama3.2:latest', 'pulled')];
    ollama.gates = {};
    watch.invalidate();
    expect(watch.peek('llama3.2')).toBeUndefined();
    const after = watch.resolve('llama3.2', never());
    expect(await after).toMatchObject({ digest: 'pulled' });
    held.resolve();
    await before;
    await settled();
    expect(watch.peek('llama3.2')?.digest).toBe('pulled');
  });

  test('invalidate has the loaded models looked at soon', async () => {
    const { clock, watch, ollama, started } = setUp();
    await started();
    ollama.ps = [resident('llama3.2:latest')];
    watch.invalidate();
    await clock.advance(0);
    expect(watch.state.loaded).toEqual(ollama.ps);
  });
});

describe('loaded models', () => {
  test('refreshLoaded asks, shows and tells', async () => {
    const { watch, ollama, told, started } = setUp();
    await started();
    ollama.ps = [resident('llama3.2:latest')];
    expect(await watch.refreshLoaded(never())).toEqual(ollama.ps);
    expect(told.at(-1)?.loaded).toEqual(ollama.ps);
    ollama.up = false;
    await expect(watch.refreshLoaded(never())).rejects.toMatchObject({ code: 'upstream_unreachable' });
    expect(watch.state.loaded).toEqual(ollama.ps);
  });

  test('an answer that was overtaken brings no old news', async () => {
    const { watch, ollama, started } = setUp();
    await started();
    const slow = deferred();
    ollama.gates['ps'] = slow.promise;
    const early = watch.refreshLoaded(never());
    ollama.gates = {};
    ollama.ps = [resident('llama3.2:latest')];
    await watch.refreshLoaded(never());
    slow.resolve();
    expect(await early).toEqual([]);
    expect(watch.state.loaded).toEqual(ollama.ps);
  });

  test('an answer from before an invalidate is not shown', async () => {
    const { watch, ollama } = setUp();
    const slow = deferred();
    ollama.gates['ps'] = slow.promise;
    ollama.ps = [resident('llama3.2:latest')];
    const early = watch.refreshLoaded(never());
    watch.invalidate(); // somebody unloaded it
    slow.resolve();
    expect(await early).toEqual(ollama.ps);
    expect(watch.state.loaded).toEqual([]);
  });
});

describe('the breaker in the watch', () => {
  test('three calls that fail to connect open it; it says when to come back', async () => {
    const { watch, told } = setUp();
    watch.report('unreachable');
    watch.report('unreachable');
    expect(refusal(watch.admit)).toBeUndefined();
    watch.report('unreachable');
    expect(refusal(watch.admit)).toMatchObject({ code: 'breaker_open', status: 503, retryAfterMs: 5000 });
    expect(refusal(watch.admit)?.message).toMatch(/^Ollama did not answer at http:.* come back in 5 s\.$/);
    expect(told.map(({ breaker }) => breaker)).toEqual(['open']);
  });

  test('probes that fail count too, and one that succeeds closes it at once', async () => {
    const { clock, watch, ollama, logged, started } = setUp();
    ollama.up = false;
    await started();
    await clock.advance(2000);
    expect(watch.state.breaker).toBe('closed');
    await clock.advance(2000);
    expect(watch.state.breaker).toBe('open');
    ollama.up = true;
    await clock.advance(1999);
    expect(refusal(watch.admit)).toBeDefined();
    await clock.advance(1);
    expect(refusal(watch.admit)).toBeUndefined();
    expect(logged.filter((each) => each.startsWith('The breaker'))).toEqual([
      'The breaker opened',
      'The breaker closed',
    ]);
  });

  test('a server that answers with errors is not down for the breaker', async () => {
    const { clock, watch, ollama, started } = setUp();
    ollama.failure = new AppError('upstream_failed', 'HTTP 500');
    await started();
    await clock.advance(60_000);
    expect(watch.state).toMatchObject({ status: 'down', breaker: 'closed', foreign: true });
  });

  test('a call that fails to connect has Ollama looked at now, not in 15 s', async () => {
    const { clock, watch, ollama, started } = setUp();
    await started();
    ollama.up = false;
    watch.report('unreachable');
    await clock.advance(0);
    expect(watch.state.status).toBe('down');
    ollama.up = true;
    watch.report('ok');
    await clock.advance(0);
    expect(watch.state.status).toBe('up');
    expect(ollama.calls.version).toBe(3);
  });

  test('half open is seen without anybody calling', async () => {
    const { clock, watch } = setUp();
    for (let i = 0; i < 3; i++) watch.report('unreachable');
    await clock.advance(5000);
    expect(watch.state.breaker).toBe('half_open');
    expect(refusal(watch.admit)).toBeUndefined();
    expect(refusal(watch.admit)?.code).toBe('breaker_open');
    watch.report('ok');
    expect(watch.state.breaker).toBe('closed');
  });
});

const opened = (): { clock: ManualClock; breaker: Breaker } => {
  const clock = new ManualClock();
  const breaker = new Breaker(clock.elapsed);
  for (let i = 0; i < 3; i++) breaker.failed();
  return { clock, breaker };
};

describe('Breaker', () => {
  test('only failures in a row count', () => {
    const breaker = new Breaker(() => 0);
    for (let i = 0; i < 10; i++) {
      breaker.failed();
      breaker.failed();
      breaker.succeeded();
    }
    expect(breaker.state).toBe('closed');
    expect(breaker.enter()).toBe(0);
  });

  test('closed → open → half open → open for twice as long, up to 60 s', async () => {
    const { clock, breaker } = opened();
    for (const ms of [5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      expect(breaker.enter()).toBe(ms);
      await clock.advance(ms - 1);
      expect([breaker.state, breaker.enter()]).toEqual(['open', 1]);
      await clock.advance(1);
      expect(breaker.state).toBe('half_open');
      expect(breaker.enter()).toBe(0);
      breaker.failed();
    }
  });

  test('a success closes it in any state, and the next time it opens for 5 s again', async () => {
    const { clock, breaker } = opened();
    await clock.advance(5000);
    breaker.failed();
    expect(breaker.enter()).toBe(10_000);
    breaker.succeeded();
    expect([breaker.state, breaker.enter()]).toEqual(['closed', 0]);
    for (let i = 0; i < 3; i++) breaker.failed();
    expect(breaker.enter()).toBe(5000);
  });

  test('failures of calls that began before it opened do not make it longer', async () => {
    const { clock, breaker } = opened();
    await clock.advance(1000);
    for (let i = 0; i < 50; i++) breaker.failed();
    expect(breaker.enter()).toBe(4000);
  });

  test('half open lets one through, and another when that one never reports', async () => {
    const { clock, breaker } = opened();
    await clock.advance(5000);
    expect([breaker.enter(), breaker.enter()]).toEqual([0, 5000]);
    await clock.advance(5000);
    expect([breaker.enter(), breaker.enter()]).toEqual([0, 5000]);
  });

  test.each([-3_600_000, 3_600_000])('a wall clock set by %i ms makes it open neither longer nor shorter', (ms) => {
    const { clock, breaker } = opened();
    clock.jump(ms);
    expect(breaker.enter()).toBe(5000);
  });
});

describe('when the machine woke up', () => {
  test('it probes at once, and Ollama is not away because the network comes a moment later', async () => {
    const { clock, ollama, watch, told } = setUp();
    watch.start();
    await settled();
    expect(watch.state.status).toBe('up');
    const before = told.length;
    ollama.up = false;
    watch.woke();
    await settled();
    expect(ollama.calls.version).toBe(2);
    await clock.advance(2000);
    expect(ollama.calls.version).toBeGreaterThan(3);
    ollama.up = true;
    await clock.advance(1000);
    expect(told.slice(before).map(({ status }) => status)).not.toContain('down');
    expect(watch.state.status).toBe('up');
  });

  test('who does not come within ten seconds is away', async () => {
    const { clock, ollama, watch } = setUp();
    watch.start();
    await settled();
    ollama.up = false;
    watch.woke();
    await clock.advance(9000);
    expect(watch.state.status).toBe('up');
    await clock.advance(2000);
    expect(watch.state.status).toBe('down');
  });
});
