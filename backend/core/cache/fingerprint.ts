// The cache key: a hash over everything that can change an answer, and nothing else. Pure. policy.ts decides which
// requests may use the cache.
//
// What can change an answer is what Ollama reads, as listed in contract/chat/ollama-bodies.ts. Left out are a message's
// `id`, options with unknown names, keywords of a tool's schema that Ollama drops, and fields that mean the same as
// their absence. At the top level, an unknown field is in the key unless it is known to be bookkeeping: new abilities
// of Ollama have come as new fields of the request, and a needless miss costs less than the answer to another question.
import { hash } from 'node:crypto';
import { ExactJson, quoted, writeJson } from '../../contract/go/exact-json.ts';
import { MOST_TYPED, type GoStruct, type GoType } from '../../contract/go/go-type.ts';
import {
  ollamaChat,
  ollamaEmbed,
  ollamaEmbeddings,
  ollamaGenerate,
  OPTIONS,
} from '../../contract/chat/ollama-bodies.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { Family, UpstreamRequest } from '../ports.ts';

/** Increased whenever the canonical form or the stored record changes, so that old entries are never misread. */
export const SCHEMA_VERSION = 5;

/**
 * Fields that can't change the answer: how it is delivered, kept, queued or attributed. The model is in the key by its
 * digest.
 */
export const NOT_IN_KEY: ReadonlySet<string> = new Set(['model', 'stream', 'keep_alive', 'user', 'metadata']);

export interface KeyParts {
  readonly url: string;
  readonly version: string;
  /** The route: two routes may have the same fields with different meanings. */
  readonly family: Family | 'embed' | 'embeddings';
  /** Manifest digest of the model, from /api/tags. */
  readonly digest: string;
  readonly namespace: string;
  /** The request as it goes upstream, with Hearth's overrides. */
  readonly body: UpstreamRequest;
}

/** SHA-256 in hex. Equal for two requests exactly when they mean the same to the same model. */
export function fingerprint({ url, version, family, digest, namespace, body }: KeyParts): string {
  const head = `${SCHEMA_VERSION}\n${url}\n${version}\n${family}\n${digest}\n${namespace}`;
  return hash('sha256', JSON.stringify(head) + meaningOf(family, body));
}

const TYPES: Readonly<Record<KeyParts['family'], GoStruct>> = {
  chat: ollamaChat,
  generate: ollamaGenerate,
  embed: ollamaEmbed,
  embeddings: ollamaEmbeddings,
};

/** What the request asks, as one text. */
function meaningOf(family: KeyParts['family'], body: UpstreamRequest): string {
  const { fields } = TYPES[family];
  let out = '';
  for (const name of Object.keys(body).toSorted()) {
    const value = body[name];
    if (NOT_IN_KEY.has(name) || value === UNSAID[name]) continue;
    const type = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const said =
      name === 'options'
        ? optionsText(body.options)
        : type === undefined
          ? unknown(value)
          : text(type, name === 'messages' ? withCallsCounted(value) : value);
    if (said !== undefined) out += `${quoted(name)}:${said},`;
  }
  return out;
}

/**
 * Messages with each tool call's id replaced by its number. Ids are new each time, even in a replayed answer, and only
 * say which result belongs to which call. An id that names no earlier call stays as it is.
 */
export function withCallsCounted(messages: unknown): unknown {
  if (!Array.isArray(messages)) return messages;
  const numbers = new Map<unknown, number>();
  let calls = 0;
  const counted = (call: unknown): unknown => {
    if (!isObject(call) || !('id' in call) || typeof call.id !== 'string' || call.id === '') return call;
    numbers.set(call.id, ++calls);
    return { ...call, id: calls };
  };
  return messages.map((message: unknown) => {
    if (!isObject(message)) return message;
    if ('tool_calls' in message && Array.isArray(message.tool_calls)) {
      return { ...message, tool_calls: message.tool_calls.map(counted) };
    }
    const number = 'tool_call_id' in message ? numbers.get(message.tool_call_id) : undefined;
    return number === undefined ? message : { ...message, tool_call_id: number };
  });
}

/** Ollama's defaults for missing fields that differ from Go's zero values. */
const UNSAID: Readonly<Record<string, unknown>> = { truncate: true };

/** An unknown field. It has no effect when it is empty, like all of Ollama's. */
function unknown(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '' || value === false) return undefined;
  return isEmpty(value) ? undefined : canonicalJson(value);
}

/**
 * Options without effect at temperature 0, where the likeliest token is taken: the filters always leave it in
 * (llama.cpp top-k, top-p, min-p), and nothing is random. So /v1, which sends a top_p of its own, asks the same
 * question.
 */
const WITHOUT_EFFECT = new Set<string>(['top_k', 'top_p', 'min_p', 'seed']);

const OPTION_NAMES: readonly string[] = [...OPTIONS.written, ...OPTIONS.runner].toSorted();

/**
 * The options that Ollama reads and that can change the answer, in a fixed order; null means "not set" (api/types.go
 * FromMap).
 */
export function tellingOptions(
  options: NonNullable<UpstreamRequest['options']>,
): (readonly [name: string, value: unknown])[] {
  const greedy = options['temperature'] === 0;
  const telling: (readonly [string, unknown])[] = [];
  for (const name of OPTION_NAMES) {
    const value = options[name];
    if (value === undefined || value === null || (greedy && WITHOUT_EFFECT.has(name))) continue;
    telling.push([name, value]);
  }
  return telling;
}

function optionsText(options: UpstreamRequest['options'] = {}): string | undefined {
  let out = '';
  for (const [name, value] of tellingOptions(options)) out += `${name}:${canonicalJson(value)},`;
  return out === '' ? undefined : `{${out}}`;
}

/**
 * A value as its type reads it; undefined when it equals the type's default. A value of the wrong type is left to
 * Ollama, and written as it came.
 */
function text(type: GoType, value: unknown, depth = 0): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (depth > MOST_TYPED) return canonicalJson(value);
  switch (type.kind) {
    case 'raw':
      return value === '' ? undefined : canonicalJson(value);
    case 'string':
    case 'bool':
    case 'int':
    case 'float64':
    case 'float32':
      return value === '' || value === false || value === 0 ? undefined : canonicalJson(value);
    case 'pointer':
      // A pointer's value counts as set even when it is false, 0 or empty: Ollama writes empty properties `{}` into the
      // prompt.
      return text(type.to, value, depth) ?? canonicalJson(value);
    case 'struct':
      return isObject(value) ? structText(type, value, depth) : canonicalJson(value);
    case 'list':
      if (isEmpty(value)) return undefined;
      return Array.isArray(value)
        ? `[${value.map((item: unknown) => text(type.of, item, depth + 1)).join(',')}]`
        : canonicalJson(value);
    case 'bytes':
      return typeof value === 'string' ? quoted(hash('sha256', value)) : canonicalJson(value);
    case 'ordered':
      if (isEmpty(value)) return undefined;
      return isObject(value) ? entriesText(type.of, value, depth + 1) : canonicalJson(value);
    default:
      return canonicalJson(value);
  }
}

function structText(type: GoStruct, value: object, depth: number): string | undefined {
  let out = '';
  for (const name of namesIn(type)) {
    const field = type.fields[name];
    const said = field === undefined ? undefined : text(field, Reflect.get(value, name), depth + 1);
    if (said !== undefined) out += `${name}:${said},`;
  }
  return out === '' ? undefined : `{${out}}`;
}

/** Sorted, whatever the request's order. */
function namesIn(type: GoStruct): readonly string[] {
  let names = sorted.get(type);
  if (names === undefined) sorted.set(type, (names = Object.keys(type.fields).toSorted()));
  return names;
}

const sorted = new WeakMap<GoStruct, readonly string[]>();

/** The arguments of a call and the properties of a schema, in the order in which the model reads them. */
function entriesText(of: GoType, value: object, depth: number): string {
  const entries = Object.entries(value);
  return `{${entries.map(([name, item]) => `${quoted(name)}:${of.kind === 'any' ? inOrder(item) : text(of, item, depth)}`).join(',')}}`;
}

function isEmpty(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !(value instanceof ExactJson) && Object.keys(value).length === 0
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactJson);
}

const inOrder = (value: unknown): string => writeJson(value, Object.keys);
