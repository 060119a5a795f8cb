// What the header says of the state of the app: a sentence, a second line, the one next step and the fire line. Pure: a
// function of the view and the time. What the state is, is decided in contract/app-state.ts.
import {
  lookOf,
  runningRows,
  stateOf,
  staleness,
  type AppState,
  type Live,
  type Look,
} from '../../backend/contract/app-state.ts';
import type { Command, CommandInput, GatewayFailure, View } from '../../backend/contract/desktop.ts';
import { keepAliveSeconds } from '../../backend/contract/duration.ts';
import { shutOut } from '../../words/ollama-words.ts';
import { hostOf, isHere, isUsual } from './host.ts';
import { keptMs, mainModel, STAYS_MS } from './main-model.ts';
import { sameModel } from './same-model.ts';
import { clockDuration, count, ordinal, plural, roughly } from './words.ts';

/** What a press does: a command of the wire, or another tab. */
export type Step = { readonly [C in Command]: { readonly command: C; readonly input: CommandInput<C> } }[Command];

/** What stands in the arch: at rest, an ember or none. */
export type MarkName = Look | 'cold';

export interface HeaderButton {
  readonly label: string;
  readonly primary?: boolean;
  /** Undefined while there is nothing to do but wait: the button is off, but can be reached. */
  readonly step?: Step | { readonly tab: View['go']['tab'] };
  /** How another part of the window sends people to it, as a sentence. */
  readonly asWay?: string;
}

export interface HeaderView {
  /** Colours the whole window. */
  readonly state: Look;
  readonly mark: MarkName;
  readonly line: string;
  readonly more: string;
  /** The state without figures, for screen readers. */
  readonly say: string;
  readonly button: HeaderButton | null;
  /** The mode, where it is not the usual one and the line does not say it. */
  readonly badge: 'Recording' | 'Replay' | null;
  /** What is left of the model's keep-alive, 0 to 1; undefined while one is being loaded. */
  readonly left: number | undefined;
  readonly fire: string;
}

/** What a state is called; `say` where it differs from `line`. */
type Said = Pick<HeaderView, 'line' | 'more' | 'button'> & { readonly say?: string };

const PAUSE: HeaderButton = { label: 'Pause', step: { command: 'pause', input: { paused: true } } };
const START: HeaderButton = { label: 'Start', primary: true, step: { command: 'start_gateway', input: {} } };

export function headerOf(view: View, now: number): HeaderView {
  const { gateway, live, settings } = view;
  const places = Number(settings.values['queue.max_queue_size']);
  const stuckAfterS = Number(settings.values['ollama.stuck_after_seconds']);
  const state = stateOf({ gateway, live, places, stuckAfterS }, now);
  const said = live === null || lookOf(state) === 'stopped' ? resting(state, now) : working(state, view, live, now);
  const look = lookOf(state);
  const hasEmber = state.is !== 'looking' && live?.models.some(({ loaded }) => loaded) === true;
  const mark = look === 'idle' && !hasEmber ? 'cold' : look;
  const badge = live === null || state.is === 'replaying' ? null : BADGES[live.health.mode];
  return { say: said.line, ...said, badge, state: look, mark, ...fireOf(view, now, state) };
}

const BADGES = { live: null, record: 'Recording', replay: 'Replay' } as const;

// ---- the gateway does not run

function resting(state: AppState, now: number): Said {
  switch (state.is) {
    case 'failed':
      return failed(state.failure, now);
    case 'stopping':
      return { line: 'Stopping', more: 'Running answers are finished first', button: { label: 'Stopping' } };
    case 'stopped':
      return { line: 'Gateway is stopped', more: 'Apps cannot reach it', button: START };
    default:
      return { line: 'Starting', more: 'Apps can reach it in a moment', button: { label: 'Starting' } };
  }
}

function failed(failure: GatewayFailure, now: number): Said {
  switch (failure.kind) {
    case 'port_taken':
      return {
        line: `Port ${failure.port} is taken`,
        more: failure.holder.hearth
          ? 'Another Hearth answers there'
          : failure.holder.ollama === true
            ? 'By Ollama itself'
            : 'By another program',
        button: { label: 'Try again', step: { command: 'start_gateway', input: {} } },
      };
    case 'crashed': {
      const left = Date.parse(failure.restarts_at) - now;
      const times = failure.times_today > 1 ? `, ${ordinal(failure.times_today)} time today` : '';
      return {
        line: left > 500 ? `Restarting in ${clockDuration(left)}` : 'Restarting',
        say: 'The gateway ended by itself and restarts',
        more: `It ended by itself${times}`,
        button: { label: 'Open log', step: { command: 'open', input: { what: 'logs' } } },
      };
    }
    case 'other':
      return { line: 'Gateway could not start', more: failure.sentence, button: START };
  }
}

// ---- the gateway runs

function working(state: AppState, view: View, live: Live, now: number): Said {
  const { upstream } = live.health;
  switch (state.is) {
    case 'ollama_down':
      return withoutOllama(view, live);
    case 'looking':
      return { line: 'Looking for Ollama', more: `At ${hostOf(upstream.url)}`, button: PAUSE };
    case 'stuck': {
      const input = { request_id: state.entry.request_id };
      return {
        line: `No progress for ${clockDuration(state.silentMs)}`,
        say: 'One answer makes no progress',
        more: 'Ollama is up, one answer hangs',
        button: { label: 'Cancel it', step: { command: 'cancel', input } },
      };
    }
    case 'paused':
      return paused(state);
    case 'replaying':
      return {
        line: 'Replaying a recording',
        more: 'Ollama is not asked',
        button: { label: 'Change…', step: { tab: 'settings' } },
      };
    case 'model_missing':
      return {
        line: `${upstream.model} is not installed`,
        more: 'It is the default model',
        button: { label: 'Choose…', step: { tab: 'models' } },
      };
    case 'full':
      return {
        line: `The queue is full: ${count(state.places)} wait`,
        say: 'The queue is full',
        more: 'New requests are refused until one is done',
        button: { label: 'Show', step: { tab: 'queue' } },
      };
    case 'loading':
      return { line: `Loading ${state.model}`, more: loading(state, live, now), button: PAUSE };
    case 'answering': {
      const line = [`Answering ${count(state.running)}`, ...waitingWords(state)].join(', ');
      return { line, say: 'Answering', more: warmth(view, live, now, true), button: PAUSE };
    }
    default:
      return ready(view, live, now);
  }
}

function withoutOllama({ app }: View, { health }: Live): Said {
  const host = hostOf(health.upstream.url);
  const asWay =
    health.upstream.foreign === true ? 'Change its address above.' : 'Change its address above, or start it there.';
  const button = { label: 'Change…', step: { tab: 'settings' }, asWay } as const;
  const out = shutOut(health.upstream.code);
  if (out !== undefined) return { line: out, more: `At ${host}`, button };
  const waiting = health.queue.length;
  const until = (it: string): string =>
    waiting > 0 ? `${count(waiting)} waiting for it` : `Requests fail until ${it}`;
  if (health.upstream.foreign === true) {
    return { line: `No Ollama at ${host}`, more: 'Something else answers there', button };
  }
  if (!isHere(host)) {
    return { line: `Nothing answers at ${host}`, more: until('Ollama does'), button };
  }
  // An address of the user's own may be what is wrong: it is named, and the program is not.
  const named = isUsual(host) ? undefined : `Nothing answers at ${host}`;
  const line = 'Ollama is not running';
  switch (app.ollama_program) {
    case 'starting':
      return { line, more: 'It is being started', button: { label: 'Starting' } };
    case 'missing': {
      if (named !== undefined) return { line: named, more: until('Ollama does'), button };
      const step = { command: 'open', input: { what: 'get_ollama' } } as const;
      const get = { label: 'Get Ollama', primary: true, step, asWay: 'Get it above.' };
      return { line, more: 'It was not found on this machine', button: get };
    }
    case 'installed': {
      const step = { command: 'start_ollama', input: {} } as const;
      const start = { label: 'Start Ollama', primary: true, step, asWay: 'Start it above.' };
      return { line, more: named ?? until('it is back'), button: start };
    }
  }
}

/** What to do while Ollama is down, as a sentence about the button in the header; empty where it helps with nothing. */
export function wayBack(view: View, now: number): string {
  return headerOf(view, now).button?.asWay ?? '';
}

function paused(state: AppState & { is: 'paused' }): Said {
  const figures = [...(state.running > 0 ? [`${count(state.running)} running`] : []), ...waitingWords(state)];
  return {
    line: ['Paused', ...figures].join(', '),
    say: 'Paused',
    more: 'New requests wait. Nothing is lost.',
    button: { label: 'Resume', primary: true, step: { command: 'pause', input: { paused: false } } },
  };
}

function waitingWords({ waiting }: { readonly waiting: number }): string[] {
  return waiting > 0 ? [`${count(waiting)} waiting`] : [];
}

/** How long a load still takes, and who waits for it. */
function loading({ model, entry, ...state }: AppState & { is: 'loading' }, live: Live, now: number): string {
  const known = live.models.find(({ name }) => sameModel(name, model));
  const usual = known?.load_ms ?? null;
  if (entry === undefined) {
    const took = (known?.loading_ms ?? 0) + staleness(live, now);
    return usual === null ? 'Nobody waits for it' : loadLeft(usual, took);
  }
  const took = now - Date.parse(entry.started_at ?? entry.created_at);
  const left = usual === null ? [] : [loadLeft(usual, took)];
  return [...left, ...waitingWords(state)].join(', ') || 'Its first answer waits for it';
}

/** What is left of a load that usually takes so long. */
function loadLeft(usual: number, took: number): string {
  return took < usual ? `About ${roughly(usual - took)} left` : 'Longer than usual';
}

function ready(view: View, live: Live, now: number): Said {
  if (live.models.some(({ loaded }) => loaded)) {
    return { line: 'Ready', more: warmth(view, live, now, false), button: PAUSE };
  }
  const usual = mainModel(live)?.load_ms ?? null;
  return {
    line: 'Ready, no model loaded',
    more: usual === null ? 'The first request loads one' : `The first answer starts about ${roughly(usual)} later`,
    button: { label: 'Warm', step: { command: 'act', input: { action: 'warm_model', data: {} } } },
  };
}

// ---- the model and its fire

/** Other loaded models are in Overview: here they would sometimes push the address into a line of its own. */
function warmth(view: View, live: Live, now: number, working: boolean): string {
  const model = mainModel(live);
  if (model === undefined || !model.loaded) return '';
  const left = keptMs(model, now);
  if (left > STAYS_MS || view.settings.values['ollama.keep_warm'] === true) return `${model.name} stays warm`;
  return working ? `${model.name} is warm` : `${model.name} is warm for ${roughly(left)}`;
}

function fireOf(view: View, now: number, state: AppState): Pick<HeaderView, 'left' | 'fire'> {
  const { live } = view;
  const model = live === null ? undefined : mainModel(live);
  if (state.is === 'loading') return { left: undefined, fire: 'Loading' };
  const up = live !== null && view.gateway.state === 'running' && live.health.upstream.state === 'up';
  if (!up || model === undefined || !model.loaded) return { left: 0, fire: 'No model is warm' };
  const left = keptMs(model, now);
  if (left > STAYS_MS) return { left: 1, fire: `${model.name} stays warm` };
  const keep = view.settings.values['ollama.keep_alive'];
  const whole = typeof keep === 'string' || typeof keep === 'number' ? keepAliveSeconds(keep) * 1000 : Number.NaN;
  const working = runningRows(live).some((entry) => sameModel(entry.model, model.name));
  const share = whole > 0 ? Math.min(1, left / whole) : 1;
  return {
    left: working ? 1 : share,
    fire: `${model.name} stays warm for ${minutes(working && whole > 0 ? whole : left)}`,
  };
}

/** "15 minutes", for screen readers. */
function minutes(ms: number): string {
  return ms < 60_000 ? 'less than a minute' : plural(Math.round(ms / 60_000), 'minute');
}
