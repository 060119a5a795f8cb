// A body on a route of Ollama's, understood or refused in Ollama's own words. Pure.
import { OWN_FIELDS_SCHEMA } from '../../contract/chat/chat-request.ts';
import { AppError } from '../../contract/errors.ts';
import { GoRefusal, type GoType, type Read } from '../../contract/go/go-type.ts';
import { parseInput } from '../../contract/chat/parse.ts';
import { foreign } from '../../contract/sentence.ts';
import type { EmbedFamily } from '../../core/stories/embeds/embed-group.ts';
import type { Family, UpstreamRequest } from '../../core/ports.ts';
import type { CacheFields } from './asking.ts';
import { readAsGo } from '../go/go-read.ts';

/** A body that was understood. */
export interface Asked {
  /** In Ollama's form, without the fields that are ours. */
  readonly request: UpstreamRequest;
  readonly ours: CacheFields;
  /** The profile that it named; then `request` has the model that this stands for. */
  readonly name?: string;
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

const NOTHING: unknown = {};

/** A body as the type of its route reads it. Throws invalid_request in Go's words. */
export function understood<T extends GoType>(type: T, body: unknown): Read<T> {
  try {
    const read = readAsGo(type, body);
    // A null says nothing.
    return (read === undefined ? NOTHING : read) as Read<T>;
  } catch (error) {
    throw error instanceof GoRefusal ? refusal(error.message) : error;
  }
}

/** A refusal in the words that Ollama has for it, and with its 400. */
export function refusal(words: string): AppError {
  return new AppError('invalid_request', foreign(words), { native: { status: 400, body: { error: words } } });
}

/** The model that a request names. Throws what its route says when there is none (server/routes.go). */
export function namedModel(model: string | undefined, family: Family | EmbedFamily): string {
  if (model !== undefined && model !== '') return model;
  if (family === 'chat' || family === 'embeddings') throw refusal('model is required');
  const words = "model '' not found";
  throw new AppError('model_not_found', words, { native: { status: 404, body: { error: words } } });
}

/** The fields that are ours, of a body that was understood. Throws invalid_request in our own words. */
export function ownFields({ use_cache, cache, priority }: Readonly<Record<string, unknown>>): CacheFields {
  return parseInput(OWN_FIELDS_SCHEMA, { use_cache, cache, priority });
}

/** Without what is null or undefined: both mean "not said". */
export function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

/** What is to be embedded; none for an empty text, which only loads the model. Throws invalid_request for anything else. */
export function textsOf(input: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(input) ? input : input === undefined || input === '' ? [] : [input];
  return list.map((text) => {
    if (typeof text !== 'string') throw refusal('invalid input type');
    return text;
  });
}
