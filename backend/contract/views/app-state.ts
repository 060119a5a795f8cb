// The state of the app, decided once: tray, header, tooltip and notifications only put it into words. Pure.
import type { Health, ModelView } from './control.ts';
import type { QueueEntry } from './queue-view.ts';
import type { GatewayFailure, GatewayView, LiveView } from '../window/desktop.ts';

export type Live = NonNullable<LiveView>;

/** The input of stateOf. */
export interface Seen {
  readonly gateway: GatewayView;
  readonly live: LiveView;
  /** queue.max_queue_size: the number of places in the queue. */
  readonly places: number;
  /** ollama.stuck_after_seconds: a run that is silent for this long hangs. */
  readonly stuckAfterS: number;
}

/** The app's state. If several apply, the one that matters most to a user. */
export type AppState =
  | { readonly is: 'stopped' | 'starting' | 'stopping' }
  /** The gateway does not run, though nobody stopped it. */
  | { readonly is: 'failed'; readonly failure: GatewayFailure }
  /** Until the first probe has ended nothing is known of Ollama. */
  | { readonly is: 'looking' }
  | { readonly is: 'ollama_down'; readonly upstream: Pick<Health['upstream'], 'code' | 'foreign'> }
  /** A run has been silent for `silentMs` milliseconds. */
  | { readonly is: 'stuck'; readonly entry: QueueEntry; readonly silentMs: number }
  | { readonly is: 'paused'; readonly running: number; readonly waiting: number }
  /** The default model is not installed. */
  | { readonly is: 'model_missing' }
  | { readonly is: 'full'; readonly places: number }
  /**
   * Nobody is answered until `model` is in memory. `entry`: the request that it is loaded for; undefined for a warm-up.
   */
  | { readonly is: 'loading'; readonly model: string; readonly entry: QueueEntry | undefined; readonly waiting: number }
  | { readonly is: 'answering'; readonly running: number; readonly waiting: number }
  /** Answers come from a recording, and Ollama is not asked (cache.mode). */
  | { readonly is: 'replaying' }
  | { readonly is: 'ready'; readonly warm: boolean };

/** The arch's picture, in the tray and in the window. */
export type Look = 'idle' | 'busy' | 'degraded' | 'stopped';

/** `now`: milliseconds since 1970. */
export function stateOf({ gateway, live, places, stuckAfterS }: Seen, now: number): AppState {
  if (gateway.state === 'running' && live !== null) return working(live, { places, stuckAfterS }, now);
  const { state, failure } = gateway;
  if (failure !== null && state !== 'starting') return { is: 'failed', failure };
  switch (state) {
    case 'stopped':
    case 'failed':
      return { is: 'stopped' };
    case 'draining':
      return { is: 'stopping' };
    case 'starting':
    // Its first figures have not arrived yet.
    case 'running':
      return { is: 'starting' };
  }
}

function working(live: Live, { places, stuckAfterS }: Pick<Seen, 'places' | 'stuckAfterS'>, now: number): AppState {
  const { upstream, queue } = live.health;
  const { running, length: waiting } = queue;
  if (live.health.mode === 'replay' && !queue.paused) return { is: 'replaying' };
  if (upstream.state === 'down') return { is: 'ollama_down', upstream };
  if (upstream.state === 'unknown') return { is: 'looking' };
  const stuck = stuckRun(live, stuckAfterS * 1000, now);
  if (stuck !== undefined) return { is: 'stuck', ...stuck };
  if (queue.paused) return { is: 'paused', running, waiting };
  if (!upstream.model_available) return { is: 'model_missing' };
  if (waiting >= places) return { is: 'full', places };
  const rows = runningRows(live);
  const entry = rows.find(({ phase }) => phase === 'loading');
  if (entry !== undefined && rows.every(({ phase }) => phase === 'loading')) {
    return { is: 'loading', model: entry.model, entry, waiting };
  }
  // A run without a request is a warm-up: nobody is answered.
  const warming = rows.length === 0 ? loadingModel(live) : undefined;
  if (warming !== undefined) return { is: 'loading', model: warming.name, entry: undefined, waiting };
  if (running > 0) return { is: 'answering', running, waiting };
  return { is: 'ready', warm: live.models.some(({ loaded }) => loaded) };
}

export function lookOf(state: AppState): Look {
  switch (state.is) {
    case 'stopped':
    case 'starting':
    case 'stopping':
    case 'failed':
      return 'stopped';
    case 'ollama_down':
    case 'stuck':
    case 'model_missing':
    case 'full':
      return 'degraded';
    case 'loading':
    case 'answering':
      return 'busy';
    case 'paused':
      return state.running > 0 ? 'busy' : 'idle';
    case 'looking':
    case 'replaying':
    case 'ready':
      return 'idle';
  }
}

/** One row for each run of a model, however many requests share it. */
export function runningRows({ queue }: Live): QueueEntry[] {
  return queue.running.filter(({ leads }) => leads);
}

/** A model that Hearth is loading, for whatever reason. */
export function loadingModel({ models }: Live): ModelView | undefined {
  return models.find(({ loading_ms }) => loading_ms !== null);
}

/** Milliseconds since the live figures were taken. */
export function staleness({ stats }: Live, now: number): number {
  return Math.max(0, now - Date.parse(stats.timestamp));
}

/** The running request that was silent longest beyond `afterMs`, and for how long. */
function stuckRun(
  live: Live,
  afterMs: number,
  now: number,
): { readonly entry: QueueEntry; readonly silentMs: number } | undefined {
  const since = staleness(live, now);
  const found = runningRows(live)
    .filter(({ phase, silent_ms }) => phase === 'running' && silent_ms !== null)
    .map((entry) => ({ entry, silentMs: (entry.silent_ms ?? 0) + since }))
    .toSorted((a, b) => b.silentMs - a.silentMs)[0];
  return found !== undefined && found.silentMs >= afterMs ? found : undefined;
}
