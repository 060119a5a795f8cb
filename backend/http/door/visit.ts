// The result of the front door's check, remembered with the connection: the next request with the same headers is not
// checked again while the configuration stays the same. guard.ts decides who may come in.
import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiKey } from '../../contract/rules/api-key.ts';
import type { Config } from '../../contract/config/config.ts';

/** Headers that do not identify the caller or the question: they may differ from request to request. */
const PASSING = new Set(['content-length', 'x-request-id', 'traceparent', 'tracestate', 'baggage', 'sentry-trace']);

/** A request that was let in. */
export class Visit {
  readonly config: Config;
  /** The request's key; it was checked. */
  readonly key: ApiKey | undefined;
  /** The headers that the door set on the answer; name and value alternate. */
  readonly headers: readonly string[];
  /** Whether the client sent an id. */
  readonly hasId: boolean;
  /** Hash of the route and of all headers but the passing ones. */
  readonly mark: string;
  readonly #method: string | undefined;
  readonly #url: string | undefined;
  readonly #lines: readonly string[];
  /** Indexes of values in `#lines` that may differ from request to request. */
  readonly #passing: ReadonlySet<number>;

  constructor({ method, url, rawHeaders }: IncomingMessage, res: ServerResponse, config: Config, key?: ApiKey) {
    this.config = config;
    this.key = key;
    this.#method = method;
    this.#url = url;
    this.#lines = rawHeaders;
    const told = new Set(config.cache.fresh_when.map((name) => name.toLowerCase()));
    const names = rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : ''));
    this.#passing = new Set(names.flatMap((name, at) => (PASSING.has(name) && !told.has(name) ? [at + 1] : [])));
    this.hasId = names.includes('x-request-id');
    const lasting = rawHeaders.filter((_text, at) => !this.#passing.has(at));
    this.mark = hash('sha256', JSON.stringify([method, url, lasting]), 'base64');
    this.headers = Object.entries(res.getHeaders()).flatMap(([name, value]) =>
      name === 'x-request-id' ? [] : [NAMES.get(name) ?? name, String(value)],
    );
  }

  /** Whether a request has the same method, address and headers. */
  isLike({ method, url, rawHeaders }: IncomingMessage): boolean {
    const lines = this.#lines;
    if (url !== this.#url || method !== this.#method || rawHeaders.length !== lines.length) return false;
    for (let at = 0; at < lines.length; at++) {
      if (rawHeaders[at] !== lines[at] && !this.#passing.has(at)) return false;
    }
    return true;
  }
}

/** The door's spelling of header names; Node lists them in lower case. */
const NAMES = new Map(
  ['Vary', 'Access-Control-Allow-Origin', 'Access-Control-Expose-Headers', 'X-Hearth-Mode'].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);
