// Recordings as lines of a file: the same to the byte when they are written again, and refused by their number when wrong.
import { describe, expect, test } from 'vitest';
import { decodeRecord } from '../../../../backend/core/cache/record.ts';
import { recordedQuestion, recordingKey } from '../../../../backend/core/recordings/recorded-question.ts';
import {
  lineOf,
  recordingsIn,
  vectorRecording,
  writtenRecording,
} from '../../../../backend/core/recordings/recording-line.ts';
import { anyCompletion } from '../../../support/arbitraries.ts';
import { completion, NO_METRICS } from '../../../support/builders.ts';
import { fc } from '../../../support/property.ts';

const asked = (request: object, route: 'chat' | 'generate' | 'embed' = 'chat') =>
  recordedQuestion({ route, model: 'Llama3.2', namespace: '', request: { ...request } });

const chat = asked({ messages: [{ role: 'user', content: 'Why?' }], options: { temperature: 1 } });

test('a line that is read and written again is the same to the byte, whatever was answered', () => {
  fc.assert(
    fc.property(anyCompletion, (any) => {
      const said = { ...any, end: { ...any.end, done_reason: 'stop' } };
      const line = lineOf(writtenRecording(chat, said));
      const [again] = recordingsIn(line);
      expect(again && lineOf(again)).toBe(line);
      expect(again && decodeRecord(again.answer)).toEqual(said);
    }),
  );
  const vector = lineOf(
    vectorRecording(asked({ input: 'one' }, 'embed'), { numbers: [0.1, -1e-9], tokens: 1, duration: 5 }),
  );
  expect(recordingsIn(vector).map(lineOf)).toEqual([vector]);
});

test('a line is one object whose fields stand in one order, with the answer as plain text', () => {
  expect(
    lineOf(
      writtenRecording(
        chat,
        completion(['Yeast ', 'makes ', { content: 'gas.', thinking: 'Hm.' }], { metrics: NO_METRICS }),
      ),
    ),
  ).toBe(
    '{"route":"chat","model":"llama3.2:latest",' +
      '"question":{"messages":[{"role":"user","content":"Why?"}],"options":{"temperature":1}},' +
      '"answer":{"content":"Yeast makes gas.","thinking":"Hm."},' +
      '"pieces":[["content",6,6],["thinking",3],["+content",4]],' +
      '"end":{"created_at":"2026-01-01T00:00:00Z","done_reason":"stop","metrics":{"total_duration":0,"load_duration":0,' +
      '"prompt_eval_count":0,"prompt_eval_duration":0,"eval_count":0,"eval_duration":0}}}',
  );
});

test('fields that hold a secret by their name are left out, and change no question', () => {
  const secrets = {
    api_key: 'k',
    'x-api-key': 'k',
    authorization: 'Bearer k',
    clientSecret: { a: 'k' },
    password: 'k',
  };
  const kept = { messages: chat.asks['messages'], options: { temperature: 1 }, max_tokens: 5, think: true };
  const question = asked({ ...kept, ...secrets });
  expect(question.asks).toEqual(kept);
  expect(recordingKey(question)).toBe(recordingKey(asked(kept)));
});

test('a line by hand needs a question and an answer alone', () => {
  const line = { route: 'chat', model: 'llama3.2', question: chat.asks, answer: { content: 'Yeast.' } };
  const [read] = recordingsIn(`\n${JSON.stringify(line)}\n`);
  expect(read?.key).toBe(recordingKey(chat));
  expect(read && decodeRecord(read.answer)).toMatchObject({ content: 'Yeast.', end: { done_reason: 'stop' } });
});

describe('a file that is wrong is refused by the number of the line', () => {
  const good = lineOf(writtenRecording(chat, completion(['Yes.'])));
  const other = good.replace('"Why?"', '"How?"');
  test.each([
    ['no JSON', 'nonsense', 'Line 2: It is not JSON. Each line is one JSON object.'],
    [
      'an unknown route',
      other.replace('"chat"', '"talk"'),
      'Line 2: route must be "chat", "generate", "embed" or "embeddings". It was "talk".',
    ],
    [
      'an unknown field',
      other.replace('"question"', '"extra":1,"question"'),
      'Line 2: It has an unknown field: extra.',
    ],
    [
      'pieces that do not fit',
      other.replace('["content",4]', '["content",3]'),
      'Line 2: The pieces say that content has',
    ],
    ['an earlier question', good, 'Line 2 asks the same as line 1. Keep one of them.'],
  ])('%s', (_what, line, words) => {
    expect(() => recordingsIn(`${good}\n${line}\n`)).toThrow(words);
  });
});

describe('the key', () => {
  const keyOf = (request: object): string => recordingKey(asked(request));
  const messages = [{ role: 'user', content: 'Why?' }];

  test('is the same for what changes no answer, in whatever order it comes', () => {
    const plain = keyOf({ messages, options: { temperature: 0 } });
    const same = {
      options: { top_p: 0.9, seed: 3, presence_penalty: 0, temperature: 0, num_ctx: null, unknown: 1 },
      keep_alive: '5m',
      stream: false,
      tools: [],
      messages: [{ content: 'Why?', role: 'user', id: 'client-7', images: [] }],
    };
    expect(keyOf(same)).toBe(plain);
  });

  test('knows a picture by its hash, and the ids of tool calls by their number', () => {
    const picture = (images: string[]) => asked({ messages: [{ role: 'user', content: 'Look', images }] });
    const hashed = picture(['aGVsbG8=']);
    expect(JSON.stringify(hashed.asks)).toMatch(/"images":\["sha256:[\da-f]{64}"\]/);
    expect(JSON.stringify(hashed.asks)).not.toContain('aGVsbG8=');
    expect(recordingKey(recordedQuestion({ ...hashed, request: hashed.asks }))).toBe(recordingKey(hashed));
    expect(recordingKey(picture(['d29ybGQ=']))).not.toBe(recordingKey(hashed));
    const withCall = (id: string) =>
      keyOf({
        messages: [
          ...messages,
          { role: 'assistant', content: '', tool_calls: [{ id, function: { name: 'f', arguments: { b: 1, a: 2 } } }] },
          { role: 'tool', content: '4', tool_call_id: id },
        ],
      });
    expect(withCall('call_one')).toBe(withCall('call_two'));
  });
});
