// Checks the lines of an answer that Ollama generates and turns them into Hearth's own events. Pure.
// Lenient with servers of any age: absent and null fields count as empty, unknown fields are kept. Only a field of a
// wrong type that would change the answer's meaning is refused.
import { z } from 'zod';
import { type ToolCall, toolCallSchema } from '../contract/chat/chat-request.ts';
import {
  type ChatEvent,
  type End,
  isEmptyPiece,
  type Metrics,
  type Piece,
  metricsSchema,
} from '../contract/chat/chat.ts';
import type { Family } from '../core/ports.ts';
import { malformed } from './failure.ts';
import type { Fields } from './ndjson.ts';

const METRICS = Object.keys(metricsSchema.shape);
const KNOWN_CHUNK = new Set<string>(['model', 'created_at', 'message', 'done', 'done_reason', ...METRICS]);
const KNOWN_MESSAGE = new Set(['role', 'content', 'thinking', 'tool_calls']);
const KNOWN_GENERATED = new Set(['response', 'thinking', 'tool_calls', ...KNOWN_CHUNK]);

/**
 * The events of one line of /api/chat or /api/generate: a piece, or the end when the line has `done:true`, or both,
 * since in native mode the last line itself carries the tool calls. `now` replaces a missing created_at. Throws
 * AppError upstream_failed.
 */
export function eventsIn(family: Family, chunk: Fields, now: () => number): readonly ChatEvent[] {
  const chat = family === 'chat';
  const message = chat ? messageOf(chunk['message']) : chunk;
  const unknown = without(chunk, chat ? KNOWN_CHUNK : KNOWN_GENERATED);
  const unknownInMessage = chat ? without(message, KNOWN_MESSAGE) : undefined;
  const extra =
    unknownInMessage !== undefined
      ? { extra: { ...unknown, message: unknownInMessage } }
      : unknown !== undefined
        ? { extra: unknown }
        : {};
  const done = chunk['done'] === true;

  const toolCalls = toolCallsOf(message['tool_calls']);
  const piece: Piece = {
    content: textOf(message, chat ? 'content' : 'response'),
    thinking: textOf(message, 'thinking'),
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
    ...(done ? { last: true } : extra),
  };
  // An empty piece before the end is passed on too: clients that show chunks as they come get this one.
  const joined = done && !isEmptyPiece(piece);
  if (!done) return [{ type: 'piece', piece }];
  const end: ChatEvent = { type: 'end', end: { ...endOf(chunk, now), ...extra, ...(joined ? { joined } : {}) } };
  return joined ? [{ type: 'piece', piece }, end] : [end];
}

function endOf(chunk: Fields, now: () => number): End {
  const { created_at: createdAt, done_reason: reason } = chunk;
  return {
    created_at: typeof createdAt === 'string' ? createdAt : new Date(now()).toISOString(),
    // Servers before 0.1.40 give no reason; they knew only "stop" and "length" and did not tell them apart.
    done_reason: typeof reason === 'string' && reason !== '' ? reason : 'stop',
    metrics: metricsOf(chunk),
  };
}

function metricsOf(chunk: Fields): Metrics {
  const of = (name: keyof Metrics): number => {
    const value = chunk[name];
    return typeof value === 'number' && value >= 0 ? value : 0;
  };
  return {
    total_duration: of('total_duration'),
    load_duration: of('load_duration'),
    prompt_eval_count: of('prompt_eval_count'),
    prompt_eval_duration: of('prompt_eval_duration'),
    eval_count: of('eval_count'),
    eval_duration: of('eval_duration'),
  };
}

function messageOf(value: unknown): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed('a message that is not an object');
  return value as Fields;
}

function textOf(message: Fields, field: 'content' | 'response' | 'thinking'): string {
  const value = message[field] ?? '';
  if (typeof value !== 'string') throw malformed(`a message whose ${field} is not text`);
  return value;
}

const toolCallsSchema = z.array(toolCallSchema);

/** The calls as they came, not as zod rebuilds them: the order of the arguments is part of the answer. */
function toolCallsOf(value: unknown): readonly ToolCall[] {
  if (value === undefined || value === null) return [];
  const calls = Array.isArray(value) ? value.map(withArguments) : value;
  const checked = toolCallsSchema.safeParse(calls);
  if (!checked.success) throw malformed('tool calls in an unknown form', checked.error);
  return calls as ToolCall[];
}

/**
 * A call whose arguments are an object. Older servers write null when there are none, and servers that imitate Ollama
 * write them as OpenAI does, as JSON text.
 */
function withArguments(call: unknown): unknown {
  const { function: called } = Object(call) as { function?: { arguments?: unknown } | null };
  if (typeof called !== 'object' || called === null) return call;
  return { ...Object(call), function: { ...called, arguments: argumentsIn(called.arguments) ?? {} } };
}

function argumentsIn(given: unknown): unknown {
  if (typeof given !== 'string') return given;
  try {
    return given.trim() === '' ? null : JSON.parse(given);
  } catch (error) {
    throw malformed('the arguments of a tool call as a text that is not JSON', error);
  }
}

/** The unknown fields; undefined if there are none, as in nearly every line. */
function without(fields: Fields, known: ReadonlySet<string>): Fields | undefined {
  const names = Object.keys(fields).filter((name) => !known.has(name));
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, fields[name]]));
}
