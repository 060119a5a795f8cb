// What Ollama reads in the bodies of OpenAI's routes (openai/openai.go of 0.33). Fields that are not listed are
// ignored, as Ollama does. http/openai/openai-request.ts translates the bodies to Ollama's own form.
import { anything, bool, float32, float64, int, list, pointer, raw, string, struct, type Read } from '../go/go-type.ts';
import { OURS, tool } from './ollama-bodies.ts';

const sampled = {
  ...OURS,
  model: string,
  stream: bool,
  stream_options: pointer(struct('openai.StreamOptions', { include_usage: bool })),
  max_tokens: pointer(int),
  seed: pointer(int),
  stop: anything,
} as const;

const toolCall = struct('openai.ToolCall', {
  id: string,
  index: int,
  type: string,
  function: struct(String.raw`struct { Name string "json:\"name\""; Arguments string "json:\"arguments\"" }`, {
    name: string,
    arguments: string,
  }),
});

const message = struct('openai.Message', {
  role: string,
  content: anything,
  reasoning: string,
  tool_calls: list('[]openai.ToolCall', toolCall),
  name: string,
  tool_call_id: string,
});
export type OpenAiMessage = Read<typeof message>;
export type OpenAiToolCall = Read<typeof toolCall>;

/** Body of POST /v1/chat/completions. */
export const openAiChat = struct('openai.ChatCompletionRequest', {
  ...sampled,
  messages: list('[]openai.Message', message),
  /** Ollama does not read it (ollama#7125), so no value is refused. */
  max_completion_tokens: anything,
  temperature: pointer(float64),
  frequency_penalty: pointer(float64),
  presence_penalty: pointer(float64),
  top_p: pointer(float64),
  response_format: pointer(
    struct('openai.ResponseFormat', {
      type: string,
      json_schema: pointer(struct('openai.JsonSchema', { schema: raw })),
    }),
  ),
  tools: list('[]api.Tool', tool),
  reasoning: pointer(struct('openai.Reasoning', { effort: string })),
  reasoning_effort: pointer(string),
  logprobs: pointer(bool),
  top_logprobs: int,
  _debug_render_only: bool,
});
export type OpenAiChat = Read<typeof openAiChat>;

/** Body of POST /v1/completions. */
export const openAiCompletion = struct('openai.CompletionRequest', {
  ...sampled,
  prompt: string,
  frequency_penalty: float32,
  presence_penalty: float32,
  temperature: pointer(float32),
  top_p: float32,
  suffix: string,
  logprobs: pointer(int),
  _debug_render_only: bool,
});
export type OpenAiCompletion = Read<typeof openAiCompletion>;

/** Body of POST /v1/embeddings. */
export const openAiEmbeddings = struct('openai.EmbedRequest', {
  ...OURS,
  input: anything,
  model: string,
  dimensions: int,
  encoding_format: string,
});
