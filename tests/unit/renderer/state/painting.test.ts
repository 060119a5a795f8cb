// When the window is painted: states at once, figures that merely moved with the next full second, nothing after its end.
import { describe, expect, test } from 'vitest';
import type { Push, View } from '../../../../backend/contract/window/desktop.ts';
import { newsOf, reduce, Store, type Picture } from '../../../../renderer/state/store.ts';
import { downloading, liveView, loadedModel, queueEntry, type LiveChange } from '../../../support/live-view.ts';
import { view } from '../../../support/page/views.ts';

const live = (change: LiveChange = {}): View['live'] => liveView(change);
const FIRST = view({ live: liveView() });

/** A store whose seconds are passed by hand. */
function stage() {
  const painted: Picture[] = [];
  let now = 1000;
  const ticks = new Set<() => void>();
  const store = new Store(
    {
      now: () => now,
      everySecond(tick) {
        ticks.add(tick);
        return () => ticks.delete(tick);
      },
    },
    (picture) => painted.push(picture),
  );
  const second = (): void => {
    now += 1000;
    for (const tick of ticks) tick();
  };
  return { store, painted, second, ticking: () => ticks.size };
}

describe('a push', () => {
  test('replaces its topics whole and leaves the others', () => {
    const app = { ...FIRST.app, version: '2.0.0' };
    const after = reduce(FIRST, { app, live: null });
    expect(after).toEqual({ ...FIRST, app, live: null });
    expect(FIRST.app.version).toBe('1.3.2');
  });

  const figures: readonly (readonly [string, LiveChange])[] = [
    ['more answers from the cache', { hits: 9 }],
    ['more tokens', { running: [queueEntry({ tokens: 99, age_ms: 5000, tokens_per_s: 40 })] }],
    ['another latency', { upstream: { latency_ms: 9 } }],
  ];
  const quiet = view({ live: liveView({ running: [queueEntry()] }) });
  test.each(figures)('with %s alone can wait', (_name, change) => {
    expect(newsOf(quiet, { live: live({ running: [queueEntry()], ...change }) })).toBe('figures');
  });

  const states: readonly (readonly [string, LiveChange])[] = [
    ['a pause', { paused: true }],
    ['Ollama gone', { upstream: { state: 'down', reachable: false } }],
    ['another default model', { upstream: { model: 'other' } }],
    ['a missing model', { upstream: { model_available: false } }],
    ['another health', { status: 'degraded' }],
    ['an unloaded model', { models: [loadedModel('llama3.2', false), loadedModel('deepseek-r1:8b', false)] }],
    ['a download that begins', { pulls: [downloading('qwen3:8b')] }],
    ['a new model', { models: [loadedModel('llama3.2', true)] }],
  ];
  test.each(states)('with %s cannot wait', (_name, change) => {
    expect(newsOf(quiet, { live: live({ running: [queueEntry()], ...change }) })).toBe('state');
  });

  const lines: readonly (readonly [string, LiveChange])[] = [
    ['a request that begins', { running: [queueEntry(), queueEntry({ request_id: 'r1' })] }],
    ['a request that ends', { running: [] }],
    ['a request that got its model', { running: [queueEntry({ phase: 'loading' })] }],
    ['a request that waits', { waiting: [queueEntry({ request_id: 'w1', queue_position: 1 })] }],
  ];
  test.each(lines)('with %s has news of the line', (_name, change) => {
    expect(newsOf(quiet, { live: live({ running: [queueEntry()], ...change }) })).toBe('line');
  });

  test('with another position in the line has news of it', () => {
    const at = (queue_position: number) => liveView({ waiting: [queueEntry({ queue_position })] });
    expect(newsOf(view({ live: at(2) }), { live: at(1) })).toBe('line');
  });

  test('of any topic but figures cannot wait', () => {
    expect(newsOf(FIRST, { live: null })).toBe('state');
    const others: Push[] = [{ notices: [] }, { app: FIRST.app }, { gateway: FIRST.gateway }, { settings: FIRST.settings }, { go: FIRST.go }]; // prettier-ignore
    for (const push of others) expect(newsOf(FIRST, push)).toBe('state');
  });
});

describe('the window', () => {
  test('is painted at its first view, at each state, and with each full second', () => {
    const { store, painted, second } = stage();
    store.begin(FIRST);
    expect(painted).toEqual([{ view: FIRST, now: 1000 }]);
    store.push({ live: live({ hits: 9 }) });
    expect(painted).toHaveLength(1);
    second();
    expect(painted[1]).toMatchObject({ now: 2000, view: { live: { stats: { response_cache: { hits: 9 } } } } });
    store.push({ live: live({ hits: 9, paused: true }) });
    expect(painted).toHaveLength(3);
  });

  test('paints a line without a pause once a second, but a state, and what was done here, at once', () => {
    const { store, painted, second } = stage();
    store.begin(FIRST);
    let ids = 0;
    const moved = (more: LiveChange = {}): number => {
      painted.length = 0;
      for (let i = 0; i < 4; i++)
        store.push({ live: live({ running: [queueEntry({ request_id: `r${ids++}` })], ...more }) });
      return painted.length;
    };
    expect(moved()).toBe(4);
    expect(moved()).toBe(0);
    expect(moved({ paused: true })).toBe(1);
    second();
    expect(painted.at(-1)).toMatchObject({
      now: 2000,
      view: { live: { queue: { running: [{ request_id: `r${ids - 1}` }] } } },
    });
    expect(moved({ paused: true })).toBe(0);
    store.hurry();
    expect(moved({ paused: true })).toBe(4);
    // After a second in which nobody came and nobody left.
    second();
    second();
    expect(moved({ paused: true })).toBe(4);
  });

  test('paints a waiting figure with the state that comes after it', () => {
    const { store, painted } = stage();
    store.begin(FIRST);
    store.push({ live: live({ hits: 9 }) });
    store.push({ notices: [] });
    expect(painted.at(-1)).toMatchObject({ view: { live: { stats: { response_cache: { hits: 9 } } } } });
  });

  test('takes nothing before its first view, and paints nothing after its end', () => {
    const { store, painted, second, ticking } = stage();
    store.push({ live: null });
    second();
    expect(painted).toEqual([]);
    store.begin(FIRST);
    store.end();
    store.push({ live: null });
    second();
    expect(painted).toHaveLength(1);
    expect(ticking()).toBe(0);
  });

  test('counts its seconds once, however often it begins', () => {
    const { store, ticking } = stage();
    store.begin(FIRST);
    store.begin(FIRST);
    expect(ticking()).toBe(1);
    store.end();
    store.end();
    store.begin(FIRST);
    expect(ticking()).toBe(1);
  });
});
