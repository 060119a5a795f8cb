// From a body on OpenAI's routes to the same question in Ollama's own form, so that one kept answer serves both. Pure.
// The rules are Ollama's (openai/openai.go, middleware/openai.go); where they lose something, it is said here.
import { AppError } from '../contract/errors.ts';
import {
  openAiChatSchema,
  openAiCompletionSchema,
  openAiEmbeddingsSchema,
  type OpenAiChat,
  type OpenAiCompletion,
  type OpenAiMessage,
  type OpenAiPart,
} from '../contract/openai-request.ts';
import { parseInput } from '../contract/parse.ts';
import type { JsonObject } from './body.ts';
import type { AskedToEmbed, AskedToWrite } from './ollama-request.ts';

/** What the answer's form depends on, beside what is asked. */
export interface OpenAiAsked extends AskedToWrite {
  readonly includeUsage: boolean;
}

export interface OpenAiEmbedAsked extends AskedToEmbed {
  readonly encoding: 'float' | 'base64';
}

/** Body of POST /v1/chat/completions. Throws invalid_request in Ollama's words. */
export function chatFromOpenAi(body: JsonObject): OpenAiAsked {
  const asked = parseInput(openAiChatSchema, body);
  const { model, messages, tools, response_format: format, logprobs, top_logprobs: topLogprobs } = asked;
  if ((messages ?? []).length === 0) throw refusal("[] is too short - 'messages'");
  const limit = asked.max_completion_tokens ?? asked.max_tokens;
  const effort = asked.reasoning?.effort ?? asked.reasoning_effort;
  return {
    ...outline(asked),
    family: 'chat',
    request: {
      model,
      messages: (messages ?? []).flatMap((message, i) => nativeMessages(message, (messages ?? []).slice(0, i))),
      options: optionsOf(asked, limit),
      ...present({
        tools: (tools ?? []).length === 0 ? undefined : tools,
        format: formatOf(format),
        think: effort === undefined || effort === null ? undefined : thinkOf(effort),
        logprobs,
        top_logprobs: topLogprobs,
      }),
    },
  };
}

/** Body of POST /v1/completions. Throws invalid_request in Ollama's words. */
export function completionFromOpenAi(body: JsonObject): OpenAiAsked {
  const asked = parseInput(openAiCompletionSchema, body);
  const { model, prompt, suffix } = asked;
  return {
    ...outline(asked),
    family: 'generate',
    what: (prompt ?? '') === '' ? 'load' : 'run',
    // Ollama takes a top_p of 0 for "not said" here, unlike in chats.
    request: {
      model,
      prompt: prompt ?? '',
      options: optionsOf({ ...asked, top_p: asked.top_p || null }, asked.max_tokens),
      ...present({ suffix }),
    },
  };
}

/** Body of POST /v1/embeddings. Throws invalid_request in Ollama's words. */
export function embeddingsFromOpenAi(body: JsonObject): OpenAiEmbedAsked {
  const { model, input, dimensions, encoding_format: encoding, ...rest } = parseInput(openAiEmbeddingsSchema, body);
  const texts = typeof input === 'string' ? [input] : input;
  if (!Array.isArray(texts) || texts.length === 0) throw refusal('invalid input');
  if (!texts.every((text) => typeof text === 'string')) throw refusal('invalid input type');
  const form = encoding?.toLowerCase() || 'float';
  if (form !== 'float' && form !== 'base64') {
    throw refusal(`Invalid value for 'encoding_format' = ${encoding}. Supported values: ['float', 'base64'].`);
  }
  const { use_cache, cache, priority } = rest;
  return {
    family: 'embed',
    request: { model, ...present({ dimensions }) },
    ours: { use_cache, cache, priority },
    texts,
    encoding: form,
  };
}

function outline(asked: OpenAiChat | OpenAiCompletion): Pick<OpenAiAsked, 'stream' | 'includeUsage' | 'what' | 'ours'> {
  const { stream, stream_options: options, use_cache, cache, priority } = asked;
  return {
    stream: stream === true,
    includeUsage: options?.include_usage === true,
    what: 'run',
    ours: { use_cache, cache, priority },
  };
}

/** A refusal in the words that Ollama has for it. */
function refusal(words: string): AppError {
  return new AppError('invalid_request', words, { native: { status: 400, body: { error: words } } });
}

/** On these routes temperature and top_p are 1 unless they are said, and go over the Modelfile's. */
function optionsOf(asked: OpenAiChat | OpenAiCompletion, limit: number | null | undefined): Record<string, unknown> {
  const { stop, seed, temperature, top_p, frequency_penalty, presence_penalty } = asked;
  return {
    temperature: temperature ?? 1,
    top_p: top_p ?? 1,
    ...present({
      num_predict: limit,
      stop: typeof stop === 'string' ? [stop] : stop,
      seed,
      frequency_penalty,
      presence_penalty,
    }),
  };
}

function formatOf(format: OpenAiChat['response_format']): unknown {
  if (format?.type === 'json_object') return 'json';
  if (format?.type !== 'json_schema') return undefined;
  return (Object(format.json_schema) as { schema?: unknown }).schema;
}

const EFFORTS: Readonly<Record<string, boolean | string>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  ultra: 'max',
  max: 'max',
};

function thinkOf(effort: string): boolean | string {
  const think = Object.hasOwn(EFFORTS, effort) ? EFFORTS[effort] : undefined;
  if (think !== undefined) return think;
  throw refusal(`invalid reasoning value: '${effort}' (must be "high", "medium", "low", "max", or "none")`);
}

// ---- messages

type Native = Readonly<Record<string, unknown>>;

/** One message as Ollama has it; each part of a list becomes a message of its own. `before` are those before it. */
function nativeMessages(message: OpenAiMessage, before: readonly OpenAiMessage[]): Native[] {
  const { role: spelled, content, reasoning, tool_call_id: callId, tool_calls: calls, name } = message;
  const role = spelled.toLowerCase();
  const thinking = present({ thinking: reasoning === '' ? undefined : reasoning });
  // OpenAI lets every message have a name; a tool's is the only one that Ollama reads.
  const toolName = role === 'tool' ? (name ?? nameOfCall(callId, before)) : undefined;
  const about = {
    ...thinking,
    ...present({ tool_name: toolName === '' ? undefined : toolName, tool_call_id: callId }),
  };
  const toolCalls = (calls ?? []).map(nativeCall);
  const withCalls = toolCalls.length === 0 ? {} : { tool_calls: toolCalls };
  if (typeof content === 'string') return [{ role, content, ...about, ...withCalls }];
  if (content === undefined || content === null) {
    if (toolCalls.length === 0) throw refusal(`invalid message content type: <nil>`);
    return [{ role, content: '', ...about, ...withCalls }];
  }
  const parts = content.map((part): Native => ({ role, ...nativePart(part), ...about }));
  const last = parts.pop();
  if (last === undefined) return toolCalls.length === 0 ? [] : [{ role, content: '', ...about, ...withCalls }];
  return [...parts, { ...last, ...withCalls }];
}

/** The function whose result a message brings: OpenAI's clients name the call alone. */
function nameOfCall(id: string | null | undefined, before: readonly OpenAiMessage[]): string | undefined {
  if (id === undefined || id === null || id === '') return undefined;
  const calls = before.toReversed().flatMap(({ tool_calls: made }) => made ?? []);
  return calls.find((call) => call.id === id)?.function.name;
}

/** JSON.parse keeps the order of the arguments, on which a kept answer depends. */
function nativeCall({ id, function: called }: NonNullable<OpenAiMessage['tool_calls']>[number], index: number): Native {
  let value: unknown;
  try {
    value = JSON.parse(called.arguments === '' ? '{}' : called.arguments);
  } catch {
    throw refusal('invalid tool call arguments');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refusal('invalid tool call arguments');
  return { ...present({ id }), function: { index, name: called.name, arguments: value } };
}

const IMAGE = /^data:(?:image\/(?:jpeg|jpg|png|webp))?;base64,/;

function nativePart({ type, text, image_url: image, input_audio: audio }: OpenAiPart): Native {
  switch (type) {
    case 'text':
      if (typeof text !== 'string') throw refusal('invalid message format');
      return { content: text };
    case 'image_url': {
      const url = typeof image === 'string' ? image : (image?.url ?? '');
      if (/^https?:\/\//i.test(url)) {
        throw refusal('image URLs are not currently supported, please use base64 encoded data instead');
      }
      if (!IMAGE.test(url)) throw refusal('invalid image input');
      return { content: '', images: [base64(url.replace(IMAGE, ''), 'invalid image input')] };
    }
    case 'input_audio':
      return { content: '', images: [base64(audio?.data ?? '', 'invalid input_audio data')] };
    default:
      throw refusal('invalid message format');
  }
}

/** Refused here: what is no base64 would be taken for something else further on. */
function base64(data: string, words: string): string {
  const ok = data !== '' && data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data);
  if (!ok) throw refusal(words);
  return data;
}

/** Without what is null or undefined: both mean "not said". */
function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
