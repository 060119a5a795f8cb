// Reads what a request says of a run as Ollama does, with its very error texts: keep_alive, options, think, format, template.
// Deliberately only the checks that change what a gateway sees; unknown options pass, as they do there.
import { jsonText } from '../../../backend/contract/go/exact-json.ts';
import { isRecord } from './fake-decode.ts';
import type { Fields } from './fake-decode.ts';
import type { Installed } from './fake-models.ts';
import { FakeError } from './fake-wire.ts';

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

/** keep_alive in milliseconds; undefined when not given. Throws for what is none. */
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
export function checkOptions(given: unknown): Fields {
  const options = isRecord(given) ? given : {};
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

/** Throws for what is no value of `think`. */
export function thinkValue(value: unknown): void {
  if (typeof value === 'boolean' || LEVELS.includes(value)) return;
  throw new FakeError(
    400,
    `invalid think value: ${JSON.stringify(value)} (must be "high", "medium", "low", "max", true, or false)`,
  );
}

/** Whether this run thinks. Throws when the model cannot. */
export function thinks(value: unknown, model: Installed, spelled: string): boolean {
  const able = model.capabilities.includes('thinking');
  if (value === undefined) return able;
  if (value !== false && !able) throw new FakeError(400, `${JSON.stringify(spelled)} does not support thinking`);
  return value !== false;
}

/** What llama-server refuses comes back as its own JSON in a text. */
export function runnerRefusal(message: string, type = 'invalid_request_error', more: object = {}): FakeError {
  return new FakeError(400, JSON.stringify({ error: { code: 400, message, type, ...more } }));
}

const JSON_TYPES: readonly unknown[] = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object'];

/** The format when one is set. Throws (500) for what is neither "json" nor a schema, and as the runner does for a schema of no known type. */
export function formatOf(value: unknown): unknown {
  if (value === undefined || value === '') return undefined;
  if (value !== 'json' && !isRecord(value)) {
    const shown = JSON.stringify(jsonText(value));
    throw new FakeError(500, `invalid format: ${shown}; expected "json" or a valid JSON Schema object`);
  }
  const types = isRecord(value) ? [value['type'] ?? 'object'].flat() : [];
  if (types.every((type) => JSON_TYPES.includes(type))) return value;
  throw runnerRefusal(
    `Field 'json_schema': "json_schema": JSON schema conversion failed:\nUnrecognized schema: ${jsonText(value)}`,
  );
}

/** Throws for a template with an action that does not end, in the words of Go's text/template. */
export function checkTemplate(template: unknown): void {
  if (typeof template !== 'string' || template.lastIndexOf('{{') <= template.lastIndexOf('}}')) return;
  throw new FakeError(500, `template: :${template.split('\n').length}: unclosed action`);
}
