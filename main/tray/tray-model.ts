// The tray as a value: from the state of the app to icon, tooltip and menu. Pure; tray.ts puts it on the screen, and what
// the state is, is decided in contract/app-state.ts.
import { lookOf, stateOf, type AppState, type Look, type Seen } from '../../backend/contract/app-state.ts';
import type { ModelView } from '../../backend/contract/control.ts';
import type { QueueEntry } from '../../backend/contract/queue-view.ts';
import type { GatewayFailure, GatewayView, LiveView } from '../../backend/contract/desktop.ts';
import { keptFigures } from '../../backend/contract/kept-figures.ts';
import { megabytes, percent } from '../../words/figures.ts';
import { downWords } from '../../words/ollama-words.ts';
import { t } from '../../words/words.ts';

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
  if (live === null || lookOf(state) === 'stopped') return t('tray.tooltip', { state: wordsOf(state, live, model) });
  const { running, length: waiting } = live.health.queue;
  const { hits, coalesced, misses, hit_rate } = live.stats.response_cache;
  const { upstream } = live.health;
  const warm = upstream.model_loaded ? 'model_warm' : upstream.model_available ? 'model_cold' : 'model_missing';
  const instead = ['ollama_down', 'looking', 'stuck', 'full', 'replaying'].includes(state.is);
  const first = instead ? wordsOf(state, live, model) : t(`tray.${warm}`, { model });
  const rate = hits + coalesced + misses === 0 ? [] : [t('tray.hits', { share: percent(hit_rate) })];
  const paused = live.queue.paused ? [t('tray.paused')] : [];
  const recording = live.health.mode === 'record' ? [t('tray.recording')] : [];
  const counts = [t('tray.running', { n: running }), t('tray.queued', { n: waiting })];
  return [first, ...recording, ...paused, ...counts, ...rate].join(' · ');
}

/** The state in a few words. */
function wordsOf(state: AppState, live: LiveView, model: string): string {
  switch (state.is) {
    case 'stopped':
      return t('tray.is_stopped');
    case 'starting':
      return t('tray.is_starting');
    case 'stopping':
      return t('tray.is_stopping');
    case 'failed':
      return failureWords(state.failure);
    case 'looking':
      return t('tray.is_looking');
    case 'ollama_down':
      return downWords(state.upstream);
    case 'stuck':
      return t('tray.is_stuck');
    case 'paused':
      return t('tray.is_paused', { n: state.waiting });
    case 'model_missing':
      return t('tray.model_missing', { model });
    case 'full':
      return t('tray.is_full', { n: state.places });
    case 'loading':
      return t('tray.is_loading', { model: state.model });
    case 'answering':
      return t('tray.is_answering', { running: state.running, waiting: state.waiting });
    case 'replaying':
      return t('tray.is_replaying');
    case 'ready':
      if (!state.warm) return t('tray.is_ready_cold');
      return live?.health.upstream.model_loaded === true ? t('tray.is_ready_warm', { model }) : t('tray.is_ready');
  }
}

function failureWords(failure: GatewayFailure): string {
  if (failure.kind === 'port_taken') return t('tray.port_taken', { port: failure.port });
  return failure.kind === 'crashed' ? t('tray.restarting') : t('tray.is_failed');
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
      ? command(t('tray.stop'), { do: 'stop' })
      : command(t('tray.start'), { do: 'start' }, gateway.state !== 'draining'),
    {
      type: 'checkbox',
      label: t('tray.pause'),
      enabled: runs,
      checked: runs && live.queue.paused,
      command: { do: 'pause', paused: !(runs && live.queue.paused) },
    },
    LINE,
    submenu(
      t('tray.warm'),
      models.filter(({ loaded }) => !loaded).map((model) => forModel('warm', model)),
    ),
    submenu(
      t('tray.unload'),
      models.filter(({ loaded }) => loaded).map((model) => forModel('unload', model)),
    ),
    submenu(t('tray.running_menu'), (runs ? live.queue.running : []).map(cancelEntry)),
    cacheEntry(runs ? live : null),
    LINE,
    submenu(
      t('tray.copy_address'),
      addresses(gateway).map(([label, text]) => command(label, { do: 'copy', text })),
    ),
    LINE,
    command(t('tray.statistics'), { do: 'show', tab: 'overview' }),
    command(t('tray.recent_notices', { n: holding }), {
      do: 'show',
      tab: 'overview',
      shows: 'notices',
    }),
    command(t('tray.settings'), { do: 'show', tab: 'settings' }),
    command(t('tray.open_logs'), { do: 'open_logs' }),
    {
      type: 'checkbox',
      label: t('tray.start_at_login'),
      enabled: !startAtLogin.locked,
      checked: startAtLogin.on,
      command: { do: 'start_at_login', on: !startAtLogin.on },
    },
    LINE,
    command(t('tray.quit'), { do: 'quit' }),
  ];
}

/** What each is called in the menu, and what is copied. */
function addresses({ addresses: { gateway, ollama_host, openai_base_url, lan } }: GatewayView): [string, string][] {
  return [
    [t('tray.gateway_address', { address: gateway }), gateway],
    [`OLLAMA_HOST: ${ollama_host}`, `OLLAMA_HOST=${ollama_host}`],
    [`OPENAI_BASE_URL: ${openai_base_url}`, `OPENAI_BASE_URL=${openai_base_url}`],
    ...(lan === null ? [] : [[t('tray.lan_address', { address: lan }), lan] satisfies [string, string]]),
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
  return command(t('tray.cancel', { model, caller }), { do: 'cancel', requestId: request_id });
}

function cacheEntry(live: LiveView): TrayEntry {
  const { entries, mb } = keptFigures(live?.stats.response_cache ?? { total_entries: 0, total_size_mb: 0 });
  const label = t('tray.clear_cache', { n: entries, size: megabytes(mb) });
  return command(label, { do: 'clear_cache' }, entries > 0);
}

/** Cut between code points, so that no character is halved. */
function short(label: string): string {
  const letters = [...label];
  return letters.length <= WIDEST ? label : `${letters.slice(0, WIDEST - 1).join('')}…`;
}
