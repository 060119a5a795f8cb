// Translates a body on one of Ollama's routes for the core. Pure; drop-in.ts reads the headers.
// Bodies are read by Ollama's own types, and refused in Ollama's words before anything runs. What only later stages of
// Ollama refuse (options of a wrong type, an invalid format) goes up when its turn comes.
import { keepAliveSeconds } from '../../contract/duration.ts';
import { ollamaChat, ollamaEmbed, ollamaEmbeddings, ollamaGenerate } from '../../contract/chat/ollama-bodies.ts';
import type { EmbedFamily } from '../../core/stories/embeds/embed-group.ts';
import type { Family, UpstreamRequest } from '../../core/ports.ts';
import {
  type Asked,
  type AskedToEmbed,
  type AskedToWrite,
  namedModel,
  ownFields,
  present,
  textsOf,
  understood,
} from '../dialect/understood.ts';

/**
 * Reads a body of /api/chat or /api/generate. Throws invalid_request and model_not_found in Ollama's words;
 * invalid_request in Hearth's own words for Hearth's fields.
 */
export function askedToWrite(family: Family, body: unknown): AskedToWrite {
  const read = family === 'chat' ? understood(ollamaChat, body) : understood(ollamaGenerate, body);
  const { stream, ...fields } = read;
  const asked = split(fields, family);
  const { messages, prompt, keep_alive: keepAlive } = asked.request;
  const something = family === 'chat' ? Array.isArray(messages) && messages.length > 0 : (prompt ?? '') !== '';
  const leaves = keepAlive !== undefined && keepAliveSeconds(keepAlive) === 0;
  const what = something ? 'run' : leaves ? 'unload' : 'load';
  // A load is answered by one object, whatever `stream` says (server/routes.go). On OpenAI's routes it is a stream.
  return { ...asked, family, stream: stream !== false && something, what };
}

/** Reads a body of /api/embed or /api/embeddings. Throws as askedToWrite does. */
export function askedToEmbed(family: EmbedFamily, body: unknown): AskedToEmbed {
  if (family === 'embeddings') {
    const { prompt, ...fields } = understood(ollamaEmbeddings, body);
    return { ...split(fields, family), family, texts: textsOf(prompt) };
  }
  const { input, ...fields } = understood(ollamaEmbed, body);
  return { ...split(fields, family), family, texts: textsOf(input) };
}

/** Separates Hearth's own fields from Ollama's. */
function split(
  fields: Readonly<Record<string, unknown>> & { readonly model?: string | undefined },
  family: Family | EmbedFamily,
): Asked {
  const { use_cache: _useCache, cache: _cache, priority: _priority, ...theirs } = fields;
  const ours = ownFields(fields);
  return { request: { ...present(theirs), model: namedModel(fields.model, family) } as UpstreamRequest, ours };
}
