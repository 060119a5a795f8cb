// The bodies of Ollama's routes as its Go structs have them (api/types.go, openai/openai.go, openai/responses.go, anthropic/anthropic.go):
// names of fields and their types, as far as a wrong one is refused. Deliberately no rules between fields: those are the handlers'.
import { keepAliveMs, thinkValue } from './fake-options.ts';

/** The type of one field. A function reads the value by itself and throws at once. */
export type Type =
  | 'any'
  | 'string'
  | 'bool'
  | 'int'
  | 'float32'
  | 'float64'
  /** Base64. */
  | 'image'
  | { readonly list: Type; readonly name: string }
  | { readonly map: true; readonly name: string }
  | { readonly fields: Readonly<Record<string, Type>>; readonly name: string }
  | ((value: unknown) => unknown);

export interface Struct {
  readonly package: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, Type>>;
}

type Types = Readonly<Record<string, Type>>;

const api = (name: string, fields: Types): Struct => ({ package: 'api', name, fields });
const openai = (name: string, fields: Types): Struct => ({ package: 'openai', name, fields });
const list = (of: Type, name: string): Type => ({ list: of, name: `[]${name}` });
const within = (name: string, fields: Types): Type => ({ fields, name });

const options: Type = { map: true, name: 'map[string]interface {}' };
const images = list('image', 'api.ImageData');
const tools: Type = { list: 'any', name: 'api.Tools' };
const common: Types = {
  model: 'string',
  stream: 'bool',
  format: 'any',
  keep_alive: keepAliveMs,
  options,
  think: thinkValue,
  truncate: 'bool',
  shift: 'bool',
  logprobs: 'bool',
  top_logprobs: 'int',
};

export const CHAT = api('ChatRequest', {
  ...common,
  tools,
  messages: list(
    within('api.Message', {
      role: 'string',
      content: 'string',
      thinking: 'string',
      images,
      tool_calls: list('any', 'api.ToolCall'),
      tool_name: 'string',
      tool_call_id: 'string',
    }),
    'api.Message',
  ),
});

export const GENERATE = api('GenerateRequest', {
  ...common,
  prompt: 'string',
  suffix: 'string',
  system: 'string',
  template: 'string',
  context: list('int', 'int'),
  raw: 'bool',
  images,
});

export const EMBED = api('EmbedRequest', {
  model: 'string',
  input: 'any',
  keep_alive: keepAliveMs,
  truncate: 'bool',
  dimensions: 'int',
  options,
});

export const EMBEDDINGS = api('EmbeddingRequest', {
  model: 'string',
  prompt: 'string',
  keep_alive: keepAliveMs,
  options,
});

const named: Types = { model: 'string', name: 'string' };
const loaded: Types = { ...named, insecure: 'bool', stream: 'bool' };
export const SHOW = api('ShowRequest', { ...named, verbose: 'bool', options });
export const PULL = api('PullRequest', loaded);
export const PUSH = api('PushRequest', loaded);
export const COPY = api('CopyRequest', { source: 'string', destination: 'string' });
export const DELETE = api('DeleteRequest', named);
export const CREATE = api('CreateRequest', {
  ...named,
  stream: 'bool',
  from: 'string',
  files: { map: true, name: 'map[string]string' },
  system: 'string',
  template: 'string',
  parameters: options,
});

const streaming: Types = { stream: 'bool', stream_options: within('openai.StreamOptions', { include_usage: 'bool' }) };

export const OPENAI_CHAT = openai('ChatCompletionRequest', {
  ...streaming,
  model: 'string',
  messages: list(
    within('openai.Message', {
      role: 'string',
      content: 'any',
      reasoning: 'string',
      tool_calls: list('any', 'openai.ToolCall'),
      name: 'string',
      tool_call_id: 'string',
    }),
    'openai.Message',
  ),
  max_tokens: 'int',
  seed: 'int',
  stop: 'any',
  temperature: 'float64',
  frequency_penalty: 'float64',
  presence_penalty: 'float64',
  top_p: 'float64',
  response_format: within('openai.ResponseFormat', {
    type: 'string',
    json_schema: within('openai.JsonSchema', { schema: 'any' }),
  }),
  tools: list('any', 'api.Tool'),
  reasoning: within('openai.Reasoning', { effort: 'string' }),
  reasoning_effort: 'string',
  logprobs: 'bool',
  top_logprobs: 'int',
});

export const OPENAI_COMPLETION = openai('CompletionRequest', {
  ...streaming,
  model: 'string',
  prompt: 'string',
  suffix: 'string',
  max_tokens: 'int',
  seed: 'int',
  stop: 'any',
  temperature: 'float32',
  frequency_penalty: 'float32',
  presence_penalty: 'float32',
  top_p: 'float32',
  logprobs: 'int',
});

export const OPENAI_EMBED = openai('EmbedRequest', {
  model: 'string',
  input: 'any',
  dimensions: 'int',
  encoding_format: 'string',
});

export const RESPONSES = openai('ResponsesRequest', {
  model: 'string',
  input: 'any',
  instructions: 'string',
  max_output_tokens: 'int',
  temperature: 'float64',
  top_p: 'float64',
  reasoning: within('openai.ResponsesReasoning', { effort: 'string', generate_summary: 'string', summary: 'string' }),
  background: 'bool',
  truncation: 'string',
  text: within('openai.ResponsesText', { format: 'any' }),
  tools: list('any', 'openai.ResponsesTool'),
  stream: 'bool',
});

export const MESSAGES: Struct = {
  package: 'anthropic',
  name: 'MessagesRequest',
  fields: {
    model: 'string',
    max_tokens: 'int',
    messages: list(within('anthropic.MessageParam', { role: 'string', content: 'any' }), 'anthropic.MessageParam'),
    system: 'any',
    stream: 'bool',
    temperature: 'float64',
    top_p: 'float64',
    top_k: 'int',
    stop_sequences: list('string', 'string'),
    tools: list('any', 'anthropic.Tool'),
    thinking: within('anthropic.ThinkingConfig', { type: 'string', budget_tokens: 'int' }),
    output_config: within('anthropic.OutputConfig', { effort: 'string' }),
  },
};
