// What is known of Ollama's memory: which runners are in it, which fit together, and who leaves for another one. Ollama
// tells how much each takes and never how much there is, so that is learned from what was seen.
import { beforeEach, describe, expect, test } from 'vitest';
import type { LoadedModel } from '../../../../backend/core/ports.ts';
import { config, loaded, runner, standingWatch } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';
import { memory, type Memory } from '../../../support/model-memory.ts';

/** In bytes of the GPU's memory. */
const SIZES: Readonly<Record<string, number>> = { a: 4, b: 3, c: 2, d: 9 };
const FOREVER = Number.MAX_SAFE_INTEGER;

let clock: ManualClock;
let list: LoadedModel[];
let core: Memory;
beforeEach(() => {
  clock = new ManualClock();
  list = [];
  core = memory({
    clock,
    watch: { ...standingWatch(), get state() { return standingWatch({ loaded: list }).state; } }, // prettier-ignore
    upstream: {
      load: async ({ model }) => {
        list = [loaded(model)];
      },
    },
    config: () => config({ ollama: { keep_alive: '5m', preload: ['c'], model: 'd', keep_warm: true } }),
  });
});

const keyOf = (name: string): string => runner({ model: name }).key;
const nameOf = (key: string): string => /digest of (\w+)/.exec(key)?.[1] ?? key;

/** Ollama lists these, as letters. */
function lists(names: string, over: Partial<LoadedModel> = {}): void {
  const until = clock.now() + 300_000;
  list = [...names].map((name) => {
    const size = SIZES[name] ?? 1;
    return loaded(name, { size, size_vram: size, expires_at: until, ...over });
  });
  core.residency.reconcile(list);
  core.known.look(list);
}

/** A request of somebody ran on it, with a keep_alive of so many seconds. */
function use(name: string, seconds = 300): void {
  core.residency.used(runner({ model: name }), seconds);
}

const inMemory = (): string => [...(core.known.facts?.runners ?? [])].map(nameOf).toSorted().join('');
/** Who leaves for this one, in which order. */
const leave = (name: string): string =>
  [...(core.known.facts?.leavers(keyOf(name), core.known.facts.runners) ?? [])].map(nameOf).join('');

describe('who is in memory', () => {
  test('nothing is known before anything was listed', () => {
    expect(core.known.facts).toBeUndefined();
  });

  test('those that Ollama lists, whoever loaded them', () => {
    lists('ab');
    expect(inMemory()).toBe('ab');
    use('a');
    expect(inMemory()).toBe('ab');
    lists('b');
    expect(inMemory()).toBe('ab');
    // A list may be a little older than the last use.
    clock.pass(5001);
    lists('b');
    expect(inMemory()).toBe('b');
  });

  test('not one whose time is over, though the list is of before', () => {
    lists('ab');
    use('a', 10);
    clock.pass(10_000);
    expect(inMemory()).toBe('b');
  });

  test('not one that somebody loaded anew with another context', () => {
    const key = runner({ model: 'a', options: { num_ctx: 8192 } }).key;
    use('a');
    core.residency.used(runner({ model: 'a', options: { num_ctx: 8192 } }), 300);
    clock.pass(5001);
    lists('a', { context_length: 8192 });
    expect([...(core.known.facts?.runners ?? [])]).toEqual([key]);
    lists('a', { context_length: 4096 });
    expect([...(core.known.facts?.runners ?? [])]).not.toContain(key);
  });

  test('a load that pushed one out is known as soon as it has ended', async () => {
    use('a');
    lists('a');
    clock.pass(1);
    const demand = { wants: () => false, unwanted: () => Promise.resolve() };
    await core.residency.ensure(runner({ model: 'b' }), 300, demand, new AbortController().signal);
    expect(inMemory()).toBe('b');
  });
});

describe('who leaves for another one', () => {
  test('all, as long as nothing was seen together', () => {
    lists('a');
    lists('b');
    lists('a');
    expect(leave('b')).toBe('a');
  });

  test('nobody, of those that were seen together', () => {
    lists('ab');
    lists('a');
    expect(leave('b')).toBe('');
  });

  test('nobody for what needs no more than what was seen together', () => {
    lists('c');
    lists('ab');
    lists('a');
    expect(leave('c')).toBe('');
  });

  test('all for one whose size is not known', () => {
    lists('ab');
    expect(leave('d')).toHaveLength(2);
  });

  test('first the one with the shortest keep_alive, and no more than must', () => {
    lists('c');
    lists('ab');
    use('a', 600);
    use('b', 300);
    expect(leave('c')).toBe('b');
    use('a', 60);
    expect(leave('c')).toBe('a');
  });

  test('all, when what is in memory is not wholly in that of the GPU', () => {
    lists('ab', { size: 8, size_vram: 3 });
    lists('a', { size: 8, size_vram: 3 });
    expect(leave('b')).toBe('a');
    lists('ab', { size: 8, size_vram: 0 });
    lists('a', { size: 8, size_vram: 0 });
    expect(leave('b')).toBe('a');
  });

  test('another form of the same model in any case', () => {
    lists('ab');
    lists('a');
    const other = runner({ model: 'a', options: { num_ctx: 8192 } }).key;
    expect(core.known.facts?.leavers(other, new Set([keyOf('a')]))).toEqual([keyOf('a')]);
  });

  test('where something fitted and does not any more, what was seen before counts no more', () => {
    lists('ab');
    lists('a');
    expect(leave('b')).toBe('');
    lists('b');
    expect(leave('a')).toBe('b');
    // It is learned anew.
    lists('ab');
    lists('a');
    expect(leave('b')).toBe('');
  });

  test('one that left because its time was over does not count', () => {
    lists('ab');
    lists('a', { expires_at: 0 });
    lists('b');
    expect(leave('a')).toBe('');
  });

  test('after Ollama was away all is learned anew', () => {
    lists('ab');
    lists('a');
    core.known.forget();
    expect(leave('b')).toBe('a');
  });
});

describe('who is to stay', () => {
  const kept = (): string => [...(core.known.facts?.kept ?? [])].map(nameOf).toSorted().join('');

  test('what is pinned, on the preload list, or the default model', () => {
    lists('abcd');
    expect(kept()).toBe('cd');
    lists('ab', { expires_at: FOREVER });
    expect(kept()).toBe('ab');
  });
});
