// Answers in OpenAI's form, as Ollama writes them (openai/openai.go, middleware/openai.go): the chunks of a stream, and
// whole objects. Pure. failures.ts writes errors.
import { isIncomplete, type Completion, type End, type Metrics, type Piece } from '../../contract/chat/chat.ts';
import type { ToolCall } from '../../contract/chat/chat-request.ts';
import type { InstalledModel } from '../../core/ports.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What all chunks of one answer share. */
export interface OpenAiFrame {
  /** Without its prefix. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** As the caller spelled it. */
  readonly model: string;
  readonly includeUsage: boolean;
}

const FINGERPRINT = 'fp_ollama';

/** Stream of a chat: one id and one time, the role once, thinking and text in separate deltas, each tool call whole. */
export class ChatCompletionStream {
  readonly #frame: OpenAiFrame;
  #begun = false;
  #toolCalls = 0;

  constructor(frame: OpenAiFrame) {
    this.#frame = frame;
  }

  piece({ thinking, content, tool_calls: calls = [], extra }: Piece): Fields[] {
    const deltas: Fields[] = [];
    if (thinking !== '') deltas.push({ content: '', reasoning: thinking });
    // An empty piece is sent too.
    if (content !== '' || calls.length > 0 || thinking === '') {
      deltas.push({ content, ...(calls.length === 0 ? {} : { tool_calls: calls.map((call) => this.#call(call)) }) });
    }
    const logprobs = extra?.['logprobs'];
    const told = Array.isArray(logprobs) ? { logprobs: { content: logprobs as unknown[] } } : {};
    return deltas.map((delta, i) => this.#chunk(delta, null, i === deltas.length - 1 ? told : {}));
  }

  /** An answer without any piece opens like every other. */
  end(end: End): Fields[] {
    const opening = this.#begun ? [] : [this.#chunk({ content: '' }, null, {})];
    const chunks = [...opening, this.#chunk({}, finishOf(end, this.#toolCalls), {})];
    if (this.#frame.includeUsage) chunks.push({ ...this.#head(), choices: [], usage: usageOf(end.metrics) });
    return chunks;
  }

  #head(): Fields {
    const { id, created, model } = this.#frame;
    return { id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created, model, system_fingerprint: FINGERPRINT };
  }

  #chunk(delta: Fields, finish: string | null, told: Fields): Fields {
    const role = this.#begun ? {} : { role: 'assistant' };
    this.#begun = true;
    return { ...this.#head(), choices: [{ index: 0, delta: { ...role, ...delta }, ...told, finish_reason: finish }] };
  }

  #call(call: ToolCall): Fields {
    return openAiCall(call, this.#frame.id, this.#toolCalls++);
  }
}

/** A whole chat. */
export function chatCompletion(completion: Completion, { id, created, model }: OpenAiFrame): Fields {
  const { content, thinking, tool_calls: calls, end } = completion;
  const logprobs = logprobsOf(completion);
  const message = {
    role: 'assistant',
    content,
    ...(thinking === '' ? {} : { reasoning: thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map((call, index) => openAiCall(call, id, index)) }),
  };
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created,
    model,
    system_fingerprint: FINGERPRINT,
    choices: [
      {
        index: 0,
        message,
        finish_reason: finishOf(end, calls.length),
        ...(logprobs.length === 0 ? {} : { logprobs: { content: logprobs } }),
      },
    ],
    usage: usageOf(end.metrics),
  };
}

/** The stream of /v1/completions. The finish reason comes with an empty last text, so no text is held back for it. */
export class CompletionStream {
  readonly #frame: OpenAiFrame;

  constructor(frame: OpenAiFrame) {
    this.#frame = frame;
  }

  /** This form has no place for thinking. */
  piece({ content }: Piece): Fields[] {
    return content === '' ? [] : [this.#chunk(content, null)];
  }

  end({ done_reason: reason, metrics }: End): Fields[] {
    const last = this.#chunk('', reason);
    if (!this.#frame.includeUsage) return [last];
    return [last, this.#with([], usageOf(metrics))];
  }

  #chunk(text: string, finish: string | null): Fields {
    return this.#with(
      [{ text, index: 0, finish_reason: finish }],
      this.#frame.includeUsage ? usageOf(undefined) : undefined,
    );
  }

  /** Fields in Ollama's order, which differs from that of a chat. */
  #with(choices: readonly Fields[], usage: Fields | undefined): Fields {
    const { id, created, model } = this.#frame;
    const about = { id: `cmpl-${id}`, object: 'text_completion', created, choices, model };
    return { ...about, system_fingerprint: FINGERPRINT, ...(usage === undefined ? {} : { usage }) };
  }
}

/** A whole text completion. */
export function textCompletion({ content, end }: Completion, { id, created, model }: OpenAiFrame): Fields {
  return {
    id: `cmpl-${id}`,
    object: 'text_completion',
    created,
    model,
    system_fingerprint: FINGERPRINT,
    choices: [{ text: content, index: 0, finish_reason: finishOf(end) }],
    usage: usageOf(end.metrics),
  };
}

/** A list of vectors; base64 encodes them as 32-bit little-endian floats, which OpenAI's own client asks for. */
export function embeddingList(
  vectors: readonly (readonly number[])[],
  {
    model,
    encoding,
    tokens,
  }: { readonly model: string; readonly encoding: 'float' | 'base64'; readonly tokens: number },
): Fields {
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      embedding: encoding === 'base64' ? floats(vector) : vector,
      index,
    })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/** GET /v1/models. Without models the list is empty, not null. */
export function modelList(installed: readonly InstalledModel[]): Fields {
  return { object: 'list', data: installed.map(modelEntry) };
}

/** GET /v1/models/:id. */
export function modelEntry({ name, modified_at: modified }: InstalledModel): Fields {
  const at = Date.parse(modified);
  return {
    id: name,
    object: 'model',
    created: Number.isNaN(at) ? 0 : Math.floor(at / 1000),
    // The namespace alone, without the registry before it (types/model/name.go).
    owned_by: name.split('/').at(-2) ?? 'library',
  };
}

/** Why an answer ended; null when Ollama did not say, which only a whole answer shows. */
function finishOf(end: End, toolCalls = 0): string | null {
  if (isIncomplete(end)) return null;
  return toolCalls > 0 && end.done_reason === 'stop' ? 'tool_calls' : end.done_reason;
}

/** A tool call without an id gets one derived from the answer's id. */
function openAiCall({ id, function: called }: ToolCall, answer: string, index: number): Fields {
  const { name, arguments: given } = called;
  return {
    id: id ?? `call_${answer}_${index}`,
    index,
    type: 'function',
    function: { name, arguments: JSON.stringify(given) },
  };
}

function logprobsOf({ extras, end }: Completion): unknown[] {
  return [...extras, end.extra ?? {}].flatMap(({ logprobs }) =>
    Array.isArray(logprobs) ? (logprobs as unknown[]) : [],
  );
}

function usageOf(metrics: Metrics | undefined): Fields {
  const [prompt, completion] = [metrics?.prompt_eval_count ?? 0, metrics?.eval_count ?? 0];
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function floats(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4);
  return bytes.toString('base64');
}
