// Preload and keep-warm, by a clock that the test moves: they stop, and take nothing from a model that is in use.
import { afterEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../../backend/contract/errors.ts';
import type { PutNotice } from '../../../../backend/core/ports.ts';
import { LOCAL } from '../../../../backend/core/ownership.ts';
import { act } from '../../../../backend/core/stories/models/actions.ts';
import { Warmer } from '../../../../backend/core/stories/models/warmer.ts';
import { NO_LOG } from '../../../support/builders.ts';
import { settled } from '../../../support/clocks.ts';
import { models, SmallMemory, type SmallMemoryOptions } from '../../../support/small-memory.ts';
import { atPriority } from '../../../support/urgency.ts';

const life = new AbortController();
let notices = new Map<string, string>();
let warned: number;
afterEach(() => {
  notices = new Map();
});

function setUp(
  options: Partial<SmallMemoryOptions> & { readonly preload?: readonly string[]; readonly warm?: boolean },
) {
  const ollama = new SmallMemory({
    room: 1,
    models: models('a:latest', 'b:latest', 'c:latest'),
    ...options,
    config: {
      ollama: {
        preload: options.preload ?? ['a:latest', 'b:latest'],
        keep_warm: options.warm ?? false,
        model: 'c:latest',
        ...options.config?.ollama,
      },
    },
  });
  warned = 0;
  const log = { ...NO_LOG, warn: () => void warned++ };
  const put: PutNotice = (id, told) => void (told === undefined ? notices.delete(id) : notices.set(id, told.text));
  const warmer = new Warmer({ ...ollama.parts, log, put });
  /** Time passes with a look every five seconds, as the gateway has it. */
  const pass = async (ms: number): Promise<void> => {
    for (let gone = 0; gone <= ms; gone += 5000) {
      ollama.look();
      warmer.check(life.signal);
      await settled();
      ollama.look();
      await ollama.clock.advance(5000);
    }
  };
  return { ollama, warmer, pass };
}

const MINUTE = 60_000;

describe('preload', () => {
  test('loads each of the list once where they fit', async () => {
    const { ollama, pass } = setUp({ room: 2 });
    await pass(10 * MINUTE);
    expect(ollama.loads).toEqual(['a:latest', 'b:latest']);
    expect(notices.size).toBe(0);
  });

  test('two that do not fit together are not loaded in turn for ever, and that is said once', async () => {
    const { ollama, pass } = setUp({ room: 1 });
    await pass(14 * MINUTE);
    expect(ollama.loads).toEqual(['a:latest', 'b:latest']);
    expect([...notices.values()]).toEqual([
      'a:latest and b:latest do not fit into memory together: when b:latest was loaded, Ollama unloaded a:latest.',
    ]);
    await pass(6 * 60 * MINUTE);
    // Once the second had run out there was room for the first, and then its time ran out too.
    expect(ollama.loads).toEqual(['a:latest', 'b:latest', 'a:latest']);
    expect(notices.size).toBe(1);
  });

  test('three of which two fit: the third stays out', async () => {
    const { ollama, pass } = setUp({ room: 2, preload: ['a:latest', 'b:latest', 'c:latest'] });
    await pass(10 * MINUTE);
    expect(ollama.loads).toEqual(['a:latest', 'b:latest', 'c:latest']);
    expect(notices.size).toBe(1);
  });

  test('what traffic of our own evicted stays out until no other model was used for minutes', async () => {
    const { ollama, pass } = setUp({ preload: ['a:latest'] });
    await pass(0);
    for (let i = 0; i < 20; i++) {
      await ollama.chat('c:latest');
      await pass(30_000);
    }
    expect(ollama.loads).toEqual(['a:latest', 'c:latest']);
    await pass(5 * MINUTE);
    expect(ollama.loads).toEqual(['a:latest', 'c:latest', 'a:latest']);
    expect(notices.size).toBe(0);
  });

  test('nor does it take memory from one who works past Hearth', async () => {
    const { ollama, pass } = setUp({ preload: ['a:latest'] });
    await pass(0);
    for (let i = 0; i < 20; i++) {
      ollama.direct('c:latest');
      await pass(30_000);
    }
    expect(ollama.loads).toEqual(['a:latest', 'c:latest']);
    await pass(5 * MINUTE);
    expect(ollama.names).toEqual(['a:latest']);
  });

  test('a model that somebody pinned is not pushed out', async () => {
    const { ollama, pass } = setUp({ preload: ['a:latest'] });
    await pass(0);
    ollama.direct('c:latest', -1);
    await pass(60 * MINUTE);
    expect(ollama.loads).toEqual(['a:latest', 'c:latest']);
    expect(ollama.names).toEqual(['c:latest']);
  });

  test('beside a pinned one it comes back where both were in memory before', async () => {
    const { ollama, pass } = setUp({ room: 2, preload: ['a:latest'] });
    await pass(0);
    ollama.direct('c:latest', -1);
    await pass(0);
    ollama.forget('a:latest');
    await pass(6 * MINUTE);
    expect(ollama.names).toEqual(['a:latest', 'c:latest']);
  });

  test('what somebody unloaded comes back at once, when nothing else is in use', async () => {
    const { ollama, pass } = setUp({ room: 2 });
    await pass(MINUTE);
    ollama.forget('a:latest');
    await pass(0);
    expect(ollama.loads).toEqual(['a:latest', 'b:latest', 'a:latest']);
  });

  test('what people unload by Hearth stays out until somebody uses it', async () => {
    const { ollama, pass } = setUp({ room: 2 });
    await pass(MINUTE);
    const freed = await act(ollama.parts, { action: 'unload_idle', data: {} }, { watcher: LOCAL, signal: life.signal });
    expect(freed).toMatchObject({ unloaded: ['a:latest', 'b:latest'], in_use: [] });
    await pass(20 * MINUTE);
    expect(ollama.loads).toEqual(['a:latest', 'b:latest']);
    await ollama.chat('a:latest');
    ollama.forget('a:latest');
    await pass(0);
    expect(ollama.loads).toEqual(['a:latest', 'b:latest', 'a:latest', 'a:latest']);
  });

  test('what left because its time was up stays out', async () => {
    const { ollama, pass } = setUp({ preload: ['a:latest'] });
    await pass(120 * MINUTE);
    expect(ollama.loads).toEqual(['a:latest']);
    expect(ollama.names).toEqual([]);
  });

  test('nor at the start from one who was there first', async () => {
    const { ollama, pass } = setUp({ preload: ['a:latest'] });
    await ollama.chat('c:latest');
    await pass(MINUTE);
    expect(ollama.loads).toEqual(['c:latest']);
    await pass(5 * MINUTE);
    expect(ollama.names).toEqual(['a:latest']);
  });

  test('of what was in memory before the start nobody knows whether it is in use', async () => {
    const { ollama, pass } = setUp({ room: 2, preload: ['a:latest'] });
    ollama.direct('c:latest', -1);
    await pass(0);
    expect(ollama.names).toEqual(['a:latest', 'c:latest']);
  });

  test('after Ollama was away it begins anew, whatever was in use before', async () => {
    const { ollama, pass } = setUp({ room: 2, preload: ['a:latest'] });
    await pass(0);
    await ollama.chat('c:latest');
    ollama.status = 'down';
    await pass(0);
    ollama.forget('a:latest', 'c:latest');
    ollama.status = 'up';
    await pass(0);
    expect(ollama.names).toEqual(['a:latest']);
  });

  test('but not when it was away for a moment alone, and nothing had left its memory', async () => {
    const { ollama, pass } = setUp({ preload: ['a:latest'] });
    await pass(0);
    await ollama.chat('c:latest');
    ollama.status = 'down';
    await pass(0);
    ollama.status = 'up';
    await pass(MINUTE);
    expect(ollama.names).toEqual(['c:latest']);
  });

  test('two names of one model are loaded once', async () => {
    const [a] = models('a:latest');
    const alias = { ...models('alias:latest')[0], digest: a?.digest };
    const { ollama, pass } = setUp({ models: [a, alias] as never, preload: ['a:latest', 'alias:latest'] });
    await pass(10 * MINUTE);
    expect(ollama.loads).toEqual(['a:latest']);
    expect(notices.size).toBe(0);
  });

  test('nor are two manifests whose weights are one file', async () => {
    const modelfile = { parameters: new Map(), weights: 'blob' };
    const { ollama, pass } = setUp({ modelfiles: { 'a:latest': modelfile, 'b:latest': modelfile } });
    await pass(10 * MINUTE);
    expect(ollama.loads).toEqual(['a:latest']);
  });

  test('a load that fails is tried again after a pause that grows', async () => {
    const { ollama, pass } = setUp({ preload: ['a:latest'] });
    ollama.failing.add('a:latest');
    await pass(10 * MINUTE);
    expect(warned).toBe(4); // at 0, 1, 3 and 7 minutes
    ollama.failing.clear();
    await pass(6 * MINUTE);
    expect(ollama.names).toEqual(['a:latest']);
  });

  test('nothing is loaded while somebody runs or the queue is paused', async () => {
    const { ollama, pass } = setUp({ preload: ['a:latest'] });
    const { queue } = ollama.parts;
    const wish = { lane: 'chat', runner: 'x', model: 'x', caller: 'x' } as const;
    const more = { urgency: () => atPriority(), expectedMs: () => 0, onWaiting: () => undefined };
    const lease = await queue.enter({ ...wish, ...more }, life.signal).lease;
    await pass(MINUTE);
    lease.release();
    queue.pause();
    await pass(MINUTE);
    expect(ollama.loads).toEqual([]);
    queue.resume();
    await pass(0);
    expect(ollama.loads).toEqual(['a:latest']);
  });

  test('a name that is not installed is said, and hinders no other', async () => {
    const { ollama, pass } = setUp({ preload: ['nope:latest', 'a:latest'] });
    await pass(0);
    expect(ollama.loads).toEqual(['a:latest']);
    expect(warned).toBe(1);
  });
});

describe('what was in memory when Ollama was started anew', () => {
  const away = async ({ ollama, pass }: ReturnType<typeof setUp>): Promise<void> => {
    await pass(0);
    ollama.status = 'down';
    await pass(0);
    ollama.forget('a:latest', 'b:latest', 'c:latest');
    ollama.status = 'up';
  };

  test('comes back, each once, and what somebody unloads then stays out', async () => {
    const world = setUp({ room: 2, preload: [] });
    await world.ollama.chat('a:latest', 3600);
    await world.ollama.chat('b:latest', 3600);
    await away(world);
    await world.pass(0);
    expect(world.ollama.names).toEqual(['a:latest', 'b:latest']);
    expect(world.ollama.loads).toHaveLength(4);
    world.ollama.forget('a:latest');
    await world.pass(10 * MINUTE);
    expect(world.ollama.names).toEqual(['b:latest']);
  });

  test('stays out where another model was loaded before it, or its time had come', async () => {
    const world = setUp({ room: 1, preload: [] });
    await world.ollama.chat('a:latest', 3600);
    await away(world);
    await world.ollama.chat('b:latest', 60);
    await world.pass(10 * MINUTE);
    expect(world.ollama.names).toEqual([]);
    await world.ollama.chat('a:latest', 120);
    await world.pass(0);
    world.ollama.status = 'down';
    await world.pass(5 * MINUTE);
    world.ollama.status = 'up';
    await world.pass(MINUTE);
    expect(world.ollama.names).toEqual([]);
  });
});

describe('keep warm', () => {
  test('renews what is in memory before its time is up, and loads nothing', async () => {
    const { ollama, pass } = setUp({ room: 2, preload: ['a:latest'], warm: true });
    await ollama.chat('c:latest');
    await pass(120 * MINUTE);
    expect(ollama.names).toEqual(['a:latest', 'c:latest']);
    expect(ollama.loads.toSorted()).toEqual(['a:latest', 'c:latest']);
    // No oftener than needed: three times in the 15 minutes of ollama.keep_alive at most.
    expect(ollama.said.length).toBeLessThan(2 * 3 * 8);
  });

  test('a model that is not in memory is left out', async () => {
    const { ollama, pass } = setUp({ preload: [], warm: true });
    await pass(60 * MINUTE);
    expect(ollama.loads).toEqual([]);
  });
});

test('stopping ends it without a word', async () => {
  const { ollama, warmer } = setUp({});
  const stop = AbortSignal.abort(new AppError('shutting_down', 'Hearth has stopped.'));
  warmer.check(stop);
  await settled();
  expect([ollama.loads, warned]).toEqual([[], 0]);
});
