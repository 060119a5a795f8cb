// The bodies of the drop-in routes in the OpenAPI description, generated from the Go types that parse them.
import type { GoType } from '../go/go-type.ts';
import { anthropicMessages } from '../chat/anthropic-bodies.ts';
import { ollamaChat, ollamaEmbed, ollamaEmbeddings, ollamaGenerate } from '../chat/ollama-bodies.ts';
import { openAiChat, openAiCompletion, openAiEmbeddings } from '../chat/openai-bodies.ts';
import { responsesBody } from '../chat/responses-bodies.ts';
import type { DropInRoute } from '../routes.ts';

type Json = Readonly<Record<string, unknown>>;

const BODIES = {
  OllamaChat: ollamaChat,
  OllamaGenerate: ollamaGenerate,
  OllamaEmbed: ollamaEmbed,
  OllamaEmbeddings: ollamaEmbeddings,
  OpenAiChat: openAiChat,
  OpenAiCompletion: openAiCompletion,
  OpenAiEmbeddings: openAiEmbeddings,
  OpenAiResponses: responsesBody,
  AnthropicMessages: anthropicMessages,
} as const;
export type DropInBody = keyof typeof BODIES;

/** Bodies of the routes that foreign clients know; the answers are those of Ollama, OpenAI and Anthropic. */
export const DROP_IN_SENDS: Readonly<Record<DropInRoute['path'], DropInBody | undefined>> = {
  '/api/chat': 'OllamaChat',
  '/api/generate': 'OllamaGenerate',
  '/api/embed': 'OllamaEmbed',
  '/api/embeddings': 'OllamaEmbeddings',
  '/v1/chat/completions': 'OpenAiChat',
  '/v1/completions': 'OpenAiCompletion',
  '/v1/embeddings': 'OpenAiEmbeddings',
  '/v1/responses': 'OpenAiResponses',
  '/v1/files': undefined,
  '/v1/files/:id/content': undefined,
  '/v1/files/:id': undefined,
  '/v1/batches': undefined,
  '/v1/batches/:id/cancel': undefined,
  '/v1/batches/:id': undefined,
  '/v1/models': undefined,
  '/v1/models/:name': undefined,
  '/v1/messages': 'AnthropicMessages',
  '/v1/messages/count_tokens': 'AnthropicMessages',
};

/** Every body names a model, and may have Hearth's own fields (`own`) beside Ollama's. */
export function dropInBodies(own: Json): Json {
  return Object.fromEntries(
    Object.entries(BODIES).map(([name, type]) => {
      const schema = schemaOf(type);
      const properties = { ...Object(schema['properties']), ...Object(own['properties']) };
      return [name, { ...schema, properties, required: ['model'] }];
    }),
  );
}

/** Levels that are described; a tool's properties may be nested without limit. */
const MOST_LEVELS = 8;

/** The values that a type accepts. Every type accepts null as "not set", which is left out here. */
function schemaOf(type: GoType, levels = MOST_LEVELS): Json {
  const inner = (of: GoType): Json => (levels === 0 ? {} : schemaOf(of, levels - 1));
  switch (type.kind) {
    case 'pointer':
      return schemaOf(type.to, levels);
    case 'list':
      return { type: 'array', items: inner(type.of) };
    case 'map':
      return { type: 'object' };
    case 'ordered':
      return { type: 'object', additionalProperties: inner(type.of) };
    case 'struct':
      return {
        type: 'object',
        properties: Object.fromEntries(Object.entries(type.fields).map(([name, field]) => [name, inner(field)])),
      };
    case 'string':
      return { type: 'string' };
    case 'bytes':
      return { type: 'string', contentEncoding: 'base64' };
    case 'bool':
      return { type: 'boolean' };
    case 'int':
      return { type: 'integer' };
    case 'float64':
    case 'float32':
      return { type: 'number' };
    default:
      return {};
  }
}
