// How long a request will take, learned per model from what has been measured. Pure state, no clock.
import type { End, Metrics } from '../../contract/chat/chat.ts';
import type { RunFigures, UpstreamRequest } from '../ports.ts';
import { promptChars, wholeRatio } from '../prompt-size.ts';

/** Weight of the newest measurement: about the last five runs count. */
const ALPHA = 0.3;
/** Models remembered; the least recently measured one is forgotten. */
const MAX_MODELS = 200;
/** Characters per token before a model has told its own ratio; a common rule of thumb for English text. */
const CHARS_PER_TOKEN = 4;

/** Fewer tokens of a prompt than these say more about the start of a run than about its pace. */
const LEAST_PROMPT = 16;
/** A prompt that is read so many times faster than those before it was in Ollama's prompt cache. */
const CACHE_HIT = 10;

/** What the length of an answer depends on, beside its model. */
export interface Asked {
  /** Whether somebody reads along. Answers that are asked for as a whole are background work: titles, tags, batches. */
  readonly streamed: boolean;
  /** The most tokens that were asked for; none when absent. */
  readonly limit?: number | undefined;
  /** The size of the prompt in characters, where it is known. */
  readonly chars?: number | undefined;
}

/** With the size of its prompt. */
export interface Sized extends Asked {
  readonly chars: number;
}

const READ_ALONG: Asked = { streamed: true };

interface Learned {
  /** Characters of a prompt for each token, what the model's template adds included. */
  charsPerToken: number | undefined;
  /** Milliseconds per token that was worked on; those from Ollama's prompt cache are not. */
  promptMs: number | undefined;
  evalMs: number | undefined;
  /** Tokens of an answer that is streamed, and of one that comes whole. */
  streamed: number | undefined;
  whole: number | undefined;
  /** Nothing can be in the prompt cache of a model that has just been loaded. */
  justLoaded: boolean;
  loadMs: number | undefined;
  /** Milliseconds per text. */
  embedMs: number | undefined;
}

export class Estimator {
  readonly #models = new Map<string, Learned>();

  /**
   * Takes in a finished run. Durations in nanoseconds, as Ollama reports them; zero means "not reported". `cached`: how
   * many tokens of the prompt were in Ollama's cache (prompt_eval_cached_count); prompt_eval_count has them in it, and
   * prompt_eval_duration has not (docs.ollama.com/api/usage). Servers before 0.33.3 do not tell.
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
      // An answer that was cut at its own limit does not say how long answers are.
      const wasCut = asked.limit !== undefined && metrics.eval_count >= asked.limit;
      if (!wasCut || known[kind] === undefined) known[kind] = blend(known[kind], metrics.eval_count);
    }
  }

  /** Takes in how long a load took, in milliseconds. */
  observeLoad(model: string, ms: number): void {
    const known = this.#learned(model);
    known.loadMs = blend(known.loadMs, ms);
    known.justLoaded = true;
  }

  /** Takes in how long the vector of one text took, in milliseconds. */
  observeEmbed(model: string, ms: number): void {
    const known = this.#learned(model);
    known.embedMs = blend(known.embedMs, ms);
  }

  /** Expected milliseconds for the vector of one text; 0 until one has been measured. */
  embedMs(model: string): number {
    return this.#models.get(model)?.embedMs ?? 0;
  }

  /** Expected milliseconds of a run, load not included; undefined until one run of this model has been measured. */
  runMs(model: string, promptChars: number, { streamed, limit = Infinity }: Asked = READ_ALONG): number | undefined {
    const known = this.#models.get(model);
    // A length of the other kind is nearer than a guess.
    const answer = streamed ? (known?.streamed ?? known?.whole) : (known?.whole ?? known?.streamed);
    if (known?.evalMs === undefined || answer === undefined) return undefined;
    return (known.promptMs ?? 0) * this.promptTokens(model, promptChars) + known.evalMs * Math.min(answer, limit);
  }

  /** Expected tokens of a prompt of so many characters: by what was measured of this model, else by a rule of thumb. */
  promptTokens(model: string, chars: number): number {
    return Math.ceil(chars / (this.#models.get(model)?.charsPerToken ?? CHARS_PER_TOKEN));
  }

  /** Expected milliseconds to load; 0 until one load has been measured. */
  loadMs(model: string): number {
    return this.#models.get(model)?.loadMs ?? 0;
  }

  /** Tokens a second; null until one run has been measured. */
  tokensPerSecond(model: string): number | null {
    const evalMs = this.#models.get(model)?.evalMs;
    return evalMs === undefined || evalMs <= 0 ? null : Math.round(10_000 / evalMs) / 10;
  }

  /** Tokens of a prompt a second; null until one was measured. */
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
 * The pace of reading prompts after one more. Where Ollama does not tell what it had in its cache, a pace that jumps is a
 * hit, not a faster machine, and says nothing; one that falls as much is what hits had hidden, or a hiccup, and counts as
 * that at most, so that neither can outweigh all others.
 */
function promptPace({ promptMs, justLoaded }: Learned, now: number, isTold: boolean): number | undefined {
  if (promptMs === undefined || isTold || justLoaded) return blend(promptMs, now);
  return now * CACHE_HIT <= promptMs ? promptMs : blend(promptMs, Math.min(now, promptMs * CACHE_HIT));
}

/** Figures that make no number are passed over, since they would spoil every later estimate. */
function blend(old: number | undefined, now: number): number | undefined {
  if (!Number.isFinite(now)) return old;
  return old === undefined ? now : old + ALPHA * (now - old);
}

/** How an answer is asked for: whether it is streamed, Ollama's `num_predict`, of which only a positive one is a limit, and how long the prompt is. */
export function askedOf({ streamed }: Pick<Asked, 'streamed'>, request: UpstreamRequest): Sized {
  const limit = request.options?.['num_predict'];
  return { streamed, limit: typeof limit === 'number' && limit > 0 ? limit : undefined, chars: promptChars(request) };
}

/** Tokens of the prompt that Ollama had in its cache, where it tells. */
export function cachedTokens({ extra }: Pick<End, 'extra'>): number | undefined {
  const cached = extra?.['prompt_eval_cached_count'];
  return typeof cached === 'number' ? cached : undefined;
}

/** What a run did, as it is counted. */
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

/** One in the planned order, for startTimes. Milliseconds. */
export interface Planned {
  /** Expected run, load not included. */
  readonly runMs: number;
  /** The load before it; 0 when its runner is in memory by then. */
  readonly loadMs: number;
  /** It does not start before this, though a slot is free; milliseconds from now. */
  readonly notBeforeMs?: number | undefined;
  /** Whether it may have every slot. */
  readonly isPerson?: boolean;
}

/** When a slot gets free. */
export interface Slot {
  /** Milliseconds from now. */
  readonly ms: number;
  /** When what runs in it should end, by the monotonic clock; absent when nothing is known of that. */
  readonly dueAt?: number | undefined;
  /** Whether that comes no nearer by waiting: a load takes longer than it did before. */
  readonly stuck?: boolean;
  /** Whether it is held by one who may have every slot. */
  readonly isPerson?: boolean;
}

/**
 * When each of a planned order starts: slots get free one after the other, loads cost extra. Milliseconds from now, and
 * what is known of the slot that it waits for. `others`: how many of the slots those may have who may not have every one.
 * Pure.
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

/** The slots of those who may not have every one, the last to get free first. */
function takenByOthers(slots: readonly Slot[]): Slot[] {
  return slots.filter(({ isPerson }) => isPerson === false).toSorted((a, b) => b.ms - a.ms);
}

/** The same in whole milliseconds alone; `slots` holds for each slot how long it is still taken. */
export function startTimes(order: readonly Planned[], slots: readonly number[]): number[] {
  const starts = plannedStarts(
    order,
    slots.map((ms) => ({ ms })),
  );
  return starts.map(({ ms }) => Math.round(ms));
}
