// Small makers of the core's own values, each valid as it is; a test says only what it is about.
import {
  CompletionBuilder,
  type ChatEvent,
  type Completion,
  type End,
  type Metrics,
  type Piece,
} from '../../backend/contract/chat/chat.ts';
import { systemClock } from '../../backend/clock.ts';
import { defaultConfig, type Config } from '../../backend/contract/config/config.ts';
import { RequestTexts } from '../../backend/core/stories/views/request-texts.ts';
import { runnerSpec } from '../../backend/core/models/runner.ts';
import type { InstalledModel, LoadedModel, Log, RunnerSpec, UpstreamState, Watch } from '../../backend/core/ports.ts';

export const NO_METRICS: Metrics = {
  total_duration: 0,
  load_duration: 0,
  prompt_eval_count: 0,
  prompt_eval_duration: 0,
  eval_count: 0,
  eval_duration: 0,
};

/** 10 prompt tokens in 100 ms, 20 answer tokens in 1 s. */
export const SOME_METRICS: Metrics = {
  total_duration: 1_100_000_000,
  load_duration: 0,
  prompt_eval_count: 10,
  prompt_eval_duration: 100_000_000,
  eval_count: 20,
  eval_duration: 1_000_000_000,
};

export function end(over: Partial<End> = {}): End {
  return { created_at: '2026-01-01T00:00:00Z', done_reason: 'stop', metrics: SOME_METRICS, ...over };
}

/** A piece of an answer; a text stands for its content. */
export function piece(of: string | Partial<Piece>): Piece {
  return typeof of === 'string' ? { content: of, thinking: '' } : { content: '', thinking: '', ...of };
}

export function pieceEvent(of: string | Partial<Piece>): ChatEvent {
  return { type: 'piece', piece: piece(of) };
}

export function endEvent(over: Partial<End> = {}): ChatEvent {
  return { type: 'end', end: end(over) };
}

/** A finished answer that came in these pieces. */
export function completion(pieces: readonly (string | Partial<Piece>)[], over: Partial<End> = {}): Completion {
  const folder = new CompletionBuilder();
  for (const of of pieces) folder.add(piece(of));
  return folder.finish(end(over));
}

type Sections = { readonly [S in keyof Config]?: Partial<Config[S]> };

/** The default configuration with some fields changed. */
export function config(change: Sections = {}): Config {
  const made = defaultConfig();
  const sections = Object.entries(change).map(([name, fields]) => [name, { ...made[name as keyof Config], ...fields }]);
  return { ...made, ...(Object.fromEntries(sections) as Partial<Config>) };
}

export function runner(over: Partial<RunnerSpec> = {}): RunnerSpec {
  const { model = 'm', digest = `digest of ${model}`, options = {}, shift } = over;
  return { ...runnerSpec({ model, options, shift }, { name: model, digest }, undefined), ...over };
}

export function installed(name: string, over: Partial<InstalledModel> = {}): InstalledModel {
  return { name, digest: `digest of ${name}`, size: 1, modified_at: '', remote: false, details: {}, ...over };
}

export function loaded(name: string, over: Partial<LoadedModel> = {}): LoadedModel {
  return { name, digest: `digest of ${name}`, size: 1, size_vram: 1, expires_at: Number.MAX_SAFE_INTEGER, ...over };
}

export const NO_LOG: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Keeps no text of a request. */
export const NO_TEXTS = new RequestTexts({
  config: () => defaultConfig(),
  clock: systemClock,
  log: NO_LOG,
  store: { keep: () => undefined, find: () => ({}), clear: () => 0, watch: () => undefined, setWatch: () => undefined },
  requests: { get: () => undefined },
  requestLog: { find: () => undefined },
  onChange: () => undefined,
});

/** A watch over an Ollama that is up, with this state; it looks at nothing by itself. */
export function standingWatch(over: Partial<UpstreamState> = {}): Watch {
  const state: UpstreamState = {
    url: 'http://127.0.0.1:11434',
    status: 'up',
    version: '0.33.0',
    latency_ms: 1,
    reason: undefined,
    code: undefined,
    foreign: false,
    away: false,
    breaker: 'closed',
    installed: [],
    loaded: [],
    ...over,
  };
  const find = (name: string): InstalledModel | undefined => state.installed?.find((model) => model.name === name);
  return {
    state,
    resolve: (name) => Promise.resolve(find(name)),
    peek: find,
    firstLook: () => Promise.resolve(),
    invalidate: () => undefined,
    refreshLoaded: () => Promise.resolve(state.loaded),
    currentList: state.status === 'up' ? state.installed : undefined,
    admit: () => undefined,
    find: () => Promise.resolve(),
    report: () => undefined,
  };
}

/** How a promise stands now, without waiting for it; look after `settled()`. */
export function watched<T>(promise: Promise<T>): {
  state: 'pending' | 'fulfilled' | 'rejected';
  value?: T;
  reason?: unknown;
} {
  const seen: ReturnType<typeof watched<T>> = { state: 'pending' };
  promise.then(
    (value) => Object.assign(seen, { state: 'fulfilled', value }),
    (reason: unknown) => Object.assign(seen, { state: 'rejected', reason }),
  );
  return seen;
}
