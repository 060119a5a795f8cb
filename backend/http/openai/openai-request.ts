// Translates a body on OpenAI's routes to the same question in Ollama's own form, so that one cached answer serves
// both. Pure.
// The rules are Ollama's (openai/openai.go, middleware/openai.go); comments mark where they lose something.
import { ExactJson } from '../../contract/go/exact-json.ts';
import { GoRefusal, goTypeOf } from '../../contract/go/go-type.ts';
import {
  openAiChat,
  type OpenAiChat,
  openAiCompletion,
  type OpenAiCompletion,
  openAiEmbeddings,
  type OpenAiMessage,
  type OpenAiToolCall,
} from '../../contract/chat/openai-bodies.ts';
import { base64Of } from '../go/go-base64.ts';
import { argumentsIn, imageIn, thinkOf } from '../dialect/openai-shared.ts';
import {
  type AskedToEmbed,
  type AskedToWrite,
  namedModel,
  ownFields,
  present,
  refusal,
  textsOf,
  understood,
} from '../dialect/understood.ts';

/** The parts of a request that decide the form of its answer, beside the question itself. */
export interface OpenAiAsked extends AskedToWrite {
  readonly includeUsage: boolean;
}

export interface OpenAiEmbedAsked extends AskedToEmbed {
  readonly encoding: 'float' | 'base64';
}

/** Body of POST /v1/chat/completions. Throws invalid_request in Ollama's words. */
export function chatFromOpenAi(body: unknown): OpenAiAsked {
  const asked = understood(openAiChat, body);
  const { messages = [], tools = [], response_format: format, logprobs, top_logprobs: topLogprobs } = asked;
  if (messages.length === 0) throw refusal("[] is too short - 'messages'");
  const native: Native[] = [];
  for (const message of messages) addNative(native, message, messages);
  const effort = (asked.reasoning === undefined ? asked.reasoning_effort : asked.reasoning.effort) ?? '';
  const limit = isWhole(asked.max_completion_tokens) ? asked.max_completion_tokens : asked.max_tokens;
  return {
    ...outline(asked),
    family: 'chat',
    what: native.length === 0 ? 'load' : 'run', // every message may be a list without parts
    request: {
      messages: native,
      options: optionsOf(asked, limit, wordsOf(asked.stop)),
      ...present({
        tools: tools.length === 0 ? undefined : tools,
        format: formatOf(format),
        think: thinkOf(effort),
        logprobs,
        top_logprobs: topLogprobs,
        _debug_render_only: asked._debug_render_only,
      }),
      model: namedModel(asked.model, 'chat'),
    },
  };
}

/** Body of POST /v1/completions. Throws invalid_request and model_not_found in Ollama's words. */
export function completionFromOpenAi(body: unknown): OpenAiAsked {
  const asked = understood(openAiCompletion, body);
  const { prompt = '', suffix, logprobs = 0 } = asked;
  const probable = Number(logprobs) > 0 ? { logprobs: true, top_logprobs: logprobs } : {};
  const stop = wordsOf(asked.stop, (word) => refusal(`invalid type for 'stop' field: ${goTypeOf(word)}`));
  // Unlike in chats, Ollama always sets these: penalties override the Modelfile's, and a top_p of 0 counts as unset.
  const { top_p, frequency_penalty = 0, presence_penalty = 0 } = asked;
  const said = { ...asked, top_p: top_p || undefined, frequency_penalty, presence_penalty };
  return {
    ...outline(asked),
    family: 'generate',
    what: prompt === '' ? 'load' : 'run',
    request: {
      prompt,
      options: optionsOf(said, asked.max_tokens, stop),
      ...present({ suffix, _debug_render_only: asked._debug_render_only }),
      ...probable,
      model: namedModel(asked.model, 'generate'),
    },
  };
}

/** Body of POST /v1/embeddings. Throws invalid_request and model_not_found in Ollama's words. */
export function embeddingsFromOpenAi(body: unknown): OpenAiEmbedAsked {
  const { model, input, dimensions, encoding_format: encoding = '', ...rest } = understood(openAiEmbeddings, body);
  const form = encoding.toLowerCase() || 'float';
  if (form !== 'float' && form !== 'base64') {
    throw refusal(`Invalid value for 'encoding_format' = ${encoding}. Supported values: ['float', 'base64'].`);
  }
  if (input === undefined || (Array.isArray(input) && input.length === 0)) throw refusal('invalid input');
  return {
    family: 'embed',
    request: { model: namedModel(model, 'embed'), ...present({ dimensions }) },
    ours: ownFields(rest),
    // On this route an empty text is embedded like any other.
    texts: input === '' ? [''] : textsOf(input),
    encoding: form,
  };
}

function outline(asked: OpenAiChat | OpenAiCompletion): Pick<OpenAiAsked, 'stream' | 'includeUsage' | 'ours'> {
  return {
    stream: asked.stream === true,
    includeUsage: asked.stream_options?.include_usage === true,
    ours: ownFields(asked),
  };
}

const isWhole = (value: unknown): value is number | ExactJson =>
  Number.isSafeInteger(value) || value instanceof ExactJson;

type Sampled = Pick<OpenAiChat, 'temperature' | 'top_p' | 'frequency_penalty' | 'presence_penalty' | 'seed'>;

/** On these routes temperature and top_p default to 1 and override the Modelfile's. */
function optionsOf(
  { seed, temperature, top_p, frequency_penalty, presence_penalty }: Sampled,
  limit: number | ExactJson | undefined,
  stop: readonly string[] | undefined,
): Record<string, unknown> {
  return {
    temperature: temperature ?? 1,
    top_p: top_p ?? 1,
    ...present({ num_predict: limit, stop, seed, frequency_penalty, presence_penalty }),
  };
}

/** Stop sequences. Anything but a string or a list is ignored; a non-string inside a list is skipped or refused. */
function wordsOf(stop: unknown, refused?: (word: unknown) => Error): readonly string[] | undefined {
  if (typeof stop === 'string') return [stop];
  if (!Array.isArray(stop)) return undefined;
  const words = stop.filter((word: unknown): word is string => {
    if (typeof word === 'string') return true;
    if (refused !== undefined) throw refused(word);
    return false;
  });
  // Ollama passes an empty list on as null.
  return words.length === 0 ? undefined : words;
}

function formatOf(format: OpenAiChat['response_format']): unknown {
  const type = format?.type?.trim().toLowerCase();
  if (type === 'json_object') return 'json';
  return type === 'json_schema' ? format?.json_schema?.schema : undefined;
}

// ---- messages

type Native = Readonly<Record<string, unknown>>;

/**
 * Adds a message as Ollama does (openai.go, FromChatRequest); `all`: the messages of the whole request. Each part of a
 * list becomes a message of its own with nothing else in it. Tool calls are attached to the last message so far; for an
 * empty list that is the message before. Without any message they are ignored.
 */
function addNative(native: Native[], message: OpenAiMessage, all: readonly OpenAiMessage[]): void {
  const { role: spelled = '', content, reasoning, tool_call_id: callId, tool_calls: calls, name } = message;
  const role = spelled.toLowerCase();
  // OpenAI allows a name on every message; Ollama reads only a tool's.
  const toolName = role === 'tool' ? name || nameOfCall(callId, all) : undefined;
  const thinking = reasoning || undefined;
  const said = (): Native => {
    const toolCalls = (calls ?? []).map(nativeCall);
    return present({
      thinking,
      tool_name: toolName || undefined,
      tool_calls: toolCalls.length === 0 ? undefined : toolCalls,
    });
  };
  const id = present({ tool_call_id: callId });
  if (typeof content === 'string') native.push({ role, content, ...said(), ...id });
  else if (Array.isArray(content)) {
    native.push(...content.map((part): Native => ({ role, ...nativePart(part) })));
    const last = native.pop();
    if (last === undefined) return;
    const { thinking: _overwritten, ...rest } = last;
    native.push(calls === undefined || calls.length === 0 ? last : { ...rest, ...said() });
  } else {
    if (calls === undefined) throw refusal(`invalid message content type: ${goTypeOf(content)}`);
    native.push({ role, content: '', ...said(), ...id });
  }
}

/**
 * The function whose result a message brings: OpenAI's clients send only the call's id. The last call with that id
 * wins.
 */
function nameOfCall(id: string | undefined, all: readonly OpenAiMessage[]): string | undefined {
  if (id === undefined || id === '') return undefined;
  for (const { tool_calls: calls = [] } of all.toReversed()) {
    const made = calls.find((call) => call.id === id);
    if (made !== undefined) return made.function?.name;
  }
  return undefined;
}

/** Keeps the order of the arguments, since the cache key depends on it. No arguments become an empty object. */
function nativeCall({ id, function: called }: OpenAiToolCall, index: number): Native {
  const { name = '', arguments: text = '' } = called ?? {};
  return { ...present({ id }), function: { index, name, arguments: given(text === '' ? '{}' : text) } };
}

/** Parses arguments; here Ollama hides Go's own error message. */
function given(text: string): unknown {
  try {
    return argumentsIn(text);
  } catch (error) {
    throw error instanceof GoRefusal ? refusal('invalid tool call arguments') : error;
  }
}

/** Ollama reads the parts by their exact names (openai.go FromChatRequest). */
function nativePart(part: unknown): Native {
  const { type, text, image_url: image, input_audio: audio } = fieldsOf(part, 'invalid message format');
  switch (type) {
    case 'text':
      if (typeof text !== 'string') throw refusal('invalid message format');
      return { content: text };
    case 'image_url': {
      const url = typeof image === 'string' ? image : fieldsOf(image, 'invalid message format')['url'];
      if (typeof url !== 'string') throw refusal('invalid message format');
      return { content: '', images: [imageIn(url)] };
    }
    case 'input_audio': {
      const spoken = fieldsOf(audio, 'invalid input_audio format')['data'];
      if (typeof spoken !== 'string') throw refusal('invalid input_audio format: missing data');
      const data = base64Of(spoken);
      if (typeof data !== 'string') throw refusal(`invalid input_audio base64 data: ${data.refused}`);
      return { content: '', images: [data] };
    }
    default:
      throw refusal('invalid message format');
  }
}

/** The fields of an object. Throws a refusal with these words for any other value. */
function fieldsOf(value: unknown, words: string): Readonly<Record<string, unknown>> {
  if (goTypeOf(value) !== 'map[string]interface {}') throw refusal(words);
  return value as Readonly<Record<string, unknown>>;
}
