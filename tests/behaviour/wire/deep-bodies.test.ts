// The promise: however deep a body is nested, and wherever, the answer is no fault of Hearth's: it is taken as deep as Go
// reads (10,000 levels), and refused with 400 beyond that.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';

let hearth: Hearth;
beforeAll(async () => {
  hearth = await startHearth({ config: { log: { requests: true } } });
});
afterAll(() => hearth.stop());

const list = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const object = (levels: number): string => `${'{"properties":{"a":'.repeat(levels / 2)}{}${'}}'.repeat(levels / 2)}`;

/** Ollama itself answers this with 500, when the model is loaded already: a format must be an object. */
const NO_FORMAT = /invalid format/;

const PATHS = {
  '/api/chat-optimized': '"messages":[{"role":"user","content":"hi"}]',
  '/api/chat-queue': '"messages":[{"role":"user","content":"hi"}]',
  '/api/cache-stats': '"action":"clear"',
  '/api/chat': '"model":"llama3.2","stream":false,"messages":[{"role":"user","content":"hi"}]',
  '/api/generate': '"model":"llama3.2","stream":false,"prompt":"hi"',
  '/api/embed': '"model":"nomic-embed-text","input":"hi"',
  '/api/embeddings': '"model":"nomic-embed-text","prompt":"hi"',
  '/v1/chat/completions': '"model":"llama3.2","messages":[{"role":"user","content":"hi"}]',
  '/v1/completions': '"model":"llama3.2","prompt":"hi"',
  '/v1/embeddings': '"model":"nomic-embed-text","input":"hi"',
} as const;
const FIELDS = [
  'x',
  'data',
  'options',
  'format',
  'tools',
  'messages',
  'input',
  'prompt',
  'think',
  'stop',
  'keep_alive',
  'priority',
  'cache',
];

describe.each(Object.entries(PATHS))('%s', (path, fields) => {
  test.each([10_000, 50_000])('a value %i levels deep, in any field', async (levels) => {
    // What is too deep is refused before anybody asks in which field.
    for (const name of levels > 10_000 ? FIELDS.slice(0, 3) : FIELDS) {
      for (const deep of [list(levels), object(levels)]) {
        const response = await hearth.post(path, `{${fields},"${name}":${deep}}`);
        const told = await response.text();
        const found = [response.status, told.slice(0, 200)];
        expect(found, `${name} ${deep.slice(0, 10)}`).toEqual([
          expect.toSatisfy((status) => status < 500 || NO_FORMAT.test(told)),
          found[1],
        ]);
        if (levels > 10_000) expect([400, told]).toEqual([response.status, told]);
      }
    }
  });

  test('also in the messages and tools of a chat', async () => {
    if (!fields.includes('messages')) return;
    for (const deep of [list(9000), object(9000)]) {
      for (const body of [
        `"tools":[{"function":{"parameters":${deep}}}]`,
        `"tools":[{"function":{"name":"f","parameters":{"properties":{"a":${deep}}}}}]`,
        `"messages":[{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":${deep}}}]}]`,
        `"messages":[{"role":"user","content":"hi","x":${deep}}]`,
        `"messages":[{"role":"user","content":${deep}}]`,
      ]) {
        const response = await hearth.post(path, `{${fields},${body}}`);
        expect(await response.text()).not.toContain('"internal"');
      }
    }
  });
});
