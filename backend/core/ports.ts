// What the core needs from outside, as types only. The composition root (backend.ts, or a test) provides them.
import type { ChatEvent } from '../contract/chat/chat.ts';
import type { Config } from '../contract/config/config.ts';
import type { ErrorCode } from '../contract/errors.ts';
import type { PullStep } from '../contract/pull-view.ts';
import type { Asker } from '../contract/behind.ts';

/** Milliseconds since 1970 by the clock on the wall, which people and NTP set: for times that are shown, never for a duration. */
export type Now = () => number;
/** Milliseconds since some moment; never set, so the difference of two readings is a duration. */
export type Elapsed = () => number;
/** A new unique id; a UUID in production. */
export type NewId = () => string;

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;
/** Calls `act` once after `ms`, unless what it gives is called before. What every request waits for costs less so than by `sleep`. */
export type After = (ms: number, act: () => void) => () => void;

/** The two clocks and the two ways to wait, since most parts want more than one of them. */
export interface Clock {
  readonly now: Now;
  readonly elapsed: Elapsed;
  readonly sleep: Sleep;
  readonly after: After;
}
/** By which what is kept grows old (storage/kept-time.ts). It may be behind the clock on the wall, so tell nobody of it. */
export type KeptTime = Pick<Clock, 'now'>;

/** The configuration as it is now; read it at each use, since most fields apply live. */
export type ReadConfig = () => Config;

/** Structured log; pino fits. Never give it prompt or answer text. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The two routes of Ollama that run a model to write: /api/chat and /api/generate. */
export type Family = 'chat' | 'generate';

/** A request in Ollama's own form, as it goes upstream. Unknown fields are carried along. */
export interface UpstreamRequest {
  readonly model: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly keep_alive?: string | number;
  readonly [field: string]: unknown;
}

/** Such a request for /api/chat. */
export interface UpstreamChat extends UpstreamRequest {
  readonly messages: readonly Readonly<Record<string, unknown>>[];
}

/** A request for vectors: `input` for /api/embed, `prompt` for the legacy /api/embeddings. */
export interface UpstreamEmbed extends UpstreamRequest {
  readonly input: readonly string[];
}

/** Vectors in the order of the inputs, and Ollama's figures (counts, nanoseconds) of the whole call. */
export interface EmbedReply {
  readonly vectors: readonly (readonly number[])[];
  readonly total_duration: number;
  readonly load_duration: number;
  readonly prompt_eval_count: number;
}

/** What decides whether Ollama must load the model anew: weights, runner options, shift (ollama sched.go needsReload). */
export interface RunnerSpec {
  /** By its installed name, so that two spellings of one model are the same; as it was asked for where it has none. */
  readonly model: string;
  /** Manifest digest, or the name where it is not known. */
  readonly digest: string;
  /** What of the disk it is loaded from: equal for all models that share a runner in Ollama. */
  readonly weights: string;
  /** Only the options that belong to the runner (num_ctx, num_gpu …). */
  readonly options: Readonly<Record<string, unknown>>;
  readonly shift?: boolean;
  /** Two specs with one key share a loaded runner. */
  readonly key: string;
}

/** What of a Modelfile matters here. */
export interface Modelfile {
  /** The PARAMETER lines by name; a name that stands there twice has several values. */
  readonly parameters: ReadonlyMap<string, readonly string[]>;
  /** The blobs of its FROM and ADAPTER lines, as one text; undefined where they are not told. */
  readonly weights: string | undefined;
  /** Tokens that the model was made for: no context is larger. Undefined where Ollama does not tell. */
  readonly contextLength?: number;
  /** Numbers in one of its vectors, where it makes some. */
  readonly vectorLength?: number;
  /** What its licence is called. */
  readonly license?: string;
}

/** One model of `/api/ps`. */
export interface LoadedModel {
  readonly name: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly size_vram: number;
  /** Milliseconds since 1970; far in the future means "forever". It can lie in the past while a request runs. */
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

/** Takes an event of an answer, at once. */
export type Tell = (event: ChatEvent) => void;

/**
 * Ollama, called. Every call takes the signal that ends it, also before any header has come; every failure is an
 * AppError (upstream_unreachable, upstream_unauthorized, upstream_forbidden, upstream_untrusted, upstream_failed,
 * model_not_found, invalid_request, first_token_timeout, idle_timeout), except that an aborted signal throws the signal's reason.
 */
export interface Upstream {
  /**
   * Runs the model, always streamed, and tells what comes as it comes: by calls, since each token passes here. Resolves
   * after `end` was told and the connection is free again, or rejects; it never stops quietly. It rejects with what `tell`
   * throws, and then the connection is closed. Of a Hearth it tells before that where the request stands in its line.
   */
  chat(request: UpstreamRequest, signal: AbortSignal, tell: Tell, asker?: Asker): Promise<void>;
  /** The same for /api/generate: `response` becomes the content, and `context` an unknown field of the end. */
  generate(request: UpstreamRequest, signal: AbortSignal, tell: Tell, asker?: Asker): Promise<void>;
  /** Vectors of /api/embed, normalised by Ollama. Fails as a whole when one of the inputs does. */
  embed(request: UpstreamEmbed, signal: AbortSignal, asker?: Asker): Promise<EmbedReply>;
  /** The vector of the legacy /api/embeddings, which is not normalised; of the first input alone. */
  embeddings(request: UpstreamEmbed, signal: AbortSignal, asker?: Asker): Promise<EmbedReply>;
  /** What a model's Modelfile says (/api/show). */
  modelfile(model: string, signal: AbortSignal): Promise<Modelfile>;
  /**
   * Loads a runner with an empty request and resolves when it stands ready. It stays at least long enough for a request
   * to follow, also with a keep_alive of 0.
   */
  load(spec: RunnerSpec, keepAlive: string | number | undefined, signal: AbortSignal): Promise<void>;
  /** Asks for the model to be unloaded; resolves at once, before it is. */
  unload(model: string, signal: AbortSignal): Promise<void>;
  /**
   * Downloads a model, or goes on where it broke off; tells each line as it comes. Resolves when the model is there. Throws
   * idle_timeout too, where no byte comes any more.
   */
  pull(model: string, signal: AbortSignal, tell: (step: PullStep) => void): Promise<void>;
  /** Deletes a model from the disk. */
  remove(model: string, signal: AbortSignal): Promise<void>;
  tags(signal: AbortSignal): Promise<readonly InstalledModel[]>;
  ps(signal: AbortSignal): Promise<readonly LoadedModel[]>;
  version(signal: AbortSignal): Promise<string>;
}

/** A request on its way through, byte for byte. */
export interface RelayRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Record<string, string | string[]>;
  readonly body: AsyncIterable<Uint8Array> | Uint8Array | null;
  /**
   * What is asked for, which says how long Ollama may be silent once it has the whole request. `look`: what it answers at
   * once. `run`: an answer of a model, which is a first token or, where it is not streamed, the whole. `work`: something
   * that has no limit, as a pull without progress.
   */
  readonly kind: 'look' | 'run' | 'work';
  readonly asker?: Asker | undefined;
}

export interface RelayAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Read it to its end, or abort the signal. Throws upstream_failed when it breaks off, idle_timeout, or the signal's reason. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Ollama, asked in somebody else's words. */
export interface Relay {
  /**
   * Resolves with the headers of the answer, whatever its status but 401 and 403, which are about Hearth and not about
   * who asked. Throws upstream_unreachable, upstream_unauthorized, upstream_forbidden, upstream_untrusted, upstream_failed,
   * first_token_timeout, or the signal's reason.
   */
  forward(request: RelayRequest, signal: AbortSignal): Promise<RelayAnswer>;
}

/** What one run of the model did, by Ollama's figures. Durations in milliseconds. */
export interface RunFigures {
  /** Those that Ollama still had are among them. */
  readonly promptTokens: number;
  /** Undefined where Ollama does not tell. */
  readonly reusedTokens: number | undefined;
  /** Those that stood in a prompt which the model has read since it is in memory; undefined where that is not known. */
  readonly reusableTokens?: number | undefined;
  readonly promptMs: number;
  readonly tokens: number;
  readonly evalMs: number;
}

/**
 * Why a model left memory: its keep_alive ran out, somebody asked for it, Ollama went away, a program past Hearth did it, another
 * load took its room, or it was loaded anew for other options.
 */
export type WhyLeft = 'expired' | 'unloaded' | 'restarted' | 'elsewhere' | 'pushed_out' | 'options';
/** Why one was loaded: nobody knew of it before, or it was not there any more because of that. */
export type WhyLoaded = 'first' | WhyLeft;

/** Counts what happens, for programs that watch. Models by name as they are installed. It never throws. */
export interface Meter {
  ran(model: string, figures: RunFigures): void;
  /** What a kept answer or a shared run did not cost again. */
  saved(model: string, ms: number, tokens: number): void;
  loaded(model: string, ms: number, why: WhyLoaded): void;
  left(model: string, why: WhyLeft): void;
}

/** What the user should know, in whole sentences. */
export interface Told {
  readonly level?: 'info';
  readonly text: string;
  /** With the names of those who cause it; not everybody may know them. */
  readonly who?: string;
  /** What ends it. */
  readonly todo?: string;
  /** Not among the sentences that everybody may read: `/health` has a field of its own for it, or it names a page. */
  readonly listOnly?: true;
  /** The log tells it in its own words. */
  readonly isLogged?: true;
  /** It is over by itself when it is not put again for so long. Milliseconds. */
  readonly lastsMs?: number;
}

/** Says that a state is so, or with undefined that it is not; saying the same again changes nothing. `id` names the state. */
export type PutNotice = (id: string, told: Told | undefined) => void;

/** What is known of Ollama without calling it now. */
export interface UpstreamState {
  readonly url: string;
  /** `unknown` until the first probe has ended. */
  readonly status: 'unknown' | 'up' | 'down';
  readonly version: string | undefined;
  /** Milliseconds of the last successful probe. */
  readonly latency_ms: number | undefined;
  /** Why it is down, as a sentence. */
  readonly reason: string | undefined;
  /** The code of that. */
  readonly code: ErrorCode | undefined;
  /** While it is down: something answers at the address, but no Ollama that can be used. */
  readonly foreign: boolean;
  /**
   * Nothing was heard of it yet, or the last call found nobody or broke off, and no probe has found it since: what was
   * accepted waits until it is back.
   */
  readonly away: boolean;
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** The last list, unless it is too old to be used (cache.stale_model_list_s): then, and before the first, nothing is known. */
  readonly installed: readonly InstalledModel[] | undefined;
  readonly loaded: readonly LoadedModel[];
}

/** The watch over Ollama: its state, its models, its breaker. */
export interface Watch {
  readonly state: UpstreamState;
  /**
   * The installed model that a name means, by Ollama's rules (case, `:latest`, default registry). The list is at most
   * 5 s old; a name that is not in it causes one fresh look. When the list cannot be had, the last one is used for as
   * long as cache.stale_model_list_s. Undefined: not installed, or not known; `currentList` tells them apart.
   */
  resolve(model: string, signal: AbortSignal): Promise<InstalledModel | undefined>;
  /** Like resolve, but from memory alone; undefined when a look would be needed. For the hot path. */
  peek(model: string): InstalledModel | undefined;
  /** All that is installed, by a list that was had within the last 5 s; undefined where that is not known. */
  readonly currentList: readonly InstalledModel[] | undefined;
  /**
   * Resolves as soon as anything is known, at once when it is, or after `ms`; also after a connection broke, when another
   * Ollama may have come in its place. Rejects with the signal's reason.
   */
  firstLook(ms: number, signal: AbortSignal): Promise<void>;
  /** Forget the lists now; after a pull, create, copy, delete, load or unload through us. */
  invalidate(): void;
  /** A fresh look at the loaded models. */
  refreshLoaded(signal: AbortSignal): Promise<readonly LoadedModel[]>;
  /** Throws breaker_open while the breaker is open; lets one call through when half open. */
  admit(): void;
  /** Resolves at once unless Ollama is away; then a probe looks again, and when that does not find it either, rejects with upstream_unreachable. Or with the signal's reason. */
  find(signal: AbortSignal): Promise<void>;
  /** Outcome of a real call: it ended well, found nobody (which alone counts for the breaker), or broke without a word of Ollama's; then a probe looks at once. */
  report(outcome: 'ok' | 'unreachable' | 'broke'): void;
}
