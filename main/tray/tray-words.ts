// What the tray says of the state: its tooltip, and the first lines of its menu. Pure.
import { shownCaller } from '../../backend/contract/apps.ts';
import { lookOf, runningRows, type AppState } from '../../backend/contract/views/app-state.ts';
import type { GatewayFailure, LiveView } from '../../backend/contract/window/desktop.ts';
import type { QueueEntry } from '../../backend/contract/views/queue-view.ts';
import { THIN } from '../../backend/contract/in-words.ts';
import { clockDuration, percent } from '../../words/figures.ts';
import { downWords } from '../../words/ollama-words.ts';
import { t } from '../../words/texts.ts';

/** Letters of a label; panels do not wrap. */
const WIDEST = 60;
/** Letters of a tooltip: Windows shows no more. */
const WIDEST_TIP = 127;
/** Letters of a name in one, so that what stands behind it can be read. */
const WIDEST_NAME = 30;

/** Cut between code points, so that no character is halved, and with plain spaces: not every panel's font has the narrow one. */
export function short(text: string, most = WIDEST): string {
  const letters = [...text.replaceAll(THIN, ' ')];
  return letters.length <= most ? letters.join('') : `${letters.slice(0, most - 1).join('')}…`;
}

/** `llama3.2 warm · 1 running · 2 queued · 64 % hits` */
export function tooltipOf(state: AppState, live: LiveView, model: string): string {
  if (live === null || lookOf(state) === 'stopped')
    return short(t('tray.tooltip', { state: wordsOf(state, live, model) }), WIDEST_TIP);
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
  return short([first, ...recording, ...paused, ...counts, ...rate].join(' · '), WIDEST_TIP);
}

/** The state in a few words. */
export function wordsOf(state: AppState, live: LiveView, model: string): string {
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

/** Whether the runs, each in its line, say all that there is to say. */
export function isSaidByRuns(state: AppState): boolean {
  return state.is === 'answering' || (state.is === 'loading' && state.entry !== undefined);
}

/**
 * Whom the model works for, and for how long, in whole steps of so many milliseconds: one line for each run, however many
 * share it, as the window counts them.
 */
export function runLines(live: LiveView, now: number, step: number): string[] {
  return live === null ? [] : runningRows(live).map((entry) => runLine(entry, now, step));
}

function runLine(
  { caller, model, phase, shared_with: others, ...entry }: QueueEntry,
  now: number,
  step: number,
): string {
  const age = Math.max(0, now - Date.parse(entry.started_at ?? entry.created_at));
  const time = clockDuration(Math.floor(age / step) * step);
  const values = { caller: short(shownCaller(caller), WIDEST_NAME), others, time };
  return phase === 'loading'
    ? t('tray.loading_for', { ...values, model: short(model, WIDEST_NAME) })
    : t('tray.answering', values);
}
