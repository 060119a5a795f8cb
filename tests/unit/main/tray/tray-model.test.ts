// The tray as a value: the tooltip, and a menu in which only what is valid now can be chosen. What icon and first line say in
// each state is in tests/unit/contract/app-state.test.ts.
import { describe, expect, test } from 'vitest';
import type { GatewayView } from '../../../../backend/contract/desktop.ts';
import { trayModel, type TrayEntry, type TrayState } from '../../../../main/tray/tray-model.ts';
import { headerOf } from '../../../../renderer/parts/status.ts';
import { liveView, loadedModel, queueEntry } from '../../../support/live-view.ts';
import { view } from '../../../support/page/views.ts';

const GATEWAY: GatewayView = {
  state: 'running',
  port: 8080,
  addresses: {
    gateway: 'http://127.0.0.1:8080',
    ollama_host: '127.0.0.1:8080',
    openai_base_url: 'http://127.0.0.1:8080/v1',
    lan: null,
  },
  beyond_loopback: false,
  since: '2026-01-01T00:00:00.000Z',
  failure: null,
};

function state(over: Partial<TrayState> = {}): TrayState {
  const now = Date.parse(liveView().stats.timestamp);
  const startAtLogin = { on: false, locked: false };
  return {
    gateway: GATEWAY,
    live: liveView(),
    places: 100,
    stuckAfterS: 180,
    now,
    model: 'llama3.2',
    holding: 0,
    startAtLogin,
    ...over,
  };
}

function find(entries: readonly TrayEntry[], label: RegExp): TrayEntry {
  const found = entries.find((entry) => 'label' in entry && label.test(entry.label));
  if (found === undefined) throw new Error(`no entry ${String(label)}`);
  return found;
}

/** Labels from top to bottom; `-` is a line, brackets mean that it cannot be chosen. */
function labels(entries: readonly TrayEntry[]): string[] {
  return entries.map((entry) => {
    if (entry.type === 'separator') return '-';
    const enabled = entry.type !== 'label' && entry.enabled;
    return enabled ? entry.label : `[${entry.label}]`;
  });
}

test('the tooltip has the words of the contract', () => {
  const live = liveView({ running: [queueEntry()], waiting: [queueEntry(), queueEntry()], hits: 64, misses: 36 });
  expect(trayModel(state({ live })).tooltip).toBe('llama3.2 warm · 1 running · 2 queued · 64 % hits');
  expect(trayModel(state()).tooltip).toBe('llama3.2 warm · 0 running · 0 queued');
  const cold = liveView({ upstream: { model_loaded: false } });
  expect(trayModel(state({ live: cold })).tooltip).toBe('llama3.2 cold · 0 running · 0 queued');
  const missing = liveView({ upstream: { model_loaded: false, model_available: false }, status: 'degraded' });
  expect(trayModel(state({ live: missing })).tooltip).toBe('llama3.2 is not installed · 0 running · 0 queued');
  expect(trayModel(state({ gateway: { ...GATEWAY, state: 'stopped' }, live: null })).tooltip).toBe(
    'Hearth: Gateway is stopped',
  );
});

test('counts runs as the window does, not those who share them, and sizes in fitting units', () => {
  const shared = liveView({
    running: [queueEntry(), queueEntry({ source: 'coalesced' })],
    waiting: [queueEntry(), queueEntry({ source: 'coalesced' })],
    entries: 1,
    sizeMb: 0.01,
  });
  const queue = { length: 1, running: 1, paused: false };
  const live = { ...shared, health: { ...shared.health, queue } };
  const model = trayModel(state({ live }));
  expect(model.menu[0]).toEqual({ type: 'label', label: 'Answering 1, 1 waiting' });
  expect(model.tooltip).toContain('1 running · 1 queued');
  expect(headerOf(view({ live }), 0).line).toBe('Answering 1, 1 waiting');
  expect(find(model.menu, /^Clear/)).toMatchObject({ label: 'Clear cache (1 entry, 10 KB)…' });
  const pausedLive = { ...live, health: { ...live.health, queue: { ...queue, paused: true } } };
  expect(trayModel(state({ live: pausedLive })).menu[0]).toMatchObject({ label: 'Paused, 1 waiting' });
});

test('a model that is being loaded is said to be', () => {
  const loading = { ...loadedModel('llama3.2', false), loading_ms: 500 };
  const live = liveView({ models: [loading], upstream: { model_loaded: false } });
  expect(trayModel(state({ live })).menu[0]).toMatchObject({ label: 'Loading llama3.2' });
});

test('the address for other machines is copied where they are let in', () => {
  const addresses = { ...GATEWAY.addresses, lan: 'http://192.168.1.24:8080' };
  const copy = find(trayModel(state({ gateway: { ...GATEWAY, addresses } })).menu, /^Copy/);
  expect(copy).toMatchObject({ entries: [{}, {}, {}, { command: { do: 'copy', text: addresses.lan } }] });
});

describe('the menu', () => {
  test('of a gateway at rest', () => {
    expect(labels(trayModel(state()).menu)).toEqual([
      '[Ready, llama3.2 is warm]',
      '-',
      'Stop gateway',
      'Pause new work',
      '-',
      'Warm model',
      'Unload',
      '[Running]',
      '[Clear cache (0 entries, 0 MB)…]',
      '-',
      'Copy address',
      '-',
      'Statistics…',
      'Recent notices…',
      'Settings…',
      'Open logs folder',
      'Start at login',
      '-',
      'Quit Hearth',
    ]);
  });

  test('of a stopped gateway offers only what is possible without one', () => {
    const { menu } = trayModel(state({ gateway: { ...GATEWAY, state: 'stopped' }, live: null }));
    const enabled = labels(menu).filter((label) => label !== '-' && !label.startsWith('['));
    expect(enabled).toEqual([
      'Start gateway',
      'Copy address',
      'Statistics…',
      'Recent notices…',
      'Settings…',
      'Open logs folder',
      'Start at login',
      'Quit Hearth',
    ]);
  });

  test('cannot start a gateway that still drains', () => {
    const { menu } = trayModel(state({ gateway: { ...GATEWAY, state: 'draining' } }));
    expect(find(menu, /^Start gateway/)).toMatchObject({ enabled: false });
  });

  test('names running requests, models and the cache, each with its command', () => {
    const live = liveView({
      running: [queueEntry({ request_id: 'r1', caller: 'localhost:3000' })],
      models: [loadedModel('a', true), loadedModel('b', false)],
      entries: 1204,
      sizeMb: 38.24,
    });
    const { menu } = trayModel(state({ live }));
    expect(find(menu, /^Running/)).toMatchObject({
      enabled: true,
      entries: [{ label: 'Cancel llama3.2 for localhost:3000', command: { do: 'cancel', requestId: 'r1' } }],
    });
    expect(find(menu, /^Warm/)).toMatchObject({ entries: [{ label: 'b', command: { do: 'warm', model: 'b' } }] });
    expect(find(menu, /^Unload/)).toMatchObject({ entries: [{ label: 'a', command: { do: 'unload', model: 'a' } }] });
    expect(find(menu, /^Clear/)).toMatchObject({ label: 'Clear cache (1,204 entries, 38 MB)…', enabled: true });
  });

  test('copies what other programs understand', () => {
    expect(find(trayModel(state()).menu, /^Copy/)).toMatchObject({
      entries: [
        { label: 'Gateway: http://127.0.0.1:8080', command: { text: 'http://127.0.0.1:8080' } },
        { label: 'OLLAMA_HOST: 127.0.0.1:8080', command: { text: 'OLLAMA_HOST=127.0.0.1:8080' } },
        {
          label: 'OPENAI_BASE_URL: http://127.0.0.1:8080/v1',
          command: { text: 'OPENAI_BASE_URL=http://127.0.0.1:8080/v1' },
        },
      ],
    });
  });

  test('checks and locks what the settings say', () => {
    const paused = trayModel(state({ live: liveView({ paused: true }) })).menu;
    expect(find(paused, /^Pause new/)).toMatchObject({ checked: true, command: { do: 'pause', paused: false } });
    const locked = trayModel(state({ startAtLogin: { on: true, locked: true } })).menu;
    expect(find(locked, /^Start at login/)).toMatchObject({ checked: true, enabled: false });
  });

  test('stays short whatever the names are', () => {
    const long = loadedModel('x'.repeat(500), false);
    const many = Array.from({ length: 100 }, () => long);
    const warm = find(trayModel(state({ live: liveView({ models: many }) })).menu, /^Warm/);
    if (warm.type !== 'submenu') throw new Error('no submenu');
    expect(warm.entries).toHaveLength(30);
    for (const entry of warm.entries) expect('label' in entry && [...entry.label].length).toBe(60);
  });
});
