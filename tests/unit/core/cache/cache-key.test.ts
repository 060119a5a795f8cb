// The cache key: equal for two requests exactly when they mean the same to the same model.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { ExactJson } from '../../../../backend/contract/go/exact-json.ts';
import { canonicalJson } from '../../../../backend/core/canonical-json.ts';
import { fingerprint, type KeyParts } from '../../../../backend/core/cache/fingerprint.ts';
import { runnerSpec } from '../../../../backend/core/models/runner.ts';
import type { UpstreamChat } from '../../../../backend/core/ports.ts';

const BODY: UpstreamChat = {
  model: 'llama3.2',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'What is it?', images: ['aGVsbG8=', 'd29ybGQ='] },
    {
      role: 'assistant',
      content: '',
      tool_calls: [{ function: { name: 'look', arguments: { first: 1, second: { deep: true, other: null } } } }],
    },
    { role: 'tool', content: '42', tool_name: 'look' },
  ],
  options: { num_ctx: 4096, temperature: 0, stop: ['a', 'b'], seed: 1 },
  format: { type: 'object', properties: { answer: { type: 'string' }, score: { type: 'number' } } },
  tools: [
    { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: { a: {}, b: {} } } } },
  ],
  think: false,
};

const PARTS: KeyParts = {
  url: 'http://127.0.0.1:11434',
  version: '0.33.0',
  family: 'chat',
  digest: 'd1',
  namespace: 'local',
  body: BODY,
};

const key = (change: Record<string, unknown> = {}): string => fingerprint({ ...PARTS, body: { ...BODY, ...change } });

const withParts = (digest: string, namespace: string): string => fingerprint({ ...PARTS, digest, namespace });

/** The body with a deep change, made on a copy. */
const changed = (change: (body: Record<string, unknown>) => void): string => {
  const body = structuredClone(BODY) as UpstreamChat & Record<string, unknown>;
  change(body);
  return fingerprint({ ...PARTS, body });
};

const first = (body: Record<string, unknown>, at: number): Record<string, unknown> =>
  (body['messages'] as Record<string, unknown>[])[at] ?? {};

/** Where the order of names reaches the model, so that it belongs to the meaning. */
const ORDERED = new Set(['arguments', 'properties']);

function reversed(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => reversed(item));
  if (typeof value !== 'object' || value === null) return value;
  if (name === 'arguments') return value;
  const entries = Object.entries(value).map(([inner, v]) => [inner, reversed(v, inner)] as const);
  return Object.fromEntries(ORDERED.has(name) ? entries : entries.toReversed());
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

const spec = (options?: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  runnerSpec(
    { model: 'm', messages: [], ...(options === undefined ? {} : { options }), ...more },
    { name: 'm', digest: 'd1' },
    undefined,
  );

describe('requests that mean the same have one key', () => {
  test('whatever the order of names in their JSON', () => {
    const permuted = reversed(BODY) as UpstreamChat;
    expect(JSON.stringify(permuted)).not.toBe(JSON.stringify(BODY));
    expect(fingerprint({ ...PARTS, body: permuted })).toBe(key());
  });

  test('whatever the white space of their JSON', () => {
    const spaced = JSON.parse(JSON.stringify(BODY, null, 4)) as UpstreamChat;
    expect(fingerprint({ ...PARTS, body: spaced })).toBe(key());
  });

  test.each([
    ['stream', { stream: true }],
    ['keep_alive', { keep_alive: '1h' }],
    ['user', { user: 'anna' }],
    ['metadata', { metadata: { trace: 'x' } }],
    ['the spelling of the model', { model: 'LLAMA3.2:latest' }],
    ['an empty field', { suffix: '', logprobs: null, template: undefined, context: [] }],
    ['a field that says what is so without it', { raw: false, truncate: true, logprobs: false, top_logprobs: 0 }],
  ])('whatever %s says', (_what, change) => {
    expect(key(change)).toBe(key());
  });
});

describe('requests that may be answered differently have different keys', () => {
  const bodies: readonly [string, string][] = [
    ['num_ctx', key({ options: { ...BODY.options, num_ctx: 8192 } })],
    ['an option that was left out', key({ options: { num_ctx: 4096, stop: ['a', 'b'], seed: 1 } })],
    ['no options', key({ options: {} })],
    ['format', key({ format: 'json' })],
    ['no format', key({ format: undefined })],
    ['a format that any JSON fits', key({ format: {} })],
    ['a format that Ollama refuses', key({ format: false })],
    ['no properties', key({ tools: [{ function: { parameters: { type: 'object' } } }] })],
    ['properties without any', key({ tools: [{ function: { parameters: { type: 'object', properties: {} } } }] })],
    ['another that it refuses', key({ format: 0 })],
    ['think', key({ think: true })],
    ['think at a level', key({ think: 'low' })],
    ['think left out, which is not false', key({ think: undefined })],
    ['dimensions', key({ dimensions: 256 })],
    ['an unknown field', key({ something_new: 1 })],
    ['a number beyond 2^53', key({ something_new: new ExactJson('9007199254740993') })],
    ['its neighbour', key({ something_new: new ExactJson('9007199254740992') })],
    ['the text of a message', changed((body) => Object.assign(first(body, 1), { content: 'What is it!' }))],
    ['white space in a text', changed((body) => Object.assign(first(body, 1), { content: 'What is it? ' }))],
    ['a role', changed((body) => Object.assign(first(body, 0), { role: 'user' }))],
    ['the order of messages', key({ messages: BODY.messages.toReversed() })],
    ['a message less', key({ messages: BODY.messages.slice(1) })],
    ['an image', changed((body) => Object.assign(first(body, 1), { images: ['aGVsbG8=', 'd29ybGR='] }))],
    ['the order of images', changed((body) => Object.assign(first(body, 1), { images: ['d29ybGQ=', 'aGVsbG8='] }))],
    ['thinking', changed((body) => Object.assign(first(body, 2), { thinking: 'hm' }))],
    ['the name of a tool', changed((body) => Object.assign(first(body, 3), { tool_name: 'see' }))],
    ['the order of stop words', key({ options: { ...BODY.options, stop: ['b', 'a'] } })],
    [
      'the order of arguments of a tool call',
      changed((body) =>
        Object.assign(first(body, 2), {
          tool_calls: [{ function: { name: 'look', arguments: { second: { deep: true, other: null }, first: 1 } } }],
        }),
      ),
    ],
    [
      'the order inside an argument of a tool call',
      changed((body) =>
        Object.assign(first(body, 2), {
          tool_calls: [{ function: { name: 'look', arguments: { first: 1, second: { other: null, deep: true } } } }],
        }),
      ),
    ],
    [
      'the order of properties of a schema, which the answer follows',
      key({ format: { type: 'object', properties: { score: { type: 'number' }, answer: { type: 'string' } } } }),
    ],
  ];
  const parts: readonly [string, string][] = [
    ['the digest of the model', fingerprint({ ...PARTS, digest: 'd2' })],
    ['the version of Ollama', fingerprint({ ...PARTS, version: '0.34.0' })],
    ['the address of Ollama', fingerprint({ ...PARTS, url: 'http://10.0.0.2:11434' })],
    ['the namespace', fingerprint({ ...PARTS, namespace: 'https://example.com' })],
  ];

  test.each([...bodies, ...parts])('%s', (_what, other) => {
    expect(other).not.toBe(key());
  });

  test('each from each other', () => {
    const all = [...bodies, ...parts].map(([, other]) => other);
    expect(new Set(all).size).toBe(all.length);
  });

  test('a part of the key cannot be moved into its neighbour', () => {
    expect(withParts('ab', 'c')).not.toBe(withParts('a', 'bc'));
    expect(withParts('a","b', 'c')).not.toBe(withParts('a', 'b","c'));
  });
});

describe('the canonical form', () => {
  test('is JSON that means the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('leaves out what JSON leaves out', () => {
    expect(canonicalJson({ a: undefined, b: { c: undefined } })).toBe('{"b":{}}');
  });

  test('is one for all orders of names', () => {
    const names = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { noNullPrototype: true });
    fc.assert(
      fc.property(names, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  test('takes any nesting, and exhausts no stack', () => {
    const written = canonicalJson(nested(100_000));
    expect(written.length).toBe(50_000 * '[]{"a":}'.length + 1);
    expect(canonicalJson(nested(100_000))).toBe(written);
  });
});

describe('what loads a model', () => {
  test.each(['num_ctx', 'num_batch', 'num_gpu', 'main_gpu', 'use_mmap', 'num_thread', 'draft_num_predict'])(
    '%s makes another runner',
    (name) => {
      expect(spec({ [name]: 1 }).key).not.toBe(spec({}).key);
      expect(spec({ [name]: 1 }).options).toEqual({ [name]: 1 });
    },
  );

  test('shift and other weights make another runner', () => {
    expect(spec({}, { shift: false })).toMatchObject({ shift: false });
    expect(spec({}, { shift: false }).key).not.toBe(spec({}).key);
    expect(spec({}, { shift: false }).key).not.toBe(spec({}, { shift: true }).key);
    expect(runnerSpec({ model: 'm', messages: [] }, { name: 'm', digest: 'd2' }, undefined).key).not.toBe(spec({}).key);
  });

  test('what the request does not say, its Modelfile does', () => {
    const modelfile = {
      parameters: new Map([
        ['num_ctx', ['2048']],
        ['temperature', ['0']],
      ]),
      weights: 'blob',
    };
    const of = (name: string, options: Record<string, unknown>) =>
      runnerSpec({ model: name, options }, { name, digest: `digest of ${name}` }, modelfile);
    expect(of('a', {}).key).toBe(of('b', { num_ctx: 2048 }).key);
    expect(of('a', {}).key).not.toBe(of('a', { num_ctx: 4096 }).key);
    // Only what the request says is sent again: the rest Ollama reads itself.
    expect(of('a', {}).options).toEqual({});
  });

  test('sampling, the order of options, and absent ones do not', () => {
    const plain = spec({ num_ctx: 1, num_gpu: 2 }).key;
    expect(spec({ num_gpu: 2, num_ctx: 1, temperature: 0.5, seed: 3, num_batch: null }).key).toBe(plain);
    expect(spec(undefined).key).toBe(spec({}).key);
    expect(spec({ top_p: 1 }).key).toBe(spec({}).key);
  });
});
