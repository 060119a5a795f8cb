// A question in the form in which a recording stores it: everything that can change its answer, in a fixed order, and
// nothing about the caller, the machine or its Ollama. So a recording of one machine is found on another. Pure.
import { hash } from 'node:crypto';
import { message } from '../../contract/chat/ollama-bodies.ts';
import { anyJson } from '../../contract/go/exact-json.ts';
import { canonicalName } from '../../contract/model-name.ts';
import type { RecordingLine } from '../../contract/views/recording.ts';
import { isSecretName } from '../../contract/secret-names.ts';
import { fingerprint, NOT_IN_KEY, tellingOptions, withCallsCounted } from '../cache/fingerprint.ts';
import { withoutIdle } from '../cache/idle-options.ts';
import type { UpstreamRequest } from '../ports.ts';

/** The route of Ollama whose form a question has. */
export type RecordedRoute = RecordingLine['route'];

export interface RecordedQuestion {
  readonly route: RecordedRoute;
  /** The canonical name. */
  readonly model: string;
  /** The part of the cache that the caller named; '' for none. */
  readonly namespace: string;
  /** As in RecordingLine, in plain JSON. */
  readonly asks: Readonly<Record<string, unknown>>;
}

/** A question as it came: with any spelling of the model, and with fields that have no effect. */
export type Asked = Omit<RecordedQuestion, 'asks'> & { readonly request: Readonly<Record<string, unknown>> };

/** A question in its stored form. A question already in that form is returned unchanged. */
export function recordedQuestion({ route, model, namespace, request }: Asked): RecordedQuestion {
  const asks: Record<string, unknown> = {};
  for (const name of Object.keys(request).toSorted()) {
    const value = request[name];
    // Extra fields of a client may hold the key of some service, and a recording may be published.
    if (NOT_IN_KEY.has(name) || isSecretName(name) || value === undefined || value === null) continue;
    const said = FORMS[name]?.(value) ?? value;
    if (!isEmpty(said)) asks[name] = said;
  }
  // Plain JSON has no exact numbers beyond 2^53, and a file could not return one.
  return { route, model: canonicalName(model), namespace, asks: JSON.parse(anyJson(asks)) as RecordedQuestion['asks'] };
}

/** The key of its answer: SHA-256 in hex. Unlike a cache key, it does not depend on Ollama or on digests of models. */
export function recordingKey({ route, model, namespace, asks }: RecordedQuestion): string {
  return fingerprint({
    url: 'recording',
    version: '',
    family: route,
    digest: model,
    namespace,
    body: { ...asks, model },
  });
}

/** How some fields are stored; all others are stored unchanged. */
const FORMS: Readonly<Partial<Record<string, (value: unknown) => unknown>>> = {
  options: (value) =>
    isObject(value) ? Object.fromEntries(tellingOptions(withoutIdle(value as Options, NO_PARAMETERS))) : value,
  // Calls are stored by number, since their ids are new each time.
  messages: (value) => {
    const counted = withCallsCounted(value);
    return Array.isArray(counted) ? counted.map((each: unknown) => (isObject(each) ? messageOf(each) : each)) : value;
  },
  images: hashed,
};

type Options = NonNullable<UpstreamRequest['options']>;

/** The Modelfile at replay is unknown, so it is assumed to set nothing. */
const NO_PARAMETERS: ReadonlySet<string> = new Set();

/** The fields of a message that Ollama reads. */
function messageOf(said: object): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const name of Object.keys(message.fields)) {
    const value: unknown = Reflect.get(said, name);
    if (value === undefined || value === null || (name !== 'content' && isEmpty(value))) continue;
    kept[name] = name === 'images' ? hashed(value) : value;
  }
  return kept;
}

const HASHED = /^sha256:[\da-f]{64}$/;

/** Images are large and may be private, so they are stored as hashes. */
function hashed(images: unknown): unknown {
  if (!Array.isArray(images)) return images;
  return images.map((image: unknown) =>
    typeof image !== 'string' || HASHED.test(image) ? image : `sha256:${hash('sha256', image)}`,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Values that mean the same as their absence. */
function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
