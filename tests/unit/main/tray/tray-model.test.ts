// The tray as a value: the tooltip, and a menu in which only what is valid now can be chosen. What icon and first line say in
// each state is in tests/unit/contract/app-state.test.ts.
import { describe, expect, test } from 'vitest';
import type { GatewayView } from '../../../../backend/contract/window/desktop.ts';
import type { QueueEntry } from '../../../../backend/contract/views/queue-view.ts';
import { trayModel, type TrayEntry, type TrayState } from '../../../../main/tray/tray-model.ts';
import { headerOf } from '../../../../renderer/parts/status.ts';
import { liveView, loadedModel, queueEntry } from '../../../support/live-view.ts';
import { view } from '../../../support/page/views.ts';
import { setLanguage } from '../../../../words/texts.ts';

/** When the views of tests are. */
const WHEN = '2026-01-01T00:00:00.000Z';

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
    notices: [],
    keys: '',
    ageStep: 1000,
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
    running: [queueEntry({ caller: 'Open WebUI', shared_with: 1 }), queueEntry({ source: 'coalesced', leads: false })],
    waiting: [queueEntry(), queueEntry({ source: 'coalesced', leads: false })],
    entries: 1,
    sizeMb: 0.01,
  });
  const queue = { length: 1, running: 1, paused: false };
  const live = { ...shared, health: { ...shared.health, queue } };
  const model = trayModel(state({ live, now: Date.parse(WHEN) + 12_400 }));
  expect(labels(model.menu).slice(0, 3)).toEqual([
    'Answering: Open WebUI and 1 more, 12 s',
    '[1 waits]',
    'Open Hearth',
  ]);
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

test('each of whom the model works for has a line, three at most, with its age', () => {
  const run = (i: number): QueueEntry => queueEntry({ request_id: `r${i}`, caller: `app ${i}` });
  const live = liveView({ running: [1, 2, 3, 4, 5].map(run), waiting: [queueEntry()] });
  const health = { ...live.health, queue: { running: 5, length: 1, paused: false } };
  const lines = (more: Partial<TrayState>): string[] =>
    labels(trayModel(state({ live: { ...live, health }, now: Date.parse(WHEN) + 75_900, ...more })).menu).slice(0, 4);
  const [first, , third, rest] = lines({});
  expect([first, third, rest]).toEqual([
    'Answering: app 1, 1 min 15 s',
    'Answering: app 3, 1 min 15 s',
    '[2 more are answered, 1 waits]',
  ]);
  expect(lines({ ageStep: 10_000 })[0]).toBe('Answering: app 1, 1 min 10 s');
  expect(lines({ live: { ...live, health: { ...health, queue: { ...health.queue, paused: true } } } })[0]).toBe(
    '[Paused, 1 waiting]',
  );
});

test('what can be freed says how much, of the graphics card where something is on it', () => {
  const models = [loadedModel('a', true), loadedModel('b', true), loadedModel('c', false)];
  const free = find(trayModel(state({ live: liveView({ models }) })).menu, /^Free/);
  expect(free).toMatchObject({ label: 'Free VRAM (5.8 GB)', command: { do: 'free_memory' } });
  const inMain = [{ ...loadedModel('a', true), size_vram: 0 }];
  expect(labels(trayModel(state({ live: liveView({ models: inMain }) })).menu)).toContain('Free memory (2.9 GB)');
  const none = liveView({ models: [loadedModel('c', false)] });
  expect(labels(trayModel(state({ live: none })).menu)).toContain('[Free VRAM]');
});

test('notices stand in the menu with their times, those that hold first', () => {
  const notice = { id: 'disk', level: 'warning', until: null, since: WHEN, times: 1 } as const;
  const over = { ...notice, id: 'ollama', until: WHEN, text: 'Ollama was away.' };
  const { menu } = trayModel(state({ notices: [over, { ...notice, text: 'The disk is full.' }] }));
  const entry = find(menu, /^Recent/);
  if (entry.type !== 'submenu') throw new Error('no submenu');
  expect(entry.label).toBe('Recent notices (1)');
  expect(labels(entry.entries).map((label) => label.replace(/^\d.*?  /, ''))).toEqual([
    'The disk is full.',
    'Ollama was away.',
    '-',
    'All notices…',
  ]);
});

test('speaks the language that is set', () => {
  setLanguage('de');
  const live = liveView({
    running: [queueEntry({ caller: 'Open WebUI', shared_with: 2 })],
    entries: 1204,
    sizeMb: 3.4,
  });
  const { menu } = trayModel(state({ live, now: Date.parse(WHEN) + 12_000 }));
  setLanguage('en');
  expect(labels(menu)).toEqual(
    expect.arrayContaining([
      'Antwortet: Open WebUI und 2 weiteren, 12 s',
      'Grafikspeicher freigeben (2,9 GB)',
      'Antworten löschen (1.204 Einträge, 3,4 MB)…',
      'Hearth beenden',
    ]),
  );
});

describe('the menu', () => {
  test('of a gateway at rest', () => {
    expect(labels(trayModel(state()).menu)).toEqual([
      '[Ready, llama3.2 is warm]',
      'Open Hearth',
      '-',
      'Pause new work',
      '[Running]',
      '-',
      'Warm model',
      'Unload',
      'Free VRAM (2.9 GB)',
      '-',
      '[Recent notices]',
      'Copy address',
      'Connect an app…',
      '[Clear cache (0 entries, 0 MB)…]',
      '-',
      'Statistics…',
      'Settings…',
      'Open logs folder',
      'Start at login',
      '-',
      'Stop gateway',
      'Quit Hearth',
    ]);
  });

  test('of a stopped gateway offers only what is possible without one', () => {
    const { menu } = trayModel(state({ gateway: { ...GATEWAY, state: 'stopped' }, live: null }));
    const enabled = labels(menu).filter((label) => label !== '-' && !label.startsWith('['));
    expect(enabled).toEqual([
      'Open Hearth',
      'Copy address',
      'Connect an app…',
      'Statistics…',
      'Settings…',
      'Open logs folder',
      'Start at login',
      'Start gateway',
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
    expect(find(menu, /^Unload/)).toMatchObject({
      entries: [{ label: 'a (2.9 GB)', command: { do: 'unload', model: 'a' } }],
    });
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
