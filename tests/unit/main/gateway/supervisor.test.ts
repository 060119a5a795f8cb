// The supervisor: one transition at a time, a taken port explained, a crash answered with a restart after a pause.
import { describe, expect, test } from 'vitest';
import type { Backend } from '../../../../backend/hosting.ts';
import type { Control } from '../../../../backend/host-control.ts';
import type { Config } from '../../../../backend/contract/config/config.ts';
import { ListenError } from '../../../../backend/http/wire/listen.ts';
import { Supervisor } from '../../../../main/gateway/supervisor.ts';
import { config, NO_LOG } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';
import { deferred } from '../../../support/waiting.ts';

interface Stage {
  readonly supervisor: Supervisor;
  readonly clock: ManualClock;
  /** What happened, in order. */
  readonly story: string[];
  readonly states: string[];
  /** What the next starts do; a start without an entry succeeds. */
  readonly starts: (() => Promise<void>)[];
  stopping: Promise<void>;
  settings: Config;
}

function stage(): Stage {
  const clock = new ManualClock();
  const story: string[] = [];
  const states: string[] = [];
  const it: Stage = {
    clock,
    story,
    states,
    starts: [],
    stopping: Promise.resolve(),
    settings: config({ server: { port: 8080 } }),
    supervisor: new Supervisor({
      config: () => it.settings,
      clock,
      log: NO_LOG,
      holderOf: async (port) => ({ hearth: port === 8080, version: '9.9.9', uptime_ms: 5 }),
      freePortAfter: async (port) => port + 1,
      interfaces: () => ({}),
      start: async (started) => {
        story.push(`start ${started.server.port}`);
        await it.starts.shift()?.();
        const backend: Backend = {
          url: `http://127.0.0.1:${started.server.port}`,
          port: started.server.port,
          control: {} as Control,
          configure: (next) => void story.push(`configure ${next.cache.ttl_seconds}`),
          stop: async () => {
            story.push('stop');
            await it.stopping;
            story.push('stopped');
          },
          abandon: async () => {
            story.push('abandon');
            await it.stopping;
          },
        };
        return backend;
      },
    }),
  };
  it.supervisor.onChange(() => states.push(it.supervisor.state));
  return it;
}

describe('starting and stopping', () => {
  test('goes through starting, running, draining, stopped', async () => {
    const { supervisor, states } = stage();
    await supervisor.start();
    expect(supervisor.view()).toMatchObject({
      state: 'running',
      port: 8080,
      addresses: {
        gateway: 'http://127.0.0.1:8080',
        ollama_host: '127.0.0.1:8080',
        openai_base_url: 'http://127.0.0.1:8080/v1',
      },
    });
    expect(supervisor.view().since).not.toBeNull();
    await supervisor.stop();
    expect(states).toEqual(['starting', 'running', 'draining', 'stopped']);
    expect(supervisor.view().since).toBeNull();
    expect(supervisor.control).toBeUndefined();
  });

  test('a start while it drains waits for the end, and a second start changes nothing', async () => {
    const it = stage();
    await it.supervisor.start();
    const end = deferred();
    it.stopping = end.promise;
    const all = [it.supervisor.stop(), it.supervisor.start(), it.supervisor.start()];
    await Promise.resolve();
    expect(it.story.filter((word) => word.startsWith('start'))).toHaveLength(1);
    end.resolve();
    await Promise.all(all);
    expect(it.story.filter((word) => !word.startsWith('configure'))).toEqual([
      'start 8080',
      'stop',
      'stopped',
      'start 8080',
    ]);
  });

  test('a transition that throws keeps nobody after it from stopping or quitting', async () => {
    const it = stage();
    let broken = true;
    it.supervisor.onChange(() => {
      if (broken) throw new Error('a listener fails');
    });
    await expect(it.supervisor.start()).rejects.toThrow('a listener fails');
    broken = false;
    await it.supervisor.start();
    expect(it.supervisor.state).toBe('running');
    await it.supervisor.stop();
    expect(it.supervisor.state).toBe('stopped');
  });

  test('what is saved while it starts is in use when it runs', async () => {
    const it = stage();
    it.starts.push(async () => {
      it.settings = config({ cache: { ttl_seconds: 7 } });
    });
    await it.supervisor.start();
    expect(it.story).toContain('configure 7');
    expect(it.supervisor.startedWith?.cache.ttl_seconds).toBe(3600);
  });
});

describe('a start that fails', () => {
  test('on a taken port says who holds it and which port is free', async () => {
    const it = stage();
    it.starts.push(() => Promise.reject(new ListenError('taken', 'EADDRINUSE', 8080, { cause: undefined })));
    await it.supervisor.start();
    expect(it.supervisor.view()).toMatchObject({
      state: 'failed',
      failure: {
        kind: 'port_taken',
        port: 8080,
        next_port: 8081,
        holder: { hearth: true, version: '9.9.9', uptime_ms: 5 },
      },
    });
    await it.supervisor.start();
    expect(it.supervisor.view()).toMatchObject({ state: 'running', failure: null });
  });

  test('on a taken port is tried again after 1 s, 2 s, 4 s and shows nothing of it until it runs', async () => {
    const it = stage();
    const taken = (): Promise<void> =>
      Promise.reject(new ListenError('taken', 'EADDRINUSE', 8080, { cause: undefined }));
    it.starts.push(taken, taken, taken);
    await it.supervisor.start();
    for (const [i, pause] of [1000, 2000, 4000].entries()) {
      await it.clock.advance(pause - 1);
      expect(it.story.filter((word) => word === 'start 8080')).toHaveLength(i + 1);
      await it.clock.advance(1);
    }
    await expect.poll(() => it.supervisor.state).toBe('running');
    expect(it.states.filter((state) => state === 'starting')).toHaveLength(1);
  });

  test('on a taken port is not tried again after Stop, nor beside a start that the user asked for', async () => {
    const it = stage();
    const taken = (): Promise<void> =>
      Promise.reject(new ListenError('taken', 'EADDRINUSE', 8080, { cause: undefined }));
    it.starts.push(taken, taken);
    await it.supervisor.start();
    await it.supervisor.start();
    await it.clock.advance(999);
    expect(it.story).toHaveLength(2);
    await it.supervisor.stop();
    await it.clock.advance(120_000);
    expect(it.supervisor.state).toBe('stopped');
    expect(it.story).toHaveLength(2);
  });

  test('for any other reason tells that reason', async () => {
    const it = stage();
    it.starts.push(() => Promise.reject(new Error('no memory')));
    await it.supervisor.start();
    expect(it.supervisor.view().failure).toEqual({ kind: 'other', sentence: 'no memory' });
  });
});

describe('a crash', () => {
  test('ends the gateway and starts it again after pauses of 1 s, 2 s, 4 s', async () => {
    const it = stage();
    await it.supervisor.start();
    for (const [i, pause] of [1000, 2000, 4000].entries()) {
      await it.supervisor.crashed(new Error('boom'));
      expect(it.supervisor.view()).toMatchObject({
        state: 'failed',
        failure: { kind: 'crashed', sentence: 'It ended by itself: boom', times_today: i + 1 },
      });
      await it.clock.advance(pause - 1);
      expect(it.supervisor.state).toBe('failed');
      await it.clock.advance(1);
      await expect.poll(() => it.supervisor.state).toBe('running');
    }
    expect(it.story.filter((word) => word === 'start 8080')).toHaveLength(4);
    expect(it.story).not.toContain('stop');
  });

  test('after five steady minutes starts over with the shortest pause', async () => {
    const it = stage();
    await it.supervisor.start();
    await it.supervisor.crashed(new Error('boom'));
    await it.supervisor.start();
    await it.clock.advance(5 * 60_000 + 1);
    await it.supervisor.crashed(new Error('boom'));
    const { failure } = it.supervisor.view();
    expect(failure?.kind === 'crashed' && Date.parse(failure.restarts_at) - it.clock.now()).toBe(1000);
  });

  test('that the user answers with Stop does not come back', async () => {
    const it = stage();
    await it.supervisor.start();
    await it.supervisor.crashed(new Error('boom'));
    await it.supervisor.stop();
    await it.clock.advance(120_000);
    expect(it.supervisor.state).toBe('stopped');
    expect(it.story.filter((word) => word === 'start 8080')).toHaveLength(1);
  });

  test('of a gateway that cannot even close leaves it behind after two seconds', async () => {
    const it = stage();
    await it.supervisor.start();
    it.stopping = new Promise(() => undefined);
    const crashed = it.supervisor.crashed(new Error('boom'));
    await it.clock.advance(2000);
    await crashed;
    expect(it.supervisor.state).toBe('failed');
  });

  test('that throws once more while it ends still comes back', async () => {
    const it = stage();
    await it.supervisor.start();
    await Promise.all([it.supervisor.crashed(new Error('boom')), it.supervisor.crashed(new Error('its echo'))]);
    expect(it.supervisor.view()).toMatchObject({ failure: { kind: 'crashed', times_today: 1 } });
    await it.clock.advance(1000);
    await expect.poll(() => it.supervisor.state).toBe('running');
  });

  test('of something else while no gateway runs changes nothing', async () => {
    const it = stage();
    await it.supervisor.crashed(new Error('boom'));
    expect(it.supervisor.state).toBe('stopped');
  });
});
