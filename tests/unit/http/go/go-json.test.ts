// Bodies are read as Ollama reads them: what Go's own decoder made of a thousand bodies is kept in data/go-json.json, and
// the reader must come to the same verdict, in the same words, and to the same meaning.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { ExactJson, jsonText } from '../../../../backend/contract/go/exact-json.ts';
import { GoRefusal, type GoType } from '../../../../backend/contract/go/go-type.ts';
import {
  ollamaChat,
  ollamaEmbed,
  ollamaEmbeddings,
  ollamaGenerate,
} from '../../../../backend/contract/chat/ollama-bodies.ts';
import { openAiEmbeddings } from '../../../../backend/contract/chat/openai-bodies.ts';
import { AppError } from '../../../../backend/contract/errors.ts';
import { readGoBody, readQuickly } from '../../../../backend/http/go/go-body.ts';
import { readAsFarAsItFits, readAsGo } from '../../../../backend/http/go/go-read.ts';
import { NumberText, readExactly } from '../../../../backend/http/go/go-syntax.ts';
import { chatFromOpenAi, completionFromOpenAi } from '../../../../backend/http/openai/openai-request.ts';

interface Case {
  readonly route: string;
  readonly body?: string;
  readonly base64?: string;
  readonly refused?: string;
  readonly read?: unknown;
}

const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../data/go-json.json'), 'utf8')) as {
  readonly cases: readonly Case[];
};

const TYPES: Readonly<Record<string, GoType>> = {
  chat: ollamaChat,
  generate: ollamaGenerate,
  embed: ollamaEmbed,
  embeddings: ollamaEmbeddings,
  v1embed: openAiEmbeddings,
};

function reading(route: string): (body: unknown) => unknown {
  if (route === 'v1chat') return (body) => chatFromOpenAi(body).request;
  if (route === 'v1completion') return (body) => completionFromOpenAi(body).request;
  return (body) => readAsGo(TYPES[route] as GoType, body);
}

function outcome({ route, body, base64 }: Case): { refused: string } | { read: unknown } {
  const bytes = base64 === undefined ? Buffer.from(body ?? '') : Buffer.from(base64, 'base64');
  try {
    return { read: JSON.parse(jsonText(readGoBody(bytes, reading(route)))) };
  } catch (error) {
    if (error instanceof GoRefusal || error instanceof AppError) return { refused: error.message };
    throw error;
  }
}

/** What says something: without what Go leaves out, and with what is written differently but means the same. */
function said(value: unknown, name = ''): unknown {
  if (typeof value === 'string')
    return name === 'role' ? value.toLowerCase() : value.replaceAll(/\p{Surrogate}/gu, '\ufffd');
  // Options and penalties end as 32 bits in Ollama.
  if (typeof value === 'number') return Math.fround(value);
  if (Array.isArray(value))
    return name === 'type' && value.length === 1 ? said(value[0]) : value.map((item) => said(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([inner, item]) => [inner, said(item, inner)] as const)
    // How long a model stays, and how the answer comes, is no part of the meaning; Go writes a duration in its own way.
    .filter(([inner, item]) => !/^(?:stream|keep_alive|index)$/.test(inner) && !saysNothing(item));
  return Object.fromEntries(entries);
}

function saysNothing(value: unknown): boolean {
  if (value === null || value === '' || value === false || value === 0) return true;
  return typeof value === 'object' && Object.keys(value as object).length === 0;
}

/** Where Hearth is more generous than Ollama, on purpose. */
const GENEROUS: readonly [why: string, refused: RegExp, body: RegExp][] = [
  ['an empty text for no arguments', /^invalid tool call arguments$/, /^(?!.*"arguments"\s*:\s*"[^"])/is],
  ['a key of arguments with half a character', /invalid escape sequence/, /\\ud800/],
  ['a number that is too large, in a value that a later one replaces', /number 1e400/i, /1e400/i],
];

describe('as Go reads it', () => {
  test.each(cases.map((each, i) => [i, each.route, each.body ?? `base64 ${each.base64}`, each] as const))(
    '%i %s %s',
    (_i, _route, body, each) => {
      const got = outcome(each);
      if (each.refused !== undefined && !('refused' in got && got.refused === each.refused)) {
        const why = GENEROUS.find(([, refused, of]) => refused.test(each.refused ?? '') && of.test(body));
        expect(why, `${each.refused} — but here: ${JSON.stringify(got)}`).toBeDefined();
        return;
      }
      // The translators refuse what Ollama's next stage does.
      if ('refused' in got && /^model (?:is required|'' not found)$/.test(got.refused)) return;
      if (each.refused !== undefined) expect(got).toEqual({ refused: each.refused });
      else expect(said('read' in got ? got.read : got)).toMatchObject(said(each.read) as object);
    },
  );
});

describe('what JavaScript cannot hold', () => {
  const exactly = (text: string, type: GoType = ollamaChat): unknown =>
    readGoBody(Buffer.from(text), (body) => readAsGo(type, body));

  test('whole numbers beyond 2^53 go on digit for digit, wherever they stand', () => {
    const text =
      '{"model":"m","options":{"seed":9223372036854775807},"format":{"maximum":-12345678901234567890},"other":[9007199254740993]}';
    expect(jsonText(exactly(text))).toBe(text);
    const seed = readGoBody(
      Buffer.from('{"model":"m","messages":[{"content":"x"}],"seed":9223372036854775807}'),
      chatFromOpenAi,
    );
    expect(jsonText(seed.request.options)).toContain('"seed":9223372036854775807');
    expect(Number(seed.request.options?.['seed'])).toBe(2 ** 63);
  });

  test('arguments and properties keep their order, also of names that look like numbers', () => {
    const args = '{"b":1,"2":{"x":[1]},"1":"z"}';
    const text = `{"messages":[{"role":"a","content":"","tool_calls":[{"function":{"arguments":${args}}}]}]}`;
    expect(jsonText(exactly(text))).toBe(text);
  });

  test('so does a format, whose properties the answer follows', () => {
    const format =
      '{"type":"object","properties":{"b":{},"2":{"enum":[9007199254740993]},"1":{"properties":{"1":{},"0":{}}}}}';
    expect(jsonText(exactly(`{"format":${format}}`))).toBe(`{"format":${format}}`);
    const twice = '{"format":{"2":1,"1":{"x":[{"0":2}]},"2":[3]}}';
    expect(jsonText(exactly(twice))).toBe('{"format":{"2":[3],"1":{"x":[{"0":2}]}}}');
  });

  test('a value nested 10,000 levels deep is read and written; one level more is refused', () => {
    const nested = (levels: number): string => `{"x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(jsonText(exactly(nested(10_000)))).toBe(nested(10_000));
    expect(() => exactly(nested(10_001))).toThrow('exceeded max depth');
    expect(() => exactly('['.repeat(5_000_000))).toThrow('exceeded max depth');
  });

  test('properties within properties, as deep as Go reads, exhaust no stack', () => {
    const open = '{"properties":{"a":';
    const text = `{"tools":[{"function":{"parameters":${open.repeat(4000)}{}${'}}'.repeat(4000)}}}]}`;
    expect(jsonText(exactly(text))).toBe(text);
  });

  test('a field whose name would set a prototype is one like any other', () => {
    const read = exactly('{"__proto__":{"model":"x"},"messages":[{"__proto__":1,"content":"a"}]}') as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(jsonText(read)).toBe('{"__proto__":{"model":"x"},"messages":[{"role":"","content":"a","__proto__":1}]}');
  });

  test('written with JSON.stringify all the same, it is the nearest value', () => {
    expect(JSON.stringify({ a: new ExactJson('9007199254740993') })).toBe('{"a":9007199254740992}');
  });
});

describe('the quick reader', () => {
  const settled = (bytes: Buffer): unknown => readAsFarAsItFits({ kind: 'raw', go: '' }, readExactly(bytes));
  const name = fc.oneof(fc.constantFrom('a', 'b', ':', '"', '\\', 'é', '1', '0', '__proto__', 'seed'), fc.string());
  const white = fc.constantFrom('', ' ', '\n', '\t\r ');
  const text: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(
        name.map((each) => JSON.stringify(each)),
        fc.constantFrom('"\\ud800"', '"\\ud83d\\ude00"', '1', '1.0', '-0', '1e3', '9007199254740993', 'null', 'true'),
      ),
      fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
      fc
        .array(fc.tuple(name, white, tie('value')), { maxLength: 4 })
        .map((all) => `{${all.map(([key, space, item]) => `${JSON.stringify(key)}${space}:${item}`).join(',')}}`),
    ),
  })).value;

  test('reads what the exact one reads, or leaves it to that one', () => {
    fc.assert(
      fc.property(text, (each) => {
        const bytes = Buffer.from(each);
        const quick = readQuickly(bytes);
        if (quick !== undefined) expect(quick).toEqual(settled(bytes) ?? null);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    [
      'a body as clients send it',
      '{"model":"m","messages":[{"role":"user","content":"say \\":\\" {\\"a\\":1} \\ud83d\\ude00"}],"temperature":0.7,"seed":5}',
      true,
    ],
    ['a name that came twice', '{"a":1,"a":null}', false],
    [
      'the same with white space, and hidden behind a name that ends in a backslash',
      '{"\\\\" :1,"a"\n:1,"a":2}',
      false,
    ],
    ['digits that a number would lose', '{"a":9007199254740993}', false],
    ['a whole number written as a fraction where Go wants a whole one', '{"seed":1.0}', false],
    ['half a character', '{"a":"\\ud800"}', false],
    ['names that JavaScript would put first', '{"b":1,"2":2}', false],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), false],
  ])('%s', (_what, body, quick) => {
    expect(readQuickly(Buffer.from(body)) !== undefined).toBe(quick);
  });
});

test('text in quotes is replaced byte for byte where it is no UTF-8', () => {
  const bytes = Buffer.from([0x22, 0xe2, 0x82, 0x41, 0xff, 0x22]);
  expect(readExactly(bytes)).toBe('\ufffd\ufffdA\ufffd');
});

test('numbers are kept as they were written until their type is known', () => {
  expect(readExactly(Buffer.from('1.50'))).toEqual(new NumberText('1.50'));
});
