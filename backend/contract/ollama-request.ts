// What requests look like on Ollama's own routes. Only what Hearth must understand is checked, and never more strictly
// than Ollama does it (api/types.go): every other field is carried along as it came.
import { z } from 'zod';
import { imageSchema, OWN_FIELDS } from './chat-request.ts';

/** Null means "not said", as in Go. */
const maybe = <T extends z.ZodType>(type: T) => type.nullish();

const options = z.record(z.string(), z.unknown());

/** A Go duration with its units, "0", or a number of seconds (api/types.go Duration). */
const GO_DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/u;
const keepAlive = z.union([z.number(), z.string().regex(GO_DURATION)]);

/** What every route that runs a model has in common, and our own fields beside it. */
const common = {
  model: z.string().min(1).max(512),
  options: maybe(options),
  keep_alive: maybe(keepAlive),
  ...OWN_FIELDS,
};

const written = {
  ...common,
  stream: maybe(z.boolean()),
};

/** Only an object can be told from text without asking a template. */
const toolCall = z.looseObject({ function: z.looseObject({ name: z.string() }) });

const message = z.looseObject({
  role: maybe(z.string()).transform((role) => (role ?? '').toLowerCase()),
  content: maybe(z.string()).transform((content) => content ?? ''),
  images: maybe(z.array(imageSchema)),
  tool_calls: maybe(z.array(toolCall)),
});

/** Body of POST /api/chat. */
export const ollamaChatSchema = z.looseObject({ ...written, messages: maybe(z.array(message)) });

/** Body of POST /api/generate. */
export const ollamaGenerateSchema = z.looseObject({
  ...written,
  prompt: maybe(z.string()),
  images: maybe(z.array(imageSchema)),
});

/** Body of POST /api/embed. */
export const ollamaEmbedSchema = z.looseObject({
  ...common,
  input: maybe(z.union([z.string(), z.array(z.string())])),
});

/** Body of the legacy POST /api/embeddings. */
export const ollamaEmbeddingsSchema = z.looseObject({ ...common, prompt: maybe(z.string()) });
