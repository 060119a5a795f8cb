// How long a request will take, learned per model from measurements. Pure state, no clock.
import type { End, Metrics } from '../../contract/chat/chat.ts';
import type { RunFigures, UpstreamRequest } from '../ports.ts';
import { promptChars, wholeRatio } from '../prompt-size.ts';

/** The weight of the newest measurement: about the last five runs count. */
const ALPHA = 0.3;
/** How many models are remembered; the least recently measured one is forgotten. */
const MAX_MODELS = 200;
/** Characters per token until a model's own ratio is known; a rule of thumb for English text. */
const CHARS_PER_TOKEN = 4;

/** A prompt with fewer tokens measures the start of a run rather than its pace. */
const LEAST_PROMPT = 16;
/** A prompt that is read this many times faster than those before it was in Ollama's prompt cache. */
const CACHE_HIT = 10;

/** What the length of an answer depends on, besides its model. */
export interface Asked {
  /** Whether it is streamed. Answers that are not streamed are background work: titles, tags, batches. */
  readonly streamed: boolean;
  /** The most tokens that were asked for; absent when there is no limit. */
  readonly limit?: number | undefined;
  /** The size of the prompt in characters, if known. */
  readonly chars?: number | undefined;
}

/** The same with the size of its prompt. */
export interface Sized extends Asked {
  readonly chars: number;
}

const READ_ALONG: Asked = { streamed: true };

interface Learned {
  /** Prompt characters per token, including what the model's template adds. */
  charsPerToken: number | undefined;
  /** Milliseconds per prompt token, not counting those from Ollama's prompt cache. */
  promptMs: number | undefined;
  evalMs: number | undefined;
  /** Tokens of a streamed answer, and of one that comes whole. */
  streamed: number | undefined;
  whole: number | undefined;
  /** A model that was just loaded has an empty prompt cache. */
  justLoaded: boolean;
  loadMs: number | undefined;
  /** Milliseconds per text. */
  embedMs: number | undefined;
}

export class Estimator {
  readonly #models = new Map<string, Learned>();

  /**
   * Learns from a finished run. Durations are in nanoseconds, as Ollama reports them; zero means "not reported".
   * `cached` is how many tokens of the prompt were in Ollama's cache (prompt_eval_cached_count). prompt_eval_count
   * includes them, prompt_eval_duration does not (docs.ollama.com/api/usage). Servers before 0.33.3 do not report it.
   */
  observe(model: string, metrics: Metrics, asked: Asked = READ_ALONG, cached?: number): void {
    const known = this.#learned(model);
    const worked = metrics.prompt_eval_count - (cached ?? 0);
    if (metrics.prompt_eval_count >= LEAST_PROMPT && asked.chars !== undefined) {
      const ratio = wholeRatio(asked.chars, metrics.prompt_eval_count);
      if (ratio !== undefined) known.charsPerToken = blend(known.charsPerToken, ratio);
    }
    if (worked >= LEAST_PROMPT && metrics.prompt_eval_duration > 0) {
      known.promptMs = promptPace(known, metrics.prompt_eval_duration / 1e6 / worked, cached !== undefined);
      known.justLoaded = false;
    }
    if (metrics.eval_count > 0 && metrics.eval_duration > 0) {
      known.evalMs = blend(known.evalMs, metrics.eval_duration / 1e6 / metrics.eval_count);
      const kind = asked.streamed ? 'streamed' : 'whole';
      // An answer that hit its own limit does not show how long answers are.
      const wasCut = asked.limit !== undefined && metrics.eval_count >= asked.limit;
      if (!wasCut || known[kind] === undefined) known[kind] = blend(known[kind], metrics.eval_count);
    }
  }

  /** Learns how long a load took, in milliseconds. */
  observeLoad(model: string, ms: number): void {
    const known = this.#learned(model);
    known.loadMs = blend(known.loadMs, ms);
    known.justLoaded = true;
  }

  /** Learns how long the vector of one text took, in milliseconds. */
  observeEmbed(model: string, ms: number): void {
    const known = this.#learned(model);
    known.embedMs = blend(known.embedMs, ms);
  }

  /** Expected milliseconds for the vector of one text; 0 until one was measured. */
  embedMs(model: string): number {
    return this.#models.get(model)?.embedMs ?? 0;
  }

  /** Expected milliseconds of a run without its load; undefined until one run of this model was measured. */
  runMs(model: string, promptChars: number, { streamed, limit = Infinity }: Asked = READ_ALONG): number | undefined {
    const known = this.#models.get(model);
    // The length of the other kind is better than a guess.
    const answer = streamed ? (known?.streamed ?? known?.whole) : (known?.whole ?? known?.streamed);
    if (known?.evalMs === undefined || answer === undefined) return undefined;
    return (known.promptMs ?? 0) * this.promptTokens(model, promptChars) + known.evalMs * Math.min(answer, limit);
  }

  /** Expected tokens of a prompt of this many characters: as measured for this model, else by a rule of thumb. */
  promptTokens(model: string, chars: number): number {
    return Math.ceil(chars / (this.#models.get(model)?.charsPerToken ?? CHARS_PER_TOKEN));
  }

  /** Expected milliseconds of a load; 0 until one was measured. */
  loadMs(model: string): number {
    return this.#models.get(model)?.loadMs ?? 0;
  }

  /** Tokens per second; null until one run was measured. */
  tokensPerSecond(model: string): number | null {
    const evalMs = this.#models.get(model)?.evalMs;
    return evalMs === undefined || evalMs <= 0 ? null : Math.round(10_000 / evalMs) / 10;
  }

  /** Prompt tokens per second; null until one was measured. */
  readTokensPerSecond(model: string): number | null {
    const promptMs = this.#models.get(model)?.promptMs;
    return promptMs === undefined || promptMs <= 0 ? null : Math.round(1000 / promptMs);
  }

  #learned(model: string): Learned {
    const known = this.#models.get(model) ?? {
      charsPerToken: undefined,
      promptMs: undefined,
      evalMs: undefined,
      streamed: undefined,
      whole: undefined,
      justLoaded: false,
      loadMs: undefined,
      embedMs: undefined,
    };
    this.#models.delete(model);
    this.#models.set(model, known);
    const oldest = this.#models.keys().next();
    if (this.#models.size > MAX_MODELS && oldest.done !== true) this.#models.delete(oldest.value);
    return known;
  }
}

/**
 * The pace of reading prompts after one more measurement. If Ollama does not report cached tokens, a pace that jumps up
 * is a cache hit and is ignored. One that drops as much was hidden by hits, or is a hiccup; its value is capped, so
 * that it can't outweigh all others.
 */
function promptPace({ promptMs, justLoaded }: Learned, now: number, isTold: boolean): number | undefined {
  if (promptMs === undefined || isTold || justLoaded) return blend(promptMs, now);
  return now * CACHE_HIT <= promptMs ? promptMs : blend(promptMs, Math.min(now, promptMs * CACHE_HIT));
}

/**
 * The weighted average with one more value. Skips values that are not finite, since they would spoil every later
 * estimate.
 */
function blend(old: number | undefined, now: number): number | undefined {
  if (!Number.isFinite(now)) return old;
  return old === undefined ? now : old + ALPHA * (now - old);
}

/**
 * How an answer is asked for: streamed or not, its limit (Ollama's `num_predict`, if positive), and the prompt's size.
 */
export function askedOf({ streamed }: Pick<Asked, 'streamed'>, request: UpstreamRequest): Sized {
  const limit = request.options?.['num_predict'];
  return { streamed, limit: typeof limit === 'number' && limit > 0 ? limit : undefined, chars: promptChars(request) };
}

/** Tokens of the prompt that Ollama had in its cache, if it reports that. */
export function cachedTokens({ extra }: Pick<End, 'extra'>): number | undefined {
  const cached = extra?.['prompt_eval_cached_count'];
  return typeof cached === 'number' ? cached : undefined;
}

/** The figures of a run as they are counted. */
export function runFigures(end: Pick<End, 'metrics' | 'extra'>): RunFigures {
  const { metrics } = end;
  return {
    promptTokens: metrics.prompt_eval_count,
    reusedTokens: cachedTokens(end),
    promptMs: metrics.prompt_eval_duration / 1e6,
    tokens: metrics.eval_count,
    evalMs: metrics.eval_duration / 1e6,
  };
}

/** A request in the planned order, for startTimes. Milliseconds. */
export interface Planned {
  /** The expected run without its load. */
  readonly runMs: number;
  /** The load before it; 0 when its runner will be in memory. */
  readonly loadMs: number;
  /** The earliest start even if a slot is free, in milliseconds from now. */
  readonly notBeforeMs?: number | undefined;
  /** Whether it may use every slot. */
  readonly isPerson?: boolean;
}

/** When a slot becomes free. */
export interface Slot {
  /** Milliseconds from now. */
  readonly ms: number;
  /** When its run should end, on the monotonic clock; absent when unknown. */
  readonly dueAt?: number | undefined;
  /** Whether waiting brings that no nearer: its load takes longer than earlier ones. */
  readonly stuck?: boolean;
  /** Whether its holder may use every slot. */
  readonly isPerson?: boolean;
}

/**
 * When each request of a planned order starts, as slots become free one after the other and loads take extra time. In
 * milliseconds from now, with what is known of the slot it waits for. `others` is how many slots are open to requests
 * that may not use every one. Pure.
 */
export function plannedStarts(order: readonly Planned[], slots: readonly Slot[], others = slots.length): Slot[] {
  const free = [...slots];
  return order.map((next) => {
    const { isPerson = false, notBeforeMs = 0 } = next;
    const soonest = free.reduce((a, { ms }, i) => (ms < (free[a]?.ms ?? 0) ? i : a), 0);
    const slot = free[soonest] ?? { ms: 0 };
    const allowed = isPerson ? slot : (takenByOthers(free)[others - 1] ?? slot);
    const from = allowed.ms > slot.ms ? allowed : slot;
    const at = notBeforeMs > from.ms ? { ms: notBeforeMs } : from;
    const start = { ...at, ms: at.ms + next.loadMs };
    free[soonest] = { ...start, ms: start.ms + next.runMs, isPerson };
    return start;
  });
}

/** The slots held by requests that may not use every one, the last to become free first. */
function takenByOthers(slots: readonly Slot[]): Slot[] {
  return slots.filter(({ isPerson }) => isPerson === false).toSorted((a, b) => b.ms - a.ms);
}

/** The start times in whole milliseconds only. `slots` has the remaining milliseconds of each slot. */
export function startTimes(order: readonly Planned[], slots: readonly number[]): number[] {
  const starts = plannedStarts(
    order,
    slots.map((ms) => ({ ms })),
  );
  return starts.map(({ ms }) => Math.round(ms));
}
