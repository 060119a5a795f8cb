// What a chat request and its answer look like: on the wire of our own routes, and inside as one neutral record.
// Every answer travels as the same few events, whatever route it came by. This file knows no HTTP and no Ollama.
import { z } from 'zod';
import { keepAliveSeconds } from './duration.ts';

// ---- requests -------------------------------------------------------------------------------------------------

const text = z.string();

/**
 * Base64 as Ollama takes it: standard alphabet, padded, no `data:` prefix. The length is checked apart, since a group of
 * four that repeats would overflow the regular expression's stack at a few megabytes.
 */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function isBase64(image: string): boolean {
  return image.length > 0 && image.length % 4 === 0 && BASE64.test(image);
}

/** A short text that starts like a path is one: base64 of a picture that begins with "/" is never this short. */
function looksLikePath(image: string): boolean {
  return image.startsWith('/') && image.length < 256 && !image.startsWith('/9j/');
}

/**
 * A picture (or sound) in base64. Paths are refused because the upstream client library would read them from this
 * machine's disk (ollama-js `encodeImage`).
 */
const imageSchema = z.string().refine((image) => isBase64(image) && !looksLikePath(image), {
  error: 'must be base64 text without a "data:" prefix; a file path or an address is not accepted',
});

export const toolCallSchema = z.looseObject({
  id: text.optional(),
  function: z.looseObject({ name: text, arguments: z.record(z.string(), z.unknown()) }),
});
export type ToolCall = z.infer<typeof toolCallSchema>;

/** Ollama reads roles without regard to case (api/types.go). */
const roleSchema = z
  .string()
  .transform((role) => role.toLowerCase())
  .pipe(z.enum(['system', 'user', 'assistant', 'tool']));

export const messageSchema = z
  .looseObject({
    role: roleSchema,
    content: text.nullish(),
    thinking: text.optional(),
    images: z.array(imageSchema).optional(),
    tool_calls: z.array(toolCallSchema).optional(),
    tool_name: text.optional(),
  })
  .refine((m) => typeof m.content === 'string' || m.tool_calls !== undefined || m.images !== undefined, {
    path: ['content'],
    error: 'must be a string',
  })
  .transform((m) => ({ ...m, content: m.content ?? '' }));
export type Message = z.infer<typeof messageSchema>;

/** Caller's wishes toward the cache, in the body. `ttl` is in seconds. */
const cacheControlSchema = z.strictObject({
  'no-cache': z.boolean().optional(),
  'no-store': z.boolean().optional(),
  ttl: z.number().positive().max(31_536_000).optional(),
  namespace: z.string().min(1).max(128).optional(),
});

/** Lower runs sooner; 0 is normal. X-Queue-Priority's words stand for three of these numbers. */
export const PRIORITY = { high: -1, normal: 0, low: 1, least: -100, most: 100 } as const;

/** A request id that we accept from a caller (X-Request-ID, requestId). */
export const REQUEST_ID = /^[\w.:-]{1,128}$/;
export const requestIdSchema = z
  .string()
  .regex(REQUEST_ID, { error: 'must be 1 to 128 characters of A-Z a-z 0-9 _ . : -' });

const keepAliveSchema = z.union([z.string(), z.number()]).refine((value) => !Number.isNaN(keepAliveSeconds(value)), {
  error: 'must be a duration such as "5m", a number of seconds, 0 or -1',
});

/**
 * Body of POST /api/chat-optimized and /api/chat-queue. Unknown fields are kept and go upstream.
 * `requestId` is read by /api/chat-queue alone.
 */
export const chatRequestSchema = z.looseObject({
  messages: z.array(messageSchema).min(1, { error: 'must have at least one message' }),
  model: z.string().max(512).nullish(),
  stream: z.boolean().nullish(),
  use_cache: z.boolean().nullish(),
  priority: z
    .number()
    .int()
    .min(PRIORITY.least)
    .max(PRIORITY.most)
    .nullish()
    .describe('Lower runs sooner; 0 is normal.'),
  system_prompt: z.string().nullish(),
  systemPrompt: z.string().nullish(),
  options: z.record(z.string(), z.unknown()).nullish(),
  format: z.union([z.literal('json'), z.literal(''), z.record(z.string(), z.unknown())]).nullish(),
  tools: z.array(z.record(z.string(), z.unknown())).nullish(),
  think: z.union([z.boolean(), z.enum(['low', 'medium', 'high', 'max'])]).nullish(),
  keep_alive: keepAliveSchema.nullish(),
  conversation_id: z.string().min(1).max(256).nullish(),
  cache: cacheControlSchema.nullish(),
  requestId: requestIdSchema.nullish(),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

// ---- the neutral record of an answer ----------------------------------------------------------------------------

/** One piece of a running answer, as the model sent it. Empty texts are ''. */
export interface Piece {
  readonly content: string;
  readonly thinking: string;
  readonly tool_calls?: readonly ToolCall[];
  /** Fields of the chunk that we do not know (logprobs …), kept for the routes that speak Ollama's own form. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Ollama's figures of a finished answer: counts, and durations in nanoseconds. Absent upstream means 0 here. */
export const metricsSchema = z.object({
  total_duration: z.number(),
  load_duration: z.number(),
  prompt_eval_count: z.number(),
  prompt_eval_duration: z.number(),
  eval_count: z.number(),
  eval_duration: z.number(),
});
export type Metrics = z.infer<typeof metricsSchema>;

/** How an answer ended. Only an answer that reached its end is complete. */
export interface End {
  /** Ollama's `created_at` of the last chunk. */
  readonly created_at: string;
  readonly done_reason: string;
  readonly metrics: Metrics;
  /** Unknown fields of the last chunk. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Where a request stands before its first piece. `position` counts from 1 in line and is 0 once it has a slot. */
export interface Waiting {
  readonly phase: 'queued' | 'loading' | 'running';
  readonly position: number;
  /** Estimated milliseconds until it starts; never below 0. */
  readonly eta_ms: number;
}

/** The one sequence that every answer is: waiting*, piece*, end. A failure is thrown out of the sequence. */
export type ChatEvent =
  | { readonly type: 'waiting'; readonly waiting: Waiting }
  | { readonly type: 'piece'; readonly piece: Piece }
  | { readonly type: 'end'; readonly end: End };

/** A piece boundary: what kind it was, and its length in UTF-16 units (texts) or in items (the others). */
export type Cut = readonly [kind: 'content' | 'thinking' | 'tool_calls' | 'extra', length: number];

/** A finished answer, folded: the whole texts, and the places where the model's pieces ended. */
export interface Completion {
  readonly content: string;
  readonly thinking: string;
  readonly tool_calls: readonly ToolCall[];
  readonly extras: readonly Readonly<Record<string, unknown>>[];
  readonly cuts: readonly Cut[];
  readonly end: End;
}

/**
 * Collects the pieces of one answer into a Completion. `fold(replay(x))` equals x.
 * Nothing here waits or throws; whether the answer is complete is for the caller to know.
 */
export class Folder {
  readonly #content: string[] = [];
  readonly #thinking: string[] = [];
  readonly #toolCalls: ToolCall[] = [];
  readonly #extras: Readonly<Record<string, unknown>>[] = [];
  readonly #cuts: Cut[] = [];

  add(piece: Piece): void {
    // Thinking first: a model that sends both in one chunk thought before it spoke.
    if (piece.thinking !== '') {
      this.#thinking.push(piece.thinking);
      this.#cuts.push(['thinking', piece.thinking.length]);
    }
    if (piece.content !== '') {
      this.#content.push(piece.content);
      this.#cuts.push(['content', piece.content.length]);
    }
    if (piece.tool_calls !== undefined && piece.tool_calls.length > 0) {
      this.#toolCalls.push(...piece.tool_calls);
      this.#cuts.push(['tool_calls', piece.tool_calls.length]);
    }
    if (piece.extra !== undefined) {
      this.#extras.push(piece.extra);
      this.#cuts.push(['extra', 1]);
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
  const folder = new Folder();
  for await (const event of events) {
    if (event.type === 'piece') folder.add(event.piece);
    if (event.type === 'end') return folder.finish(event.end);
  }
  throw new Error('the sequence stopped without an end event');
}

/** The pieces of a finished answer as they were recorded, then its end. */
export function* replay(completion: Completion): Generator<ChatEvent> {
  const at = { content: 0, thinking: 0, tool_calls: 0, extra: 0 };
  for (const [kind, length] of completion.cuts) {
    const from = at[kind];
    at[kind] += length;
    yield { type: 'piece', piece: pieceAt(completion, kind, from, at[kind]) };
  }
  yield { type: 'end', end: completion.end };
}

function pieceAt(completion: Completion, kind: Cut[0], from: number, to: number): Piece {
  switch (kind) {
    case 'content':
      return { content: completion.content.slice(from, to), thinking: '' };
    case 'thinking':
      return { content: '', thinking: completion.thinking.slice(from, to) };
    case 'tool_calls':
      return { content: '', thinking: '', tool_calls: completion.tool_calls.slice(from, to) };
    case 'extra':
      return { content: '', thinking: '', extra: completion.extras[from] ?? {} };
  }
}

// ---- answers on our own routes ------------------------------------------------------------------------------------

/** Where an answer came from; the field's own words. */
export const SOURCES = ['hit', 'miss', 'coalesced', 'bypass'] as const;
export type Source = (typeof SOURCES)[number];

export const usageSchema = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() });
/** Milliseconds, counted from the moment the request's body had been read. */
export const timingSchema = z.object({ queue_ms: z.number(), ttft_ms: z.number(), total_ms: z.number() });
export type Timing = z.infer<typeof timingSchema>;

const conversationSchema = z.object({ id: z.string(), resumed: z.boolean(), messages: z.number() });

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
  conversation: conversationSchema.optional(),
});
export type ChatAnswer = z.infer<typeof chatAnswerSchema>;

/** The `message` of an answer; fields that have nothing to say are left out. */
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

/** The counts that our own routes show. */
export function usageOf(metrics: Metrics): z.infer<typeof usageSchema> {
  return { prompt_tokens: metrics.prompt_eval_count, completion_tokens: metrics.eval_count };
}
