// An answer: on the wire of Hearth's own routes, and inside as one neutral record. Every answer is the same sequence of
// few events, on every route. chat-request.ts has the request; this file knows no HTTP and no Ollama.
import { z } from 'zod';
import { toolCallSchema, type ToolCall } from './chat-request.ts';
import { promptKeptSchema } from '../rules/pin-rule.ts';
import type { WaitsWhy } from './waits-for.ts';

// ---- the neutral record -----------------------------------------------------------------------------------------

/** One piece of a running answer, as the model sent it. Missing texts are ''. */
export interface Piece {
  readonly content: string;
  readonly thinking: string;
  readonly tool_calls?: readonly ToolCall[];
  /** Unknown fields of the chunk (logprobs …), kept for the routes in Ollama's own form. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** The model sent this piece in the same chunk as the end; routes that show chunks unchanged keep both in one. */
  readonly last?: true;
}

/** Ollama's metrics of a finished answer: counts, and durations in nanoseconds. 0 if Ollama reports none. */
export const metricsSchema = z.object({
  total_duration: z.number(),
  load_duration: z.number(),
  prompt_eval_count: z.number(),
  prompt_eval_duration: z.number(),
  eval_count: z.number(),
  eval_duration: z.number(),
});
export type Metrics = z.infer<typeof metricsSchema>;

/**
 * The metrics of a run whose model was loaded for it beforehand: the load time is added to both durations, as if Ollama
 * had loaded the model itself. An answer without metrics stays without. `loadMs` in milliseconds.
 */
export function withLoad<F extends Pick<Metrics, 'total_duration' | 'load_duration'>>(figures: F, loadMs: number): F {
  if (loadMs === 0 || figures.total_duration === 0) return figures;
  const ns = Math.round(loadMs * 1e6);
  const { total_duration: total, load_duration: load } = figures;
  return { ...figures, total_duration: total + ns, load_duration: load + ns };
}

/** The metrics of an answer for which Ollama reports none. */
export const NO_METRICS: Metrics = {
  total_duration: 0,
  load_duration: 0,
  prompt_eval_count: 0,
  prompt_eval_duration: 0,
  eval_count: 0,
  eval_duration: 0,
};

/**
 * The reason of an answer that Ollama ended regularly, but without `done`: it does so when a token repeats more than 30
 * times in a row. Such an answer has no metrics and is not cached; on Ollama's own routes it has no end event either.
 */
export const INCOMPLETE = 'incomplete';

export function isIncomplete({ done_reason: reason }: Pick<End, 'done_reason'>): boolean {
  return reason === INCOMPLETE;
}

/** How an answer ended. */
export interface End {
  /** Ollama's `created_at` of the last chunk. */
  readonly created_at: string;
  readonly done_reason: string;
  readonly metrics: Metrics;
  /** Unknown fields of the last chunk. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** The last piece came in the same chunk, as tool calls do. */
  readonly joined?: true;
}

/** The state of a request before its first piece. `position` counts from 1 in the queue and is 0 once it has a slot. */
export interface Waiting extends WaitsWhy {
  readonly phase: 'queued' | 'loading' | 'running';
  readonly position: number;
  /** Estimated milliseconds until it starts; never below 0. */
  readonly eta_ms: number;
  /** When that was estimated, by the monotonic clock. Absent: the estimate does not shrink with time. */
  readonly as_of?: number;
  /** When the answer that it waits for should end, by the same clock; absent when it waits for none. */
  readonly due_at?: number;
  /** Its prompt does not fit, so it will run with a part of it. */
  readonly truncated?: Truncated;
}

/** A prompt that is longer than its context, by an estimate: Ollama drops the oldest part. In tokens. */
export interface Truncated {
  readonly tokens: number;
  readonly size: number;
}

/**
 * The rest of an estimate at `elapsed` on the monotonic clock: it shrinks with time, never below 0. A late answer is
 * expected to take as long again as it is late, so the estimate grows.
 */
export function etaOf(waiting: Waiting, elapsed: number): number {
  const { eta_ms, as_of, due_at } = waiting;
  if (as_of === undefined) return Math.round(eta_ms);
  if (due_at === undefined) return Math.round(Math.max(0, eta_ms - (elapsed - as_of)));
  return Math.round(etaAfter(waiting) + Math.abs(due_at - elapsed));
}

/** The part of an estimate that follows the end of the answer before it. */
export function etaAfter({ eta_ms, as_of = 0, due_at = as_of }: Waiting): number {
  return Math.max(0, eta_ms - Math.abs(due_at - as_of));
}

/** Whether the answer that it waits for should have ended by now: nobody can say when it will. */
export function isLate({ due_at }: Waiting, elapsed: number): boolean {
  return due_at !== undefined && elapsed >= due_at;
}

/** The last state before the first piece. */
export const RUNNING: Waiting = { phase: 'running', position: 0, eta_ms: 0 };

/** The sequence of every answer: waiting*, piece*, end. A failure is thrown by the sequence. */
export type ChatEvent =
  | { readonly type: 'waiting'; readonly waiting: Waiting }
  | { readonly type: 'piece'; readonly piece: Piece }
  | { readonly type: 'end'; readonly end: End };
/** An event of the answer itself. */
export type Said = Exclude<ChatEvent, { readonly type: 'waiting' }>;

/**
 * The boundary of a piece: its kind, its length in UTF-16 units (texts) or items (others), and whether it belongs to
 * the same piece as the cut before.
 */
export type Cut = readonly [kind: 'content' | 'thinking' | 'tool_calls' | 'extra', length: number, joined?: true];

/** A finished answer: the whole texts, and the boundaries of the model's pieces. */
export interface Completion {
  readonly content: string;
  readonly thinking: string;
  readonly tool_calls: readonly ToolCall[];
  readonly extras: readonly Readonly<Record<string, unknown>>[];
  readonly cuts: readonly Cut[];
  readonly end: End;
}

/**
 * Collects the pieces of one answer into a Completion. `fold(replay(x))` equals x. Nothing here waits or throws; the
 * caller knows whether the answer is complete.
 */
export class CompletionBuilder {
  readonly #content: string[] = [];
  readonly #thinking: string[] = [];
  readonly #toolCalls: ToolCall[] = [];
  readonly #extras: Readonly<Record<string, unknown>>[] = [];
  readonly #cuts: Cut[] = [];

  add(piece: Piece): void {
    const { thinking, content, tool_calls: toolCalls = [], extra } = piece;
    const before = this.#cuts.length;
    const cut = (kind: Cut[0], length: number): void => {
      this.#cuts.push(this.#cuts.length === before ? [kind, length] : [kind, length, true]);
    };
    // Thinking first: a model that sends both in one chunk thought before it spoke.
    if (thinking !== '') {
      this.#thinking.push(thinking);
      cut('thinking', thinking.length);
    }
    if (content !== '') {
      this.#content.push(content);
      cut('content', content.length);
    }
    if (toolCalls.length > 0) {
      this.#toolCalls.push(...toolCalls);
      cut('tool_calls', toolCalls.length);
    }
    if (extra !== undefined) {
      this.#extras.push(extra);
      cut('extra', 1);
    }
  }

  finish(end: End): Completion {
    return {
      content: this.#content.join(''),
      thinking: this.#thinking.join(''),
      tool_calls: this.#toolCalls,
      extras: this.#extras,
      cuts: this.#cuts,
      end,
    };
  }

  /** The answer's text so far; for status pages of running requests. */
  get partial(): { content: string; thinking: string } {
    return { content: this.#content.join(''), thinking: this.#thinking.join('') };
  }
}

/** Reads a sequence to its end. Rejects with whatever the sequence throws. */
export async function fold(events: AsyncIterable<ChatEvent>): Promise<Completion> {
  const folder = new CompletionBuilder();
  for await (const event of events) {
    if (event.type === 'piece') folder.add(event.piece);
    if (event.type === 'end') return folder.finish(event.end);
  }
  throw new Error('the sequence stopped without an end event');
}

/** The pieces of a finished answer as they were recorded, then its end. */
export function* replay(completion: Completion): Generator<Said> {
  const { cuts, end } = completion;
  const at = { content: 0, thinking: 0, tool_calls: 0, extra: 0 };
  let piece: Piece | undefined;
  for (const [i, [kind, length]] of cuts.entries()) {
    const from = at[kind];
    at[kind] += length;
    piece = { ...(piece ?? NOTHING), ...partAt(completion, kind, from, at[kind]) };
    const next = cuts[i + 1];
    if (next?.[2] === true) continue;
    yield { type: 'piece', piece: next === undefined && end.joined === true ? { ...piece, last: true } : piece };
    piece = undefined;
  }
  yield { type: 'end', end };
}

const NOTHING: Piece = { content: '', thinking: '' };

/** Whether a piece is empty: Ollama sends empty ones too. */
export function isEmptyPiece({ content, thinking, tool_calls: toolCalls, extra }: Piece): boolean {
  return content === '' && thinking === '' && (toolCalls ?? []).length === 0 && extra === undefined;
}

function partAt(completion: Completion, kind: Cut[0], from: number, to: number): Partial<Piece> {
  switch (kind) {
    case 'content':
      return { content: completion.content.slice(from, to) };
    case 'thinking':
      return { thinking: completion.thinking.slice(from, to) };
    case 'tool_calls':
      return { tool_calls: completion.tool_calls.slice(from, to) };
    case 'extra':
      return { extra: completion.extras[from] ?? {} };
  }
}

// ---- answers on our own routes ------------------------------------------------------------------------------------

/** Where an answer came from, as the fields and headers name it. */
export const SOURCES = ['hit', 'miss', 'coalesced', 'bypass'] as const;
export type Source = (typeof SOURCES)[number];

export const usageSchema = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() });
/** Milliseconds since the request's body was read. */
export const timingSchema = z.object({ queue_ms: z.number(), ttft_ms: z.number(), total_ms: z.number() });
export type Timing = z.infer<typeof timingSchema>;

/** `messages`: how many are stored now, including the answer once it ended well. */
export const conversationSchema = z.object({ id: z.string(), resumed: z.boolean(), messages: z.number() });
/** The state of a conversation in its answer. */
export type ConversationState = z.infer<typeof conversationSchema>;

/** JSON answer of POST /api/chat-optimized, and `result` of a finished chat-queue request. */
export const chatAnswerSchema = z.object({
  message: z.object({
    role: z.literal('assistant'),
    content: z.string(),
    thinking: z.string().optional(),
    tool_calls: z.array(toolCallSchema).optional(),
  }),
  cached: z.boolean(),
  model: z.string(),
  request_id: z.string(),
  done_reason: z.string(),
  usage: usageSchema,
  timing: timingSchema,
  source: z.enum(SOURCES),
  cached_at: z.string().optional(),
  age: z.number().optional(),
  saved_ms: z.number().optional().describe('Milliseconds that the model took for this answer when it ran.'),
  conversation: conversationSchema.optional(),
  prompt_kept: promptKeptSchema.optional().describe('What of its prompt was kept the same, as X-Prompt-Kept says it.'),
});
export type ChatAnswer = z.infer<typeof chatAnswerSchema>;

/** The `message` of an answer; empty fields are left out. */
export function answerMessage({
  content,
  thinking,
  tool_calls,
}: Pick<Completion, 'content' | 'thinking' | 'tool_calls'>): ChatAnswer['message'] {
  return {
    role: 'assistant',
    content,
    ...(thinking === '' ? {} : { thinking }),
    ...(tool_calls.length === 0 ? {} : { tool_calls: [...tool_calls] }),
  };
}

/** The token counts on Hearth's own routes. */
export function usageOf(metrics: Metrics): z.infer<typeof usageSchema> {
  return { prompt_tokens: metrics.prompt_eval_count, completion_tokens: metrics.eval_count };
}
