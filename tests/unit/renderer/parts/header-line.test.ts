// What the header says in every state: the sentence, the second line, the one next step, the mark, and the fire line.
import { describe, expect, test } from 'vitest';
import type { ModelView } from '../../../../backend/contract/views/control.ts';
import type { View } from '../../../../backend/contract/window/desktop.ts';
import { hostOf, isHere } from '../../../../renderer/parts/host.ts';
import { mainModel } from '../../../../renderer/parts/main-model.ts';
import { headerOf } from '../../../../renderer/parts/status.ts';
import { THIN } from '../../../../renderer/parts/words.ts';
import { liveView, loadedModel, queueEntry, type LiveChange } from '../../../support/live-view.ts';
import { settings, STATES, view, waiting } from '../../../support/page/views.ts';

/** When the figures of `liveView` were taken, so that nothing is stale. */
const NOW = Date.parse(liveView().stats.timestamp);
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();

const warm: ModelView = { ...loadedModel('llama3.2', true), expires_at: at(450), load_ms: 3000 };
const cold: ModelView = { ...loadedModel('llama3.2', false), load_ms: 3000 };
const run = queueEntry({ model: 'llama3.2' });

/** The header with its spaces made plain. */
function header(of: View, now = NOW) {
  const found = headerOf(of, now);
  const plain = (text: string): string => text.replaceAll(THIN, ' ');
  return { ...found, line: plain(found.line), more: plain(found.more), fire: plain(found.fire) };
}
function running(change: LiveChange = {}, set: Record<string, unknown> = {}) {
  const values = { ...settings().values, 'ollama.keep_alive': '15m', ...set };
  return header(view({ live: liveView({ models: [warm], ...change }), settings: { values } }));
}
const idle = (gateway: Partial<View['gateway']>, now = NOW) => header(view({ gateway, live: null }), now);

describe('while the gateway does not run', () => {
  test.each([
    ['stopped', 'Gateway is stopped', 'Start', true],
    ['starting', 'Starting', 'Starting', false],
    ['draining', 'Stopping', 'Stopping', false],
    ['failed', 'Gateway is stopped', 'Start', true],
    // Its first figures are still on their way.
    ['running', 'Starting', 'Starting', false],
  ] as const)('and is %s, it says so: %s', (state, line, label, can) => {
    const said = idle({ state });
    expect(said).toMatchObject({ state: 'stopped', mark: 'stopped', line, left: 0, button: { label } });
    expect(said.button?.step !== undefined).toBe(can);
  });

  const taken = (hearth: boolean): View['gateway']['failure'] => ({
    kind: 'port_taken',
    port: 8080,
    holder: { hearth },
    next_port: 8081,
  });
  test('because its port is taken, it says by whom', () => {
    expect(idle({ state: 'failed', failure: taken(true) })).toMatchObject({
      line: 'Port 8080 is taken',
      more: 'Another Hearth answers there',
      button: { label: 'Try again', step: { command: 'start_gateway', input: {} } },
    });
    expect(idle({ state: 'failed', failure: taken(false) }).more).toBe('By another program');
  });

  test('and tries again, the last failure is not held against it', () => {
    expect(idle({ state: 'starting', failure: taken(true) }).line).toBe('Starting');
  });

  test('because it crashed, it counts down, says how often, and leads to the log', () => {
    const crashed = (times_today: number) => ({
      state: 'failed' as const,
      failure: { kind: 'crashed' as const, sentence: 'x', restarts_at: at(4), times_today },
    });
    expect(idle(crashed(1))).toMatchObject({
      line: 'Restarting in 4 s',
      more: 'It ended by itself',
      say: 'The gateway ended by itself and restarts',
      button: { step: { command: 'open', input: { what: 'logs' } } },
    });
    expect(idle(crashed(3)).more).toBe('It ended by itself, third time today');
    expect(idle(crashed(1), NOW + 3600).line).toBe('Restarting');
    expect(idle(crashed(1), NOW + 9000).line).toBe('Restarting');
  });

  test('for any other reason, it quotes it', () => {
    const failure = { kind: 'other', sentence: 'The address 10.0.0.9 is not one of this machine.' } as const;
    expect(idle({ state: 'failed', failure })).toMatchObject({
      line: 'Gateway could not start',
      more: failure.sentence,
      button: { label: 'Start' },
    });
  });
});

describe('while it runs, the first of these that is so', () => {
  /** From the worst to the best; each has all that come after it, too. */
  const stuck = { ...run, silent_ms: 250_000 };
  const away = { state: 'down', reachable: false } as const;
  const missing = { model: 'gone', model_available: false };
  test.each([
    ['Ollama is down', { upstream: { ...away, ...missing }, running: [stuck], paused: true }, 'Ollama is not running'],
    ['Ollama is not known yet', { upstream: { state: 'unknown', ...missing }, running: [stuck] }, 'Looking for Ollama'],
    ['a run hangs', { upstream: missing, running: [stuck], paused: true }, 'No progress for 4 min 10 s'],
    ['it is paused', { upstream: missing, running: [run], paused: true }, 'Paused, 1 running'],
    ['the default model is missing', { upstream: missing, running: [run] }, 'gone is not installed'],
    ['the model works', { running: [run] }, 'Answering 1'],
    ['a model is warm', {}, 'Ready'],
  ] as const)('%s', (_name, change, line) => {
    expect(running(change as unknown as LiveChange).line).toBe(line);
  });

  test('the queue is full, by the setting', () => {
    const change = { waiting: [waiting(1), waiting(2)], running: [run] };
    expect(running(change, { 'queue.max_queue_size': 2 })).toMatchObject({
      state: 'degraded',
      line: 'The queue is full: 2 wait',
      say: 'The queue is full',
      button: { step: { tab: 'queue' } },
    });
    expect(running(change, { 'queue.max_queue_size': 3 }).line).toBe('Answering 1, 2 waiting');
  });

  test('a hanging run is offered to be cancelled, that one', () => {
    const hangs = queueEntry({ request_id: 'it', silent_ms: 250_000 });
    expect(running({ running: [run, hangs] })).toMatchObject({
      mark: 'degraded',
      button: { label: 'Cancel it', step: { command: 'cancel', input: { request_id: 'it' } } },
    });
  });
});

describe('while it is paused', () => {
  test('it says what still runs and what waits, and leads back', () => {
    const resume = { label: 'Resume', primary: true, step: { command: 'pause', input: { paused: false } } };
    expect(running({ paused: true })).toMatchObject({ line: 'Paused', state: 'idle', mark: 'idle', button: resume });
    const both = running({ paused: true, running: [run], waiting: [waiting(1), waiting(2)] });
    expect(both).toMatchObject({ line: 'Paused, 1 running, 2 waiting', say: 'Paused', state: 'busy', mark: 'busy' });
    expect(running({ paused: true, models: [cold] }).mark).toBe('cold');
  });
});

describe('while the model works', () => {
  test('figures are seen and not read out', () => {
    const said = running({ running: [run, queueEntry({ request_id: 'b' })], waiting: [waiting(1)] });
    expect(said).toMatchObject({ line: 'Answering 2, 1 waiting', say: 'Answering', state: 'busy', left: 1 });
    expect(said.more).toBe('llama3.2 is warm');
  });

  test('a load says how long it takes, once that is known', () => {
    const loading = (seconds: number, models: ModelView[], others: LiveChange = {}) =>
      running({ running: [queueEntry({ phase: 'loading', started_at: at(-seconds) })], models, ...others });
    expect(loading(1, [cold])).toMatchObject({ line: 'Loading llama3.2', more: 'About 2 s left', left: undefined, fire: 'Loading' }); // prettier-ignore
    expect(loading(1, [cold], { waiting: [waiting(1)] }).more).toBe('About 2 s left, 1 waiting');
    expect(loading(4, [cold]).more).toBe('Longer than usual');
    expect(loading(1, []).more).toBe('Its first answer waits for it');
    expect(loading(1, [{ ...cold, name: 'llama3.2:latest' }]).more).toBe('About 2 s left');
  });

  test('a load beside an answer is not the headline', () => {
    const load = queueEntry({ request_id: 'b', model: 'other', phase: 'loading' });
    expect(running({ running: [run, load] }).line).toBe('Answering 2');
  });
});

describe('a warm-up', () => {
  const loading = (over: Partial<ModelView> = {}): ModelView => ({ ...cold, loading_ms: 1000, ...over });

  test('is said to load, with what is left, and offers no second one', () => {
    expect(running({ models: [loading()] })).toMatchObject({
      state: 'busy',
      line: 'Loading llama3.2',
      more: 'About 2 s left',
      left: undefined,
      button: { label: 'Pause' },
    });
    expect(running({ models: [loading({ loading_ms: 9000 })] }).more).toBe('Longer than usual');
    expect(running({ models: [loading({ load_ms: null })] }).more).toBe('Nobody waits for it');
  });

  test('is not said to answer anybody, though it holds a slot', () => {
    const live = liveView({ models: [loading()] });
    const held = { ...live, health: { ...live.health, queue: { ...live.health.queue, running: 1 } } };
    expect(header(view({ live: held })).line).toBe('Loading llama3.2');
  });
});

describe('at rest', () => {
  test('a warm model is named with the time it has left', () => {
    expect(running()).toMatchObject({
      state: 'idle',
      mark: 'idle',
      line: 'Ready',
      more: 'llama3.2 is warm for 8 min',
      button: { label: 'Pause', step: { command: 'pause', input: { paused: true } } },
    });
  });

  test('one that is kept warm has no time left to tell', () => {
    expect(running({}, { 'ollama.keep_warm': true }).more).toBe('llama3.2 stays warm');
    expect(running({ models: [{ ...warm, expires_at: '2318-01-01T00:00:00Z' }] })).toMatchObject({
      more: 'llama3.2 stays warm',
      left: 1,
      fire: 'llama3.2 stays warm',
    });
  });

  test('with nothing loaded it says what the first answer costs, and offers to warm', () => {
    const warmIt = { label: 'Warm', step: { command: 'act', input: { action: 'warm_model', data: {} } } };
    expect(running({ models: [cold] })).toMatchObject({
      mark: 'cold',
      line: 'Ready, no model loaded',
      more: 'The first answer starts about 3 s later',
      left: 0,
      fire: 'No model is warm',
      button: warmIt,
    });
    expect(running({ models: [{ ...cold, load_ms: null }] }).more).toBe('The first request loads one');
  });
});

describe('the fire line', () => {
  test('burns down with the keep-alive and is full while the model works', () => {
    expect(running()).toMatchObject({ left: 0.5, fire: 'llama3.2 stays warm for 8 minutes' });
    expect(running({ running: [run] })).toMatchObject({ left: 1, fire: 'llama3.2 stays warm for 15 minutes' });
    expect(running({ running: [queueEntry({ model: 'other' })] }).left).toBe(0.5);
    expect(running({ models: [{ ...warm, expires_at: at(40) }] }).fire).toBe(
      'llama3.2 stays warm for less than a minute',
    );
    expect(running({ models: [{ ...warm, expires_at: at(60) }] }).fire).toBe('llama3.2 stays warm for 1 minute');
  });

  test('is full while the model works whose name was spelled otherwise', () => {
    const models = [{ ...warm, name: 'llama3.2:latest' }];
    expect(running({ models, running: [run] }).left).toBe(1);
  });

  test('is out while Ollama is down, whatever was loaded before', () => {
    expect(running({ upstream: { state: 'down', reachable: false } }).left).toBe(0);
  });

  test('never leaves its bounds', () => {
    expect(running({}, { 'ollama.keep_alive': '1m' }).left).toBe(1);
    expect(running({ models: [{ ...warm, expires_at: at(-9) }] }).left).toBe(0);
  });
});

describe('the model that the window speaks of', () => {
  const other = loadedModel('other', true);
  const main = (models: ModelView[], model = 'llama3.2') => mainModel(liveView({ models, upstream: { model } }))?.name;

  test('is the default when it is loaded, else whichever is, else the default', () => {
    expect(main([other, warm])).toBe('llama3.2');
    expect(main([cold, other])).toBe('other');
    expect(main([loadedModel('other', false), cold])).toBe('llama3.2');
    expect(main([loadedModel('other', false)])).toBeUndefined();
  });

  test('is found however its name is spelled', () => {
    expect(main([other, { ...warm, name: 'llama3.2:latest' }])).toBe('llama3.2:latest');
    expect(main([other, { ...warm, name: 'llama3.2:latest' }], 'Llama3.2')).toBe('llama3.2:latest');
  });
});

test.each(Object.keys(STATES))('%s: one sentence, a fire within bounds, and a button that leads somewhere', (name) => {
  const said = header(STATES[name]?.() ?? view(), Date.now());
  expect(said.line).toMatch(/^[A-Za-z].*[^.!\s]$/);
  expect(said.line).not.toMatch(/undefined|NaN|null/);
  expect(`${said.more}${said.fire}`).not.toMatch(/undefined|NaN|null/);
  if (said.left !== undefined) expect(said.left >= 0 && said.left <= 1).toBe(true);
  // Only while something is under way is there nothing to press.
  if (said.button?.step === undefined) expect(said.button?.label).toMatch(/ing$/);
});

test.each([
  ['http://127.0.0.1:11434', '127.0.0.1:11434', true],
  ['http://localhost', 'localhost', true],
  ['http://[::1]:11434/', '[::1]:11434', true],
  ['http://127.8.9.1:1', '127.8.9.1:1', true],
  ['https://ollama.example.com/x', 'ollama.example.com', false],
  ['http://localhost.example.com', 'localhost.example.com', false],
  ['http://127.0.0.1.example.com', '127.0.0.1.example.com', false],
  ['not an address', 'not an address', false],
])('%s is known as %s; on this machine: %s', (url, host, here) => {
  expect([hostOf(url), isHere(hostOf(url))]).toEqual([host, here]);
});
