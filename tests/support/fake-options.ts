// Reads the fields of a request the way Go and Ollama do, with their very error texts: body, keep_alive, options, think, format, images.
// Deliberately only the checks ollama.md describes; unknown fields and options pass, as they do there.
import type { Call } from './fake-call.ts';
import type { Installed } from './fake-models.ts';
import { FakeError } from './fake-wire.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses the body into the call's record; keeps what Go's decoder would have complained of for whoever needs the body. */
export function readBody(call: Call): void {
  const text = call.rawBody;
  if (text.trim() === '') return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = String(error);
    const at = /at position (\d+)/.exec(message)?.[1];
    if (at !== undefined && message.includes('after JSON')) {
      // Go reads the first value and leaves the rest alone.
      value = JSON.parse(text.slice(0, Number(at)));
    } else {
      const char = /Unexpected token '?(.)/u.exec(message)?.[1] ?? text[Number(at ?? text.length)];
      const where = message.includes('property name') ? 'object key string' : 'value';
      const ended = char === undefined || /end of JSON|Unterminated/.test(message);
      call.badBody = ended ? 'unexpected EOF' : `invalid character '${char}' looking for beginning of ${where}`;
      return;
    }
  }
  if (isRecord(value)) call.body = value;
  else call.badBody = `json: cannot unmarshal ${goKind(value)} into Go value of type ${goType(call.path)}`;
}

/** The type that a route reads its body into. */
function goType(path: string): string {
  const named = { chat: 'api.ChatRequest', generate: 'api.GenerateRequest', embed: 'api.EmbedRequest' };
  return named[path.replace('/api/', '') as keyof typeof named] ?? 'api.EmbeddingRequest';
}

/** The body's fields, keys in lower case as far as Go would match them anyway. Throws what Ollama answers to a bad body. */
export function fieldsOf(call: Call): Fields {
  if (call.badBody !== undefined) throw new FakeError(400, call.badBody);
  const body = call.native ?? call.body;
  if (body === undefined) throw new FakeError(400, 'missing request body');
  // "keys match case-insensitively": a copy only for the rare body that needs it.
  for (const key in body) {
    if (key !== key.toLowerCase()) {
      return Object.fromEntries(Object.entries(body).map(([name, value]) => [name.toLowerCase(), value]));
    }
  }
  return body;
}

const goKind = (value: unknown): string =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : value === null ? 'null' : typeof value;

/** A string field; absent and null are ''. */
export function text(fields: Fields, name: string, struct: string): string {
  const value = fields[name] ?? '';
  if (typeof value === 'string') return value;
  throw new FakeError(
    400,
    `json: cannot unmarshal ${goKind(value)} into Go struct field ${struct}.${name} of type string`,
  );
}

/** An array field of objects; absent and null are []. */
export function records(fields: Fields, name: string, struct: string, goType: string): readonly Fields[] {
  const value = fields[name] ?? [];
  if (Array.isArray(value) && value.every(isRecord)) return value;
  const wrong: unknown = Array.isArray(value) ? value.find((each) => !isRecord(each)) : value;
  throw new FakeError(
    400,
    `json: cannot unmarshal ${goKind(wrong)} into Go struct field ${struct}.${name} of type []${goType}`,
  );
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** "Forever" as Ollama means it: the largest count of nanoseconds, about 292 years. Milliseconds. */
export const FOREVER_MS = 9_223_372_036_854;

/** keep_alive in milliseconds; undefined when not given. */
export function keepAliveMs(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value < 0 ? FOREVER_MS : value * 1000;
  if (typeof value !== 'string') {
    const type =
      typeof value === 'boolean' ? 'bool' : Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
    throw new FakeError(400, `Unsupported type: '${type}'`);
  }
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/s.exec(value) ?? [];
  if (rest === '0') return 0;
  let ms = 0;
  let left = rest;
  do {
    const [all = '', count = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(left) ?? [];
    if (all === '') throw new FakeError(400, `time: invalid duration ${JSON.stringify(value)}`);
    if (unit === '') throw new FakeError(400, `time: missing unit in duration ${JSON.stringify(value)}`);
    const factor = UNIT_MS[unit];
    if (factor === undefined) {
      throw new FakeError(400, `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(value)}`);
    }
    ms += Number(count) * factor;
    left = left.slice(all.length);
  } while (left !== '');
  return sign === '-' ? FOREVER_MS : ms;
}

/** The options a runner is started with; another value means another start. */
export type RunnerOptions = Readonly<Record<string, number | boolean | null>>;

const RUNNER_DEFAULTS: RunnerOptions = {
  num_ctx: 4096,
  num_batch: 512,
  num_gpu: -1,
  main_gpu: null,
  use_mmap: null,
  num_thread: 0,
  draft_num_predict: 0,
  shift: true,
};

const TYPES: Readonly<Record<string, 'integer' | 'float32' | 'boolean' | 'array'>> = {
  ...Object.fromEntries(
    [
      'num_keep',
      'seed',
      'num_predict',
      'top_k',
      'repeat_last_n',
      'num_ctx',
      'num_batch',
      'num_gpu',
      'main_gpu',
      'num_thread',
      'draft_num_predict',
    ].map((name) => [name, 'integer' as const]),
  ),
  ...Object.fromEntries(
    ['temperature', 'top_p', 'min_p', 'typical_p', 'repeat_penalty', 'presence_penalty', 'frequency_penalty'].map(
      (name) => [name, 'float32' as const],
    ),
  ),
  use_mmap: 'boolean',
  stop: 'array',
};

/** Throws for an option of the wrong type; null means not given. */
export function checkOptions(options: unknown): Fields {
  if (options === undefined || options === null) return {};
  if (!isRecord(options)) {
    throw new FakeError(
      400,
      `json: cannot unmarshal ${goKind(options)} into Go struct field .options of type map[string]interface {}`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    const type = TYPES[name];
    if (type === undefined || value === null) continue;
    const wanted = type === 'boolean' ? 'boolean' : 'number';
    const right = type === 'array' ? Array.isArray(value) : typeof value === wanted;
    if (!right) throw new FakeError(500, `option "${name}" must be of type ${type}`);
  }
  return options;
}

/** What a runner is started with, and the key two requests must share to share it. */
export interface RunnerWish {
  readonly options: RunnerOptions;
  readonly key: string;
}

const plain = new WeakMap<Installed, RunnerWish>();

/** Defaults, then Modelfile parameters, then the request. */
export function runnerWish(model: Installed, options: Fields, shift: unknown): RunnerWish {
  const asked = Object.keys(options).some((name) => name in RUNNER_DEFAULTS) || typeof shift === 'boolean';
  const known = asked ? undefined : plain.get(model);
  if (known !== undefined) return known;
  const effective: Record<string, number | boolean | null> = { ...RUNNER_DEFAULTS };
  for (const source of [model.parameters, options]) {
    for (const name of Object.keys(RUNNER_DEFAULTS)) {
      const value = source[name];
      if (typeof value === 'boolean') effective[name] = value;
      else if (typeof value === 'number' || typeof value === 'string') effective[name] = Math.trunc(Number(value));
    }
  }
  effective['num_ctx'] = Math.min(Math.max(Number(effective['num_ctx']), 4), model.details.context_length);
  effective['shift'] = typeof shift === 'boolean' ? shift : true;
  const wish: RunnerWish = { options: effective, key: JSON.stringify(effective) };
  if (!asked) plain.set(model, wish);
  return wish;
}

const LEVELS: readonly unknown[] = ['low', 'medium', 'high', 'max'];

/** Whether this run thinks. Throws when the model cannot or the value is none. */
export function thinks(value: unknown, model: Installed, spelled: string): boolean {
  const able = model.capabilities.includes('thinking');
  if (value === undefined || value === null) return able;
  if (typeof value !== 'boolean' && !LEVELS.includes(value)) {
    throw new FakeError(
      400,
      `invalid think value: ${JSON.stringify(value)} (must be "high", "medium", "low", "max", true, or false)`,
    );
  }
  if (value !== false && !able) throw new FakeError(400, `${JSON.stringify(spelled)} does not support thinking`);
  return value !== false;
}

/** The format when one is set. Throws (500, as a runner would) for what is neither "json" nor a schema. */
export function formatOf(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return undefined;
  if (value === 'json' || isRecord(value)) return value;
  const shown = JSON.stringify(JSON.stringify(value));
  throw new FakeError(500, `invalid format: ${shown}; expected "json" or a valid JSON Schema object`);
}

/** Throws for images that are not standard base64. */
export function checkImages(value: unknown): void {
  if (!Array.isArray(value)) return;
  for (const image of value) {
    if (typeof image !== 'string')
      throw new FakeError(
        400,
        `json: cannot unmarshal ${goKind(image)} into Go struct field .images of type api.ImageData`,
      );
    const good = /^[A-Za-z\d+/]*/.exec(image)?.[0].length ?? 0;
    const padding = image.slice(good);
    const whole = image.length % 4 === 0 && /^={0,2}$/.test(padding);
    if (!whole)
      throw new FakeError(
        400,
        `illegal base64 data at input byte ${padding === '' || padding.startsWith('=') ? image.length : good}`,
      );
  }
}
