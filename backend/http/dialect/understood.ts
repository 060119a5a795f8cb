// Reads a body on a route of Ollama's, or refuses it in Ollama's own words. Pure.
import { OWN_FIELDS_SCHEMA } from '../../contract/chat/chat-request.ts';
import { AppError } from '../../contract/errors.ts';
import { GoRefusal, type GoType, type Read } from '../../contract/go/go-type.ts';
import { parseInput } from '../../contract/chat/parse.ts';
import { foreign } from '../../contract/sentence.ts';
import type { EmbedFamily } from '../../core/stories/embeds/embed-group.ts';
import type { Family, UpstreamRequest } from '../../core/ports.ts';
import type { CacheFields } from './asking.ts';
import { readAsGo } from '../go/go-read.ts';

/** A parsed body. */
export interface Asked {
  /** In Ollama's form, without Hearth's own fields. */
  readonly request: UpstreamRequest;
  readonly ours: CacheFields;
  /** The profile that the body named; `request` then has the profile's model. */
  readonly name?: string;
}

export interface AskedToWrite extends Asked {
  readonly family: Family;
  readonly stream: boolean;
  /** Without messages or a prompt nothing runs: the model is loaded, or unloaded if keep_alive is 0. */
  readonly what: 'run' | 'load' | 'unload';
}

export interface AskedToEmbed extends Asked {
  readonly family: EmbedFamily;
  readonly texts: readonly string[];
}

const NOTHING: unknown = {};

/** Reads a body by the Go type of its route. Throws invalid_request in Go's words. */
export function understood<T extends GoType>(type: T, body: unknown): Read<T> {
  try {
    const read = readAsGo(type, body);
    // null sets no field.
    return (read === undefined ? NOTHING : read) as Read<T>;
  } catch (error) {
    throw error instanceof GoRefusal ? refusal(error.message) : error;
  }
}

/** A refusal in Ollama's words, with Ollama's status 400. */
export function refusal(words: string): AppError {
  return new AppError('invalid_request', foreign(words), { native: { status: 400, body: { error: words } } });
}

/** Checks the model that a request names. Throws the route's own error when there is none (server/routes.go). */
export function namedModel(model: string | undefined, family: Family | EmbedFamily): string {
  if (model !== undefined && model !== '') return model;
  if (family === 'chat' || family === 'embeddings') throw refusal('model is required');
  const words = "model '' not found";
  throw new AppError('model_not_found', words, { native: { status: 404, body: { error: words } } });
}

/** Reads Hearth's own fields from a parsed body. Throws invalid_request in Hearth's own words. */
export function ownFields({ use_cache, cache, priority }: Readonly<Record<string, unknown>>): CacheFields {
  return parseInput(OWN_FIELDS_SCHEMA, { use_cache, cache, priority });
}

/** Drops null and undefined fields: both mean "not set". */
export function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

/** The texts to embed; none for an empty text, which only loads the model. Throws invalid_request for anything else. */
export function textsOf(input: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(input) ? input : input === undefined || input === '' ? [] : [input];
  return list.map((text) => {
    if (typeof text !== 'string') throw refusal('invalid input type');
    return text;
  });
}
