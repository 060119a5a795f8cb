// Answers in the form of OpenAI's Responses, as Ollama writes them (openai/responses.go): the whole object, and the
// parts of its events. Pure. responses-stream.ts writes the stream; failures.ts writes errors before it.
import { type Completion, type End, INCOMPLETE, isIncomplete } from '../../contract/chat/chat.ts';
import type { ToolCall } from '../../contract/chat/chat-request.ts';
import type { Echo } from './responses-request.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** What all parts of one answer share. */
export interface ResponsesFrame {
  /** Without its prefix. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** Seconds since 1970, when the answer ended. */
  completed(): number;
  /** As the caller spelled it. */
  readonly model: string;
  readonly echo: Echo;
}

/** The state of the answer: in progress, or how it ended. */
export interface Progress {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  readonly output: readonly Fields[];
  readonly end?: End;
  readonly error?: Fields;
}

/**
 * The whole answer. Ollama drops the text of an answer that calls tools, and reports `completed` also if the length
 * limit ended it.
 */
export function wholeResponse(completion: Completion, frame: ResponsesFrame): Fields {
  const { content, thinking, tool_calls: calls, end } = completion;
  const items: ((id: string) => Fields)[] = [
    ...(thinking === '' ? [] : [(id: string) => reasoningItem(id, thinking)]),
    ...calls.map((call, at) => (id: string) => callItem(id, call, callIdOf(call, frame, at))),
    ...(calls.length > 0 ? [] : [(id: string) => messageItem(id, content)]),
  ];
  const output = items.map((item, at) => item(idOf(frame, at)));
  return responseObject(frame, { status: endedAs(end), output, end });
}

/** How a response ended. An answer that Ollama broke off without `done` is marked incomplete. */
export function endedAs(end: End): 'completed' | 'incomplete' {
  return isIncomplete(end) ? 'incomplete' : 'completed';
}

/** The object of a whole answer, which some events contain too. */
export function responseObject(frame: ResponsesFrame, { status, output, end, error }: Progress): Fields {
  const { echo } = frame;
  return {
    id: `resp_${frame.id}`,
    object: 'response',
    created_at: frame.created,
    completed_at: status === 'completed' ? frame.completed() : null,
    status,
    incomplete_details: status === 'incomplete' ? { reason: INCOMPLETE } : null,
    model: frame.model,
    previous_response_id: null,
    instructions: echo.instructions,
    output,
    error: error ?? null,
    tools: echo.tools,
    tool_choice: 'auto',
    truncation: echo.truncation,
    parallel_tool_calls: true,
    text: { format: echo.format },
    top_p: echo.topP,
    presence_penalty: 0,
    frequency_penalty: 0,
    top_logprobs: 0,
    temperature: echo.temperature,
    reasoning: echo.reasoning,
    usage: end === undefined ? null : usageOf(end),
    max_output_tokens: echo.maxOutputTokens,
    max_tool_calls: null,
    store: false,
    background: echo.background,
    service_tier: 'default',
    metadata: {},
    safety_identifier: null,
    prompt_cache_key: null,
  };
}

/** The id of the item at an index of the output, without the prefix of its kind. */
export function idOf({ id }: ResponsesFrame, at: number): string {
  return `${id}-${at}`;
}

/** A tool call without an id gets one derived from the answer's id. */
export function callIdOf({ id }: ToolCall, frame: ResponsesFrame, number: number): string {
  return id ?? `call_${frame.id}_${number}`;
}

export function reasoningItem(id: string, text: string): Fields {
  return { id: `rs_${id}`, type: 'reasoning', summary: [summaryPart(text)], encrypted_content: text };
}

export function summaryPart(text: string): Fields {
  return { type: 'summary_text', text };
}

export function messageItem(id: string, text: string): Fields {
  return { id: `msg_${id}`, type: 'message', status: 'completed', role: 'assistant', content: [textPart(text)] };
}

export function textPart(text: string): Fields {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

export function callItem(id: string, { function: { name, arguments: given } }: ToolCall, callId: string): Fields {
  const said = { call_id: callId, name, arguments: JSON.stringify(given) };
  return { id: `fc_${id}`, type: 'function_call', status: 'completed', ...said };
}

/** Ollama's own route always reports 0 cached tokens; use the true count if Ollama's metrics have it. */
function usageOf({ metrics, extra }: End): Fields {
  const { prompt_eval_count: input, eval_count: output } = metrics;
  const cached = extra?.['prompt_eval_cached_count'];
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output,
    input_tokens_details: { cached_tokens: typeof cached === 'number' ? cached : 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  };
}
