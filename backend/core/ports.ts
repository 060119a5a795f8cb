// What the core needs from outside, as types only. The composition root (backend.ts, or a test) provides them.
import type { ChatEvent } from '../contract/chat/chat.ts';
import type { Config } from '../contract/config/config.ts';
import type { ErrorCode } from '../contract/errors.ts';
import type { PullStep } from '../contract/views/pull-view.ts';
import type { Asker } from '../contract/behind.ts';

/** Milliseconds since 1970 on the wall clock, which people and NTP set. For displayed times, never for a duration. */
export type Now = () => number;
/** Milliseconds since some fixed moment. This clock is never set, so the difference of two readings is a duration. */
export type Elapsed = () => number;
/** A new unique id; a UUID in production. */
export type NewId = () => string;

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;
/** Calls `act` once after `ms`, unless the returned function is called first. Cheaper than `sleep`. */
export type After = (ms: number, act: () => void) => () => void;

/** The two clocks and the two ways to wait. Most parts need several of them. */
export interface Clock {
  readonly now: Now;
  readonly elapsed: Elapsed;
  readonly sleep: Sleep;
  readonly after: After;
}
/** The clock by which stored data ages (storage/kept-time.ts). It may lag behind the wall clock: never display it. */
export type KeptTime = Pick<Clock, 'now'>;

/** The current configuration. Read it at each use, since most fields apply live. */
export type ReadConfig = () => Config;

/** Structured log; pino fits. Never pass prompt or answer text to it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The two routes of Ollama that generate text: /api/chat and /api/generate. */
export type Family = 'chat' | 'generate';

/** A request in Ollama's own form, as it goes upstream. Unknown fields are passed along. */
export interface UpstreamRequest {
  readonly model: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly keep_alive?: string | number;
  readonly [field: string]: unknown;
}

/** A request for /api/chat. */
export interface UpstreamChat extends UpstreamRequest {
  readonly messages: readonly Readonly<Record<string, unknown>>[];
}

/** A request for vectors: `input` for /api/embed, `prompt` for the legacy /api/embeddings. */
export interface UpstreamEmbed extends UpstreamRequest {
  readonly input: readonly string[];
}

/** Vectors in the order of the inputs, and Ollama's figures (counts, nanoseconds) for the whole call. */
export interface EmbedReply {
  readonly vectors: readonly (readonly number[])[];
  readonly total_duration: number;
  readonly load_duration: number;
  readonly prompt_eval_count: number;
}

/** What decides whether Ollama must reload the model: weights, runner options, shift (ollama sched.go needsReload). */
export interface RunnerSpec {
  /** The installed name, so that two spellings of one model are equal; the requested name if it is not installed. */
  readonly model: string;
  /** Manifest digest, or the name if it is unknown. */
  readonly digest: string;
  /** The files it is loaded from: equal for all models that share a runner in Ollama. */
  readonly weights: string;
  /** Only the options that belong to the runner (num_ctx, num_gpu …). */
  readonly options: Readonly<Record<string, unknown>>;
  readonly shift?: boolean;
  /** Two specs with the same key share a loaded runner. */
  readonly key: string;
}

/** The parts of a Modelfile that matter here. */
export interface Modelfile {
  /** The PARAMETER lines by name; a name that occurs twice has several values. */
  readonly parameters: ReadonlyMap<string, readonly string[]>;
  /** The blobs of its FROM and ADAPTER lines, as one text; undefined when Ollama does not report them. */
  readonly weights: string | undefined;
  /** The largest context that the model was made for, in tokens. Undefined when Ollama does not report it. */
  readonly contextLength?: number;
  /** The length of its vectors, for an embedding model. */
  readonly vectorLength?: number;
  /** The name of its licence. */
  readonly license?: string;
}

/** One model of `/api/ps`. */
export interface LoadedModel {
  readonly name: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly size_vram: number;
  /** Milliseconds since 1970; far in the future means "forever". May be in the past while a request runs. */
  readonly expires_at: number;
  readonly context_length?: number;
}

/** One model of `/api/tags`. */
export interface InstalledModel {
  readonly name: string;
  readonly digest: string;
  readonly size: number;
  readonly modified_at: string;
  readonly capabilities?: readonly string[];
  readonly remote: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Receives an event of an answer, synchronously. */
export type Tell = (event: ChatEvent) => void;

/**
 * Calls to Ollama. A signal aborts each, even before any header. Failures are AppErrors (upstream_unreachable,
 * upstream_unauthorized, upstream_forbidden, upstream_untrusted, upstream_failed, model_not_found, invalid_request,
 * first_token_timeout, idle_timeout); an aborted signal throws its reason.
 */
export interface Upstream {
  /**
   * Runs the model, always streamed, and calls `tell` for each event, since each token passes here. Resolves after
   * `end` was told and the connection is free again, or rejects; it never stops quietly. Rejects with what `tell`
   * throws, and closes the connection. A Hearth also tells, before that, where the request stands in its queue.
   */
  chat(request: UpstreamRequest, signal: AbortSignal, tell: Tell, asker?: Asker): Promise<void>;
  /** The same for /api/generate: `response` becomes the content, and `context` an unknown field of the end. */
  generate(request: UpstreamRequest, signal: AbortSignal, tell: Tell, asker?: Asker): Promise<void>;
  /** Vectors of /api/embed, normalised by Ollama. Fails as a whole when one of the inputs does. */
  embed(request: UpstreamEmbed, signal: AbortSignal, asker?: Asker): Promise<EmbedReply>;
  /** The vector of the legacy /api/embeddings, not normalised, for the first input only. */
  embeddings(request: UpstreamEmbed, signal: AbortSignal, asker?: Asker): Promise<EmbedReply>;
  /** The Modelfile of a model (/api/show). */
  modelfile(model: string, signal: AbortSignal): Promise<Modelfile>;
  /**
   * Loads a runner with an empty request and resolves when it is ready. The runner stays at least long enough for a
   * request to follow, even with a keep_alive of 0.
   */
  load(spec: RunnerSpec, keepAlive: string | number | undefined, signal: AbortSignal): Promise<void>;
  /** Requests that a model is unloaded; resolves at once, before it is. */
  unload(model: string, signal: AbortSignal): Promise<void>;
  /**
   * Downloads a model, or resumes a download; tells each line as it comes. Resolves when the model is there. Also
   * throws idle_timeout, when no more bytes come.
   */
  pull(model: string, signal: AbortSignal, tell: (step: PullStep) => void): Promise<void>;
  /** Deletes a model from disk. */
  remove(model: string, signal: AbortSignal): Promise<void>;
  tags(signal: AbortSignal): Promise<readonly InstalledModel[]>;
  ps(signal: AbortSignal): Promise<readonly LoadedModel[]>;
  version(signal: AbortSignal): Promise<string>;
}

/** A request that is passed through byte for byte. */
export interface RelayRequest {
  readonly method: string;
  /** Includes the query. */
  readonly path: string;
  readonly headers: Record<string, string | string[]>;
  readonly body: AsyncIterable<Uint8Array> | Uint8Array | null;
  /**
   * How long Ollama may be silent once it has the whole request. `look`: it answers at once. `run`: an answer of a
   * model, so the wait for a first token or, if not streamed, for all of it. `work`: no limit, as for a pull without
   * progress.
   */
  readonly kind: 'look' | 'run' | 'work';
  readonly asker?: Asker | undefined;
}

export interface RelayAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Read it to its end, or abort the signal. Throws upstream_failed, idle_timeout, or the signal's reason. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Passes requests to Ollama without translating them. */
export interface Relay {
  /**
   * Resolves with the headers of the answer, whatever its status except 401 and 403, which concern Hearth and not its
   * caller. Throws upstream_unreachable, upstream_unauthorized, upstream_forbidden, upstream_untrusted,
   * upstream_failed, first_token_timeout, or the signal's reason.
   */
  forward(request: RelayRequest, signal: AbortSignal): Promise<RelayAnswer>;
}

/** What one run of the model did, by Ollama's figures. Durations in milliseconds. */
export interface RunFigures {
  /** Includes the tokens that Ollama still had. */
  readonly promptTokens: number;
  /** Undefined when Ollama does not report it. */
  readonly reusedTokens: number | undefined;
  /** Tokens of a prompt that the model has read since it was loaded; undefined when unknown. */
  readonly reusableTokens?: number | undefined;
  readonly promptMs: number;
  readonly tokens: number;
  readonly evalMs: number;
}

/**
 * Why a model left memory: its keep_alive expired, somebody unloaded it, Ollama went away, a program that bypasses
 * Hearth did it, another load needed the room, or it was reloaded with other options.
 */
export type WhyLeft = 'expired' | 'unloaded' | 'restarted' | 'elsewhere' | 'pushed_out' | 'options';
/** Why a model was loaded: it was not known before, or it had left for one of those reasons. */
export type WhyLoaded = 'first' | WhyLeft;

/** Counts events for monitoring programs. Models by their installed names. Never throws. */
export interface Meter {
  ran(model: string, figures: RunFigures): void;
  /** What a kept answer or a shared run saved. */
  saved(model: string, ms: number, tokens: number): void;
  loaded(model: string, ms: number, why: WhyLoaded): void;
  left(model: string, why: WhyLeft): void;
}

/** A notice for the user, in whole sentences. */
export interface Told {
  readonly level?: 'info';
  readonly text: string;
  /** The text with the names of those who cause it, which not everybody may see. */
  readonly who?: string;
  /** What the user can do about it. */
  readonly todo?: string;
  /** Not among the sentences that everybody may read: `/health` has its own field for it, or it names a page. */
  readonly listOnly?: true;
  /** The log reports it in its own words. */
  readonly isLogged?: true;
  /** The notice ends when it is not put again for this long. Milliseconds. */
  readonly lastsMs?: number;
}

/** Sets a notice, or removes it with undefined; repeating it changes nothing. `id` names the state. */
export type PutNotice = (id: string, told: Told | undefined) => void;

/** What is known of Ollama without a call. */
export interface UpstreamState {
  readonly url: string;
  /** `unknown` until the first probe has ended. */
  readonly status: 'unknown' | 'up' | 'down';
  readonly version: string | undefined;
  /** Milliseconds of the last successful probe. */
  readonly latency_ms: number | undefined;
  /** Why it is down, as a sentence. */
  readonly reason: string | undefined;
  /** The error code of `reason`. */
  readonly code: ErrorCode | undefined;
  /** While it is down: something answers at the address, but not a usable Ollama. */
  readonly foreign: boolean;
  /**
   * Nothing was heard of it yet, or the last call was refused or broke off and no probe has found it since. Accepted
   * requests wait until it is back.
   */
  readonly away: boolean;
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** The last list. Undefined before the first one, and when it is older than cache.stale_model_list_s. */
  readonly installed: readonly InstalledModel[] | undefined;
  readonly loaded: readonly LoadedModel[];
}

/** Watches Ollama: its state, its models, its breaker. */
export interface Watch {
  readonly state: UpstreamState;
  /**
   * The installed model of this name, by Ollama's rules (case, `:latest`, default registry). The list is at most 5 s
   * old, and a name that is missing causes one fresh request. When that fails, the last list is used for up to
   * cache.stale_model_list_s. Undefined: not installed, or unknown; `currentList` tells them apart.
   */
  resolve(model: string, signal: AbortSignal): Promise<InstalledModel | undefined>;
  /** Like resolve, but from memory only; undefined when a request would be needed. For the hot path. */
  peek(model: string): InstalledModel | undefined;
  /** All installed models, from a list at most 5 s old; undefined when there is none. */
  readonly currentList: readonly InstalledModel[] | undefined;
  /**
   * Resolves as soon as anything is known, or after `ms`. Waits again after a connection broke, since another Ollama
   * may have taken its place. Rejects with the signal's reason.
   */
  firstLook(ms: number, signal: AbortSignal): Promise<void>;
  /** Discards the lists; call it after a pull, create, copy, delete, load or unload through Hearth. */
  invalidate(): void;
  /** Requests the loaded models anew. */
  refreshLoaded(signal: AbortSignal): Promise<readonly LoadedModel[]>;
  /** Throws breaker_open while the breaker is open; lets one call through when half open. */
  admit(): void;
  /** Resolves at once unless Ollama is away; then probes. Rejects with upstream_unreachable or the signal's reason. */
  find(signal: AbortSignal): Promise<void>;
  /** The outcome of a call. Only `unreachable` counts for the breaker; `broke` means no answer, and starts a probe. */
  report(outcome: 'ok' | 'unreachable' | 'broke'): void;
}
