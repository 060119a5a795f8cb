// The tray's menu, entry by entry: what is wanted while something runs comes first, what is wanted once a month last. Pure.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { AppState } from '../../backend/contract/views/app-state.ts';
import type { ModelView, NoticeFact } from '../../backend/contract/views/control.ts';
import type { GatewayView, LiveView } from '../../backend/contract/window/desktop.ts';
import { keptFigures } from '../../backend/contract/views/kept-figures.ts';
import type { QueueEntry } from '../../backend/contract/views/queue-view.ts';
import { bytes, megabytes, moment } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import type { TrayCommand, TrayEntry, TrayState } from './tray-model.ts';
import { isSaidByRuns, runLines, short, wordsOf } from './tray-words.ts';

/** Entries of a submenu; a longer menu does not fit on a screen. */
const MOST = 30;
/** Runs that have a line of their own. */
const MOST_RUNS = 3;
/** Notices in the menu; the window has all. */
const MOST_NOTICES = 5;
const LINE: TrayEntry = { type: 'separator' };

export function menuOf(state: AppState, shown: TrayState): TrayEntry[] {
  const { gateway, live, startAtLogin } = shown;
  const runs = gateway.state === 'running' && live !== null;
  const up = runs && live.health.upstream.state === 'up';
  const models = up ? live.models : [];
  const isLoaded = ({ loaded }: ModelView): boolean => loaded;
  const stoppable = gateway.state === 'running' || gateway.state === 'starting' || isComingBack(gateway);
  return [
    ...stateLines(state, shown),
    command(t('tray.open'), { do: 'open' }, { keys: shown.keys }),
    LINE,
    checkbox(t('tray.pause'), { do: 'pause', paused: !(runs && live.queue.paused) }, runs && live.queue.paused, runs),
    submenu(t('tray.running_menu'), (runs ? live.queue.running : []).map(cancelEntry)),
    LINE,
    submenu(
      t('tray.warm'),
      models.filter((model) => !isLoaded(model)).map((model) => forModel('warm', model)),
    ),
    submenu(
      t('tray.unload'),
      models.filter(isLoaded).map((model) => forModel('unload', model)),
    ),
    freeEntry(models.filter(isLoaded)),
    LINE,
    noticesEntry(shown.notices, shown.now),
    submenu(
      t('tray.copy_address'),
      addresses(gateway).map(([label, text]) => command(label, { do: 'copy', text })),
    ),
    command(t('connect.link'), { do: 'show', tab: 'overview', page: 'connect' }),
    cacheEntry(runs ? live : null),
    LINE,
    command(t('tray.statistics'), { do: 'show', tab: 'overview' }),
    command(t('tray.settings'), { do: 'show', tab: 'settings' }),
    command(t('tray.open_logs'), { do: 'open_logs' }),
    checkbox(
      t('tray.start_at_login'),
      { do: 'start_at_login', on: !startAtLogin.on },
      startAtLogin.on,
      !startAtLogin.locked,
    ),
    LINE,
    stoppable
      ? command(t('tray.stop'), { do: 'stop' })
      : command(t('tray.start'), { do: 'start' }, { enabled: gateway.state !== 'draining' }),
    command(t('tray.quit'), { do: 'quit' }),
  ];
}

/** What the app does now. */
function stateLines(state: AppState, { live, model, now, ageStep }: TrayState): TrayEntry[] {
  const all = runLines(live, now, ageStep);
  const lines = all.slice(0, MOST_RUNS).map((text) => command(text, { do: 'show', tab: 'queue' }));
  if (!isSaidByRuns(state) || lines.length === 0) return [label(wordsOf(state, live, model)), ...lines];
  const rest = [
    ...(all.length > MOST_RUNS ? [t('tray.more_runs', { n: all.length - MOST_RUNS })] : []),
    ...('waiting' in state && state.waiting > 0 ? [t('tray.waiting', { n: state.waiting })] : []),
  ];
  return [...lines, ...(rest.length === 0 ? [] : [label(rest.join(', '))])];
}

/** What nobody uses leaves the memory, for a game or another program; of the graphics card, where something is on it. */
function freeEntry(loaded: readonly ModelView[]): TrayEntry {
  const sum = (of: (model: ModelView) => number | null): number =>
    loaded.reduce((all, model) => all + (of(model) ?? 0), 0);
  const inVram = sum(({ size_vram }) => size_vram);
  const size = bytes(inVram > 0 ? inVram : sum(({ size_loaded }) => size_loaded));
  if (loaded.length === 0) return command(t('models.free_vram'), { do: 'free_memory' }, { enabled: false });
  return command(t(inVram > 0 ? 'tray.free_vram' : 'tray.free_memory', { size }), { do: 'free_memory' });
}

/** Newest first, those that hold before those that are over. */
function noticesEntry(notices: readonly NoticeFact[], now: number): TrayEntry {
  const holds = ({ until }: NoticeFact): boolean => until === null;
  const sorted = [...notices.filter(holds), ...notices.filter((notice) => !holds(notice))];
  const show = { do: 'show', tab: 'overview', shows: 'notices' } as const;
  const entries = sorted
    .slice(0, MOST_NOTICES)
    .map(({ since, text }) => command(`${moment(Date.parse(since), now)}  ${text}`, show));
  const all = entries.length === 0 ? [] : [LINE, command(t('tray.all_notices'), show)];
  return submenu(t('tray.recent_notices', { n: notices.filter(holds).length }), [...entries, ...all]);
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

function label(text: string): TrayEntry {
  return { type: 'label', label: short(text) };
}

function command(
  text: string,
  what: TrayCommand,
  { enabled = true, keys = '' }: { readonly enabled?: boolean; readonly keys?: string } = {},
): TrayEntry {
  return { type: 'command', label: short(text), enabled, command: what, keys };
}

function checkbox(text: string, what: TrayCommand, checked: boolean, enabled: boolean): TrayEntry {
  return { type: 'checkbox', label: text, enabled, checked, command: what };
}

function submenu(text: string, entries: readonly TrayEntry[]): TrayEntry {
  return { type: 'submenu', label: text, enabled: entries.length > 0, entries: entries.slice(0, MOST) };
}

function forModel(what: 'warm' | 'unload', { name, size_vram }: ModelView): TrayEntry {
  if (what === 'warm') return command(name, { do: 'warm', model: name });
  const text = (size_vram ?? 0) > 0 ? `${short(name, 40)} (${bytes(size_vram ?? 0)})` : name;
  return command(text, { do: 'unload', model: name });
}

function cancelEntry({ model, caller, request_id }: QueueEntry): TrayEntry {
  return command(t('tray.cancel', { model, caller: shownCaller(caller) }), { do: 'cancel', requestId: request_id });
}

function cacheEntry(live: LiveView): TrayEntry {
  const { entries, mb } = keptFigures(live?.stats.response_cache ?? { total_entries: 0, total_size_mb: 0 });
  const text = t('tray.clear_cache', { n: entries, size: megabytes(mb) });
  return command(text, { do: 'clear_cache' }, { enabled: entries > 0 });
}
