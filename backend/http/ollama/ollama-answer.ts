// Answers in Ollama's own form: the chunks of /api/chat and /api/generate, and the same answer in one object. Pure.
// `model` is echoed as the caller spelled it and the time is now; counts and durations are those of the run, also when
// the answer was kept (Ollama's own tests want them above zero).
import { isIncomplete, type Completion, type End, type Metrics, type Piece } from '../../contract/chat/chat.ts';
import type { Family } from '../../core/ports.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What every chunk of one answer has. */
export interface OllamaFrame {
  readonly family: Family;
  /** As the caller spelled it. */
  readonly model: string;
  /** Milliseconds since 1970. */
  now(): number;
}

/** One chunk before the last. */
export function ollamaChunk(piece: Piece, frame: OllamaFrame): Fields {
  const { extra } = piece;
  const chunk = saying(piece, frame, extra?.['message']);
  chunk['done'] = false;
  return extra === undefined ? chunk : { ...chunk, ...unknownOf(extra) };
}

/** The last chunk; `piece` is what came in it, as tool calls do. */
export function ollamaEnd(end: End, piece: Piece | undefined, frame: OllamaFrame): Fields {
  const said = saying(piece ?? NOTHING, frame, end.extra?.['message']);
  return { ...said, ...ending(end, unknownOf(end.extra)) };
}

/** The whole answer, as without `stream`. */
export function ollamaWhole(completion: Completion, frame: OllamaFrame): Fields {
  const { content, thinking, tool_calls, end, extras } = completion;
  const unknown = [...extras, end.extra ?? {}];
  const inMessage = gathered(unknown.map(({ message }) => Object(message) as Fields));
  const said = saying({ content, thinking, tool_calls }, frame, inMessage);
  return { ...said, ...ending(end, gathered(unknown.map(unknownOf))) };
}

const NOTHING: Piece = { content: '', thinking: '' };

/** What else the chunk has (logprobs, context) stands before the figures, as in Ollama's. */
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
 * How a chunk begins: the texts stand where the route has them, in a message or beside the others. Each token passes here, so
 * fields are put in one by one: to spread those that may be missing costs twice as much as all the rest.
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

/** Unknown fields of a chunk; those of its message stand in the message. */
function unknownOf(extra: Fields | undefined): Fields {
  if (extra === undefined) return {};
  const { message: _inMessage, ...rest } = extra;
  return rest;
}

/** Unknown fields of all chunks in one object: lists are joined, as Ollama does with logprobs; else the last one counts. */
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
