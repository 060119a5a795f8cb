// Answers in Anthropic's form, as Ollama writes them (anthropic/anthropic.go): the events of a stream, and whole
// messages. Pure. failures.ts writes errors.
import { isIncomplete, type Completion, type End, type Piece } from '../../contract/chat/chat.ts';
import type { ToolCall } from '../../contract/chat/chat-request.ts';
import { cachedTokens } from '../../core/queue/estimate.ts';

type Fields = Readonly<Record<string, unknown>>;

/** One event of a stream; its event name is its type. */
export type MessageEvent = Fields & { readonly type: string };

/** What an answer's form depends on beside the answer itself. */
export interface AnthropicFrame {
  /** Without its prefix. */
  readonly id: string;
  /** As the caller spelled it. */
  readonly model: string;
  /** Estimated number of the prompt's tokens. */
  readonly estimate: number;
}

/**
 * A whole message. The content of an empty answer is an empty list, where Ollama sends null, which clients cannot read.
 */
export function wholeMessage(completion: Completion, frame: AnthropicFrame): Fields {
  const { content, thinking, tool_calls: calls, end } = completion;
  const blocks = [
    ...(thinking === '' ? [] : [{ type: 'thinking', thinking }]),
    ...(content === '' ? [] : [{ type: 'text', text: content }]),
    ...calls.map((call, index) => ({ ...called(call, frame.id, index), input: call.function.arguments })),
  ];
  return { ...head(frame, blocks), ...reasonOf(end, calls.length), usage: usageOf(end) };
}

/**
 * A stream: the message starts, its blocks follow one after another, each with a start and a stop, and the message
 * stops. Thinking after a text gets a block of its own, where Ollama drops all but the first.
 */
export class MessageStream {
  readonly #frame: AnthropicFrame;
  #begun = false;
  /** The kind of the open block. */
  #open: 'thinking' | 'text' | undefined;
  #blocks = 0;
  #calls = 0;
  /** A piece that came in one chunk with the end, held until the end brings the count of the prompt's tokens. */
  #held: Piece | undefined;

  constructor(frame: AnthropicFrame) {
    this.#frame = frame;
  }

  piece(piece: Piece): MessageEvent[] {
    if (piece.last === true) {
      this.#held = piece;
      return [];
    }
    return [...this.#begin(this.#frame.estimate), ...this.#said(piece)];
  }

  end(end: End): MessageEvent[] {
    return [
      ...this.#begin(end.metrics.prompt_eval_count || this.#frame.estimate),
      ...(this.#held === undefined ? [] : this.#said(this.#held)),
      ...this.#close(),
      { type: 'message_delta', delta: reasonOf(end, this.#calls), usage: usageOf(end) },
      { type: 'message_stop' },
    ];
  }

  #begin(tokens: number): MessageEvent[] {
    if (this.#begun) return [];
    this.#begun = true;
    const message = { ...head(this.#frame, []), usage: { input_tokens: tokens, output_tokens: 0 } };
    return [{ type: 'message_start', message }];
  }

  #said({ thinking, content, tool_calls: calls = [] }: Piece): MessageEvent[] {
    return [
      ...(thinking === '' ? [] : this.#adds('thinking', { type: 'thinking_delta', thinking })),
      ...(content === '' ? [] : this.#adds('text', { type: 'text_delta', text: content })),
      ...calls.flatMap((call) => this.#called(call)),
    ];
  }

  #adds(kind: 'thinking' | 'text', delta: Fields): MessageEvent[] {
    const opening = this.#open === kind ? [] : [...this.#close(), this.#opens({ type: kind, [kind]: '' })];
    this.#open = kind;
    return [...opening, this.#delta(delta)];
  }

  /** A call arrives whole, so its block stops at once. */
  #called(call: ToolCall): MessageEvent[] {
    const block = { ...called(call, this.#frame.id, this.#calls++), input: {} };
    const delta = { type: 'input_json_delta', partial_json: JSON.stringify(call.function.arguments) };
    return [...this.#close(), this.#opens(block), this.#delta(delta), this.#closes()];
  }

  #opens(block: Fields): MessageEvent {
    return { type: 'content_block_start', index: this.#blocks, content_block: block };
  }

  #delta(delta: Fields): MessageEvent {
    return { type: 'content_block_delta', index: this.#blocks, delta };
  }

  #close(): MessageEvent[] {
    if (this.#open === undefined) return [];
    this.#open = undefined;
    return [this.#closes()];
  }

  #closes(): MessageEvent {
    return { type: 'content_block_stop', index: this.#blocks++ };
  }
}

function head({ id, model }: AnthropicFrame, content: readonly Fields[]): Fields {
  return { id: `msg_${id}`, type: 'message', role: 'assistant', model, content };
}

/** A tool call without an id gets one derived from the answer's id. */
function called({ id, function: { name } }: ToolCall, answer: string, index: number): Fields {
  return { type: 'tool_use', id: id ?? `call_${answer}_${index}`, name };
}

const REASONS: Readonly<Record<string, string>> = { stop: 'end_turn', length: 'max_tokens' };

/** Why an answer ended; empty when Ollama did not say, which only a whole answer shows. */
function reasonOf(end: End, calls: number): Fields {
  if (isIncomplete(end)) return {};
  return { stop_reason: calls > 0 ? 'tool_use' : (REASONS[end.done_reason] ?? 'stop_sequence') };
}

/** Anthropic counts cached tokens of a prompt apart from the others; Ollama reports them since 0.33.3. */
function usageOf(end: End): Fields {
  const { prompt_eval_count: prompt, eval_count: output } = end.metrics;
  const cached = cachedTokens(end);
  if (cached === undefined) return { input_tokens: prompt, output_tokens: output };
  return { input_tokens: prompt - cached, output_tokens: output, cache_read_input_tokens: cached };
}
