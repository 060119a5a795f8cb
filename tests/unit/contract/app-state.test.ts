// One truth for the state of the app: for every state what stands in the arch, and what tray, tooltip and header call it.
import { describe, expect, test } from 'vitest';
import { lookOf, stateOf, type AppState, type Look } from '../../../backend/contract/views/app-state.ts';
import type { GatewayView, LiveView } from '../../../backend/contract/window/desktop.ts';
import { trayModel } from '../../../main/tray/tray-model.ts';
import { headerOf } from '../../../renderer/parts/status.ts';
import { THIN } from '../../../renderer/parts/words.ts';
import { liveView, loadedModel, queueEntry, type LiveChange } from '../../support/live-view.ts';
import { settings, view } from '../../support/page/views.ts';

const NOW = Date.parse(liveView().stats.timestamp);
const PLACES = 2;

/** What each of them says of one and the same view. */
function said(gateway: Partial<GatewayView>, live: LiveView) {
  const values = { ...settings().values, 'queue.max_queue_size': PLACES };
  const whole = view({ gateway, live, settings: { values } });
  const shown = { gateway: whole.gateway, live, places: PLACES, stuckAfterS: 180, now: NOW };
  const tray = trayModel({
    ...shown,
    model: 'llama3.2',
    notices: [],
    keys: '',
    ageStep: 1000,
    startAtLogin: { on: false, locked: false },
  });
  const header = headerOf(whole, NOW);
  const [first] = tray.menu;
  return {
    state: stateOf(shown, NOW),
    icon: tray.icon,
    look: header.state,
    label: first !== undefined && 'label' in first ? first.label : '',
    tooltip: tray.tooltip,
    line: header.line.replaceAll(THIN, ' '),
    badge: header.badge,
  };
}

const run = queueEntry();
const waits = (n: number) => Array.from({ length: n }, (_, i) => queueEntry({ request_id: `w${i}`, status: 'queued' }));
const COLD = [loadedModel('llama3.2', false)];
const down = (more: LiveChange['upstream'] = {}): LiveChange => ({
  status: 'unhealthy',
  upstream: { state: 'down', reachable: false, ...more },
});
const failure = (kind: 'port_taken' | 'crashed' | 'other'): Partial<GatewayView> => ({
  state: 'failed',
  failure:
    kind === 'port_taken'
      ? { kind, port: 8080, holder: { hearth: false }, next_port: 8081 }
      : kind === 'crashed'
        ? { kind, sentence: 'why', restarts_at: new Date(NOW + 4000).toISOString(), times_today: 1 }
        : { kind, sentence: 'why' },
});

type Row = readonly [AppState['is'], Look, label: string, line: string, LiveChange];

describe('while the gateway runs', () => {
  test.each<Row>([
    ['looking', 'idle', 'Looking for Ollama', 'Looking for Ollama', { upstream: { state: 'unknown', reachable: false }, status: 'unhealthy' }],
    ['ollama_down', 'degraded', 'Ollama is not running', 'Ollama is not running', down()],
    ['ollama_down', 'degraded', 'Ollama wants a key', 'Ollama wants a key', down({ code: 'upstream_unauthorized' })],
    ['ollama_down', 'degraded', 'No Ollama at its address', 'No Ollama at 127.0.0.1:11434', down({ foreign: true })],
    ['stuck', 'degraded', 'One answer makes no progress', 'No progress for 4 min 10 s', { running: [queueEntry({ silent_ms: 250_000 })] }],
    ['paused', 'idle', 'Paused', 'Paused', { paused: true }],
    ['paused', 'busy', 'Paused, 1 waiting', 'Paused, 1 running, 1 waiting', { paused: true, running: [run], waiting: waits(1) }],
    ['replaying', 'idle', 'Replaying a recording', 'Replaying a recording', { mode: 'replay', models: [], upstream: { model_loaded: false } }],
    ['paused', 'idle', 'Paused', 'Paused', { mode: 'replay', paused: true }],
    ['model_missing', 'degraded', 'llama3.2 is not installed', 'llama3.2 is not installed', { upstream: { model_available: false }, status: 'degraded' }],
    ['full', 'degraded', 'The queue is full: 2 wait', 'The queue is full: 2 wait', { running: [run], waiting: waits(2), status: 'degraded' }],
    ['loading', 'busy', 'Loading llama3.2: curl, 0 s', 'Loading llama3.2', { running: [queueEntry({ phase: 'loading' })], models: COLD, upstream: { model_loaded: false } }],
    ['loading', 'busy', 'Loading llama3.2', 'Loading llama3.2', { models: [{ ...loadedModel('llama3.2', false), loading_ms: 500 }] }],
    ['answering', 'busy', 'Answering: curl, 0 s', 'Answering 1', { running: [run] }],
    ['answering', 'busy', 'Answering: curl, 0 s', 'Answering 1, 1 waiting', { running: [run], waiting: waits(1) }],
    ['ready', 'idle', 'Ready, llama3.2 is warm', 'Ready', {}],
    ['ready', 'idle', 'Ready', 'Ready', { upstream: { model_loaded: false } }],
    ['ready', 'idle', 'Ready, no model loaded', 'Ready, no model loaded', { models: COLD, upstream: { model_loaded: false } }],
  ])('%s: the arch is %s, the tray says "%s", the header "%s"', (is, look, label, line, change) => {
    const all = said({}, liveView(change));
    expect(all).toMatchObject({ state: { is }, icon: look, look, label, line });
    expect(lookOf(all.state)).toBe(look);
  }); // prettier-ignore
});

describe('while it does not', () => {
  test.each<readonly [AppState['is'], label: string, line: string, Partial<GatewayView>]>([
    ['stopped', 'Gateway is stopped', 'Gateway is stopped', { state: 'stopped' }],
    ['stopped', 'Gateway is stopped', 'Gateway is stopped', { state: 'failed' }],
    ['starting', 'Starting', 'Starting', { state: 'starting' }],
    // Its first figures are still on their way.
    ['starting', 'Starting', 'Starting', { state: 'running' }],
    ['stopping', 'Stopping after the running answers', 'Stopping', { state: 'draining' }],
    ['failed', 'Port 8080 is taken', 'Port 8080 is taken', failure('port_taken')],
    ['failed', 'Restarting soon', 'Restarting in 4 s', failure('crashed')],
    ['failed', 'Gateway could not start', 'Gateway could not start', failure('other')],
  ])('%s: the arch is crossed out, the tray says "%s", the header "%s"', (is, label, line, gateway) => {
    const all = said(gateway, null);
    expect(all).toMatchObject({ state: { is }, icon: 'stopped', look: 'stopped', label, line });
    expect(all.tooltip).toBe(`Hearth: ${label}`);
  });
});

test('a mode other than live is told by the tray and the header, once by each', () => {
  const recording = said({}, liveView({ mode: 'record' }));
  expect([recording.tooltip, recording.badge]).toEqual([
    'llama3.2 warm · recording · 0 running · 0 queued',
    'Recording',
  ]);
  const replay = said({}, liveView({ mode: 'replay' }));
  expect([replay.tooltip, replay.line, replay.badge]).toEqual([
    'Replaying a recording · 0 running · 0 queued',
    'Replaying a recording',
    null,
  ]);
  const paused = said({}, liveView({ mode: 'replay', paused: true }));
  expect([paused.line, paused.badge]).toEqual(['Paused', 'Replay']);
  expect(said({}, liveView({})).badge).toBe(null);
});

test('a full queue is trouble in icon, label and tooltip alike', () => {
  const all = said({}, liveView({ running: [run], waiting: waits(2), status: 'degraded' }));
  expect(all.icon).toBe('degraded');
  expect([all.label, all.tooltip]).toEqual([
    'The queue is full: 2 wait',
    'The queue is full: 2 wait · 1 running · 2 queued',
  ]);
});

test('an Ollama that is looked at again is no trouble of its own', () => {
  // /health says degraded while the breaker is half open.
  const all = said({}, liveView({ status: 'degraded', running: [run], waiting: waits(1) }));
  expect(all).toMatchObject({ icon: 'busy', look: 'busy', label: 'Answering: curl, 0 s' });
});

test('a gateway that drains is stopping, although its figures still come', () => {
  expect(said({ state: 'draining' }, liveView({ running: [run] }))).toMatchObject({
    icon: 'stopped',
    look: 'stopped',
    tooltip: 'Hearth: Stopping after the running answers',
  });
});
