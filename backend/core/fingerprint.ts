// The cache key: a hash over everything that can change an answer, and over nothing else.
// Pure. Which requests may use the cache at all is policy.ts.
import { hash } from 'node:crypto';
import { AppError } from '../contract/errors.ts';
import type { Family, UpstreamRequest } from './ports.ts';

/** Raised whenever the canonical form or the stored record changes, so that old entries are never misread. */
const SCHEMA_VERSION = 3;

/** Deeper JSON than any client sends; a bound keeps a hostile body from exhausting the stack. */
const MAX_DEPTH = 64;

/** Fields that cannot change the answer: how it is delivered, kept, queued or attributed (ollama.md 5.2). */
const NOT_IN_KEY = new Set(['model', 'stream', 'keep_alive', 'user', 'metadata']);

export interface KeyParts {
  readonly url: string;
  readonly version: string;
  /** Which question it is: two routes may be asked with the same fields and mean other things. */
  readonly family: Family | 'embed' | 'embeddings';
  /** Manifest digest of the model, from /api/tags. */
  readonly digest: string;
  readonly namespace: string;
  /** The request as it goes upstream, after our own overrides. */
  readonly body: UpstreamRequest;
}

/** SHA-256 in hex. Equal for two requests exactly when they mean the same to the same model. */
export function fingerprint({ url, version, family, digest, namespace, body }: KeyParts): string {
  const head = `${SCHEMA_VERSION}\n${url}\n${version}\n${family}\n${digest}\n${namespace}`;
  const known = keys.get(body);
  if (known?.head === head) return known.key;
  const key = hash('sha256', JSON.stringify(head) + canonicalJson(meaningOf(body)));
  keys.set(body, { head, key });
  return key;
}

/** By identity: the same object may be asked for again and again, and nobody changes a request. */
const keys = new WeakMap<UpstreamRequest, { readonly head: string; readonly key: string }>();

/** The request without what cannot change its answer. */
function meaningOf(body: UpstreamRequest): Record<string, unknown> {
  const meaning: Record<string, unknown> = {};
  for (const name of Object.keys(body)) {
    const value = body[name];
    if (!NOT_IN_KEY.has(name) && !saysNothing(name, value)) meaning[name] = value;
  }
  if (body.options?.['temperature'] === 0) meaning['options'] = greedy(body.options);
  return meaning;
}

/**
 * At temperature 0 the likeliest token is taken, and these cannot change which one that is: the filters always leave it
 * in (llama.cpp top-k, top-p, min-p), and no die is cast. So /v1, which sends a top_p of its own, asks the same question.
 */
const WITHOUT_EFFECT = new Set(['top_k', 'top_p', 'min_p', 'seed']);

function greedy(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !WITHOUT_EFFECT.has(name)));
}

/** What Ollama takes a field for that is not there (api/types.go). */
const UNSAID: Readonly<Record<string, unknown>> = {
  raw: false,
  truncate: true,
  logprobs: false,
  top_logprobs: 0,
  dimensions: 0,
  _debug_render_only: false,
};

/** Whether a field means the same as its absence; so do empty ones, but for a schema that any JSON fits. */
function saysNothing(name: string, value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === UNSAID[name]) return true;
  return name !== 'format' && typeof value === 'object' && Object.keys(value).length === 0;
}

/**
 * JSON with sorted keys and no white space. Order is kept in the two places where it reaches the model: the arguments
 * of a tool call, and the `properties` of a JSON schema (tools and format), which Ollama renders in the order given.
 * Pictures are replaced by their hash. Throws invalid_request when the value is nested too deeply.
 */
export function canonicalJson(value: unknown): string {
  return write(value, '', 0, true);
}

/** What JSON must escape; a lone surrogate is among it (well-formed JSON.stringify). */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** JSON.stringify of a text; most texts need no escape, and looking is much cheaper than escaping. */
function quoted(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function write(value: unknown, under: string, depth: number, sort: boolean): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (depth > MAX_DEPTH) {
    throw new AppError('invalid_request', `The body is nested more than ${MAX_DEPTH} levels deep. Send a flatter one.`);
  }
  if (Array.isArray(value)) {
    let out = '[';
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (i > 0) out += ',';
      out +=
        under === 'images' && typeof item === 'string'
          ? quoted(hash('sha256', item))
          : write(item, '', depth + 1, sort);
    }
    return `${out}]`;
  }
  const keepOrder = !sort || under === 'properties' || under === 'arguments';
  const names = Object.keys(value);
  // Most bodies come from the same program with the same order; V8's sort is slow to find that out.
  if (!keepOrder && !isSorted(names)) names.sort();
  let out = '{';
  for (const name of names) {
    const inner = (value as Record<string, unknown>)[name];
    if (inner === undefined) continue;
    if (out.length > 1) out += ',';
    out += `${quoted(name)}:${write(inner, name, depth + 1, sort && under !== 'arguments')}`;
  }
  return `${out}}`;
}

function isSorted(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i++) if ((names[i - 1] ?? '') > (names[i] ?? '')) return false;
  return true;
}
