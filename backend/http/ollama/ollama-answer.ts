// Answers in Ollama's own form: the chunks of /api/chat and /api/generate, and the same answer as one object. Pure.
// `model` is echoed as the caller spelled it, and the time is now. Counts and durations are those of the original run,
// also for a cached answer (Ollama's own tests want them above zero).
import { isIncomplete, type Completion, type End, type Metrics, type Piece } from '../../contract/chat/chat.ts';
import type { Family } from '../../core/ports.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What all chunks of one answer share. */
export interface OllamaFrame {
  readonly family: Family;
  /** As the caller spelled it. */
  readonly model: string;
  /** Milliseconds since 1970. */
  now(): number;
}

/** A chunk before the last. */
export function ollamaChunk(piece: Piece, frame: OllamaFrame): Fields {
  const { extra } = piece;
  const chunk = saying(piece, frame, extra?.['message']);
  chunk['done'] = false;
  return extra === undefined ? chunk : { ...chunk, ...unknownOf(extra) };
}

/** The last chunk; `piece` holds content that arrives in it, as tool calls do. */
export function ollamaEnd(end: End, piece: Piece | undefined, frame: OllamaFrame): Fields {
  const said = saying(piece ?? NOTHING, frame, end.extra?.['message']);
  return { ...said, ...ending(end, unknownOf(end.extra)) };
}

/** The whole answer, as sent without `stream`. */
export function ollamaWhole(completion: Completion, frame: OllamaFrame): Fields {
  const { content, thinking, tool_calls, end, extras } = completion;
  const unknown = [...extras, end.extra ?? {}];
  const inMessage = gathered(unknown.map(({ message }) => Object(message) as Fields));
  const said = saying({ content, thinking, tool_calls }, frame, inMessage);
  return { ...said, ...ending(end, gathered(unknown.map(unknownOf))) };
}

const NOTHING: Piece = { content: '', thinking: '' };

/** Other fields of the chunk (logprobs, context) stand before the metrics, as in Ollama's chunks. */
function ending(end: End, unknown: Fields): Fields {
  if (isIncomplete(end)) return { done: false, ...unknown };
  const { done_reason, metrics } = end;
  const told: [string, number][] = METRICS.flatMap((name) => (metrics[name] > 0 ? [[name, metrics[name]]] : []));
  return { done: true, done_reason, ...unknown, ...Object.fromEntries(told) };
}

/** In Ollama's order (api/types.go Metrics); Go leaves out what is zero. */
const METRICS = [
  'total_duration',
  'load_duration',
  'prompt_eval_count',
  'prompt_eval_duration',
  'eval_count',
  'eval_duration',
] as const satisfies readonly (keyof Metrics)[];

/**
 * The beginning of a chunk: the text fields stand in a message or at the top, depending on the route. Each token passes
 * here, so fields are set one by one: spreading optional fields costs twice as much as all the rest.
 */
function saying(piece: Piece, { family, model, now }: OllamaFrame, unknownInMessage: unknown): Record<string, unknown> {
  const { content, thinking, tool_calls: toolCalls = [] } = piece;
  const chunk: Record<string, unknown> = { model, created_at: new Date(now()).toISOString() };
  const said: Record<string, unknown> = family === 'generate' ? chunk : { role: 'assistant' };
  said[family === 'generate' ? 'response' : 'content'] = content;
  if (thinking !== '') said['thinking'] = thinking;
  if (toolCalls.length > 0) said['tool_calls'] = toolCalls;
  if (family !== 'generate') {
    chunk['message'] = unknownInMessage === undefined ? said : { ...said, ...Object(unknownInMessage) };
  }
  return chunk;
}

/** Unknown fields of a chunk without those of its message, which stay in the message. */
function unknownOf(extra: Fields | undefined): Fields {
  if (extra === undefined) return {};
  const { message: _inMessage, ...rest } = extra;
  return rest;
}

/**
 * Merges the unknown fields of all chunks: lists are joined, as Ollama does with logprobs; otherwise the last value
 * wins.
 */
function gathered(extras: readonly Fields[]): Fields {
  const all: Record<string, unknown> = {};
  for (const extra of extras) {
    for (const [name, value] of Object.entries(extra)) {
      const known = all[name];
      all[name] =
        Array.isArray(known) && Array.isArray(value) ? [...(known as unknown[]), ...(value as unknown[])] : value;
    }
  }
  return all;
}
