// A question as a recording keeps it: all that can change its answer, in one order, and nothing of who asked, of the machine
// or of its Ollama. So what was recorded on one machine is found on another. Pure.
import { hash } from 'node:crypto';
import { message } from '../../contract/chat/ollama-bodies.ts';
import { anyJson } from '../../contract/go/exact-json.ts';
import { canonicalName } from '../../contract/model-name.ts';
import type { RecordingLine } from '../../contract/recording.ts';
import { isSecretName } from '../../contract/secret-names.ts';
import { fingerprint, NOT_IN_KEY, tellingOptions, withCallsCounted } from '../cache/fingerprint.ts';
import { withoutIdle } from '../cache/idle-options.ts';
import type { UpstreamRequest } from '../ports.ts';

/** Which of Ollama's routes a question is in the form of. */
export type RecordedRoute = RecordingLine['route'];

export interface RecordedQuestion {
  readonly route: RecordedRoute;
  /** Its canonical name. */
  readonly model: string;
  /** The part of the cache that the caller named; '' for none. */
  readonly namespace: string;
  /** As RecordingLine has it, in plain JSON. */
  readonly asks: Readonly<Record<string, unknown>>;
}

/** A question as it came: any spelling of the model, and with fields that change nothing. */
export type Asked = Omit<RecordedQuestion, 'asks'> & { readonly request: Readonly<Record<string, unknown>> };

/** A question in the form in which it is kept. The same again for what is in that form already. */
export function recordedQuestion({ route, model, namespace, request }: Asked): RecordedQuestion {
  const asks: Record<string, unknown> = {};
  for (const name of Object.keys(request).toSorted()) {
    const value = request[name];
    // What a client sends beside what it asks may be the key of some service, and a recording is a file to be published.
    if (NOT_IN_KEY.has(name) || isSecretName(name) || value === undefined || value === null) continue;
    const said = FORMS[name]?.(value) ?? value;
    if (!isEmpty(said)) asks[name] = said;
  }
  // Plain JSON has no exact number beyond 2^53, and a file could not give one back.
  return { route, model: canonicalName(model), namespace, asks: JSON.parse(anyJson(asks)) as RecordedQuestion['asks'] };
}

/** The key of its answer: SHA-256 in hex. Other than that of a kept answer, it does not depend on Ollama or its models' digests. */
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

/** How some fields are kept; the others are kept as they are. */
const FORMS: Readonly<Partial<Record<string, (value: unknown) => unknown>>> = {
  options: (value) =>
    isObject(value) ? Object.fromEntries(tellingOptions(withoutIdle(value as Options, NO_PARAMETERS))) : value,
  // What was said of whom, and the calls by their number, as their ids are new each time.
  messages: (value) => {
    const counted = withCallsCounted(value);
    return Array.isArray(counted) ? counted.map((each: unknown) => (isObject(each) ? messageOf(each) : each)) : value;
  },
  images: hashed,
};

type Options = NonNullable<UpstreamRequest['options']>;

/** Which Modelfile it will run with is not known, so none of them is taken to set anything. */
const NO_PARAMETERS: ReadonlySet<string> = new Set();

/** What Ollama reads of a message. */
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

/** Pictures are large, and may be nobody else's business: that it is the same one is told by its hash. */
function hashed(images: unknown): unknown {
  if (!Array.isArray(images)) return images;
  return images.map((image: unknown) =>
    typeof image !== 'string' || HASHED.test(image) ? image : `sha256:${hash('sha256', image)}`,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What says as much as nothing. */
function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
