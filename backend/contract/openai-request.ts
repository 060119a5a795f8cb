// What requests look like on OpenAI's routes, as far as Ollama reads them (openai/openai.go). Fields that Ollama ignores
// are ignored here too. What they become in Ollama's own form is http/openai-request.ts.
import { z } from 'zod';
import { OWN_FIELDS } from './chat-request.ts';

/** Null means "not said", as in Go. */
const maybe = <T extends z.ZodType>(type: T) => type.nullish();
const number = z.number();

const common = {
  model: z.string().min(1).max(512),
  ...OWN_FIELDS,
};

const sampled = {
  ...common,
  stream: maybe(z.boolean()),
  stream_options: maybe(z.looseObject({ include_usage: maybe(z.boolean()) })),
  max_tokens: maybe(z.number().int()),
  seed: maybe(z.number().int()),
  stop: maybe(z.union([z.string(), z.array(z.string())])),
  temperature: maybe(number),
  top_p: maybe(number),
  frequency_penalty: maybe(number),
  presence_penalty: maybe(number),
};

/** One part of a message. Its kind decides what else must be there. */
const partSchema = z.looseObject({
  type: z.string(),
  text: maybe(z.string()),
  image_url: maybe(z.union([z.string(), z.looseObject({ url: z.string() })])),
  input_audio: maybe(z.looseObject({ data: z.string() })),
});
export type OpenAiPart = z.infer<typeof partSchema>;

const messageSchema = z.looseObject({
  role: z.string(),
  content: maybe(z.union([z.string(), z.array(partSchema)])),
  reasoning: maybe(z.string()),
  name: maybe(z.string()),
  tool_call_id: maybe(z.string()),
  tool_calls: maybe(
    z.array(
      z.looseObject({
        id: maybe(z.string()),
        function: z.looseObject({ name: z.string(), arguments: z.string() }),
      }),
    ),
  ),
});
export type OpenAiMessage = z.infer<typeof messageSchema>;

/** Body of POST /v1/chat/completions. */
export const openAiChatSchema = z.looseObject({
  ...sampled,
  messages: maybe(z.array(messageSchema)),
  max_completion_tokens: maybe(z.number().int()),
  response_format: maybe(z.looseObject({ type: z.string(), json_schema: z.unknown().optional() })),
  tools: maybe(z.array(z.record(z.string(), z.unknown()))),
  reasoning: maybe(z.looseObject({ effort: maybe(z.string()) })),
  reasoning_effort: maybe(z.string()),
  logprobs: maybe(z.boolean()),
  top_logprobs: maybe(z.number().int()),
});
export type OpenAiChat = z.infer<typeof openAiChatSchema>;

/** Body of POST /v1/completions. */
export const openAiCompletionSchema = z.looseObject({
  ...sampled,
  prompt: maybe(z.string()),
  suffix: maybe(z.string()),
});
export type OpenAiCompletion = z.infer<typeof openAiCompletionSchema>;

/** Body of POST /v1/embeddings. */
export const openAiEmbeddingsSchema = z.looseObject({
  ...common,
  input: z.unknown().optional(),
  dimensions: maybe(z.number().int()),
  encoding_format: maybe(z.string()),
});
