// What the header says of the state of the app: a sentence, a second line, the one next step and the fire line. Pure: a
// function of the view and the time. What the state is, is decided in contract/views/app-state.ts.
import {
  lookOf,
  runningRows,
  stateOf,
  staleness,
  type AppState,
  type Live,
  type Look,
} from '../../backend/contract/views/app-state.ts';
import type { Command, CommandInput, GatewayFailure, View } from '../../backend/contract/window/desktop.ts';
import { keepAliveSeconds } from '../../backend/contract/duration.ts';
import { shutOut } from '../../words/ollama-words.ts';
import { t, type TextKey } from '../../words/texts.ts';
import { hostOf, isHere, isUsual } from './host.ts';
import { keptMs, mainModel, STAYS_MS } from './main-model.ts';
import { sameModel } from './same-model.ts';
import { clockDuration, ordinal, roughly } from './words.ts';

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
  readonly badge: string | null;
  /** What is left of the model's keep-alive, 0 to 1; undefined while one is being loaded. */
  readonly left: number | undefined;
  readonly fire: string;
}

/** What a state is called; `say` where it differs from `line`. */
type Said = Pick<HeaderView, 'line' | 'more' | 'button'> & { readonly say?: string };

const pauseButton = (): HeaderButton => ({
  label: t('header.pause'),
  step: { command: 'pause', input: { paused: true } },
});
const startButton = (): HeaderButton => ({
  label: t('header.start'),
  primary: true,
  step: { command: 'start_gateway', input: {} },
});

export function headerOf(view: View, now: number): HeaderView {
  const { gateway, live, settings } = view;
  const places = Number(settings.values['queue.max_queue_size']);
  const stuckAfterS = Number(settings.values['ollama.stuck_after_seconds']);
  const state = stateOf({ gateway, live, places, stuckAfterS }, now);
  const said = live === null || lookOf(state) === 'stopped' ? resting(state, now) : working(state, view, live, now);
  const look = lookOf(state);
  const hasEmber = state.is !== 'looking' && live?.models.some(({ loaded }) => loaded) === true;
  const mark = look === 'idle' && !hasEmber ? 'cold' : look;
  const badge = live === null || state.is === 'replaying' ? null : badgeOf(live.health.mode);
  return { say: said.line, ...said, badge, state: look, mark, ...fireOf(view, now, state) };
}

function badgeOf(mode: Live['health']['mode']): string | null {
  return mode === 'live' ? null : t(mode === 'record' ? 'header.recording' : 'header.replay');
}

// ---- the gateway does not run

function resting(state: AppState, now: number): Said {
  switch (state.is) {
    case 'failed':
      return failed(state.failure, now);
    case 'stopping':
      return { line: t('header.stopping'), more: t('header.stopping_more'), button: { label: t('header.stopping') } };
    case 'stopped':
      return { line: t('header.stopped'), more: t('header.stopped_more'), button: startButton() };
    default:
      return { line: t('header.starting'), more: t('header.starting_more'), button: { label: t('header.starting') } };
  }
}

function failed(failure: GatewayFailure, now: number): Said {
  switch (failure.kind) {
    case 'port_taken':
      return {
        line: t('header.port_taken', { port: failure.port }),
        more: failure.holder.hearth
          ? t('header.taken_hearth')
          : failure.holder.ollama === true
            ? t('header.taken_ollama')
            : t('header.taken_other'),
        button: { label: t('header.try_again'), step: { command: 'start_gateway', input: {} } },
      };
    case 'crashed': {
      const left = Date.parse(failure.restarts_at) - now;
      return {
        line: left > 500 ? t('header.restarting_in', { time: clockDuration(left) }) : t('header.restarting'),
        say: t('header.crashed_say'),
        more: t('header.crashed', { n: failure.times_today, nth: ordinal(failure.times_today) }),
        button: { label: t('header.open_log'), step: { command: 'open', input: { what: 'logs' } } },
      };
    }
    case 'other':
      return { line: t('header.not_started'), more: failure.sentence, button: startButton() };
  }
}

// ---- the gateway runs

function working(state: AppState, view: View, live: Live, now: number): Said {
  const { upstream } = live.health;
  switch (state.is) {
    case 'ollama_down':
      return withoutOllama(view, live);
    case 'looking':
      return { line: t('header.looking'), more: t('header.at', { host: hostOf(upstream.url) }), button: pauseButton() };
    case 'stuck': {
      const input = { request_id: state.entry.request_id };
      return {
        line: t('header.stuck', { time: clockDuration(state.silentMs) }),
        say: t('header.stuck_say'),
        more: t('header.stuck_more'),
        button: { label: t('header.cancel_it'), step: { command: 'cancel', input } },
      };
    }
    case 'paused':
      return paused(state);
    case 'replaying':
      return {
        line: t('header.replaying'),
        more: t('header.replaying_more'),
        button: { label: t('header.change'), step: { tab: 'settings' } },
      };
    case 'model_missing':
      return {
        line: t('header.model_missing', { model: upstream.model }),
        more: t('header.missing_more'),
        button: { label: t('header.choose'), step: { tab: 'models' } },
      };
    case 'full':
      return {
        line: t('header.full', { n: state.places }),
        say: t('header.full_say'),
        more: t('header.full_more'),
        button: { label: t('header.show'), step: { tab: 'queue' } },
      };
    case 'loading':
      return {
        line: t('header.loading', { model: state.model }),
        more: loading(state, live, now),
        button: pauseButton(),
      };
    case 'answering': {
      const line = t('header.answering', { running: state.running, waiting: state.waiting });
      return { line, say: t('header.answering_say'), more: warmth(view, live, now, true), button: pauseButton() };
    }
    default:
      return ready(view, live, now);
  }
}

function withoutOllama({ app }: View, { health }: Live): Said {
  const host = hostOf(health.upstream.url);
  const asWay = health.upstream.foreign === true ? t('header.way_address') : t('header.way_address_or_start');
  const button = { label: t('header.change'), step: { tab: 'settings' }, asWay } as const;
  const out = shutOut(health.upstream.code);
  if (out !== undefined) return { line: out, more: t('header.at', { host }), button };
  const waiting = health.queue.length;
  const until = (fails: TextKey): string => (waiting > 0 ? t('header.waiting_for_it', { n: waiting }) : t(fails));
  if (health.upstream.foreign === true) {
    return { line: t('header.foreign', { host }), more: t('header.foreign_more'), button };
  }
  if (!isHere(host)) {
    return { line: t('header.nothing_at', { host }), more: until('header.fail_until_answers'), button };
  }
  // An address of the user's own may be what is wrong: it is named, and the program is not.
  const named = isUsual(host) ? undefined : t('header.nothing_at', { host });
  const line = t('header.down');
  switch (app.ollama_program) {
    case 'starting':
      return { line, more: t('header.down_starting'), button: { label: t('header.starting') } };
    case 'missing': {
      if (named !== undefined) return { line: named, more: until('header.fail_until_answers'), button };
      const step = { command: 'open', input: { what: 'get_ollama' } } as const;
      const get = { label: t('header.get_ollama'), primary: true, step, asWay: t('header.way_get') };
      return { line, more: t('header.down_missing'), button: get };
    }
    case 'installed': {
      const step = { command: 'start_ollama', input: {} } as const;
      const start = { label: t('header.start_ollama'), primary: true, step, asWay: t('header.way_start') };
      return { line, more: named ?? until('header.fail_until_back'), button: start };
    }
  }
}

/** What to do while Ollama is down, as a sentence about the button in the header; empty where it helps with nothing. */
export function wayBack(view: View, now: number): string {
  return headerOf(view, now).button?.asWay ?? '';
}

function paused(state: AppState & { is: 'paused' }): Said {
  return {
    line: t('header.paused_line', { running: state.running, waiting: state.waiting }),
    say: t('header.paused'),
    more: t('header.paused_more'),
    button: { label: t('header.resume'), primary: true, step: { command: 'pause', input: { paused: false } } },
  };
}

function waitingWords({ waiting }: { readonly waiting: number }): string[] {
  return waiting > 0 ? [t('header.waiting', { n: waiting })] : [];
}

/** How long a load still takes, and who waits for it. */
function loading({ model, entry, ...state }: AppState & { is: 'loading' }, live: Live, now: number): string {
  const known = live.models.find(({ name }) => sameModel(name, model));
  const usual = known?.load_ms ?? null;
  if (entry === undefined) {
    const took = (known?.loading_ms ?? 0) + staleness(live, now);
    return usual === null ? t('header.loading_nobody') : loadLeft(usual, took);
  }
  const took = now - Date.parse(entry.started_at ?? entry.created_at);
  const left = usual === null ? [] : [loadLeft(usual, took)];
  return [...left, ...waitingWords(state)].join(', ') || t('header.loading_first');
}

/** What is left of a load that usually takes so long. */
function loadLeft(usual: number, took: number): string {
  return took < usual ? t('header.load_left', { time: roughly(usual - took) }) : t('header.loading_longer');
}

function ready(view: View, live: Live, now: number): Said {
  if (live.models.some(({ loaded }) => loaded)) {
    return { line: t('header.ready'), more: warmth(view, live, now, false), button: pauseButton() };
  }
  const usual = mainModel(live)?.load_ms ?? null;
  return {
    line: t('header.ready_cold'),
    more: usual === null ? t('header.ready_cold_more') : t('header.first_later', { time: roughly(usual) }),
    button: { label: t('header.warm'), step: { command: 'act', input: { action: 'warm_model', data: {} } } },
  };
}

// ---- the model and its fire

/** Other loaded models are in Overview: here they would sometimes push the address into a line of its own. */
function warmth(view: View, live: Live, now: number, working: boolean): string {
  const model = mainModel(live);
  if (model === undefined || !model.loaded) return '';
  const left = keptMs(model, now);
  if (left > STAYS_MS || view.settings.values['ollama.keep_warm'] === true)
    return t('header.stays_warm', { model: model.name });
  return working
    ? t('header.is_warm', { model: model.name })
    : t('header.warm_for', { model: model.name, time: roughly(left) });
}

function fireOf(view: View, now: number, state: AppState): Pick<HeaderView, 'left' | 'fire'> {
  const { live } = view;
  const model = live === null ? undefined : mainModel(live);
  if (state.is === 'loading') return { left: undefined, fire: t('header.fire_loading') };
  const up = live !== null && view.gateway.state === 'running' && live.health.upstream.state === 'up';
  if (!up || model === undefined || !model.loaded) return { left: 0, fire: t('header.fire_none') };
  const left = keptMs(model, now);
  if (left > STAYS_MS) return { left: 1, fire: t('header.stays_warm', { model: model.name }) };
  const keep = view.settings.values['ollama.keep_alive'];
  const whole = typeof keep === 'string' || typeof keep === 'number' ? keepAliveSeconds(keep) * 1000 : Number.NaN;
  const working = runningRows(live).some((entry) => sameModel(entry.model, model.name));
  const share = whole > 0 ? Math.min(1, left / whole) : 1;
  return {
    left: working ? 1 : share,
    fire: t('header.stays_warm_for', { model: model.name, time: minutes(working && whole > 0 ? whole : left) }),
  };
}

/** "15 minutes", for screen readers. */
function minutes(ms: number): string {
  return ms < 60_000 ? t('header.under_minute') : t('header.minutes', { n: Math.round(ms / 60_000) });
}
