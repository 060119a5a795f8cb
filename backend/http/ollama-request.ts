// From a body on one of Ollama's routes to what the core is asked. Pure; headers are drop-in.ts's.
// What is wrong with a body is best said by Ollama itself, so this says only that something is.
import { keepAliveSeconds } from '../contract/duration.ts';
import {
  ollamaChatSchema,
  ollamaEmbeddingsSchema,
  ollamaEmbedSchema,
  ollamaGenerateSchema,
} from '../contract/ollama-request.ts';
import { parseInput } from '../contract/parse.ts';
import type { EmbedFamily } from '../core/batcher.ts';
import type { Family, UpstreamRequest } from '../core/ports.ts';
import type { JsonObject } from './body.ts';
import type { CacheFields } from './chat-call.ts';

/** A body that was understood. */
export interface Asked {
  /** In Ollama's form, without the fields that are ours. */
  readonly request: UpstreamRequest;
  readonly ours: CacheFields;
}

export interface AskedToWrite extends Asked {
  readonly family: Family;
  readonly stream: boolean;
  /** Without messages or a prompt nothing runs: the model is loaded, or unloaded when it need not be kept. */
  readonly what: 'run' | 'load' | 'unload';
}

export interface AskedToEmbed extends Asked {
  readonly family: EmbedFamily;
  readonly texts: readonly string[];
}

const WRITTEN = { chat: ollamaChatSchema, generate: ollamaGenerateSchema } as const;
const EMBEDDED = { embed: ollamaEmbedSchema, embeddings: ollamaEmbeddingsSchema } as const;

/** Throws invalid_request with our own sentence. */
export function askedToWrite(family: Family, body: JsonObject): AskedToWrite {
  const { stream, ...fields } = read(WRITTEN[family], body);
  const asked = split(fields);
  const { messages, prompt, keep_alive: keepAlive } = asked.request;
  const something = family === 'chat' ? Array.isArray(messages) && messages.length > 0 : (prompt ?? '') !== '';
  const leaves = keepAlive !== undefined && keepAliveSeconds(keepAlive) === 0;
  return { ...asked, family, stream: stream !== false, what: something ? 'run' : leaves ? 'unload' : 'load' };
}

/** Throws invalid_request with our own sentence. */
export function askedToEmbed(family: EmbedFamily, body: JsonObject): AskedToEmbed {
  const { input, prompt, ...fields } = read(EMBEDDED[family], body);
  const texts = family === 'embed' ? input : prompt;
  const list = Array.isArray(texts) ? (texts as string[]) : typeof texts === 'string' && texts !== '' ? [texts] : [];
  // A field of the other route means nothing on this one, but it is the caller's.
  const other = family === 'embed' ? { prompt } : { input };
  return { ...split({ ...fields, ...other }), family, texts: list };
}

type Fields = Record<string, unknown> & { readonly model: string };
type Schema = (typeof WRITTEN)[Family] | (typeof EMBEDDED)[EmbedFamily];

function read(schema: Schema, body: JsonObject): Fields {
  return parseInput(schema, inLowerCase(body, schema.shape));
}

/** Go matches the names of fields without regard to case. Known names alone are changed; the rare body needs it. */
function inLowerCase(body: JsonObject, known: object): JsonObject {
  const isOdd = (name: string): boolean => !Object.hasOwn(known, name) && Object.hasOwn(known, name.toLowerCase());
  if (!Object.keys(body).some(isOdd)) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [isOdd(name) ? name.toLowerCase() : name, value]),
  );
}

/** Our own fields apart from Ollama's; without what is null, which means "not said" in Go. */
function split(fields: Fields): Asked {
  const { use_cache, cache, priority, ...theirs } = fields as Fields & CacheFields;
  const said = Object.entries(theirs).filter(([, value]) => value !== null && value !== undefined);
  return { request: Object.fromEntries(said) as unknown as UpstreamRequest, ours: { use_cache, cache, priority } };
}
