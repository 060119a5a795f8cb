// The tray as a value: from the state of the app to icon, tooltip and menu. Pure; tray.ts puts it on the screen, and what
// the state is, is decided in contract/app-state.ts.
import { lookOf, stateOf, type AppState, type Look, type Seen } from '../../backend/contract/app-state.ts';
import type { ModelView } from '../../backend/contract/control.ts';
import type { QueueEntry } from '../../backend/contract/queue-view.ts';
import type { GatewayFailure, GatewayView, LiveView } from '../../backend/contract/desktop.ts';
import { downWords } from '../../backend/contract/shut-out.ts';
import { keptFigures } from '../../backend/contract/kept-figures.ts';
import { megabytes } from '../../backend/contract/units.ts';

export type TrayIcon = Look;

/** What an entry asks for; main.ts knows how. */
export type TrayCommand =
  | { readonly do: 'start' | 'stop' | 'clear_cache' | 'open_logs' | 'quit' }
  | { readonly do: 'show'; readonly tab: 'overview' | 'settings'; readonly shows?: 'notices' }
  | { readonly do: 'pause'; readonly paused: boolean }
  | { readonly do: 'warm' | 'unload'; readonly model: string }
  | { readonly do: 'cancel'; readonly requestId: string }
  | { readonly do: 'copy'; readonly text: string }
  | { readonly do: 'start_at_login'; readonly on: boolean };

export type TrayEntry =
  | { readonly type: 'separator' }
  | { readonly type: 'label'; readonly label: string }
  | { readonly type: 'command'; readonly label: string; readonly enabled: boolean; readonly command: TrayCommand }
  | {
      readonly type: 'checkbox';
      readonly label: string;
      readonly enabled: boolean;
      readonly checked: boolean;
      readonly command: TrayCommand;
    }
  | {
      readonly type: 'submenu';
      readonly label: string;
      readonly enabled: boolean;
      readonly entries: readonly TrayEntry[];
    };

export interface TrayModel {
  readonly icon: TrayIcon;
  readonly tooltip: string;
  readonly menu: readonly TrayEntry[];
}

export interface TrayState extends Seen {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The model of requests that name none. */
  readonly model: string;
  /** How many notices hold. */
  readonly holding: number;
  readonly startAtLogin: { readonly on: boolean; readonly locked: boolean };
}

/** Entries of a submenu; a longer menu does not fit on a screen. */
const MOST = 30;
/** Letters of a label; panels do not wrap. */
const WIDEST = 60;
const LINE: TrayEntry = { type: 'separator' };

export function trayModel(shown: TrayState): TrayModel {
  const state = stateOf(shown, shown.now);
  return { icon: lookOf(state), tooltip: tooltipOf(state, shown), menu: menuOf(state, shown) };
}

/** `llama3.2 warm · 1 running · 2 queued · 64 % hits` */
function tooltipOf(state: AppState, { live, model }: TrayState): string {
  if (live === null || lookOf(state) === 'stopped') return `Hearth: ${wordsOf(state, live, model)}`;
  const { running, length: waiting } = live.health.queue;
  const { hits, coalesced, misses, hit_rate } = live.stats.response_cache;
  const { upstream } = live.health;
  const warm = upstream.model_loaded ? 'warm' : upstream.model_available ? 'cold' : 'is not installed';
  const instead = ['ollama_down', 'looking', 'stuck', 'full', 'replaying'].includes(state.is);
  const first = instead ? wordsOf(state, live, model) : `${model} ${warm}`;
  const rate = hits + coalesced + misses === 0 ? [] : [`${Math.round(hit_rate * 100)} % hits`];
  const paused = live.queue.paused ? ['paused'] : [];
  const recording = live.health.mode === 'record' ? ['recording'] : [];
  return [first, ...recording, ...paused, `${running} running`, `${waiting} queued`, ...rate].join(' · ');
}

/** The state in a few words. */
function wordsOf(state: AppState, live: LiveView, model: string): string {
  switch (state.is) {
    case 'stopped':
      return 'Gateway is stopped';
    case 'starting':
      return 'Starting';
    case 'stopping':
      return 'Stopping after the running answers';
    case 'failed':
      return failureWords(state.failure);
    case 'looking':
      return 'Looking for Ollama';
    case 'ollama_down':
      return downWords(state.upstream);
    case 'stuck':
      return 'One answer makes no progress';
    case 'paused':
      return state.waiting === 0 ? 'Paused' : `Paused, ${state.waiting} waiting`;
    case 'model_missing':
      return `${model} is not installed`;
    case 'full':
      return `The queue is full: ${state.places} wait`;
    case 'loading':
      return `Loading ${state.model}`;
    case 'answering':
      return state.waiting === 0
        ? `Answering ${state.running}`
        : `Answering ${state.running}, ${state.waiting} waiting`;
    case 'replaying':
      return 'Replaying a recording';
    case 'ready':
      if (!state.warm) return 'Ready, no model loaded';
      return live?.health.upstream.model_loaded === true ? `Ready, ${model} is warm` : 'Ready';
  }
}

function failureWords(failure: GatewayFailure): string {
  if (failure.kind === 'port_taken') return `Port ${failure.port} is taken`;
  return failure.kind === 'crashed' ? 'Restarting soon' : 'Gateway could not start';
}

function menuOf(state: AppState, { gateway, live, model, holding, startAtLogin }: TrayState): TrayEntry[] {
  const runs = gateway.state === 'running' && live !== null;
  const up = runs && live.health.upstream.state === 'up';
  const models = up ? live.models : [];
  const stoppable = gateway.state === 'running' || gateway.state === 'starting' || isComingBack(gateway);
  return [
    { type: 'label', label: wordsOf(state, live, model) },
    LINE,
    stoppable
      ? command('Stop gateway', { do: 'stop' })
      : command('Start gateway', { do: 'start' }, gateway.state !== 'draining'),
    {
      type: 'checkbox',
      label: 'Pause new work',
      enabled: runs,
      checked: runs && live.queue.paused,
      command: { do: 'pause', paused: !(runs && live.queue.paused) },
    },
    LINE,
    submenu(
      'Warm model',
      models.filter(({ loaded }) => !loaded).map((model) => forModel('warm', model)),
    ),
    submenu(
      'Unload',
      models.filter(({ loaded }) => loaded).map((model) => forModel('unload', model)),
    ),
    submenu('Running', (runs ? live.queue.running : []).map(cancelEntry)),
    cacheEntry(runs ? live : null),
    LINE,
    submenu(
      'Copy address',
      [
        ['Gateway', gateway.addresses.gateway],
        ['OLLAMA_HOST', `OLLAMA_HOST=${gateway.addresses.ollama_host}`],
        ['OPENAI_BASE_URL', `OPENAI_BASE_URL=${gateway.addresses.openai_base_url}`],
        ...(gateway.addresses.lan === null ? [] : [['From other machines', gateway.addresses.lan]]),
      ].map(([label = '', text = '']) => command(`${label}: ${text.replace(/^.*=/, '')}`, { do: 'copy', text })),
    ),
    LINE,
    command('Statistics…', { do: 'show', tab: 'overview' }),
    command(holding === 0 ? 'Recent notices…' : `Recent notices (${holding})…`, {
      do: 'show',
      tab: 'overview',
      shows: 'notices',
    }),
    command('Settings…', { do: 'show', tab: 'settings' }),
    command('Open logs folder', { do: 'open_logs' }),
    {
      type: 'checkbox',
      label: 'Start at login',
      enabled: !startAtLogin.locked,
      checked: startAtLogin.on,
      command: { do: 'start_at_login', on: !startAtLogin.on },
    },
    LINE,
    command('Quit Hearth', { do: 'quit' }),
  ];
}

function isComingBack({ failure }: GatewayView): boolean {
  return failure?.kind === 'crashed';
}

function command(label: string, what: TrayCommand, enabled = true): TrayEntry {
  return { type: 'command', label: short(label), enabled, command: what };
}

function submenu(label: string, entries: readonly TrayEntry[]): TrayEntry {
  return { type: 'submenu', label, enabled: entries.length > 0, entries: entries.slice(0, MOST) };
}

function forModel(what: 'warm' | 'unload', { name }: ModelView): TrayEntry {
  return command(name, { do: what, model: name });
}

function cancelEntry({ model, caller, request_id }: QueueEntry): TrayEntry {
  return command(`Cancel ${model} for ${caller}`, { do: 'cancel', requestId: request_id });
}

function cacheEntry(live: LiveView): TrayEntry {
  const { entries, mb } = keptFigures(live?.stats.response_cache ?? { total_entries: 0, total_size_mb: 0 });
  const label = `Clear cache (${entries.toLocaleString('en')} ${entries === 1 ? 'entry' : 'entries'}, ${megabytes(mb)})…`;
  return command(label, { do: 'clear_cache' }, entries > 0);
}

/** Cut between code points, so that no character is halved. */
function short(label: string): string {
  const letters = [...label];
  return letters.length <= WIDEST ? label : `${letters.slice(0, WIDEST - 1).join('')}…`;
}
