// What the header says: the state of the app as one sentence, a second line, the one next step and the fire line. Pure:
// the whole of it is a function of the view and the time.
import type { ModelView } from '../../backend/contract/control.ts';
import type { Command, CommandInput, GatewayFailure, View } from '../../backend/contract/desktop.ts';
import { keepAliveSeconds } from '../../backend/contract/duration.ts';
import { shutOut } from '../../backend/contract/shut-out.ts';
import { hostOf, isHere, isUsual } from './host.ts';
import { runningRows, staleness, stuckRun, type Live } from './run-rows.ts';
import { keptMs, loadingModel, mainModel, STAYS_MS } from './main-model.ts';
import { sameModel } from './same-model.ts';
import { clockDuration, count, ordinal, plural, roughly } from './words.ts';

/** What a press does: a command of the wire, or another tab. */
export type Step = { readonly [C in Command]: { readonly command: C; readonly input: CommandInput<C> } }[Command];

/** What stands in the arch. */
export type MarkName = 'idle' | 'cold' | 'busy' | 'degraded' | 'stopped';

export interface HeaderButton {
  readonly label: string;
  readonly primary?: boolean;
  /** Undefined while there is nothing to do but wait: the button is off, but can be reached. */
  readonly step?: Step | { readonly tab: View['go']['tab'] };
}

export interface HeaderView {
  /** Colours the whole window. */
  readonly state: 'idle' | 'busy' | 'degraded' | 'stopped';
  readonly mark: MarkName;
  readonly line: string;
  readonly more: string;
  /** The state without figures, for those who listen. */
  readonly say: string;
  readonly button: HeaderButton | null;
  /** What is left of the model's keep-alive, 0 to 1; undefined while one is being loaded. */
  readonly left: number | undefined;
  readonly fire: string;
}

type Said = Pick<HeaderView, 'state' | 'mark' | 'line' | 'more' | 'button'> & { readonly say?: string };

const PAUSE: HeaderButton = { label: 'Pause', step: { command: 'pause', input: { paused: true } } };
const START: HeaderButton = { label: 'Start', primary: true, step: { command: 'start_gateway', input: {} } };

export function headerOf(view: View, now: number): HeaderView {
  const { gateway, live } = view;
  const said = gateway.state === 'running' && live !== null ? working(view, live, now) : resting(view, now);
  const fire = fireOf(view, now, said);
  return { say: said.line, ...said, ...fire };
}

// ---- the gateway does not run

function resting({ gateway }: View, now: number): Said {
  const stopped = { state: 'stopped', mark: 'stopped' } as const;
  if (gateway.failure !== null && gateway.state !== 'starting') return { ...stopped, ...failed(gateway.failure, now) };
  switch (gateway.state) {
    case 'draining':
      return {
        ...stopped,
        line: 'Stopping',
        more: 'Running answers are finished first',
        button: { label: 'Stopping' },
      };
    case 'starting':
    case 'running':
      return { ...stopped, line: 'Starting', more: 'Apps can reach it in a moment', button: { label: 'Starting' } };
    case 'stopped':
    case 'failed':
      return { ...stopped, line: 'Gateway is stopped', more: 'Apps cannot reach it', button: START };
  }
}

function failed(failure: GatewayFailure, now: number): Omit<Said, 'state' | 'mark'> {
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

function working(view: View, live: Live, now: number): Said {
  const { upstream } = live.health;
  if (upstream.state === 'down') return withoutOllama(view, live);
  if (upstream.state === 'unknown') {
    return {
      state: 'idle',
      mark: 'cold',
      line: 'Looking for Ollama',
      more: `At ${hostOf(upstream.url)}`,
      button: PAUSE,
    };
  }
  const stuck = stuckRun(live, now);
  if (stuck !== undefined) {
    const input = { request_id: stuck.entry.request_id };
    return {
      state: 'degraded',
      mark: 'degraded',
      line: `No progress for ${clockDuration(stuck.silentMs)}`,
      say: 'One answer makes no progress',
      more: 'Ollama is up, one answer hangs',
      button: { label: 'Cancel it', step: { command: 'cancel', input } },
    };
  }
  if (live.queue.paused) return paused(live);
  if (!upstream.model_available) {
    return {
      state: 'degraded',
      mark: 'degraded',
      line: `${upstream.model} is not installed`,
      more: 'It is the default model',
      button: { label: 'Choose…', step: { tab: 'models' } },
    };
  }
  const places = view.settings.values['queue.max_queue_size'];
  if (typeof places === 'number' && live.health.queue.length >= places) {
    return {
      state: 'degraded',
      mark: 'degraded',
      line: `The queue is full: ${count(places)} wait`,
      say: 'The queue is full',
      more: 'New requests are refused until one is done',
      button: { label: 'Show', step: { tab: 'queue' } },
    };
  }
  return live.health.queue.running > 0 ? busy(view, live, now) : ready(view, live, now);
}

function withoutOllama({ app }: View, { health }: Live): Said {
  const down = { state: 'degraded', mark: 'degraded' } as const;
  const host = hostOf(health.upstream.url);
  const button = { label: 'Change…', step: { tab: 'settings' } } as const;
  const out = shutOut(health.upstream.code);
  if (out !== undefined) return { ...down, line: out, more: `At ${host}`, button };
  const waiting = health.queue.length;
  const until = (it: string): string =>
    waiting > 0 ? `${count(waiting)} waiting for it` : `Requests fail until ${it}`;
  if (health.upstream.foreign === true) {
    return { ...down, line: `No Ollama at ${host}`, more: 'Something else answers there', button };
  }
  if (!isHere(host)) {
    return { ...down, line: `Nothing answers at ${host}`, more: until('Ollama does'), button };
  }
  // At an address that somebody has chosen, that may be what is wrong: it is named, and nothing is said of the program.
  const named = isUsual(host) ? undefined : `Nothing answers at ${host}`;
  const line = 'Ollama is not running';
  switch (app.ollama_program) {
    case 'starting':
      return { ...down, line, more: 'It is being started', button: { label: 'Starting' } };
    case 'missing': {
      if (named !== undefined) return { ...down, line: named, more: until('Ollama does'), button };
      const get = { label: 'Get Ollama', primary: true, step: { command: 'open', input: { what: 'get_ollama' } } } as const; // prettier-ignore
      return { ...down, line, more: 'It was not found on this machine', button: get };
    }
    case 'installed': {
      const start = { label: 'Start Ollama', primary: true, step: { command: 'start_ollama', input: {} } } as const;
      return { ...down, line, more: named ?? until('it is back'), button: start };
    }
  }
}

/** What to do while Ollama is down, as a sentence about the button in the header. */
export function wayBack(view: View, now: number): string {
  const { button } = headerOf(view, now);
  const foreign = view.live?.health.upstream.foreign === true;
  switch (button?.label) {
    case 'Start Ollama':
      return 'Start it above.';
    case 'Get Ollama':
      return 'Get it above.';
    case 'Change…':
      return foreign ? 'Change its address above.' : 'Change its address above, or start it there.';
    default:
      return '';
  }
}

function paused(live: Live): Said {
  const { running } = live.health.queue;
  const figures = [
    ...(running > 0 ? [`${count(running)} running`] : []),
    ...(live.health.queue.length > 0 ? [`${count(live.health.queue.length)} waiting`] : []),
  ];
  return {
    state: running > 0 ? 'busy' : 'idle',
    mark: running > 0 ? 'busy' : live.models.some(({ loaded }) => loaded) ? 'idle' : 'cold',
    line: ['Paused', ...figures].join(', '),
    say: 'Paused',
    more: 'New requests wait. Nothing is lost.',
    button: { label: 'Resume', primary: true, step: { command: 'pause', input: { paused: false } } },
  };
}

function busy(view: View, live: Live, now: number): Said {
  const working = { state: 'busy', mark: 'busy', button: PAUSE } as const;
  const rows = runningRows(live);
  const waiting = live.health.queue.length;
  const wait = waiting > 0 ? `${count(waiting)} waiting` : '';
  const loading = rows.find(({ phase }) => phase === 'loading');
  if (loading !== undefined && rows.every(({ phase }) => phase === 'loading')) {
    const usual = live.models.find(({ name }) => sameModel(name, loading.model))?.load_ms ?? null;
    const took = now - Date.parse(loading.started_at ?? loading.created_at);
    const more = [usual === null ? '' : loadLeft(usual, took), wait].filter((each) => each !== '').join(', ');
    return { ...working, line: `Loading ${loading.model}`, more: more || 'Its first answer waits for it' };
  }
  // A run without a request is a warm-up: nobody is answered.
  const warming = rows.length === 0 ? loadingModel(live) : undefined;
  if (warming !== undefined) return { ...working, ...warmingUp(warming, live, now) };
  const line = [`Answering ${count(live.health.queue.running)}`, wait].filter((each) => each !== '').join(', ');
  return { ...working, line, say: 'Answering', more: warmth(view, live, now, true) };
}

/** What is left of a load that usually takes so long. */
function loadLeft(usual: number, took: number): string {
  return took < usual ? `About ${roughly(usual - took)} left` : 'Longer than usual';
}

function warmingUp({ name, load_ms, loading_ms }: ModelView, live: Live, now: number): Pick<Said, 'line' | 'more'> {
  const took = (loading_ms ?? 0) + staleness(live, now);
  return { line: `Loading ${name}`, more: load_ms === null ? 'Nobody waits for it' : loadLeft(load_ms, took) };
}

function ready(view: View, live: Live, now: number): Said {
  const warming = loadingModel(live);
  if (warming !== undefined) return { state: 'busy', mark: 'busy', button: PAUSE, ...warmingUp(warming, live, now) };
  if (live.models.some(({ loaded }) => loaded)) {
    return { state: 'idle', mark: 'idle', line: 'Ready', more: warmth(view, live, now, false), button: PAUSE };
  }
  const usual = mainModel(live)?.load_ms ?? null;
  return {
    state: 'idle',
    mark: 'cold',
    line: 'Ready, no model loaded',
    more: usual === null ? 'The first request loads one' : `The first answer starts about ${roughly(usual)} later`,
    button: { label: 'Warm', step: { command: 'act', input: { action: 'warm_model', data: {} } } },
  };
}

// ---- the model and its fire

/** Others that are loaded stand in Overview: here they would push the address into a line of its own, now and then. */
function warmth(view: View, live: Live, now: number, working: boolean): string {
  const model = mainModel(live);
  if (model === undefined || !model.loaded) return '';
  const left = keptMs(model, now);
  if (left > STAYS_MS || view.settings.values['ollama.keep_warm'] === true) return `${model.name} stays warm`;
  return working ? `${model.name} is warm` : `${model.name} is warm for ${roughly(left)}`;
}

function fireOf(view: View, now: number, said: Said): Pick<HeaderView, 'left' | 'fire'> {
  const { live } = view;
  const model = live === null ? undefined : mainModel(live);
  if (said.line.startsWith('Loading ')) return { left: undefined, fire: 'Loading' };
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

/** "15 minutes", for those who listen. */
function minutes(ms: number): string {
  return ms < 60_000 ? 'less than a minute' : plural(Math.round(ms / 60_000), 'minute');
}
