// An answer in OpenAI's words says the same streamed and whole, in the form that Ollama gives it (openai/openai.go).
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { replay } from '../../../../backend/contract/chat/chat.ts';
import {
  chatCompletion,
  ChatCompletionStream,
  CompletionStream,
  embeddingList,
  modelEntry,
  modelList,
  textCompletion,
} from '../../../../backend/http/openai/openai-answer.ts';
import { anyCompletion } from '../../../support/arbitraries.ts';
import { completion, installed } from '../../../support/builders.ts';

type Delta = { role?: string; content?: string; reasoning?: string; tool_calls?: { index: number; id: string }[] };
interface Chunk {
  readonly id: string;
  readonly created: number;
  readonly choices: { delta: Delta; text: string; finish_reason: string | null; logprobs?: unknown }[];
  readonly usage?: unknown;
}
const frame = { id: 'x', created: 7, model: 'LLAMA3.2', includeUsage: false };

function streamed(
  of: Parameters<typeof replay>[0],
  Stream: typeof ChatCompletionStream | typeof CompletionStream,
  more = {},
) {
  const stream = new Stream({ ...frame, ...more });
  const chunks: unknown[] = [];
  for (const event of replay(of)) {
    if (event.type === 'piece') chunks.push(...stream.piece(event.piece));
    if (event.type === 'end') chunks.push(...stream.end(event.end));
  }
  return chunks as Chunk[];
}

describe('an answer in OpenAI’s words', () => {
  test('streamed it says the same as whole, in any pieces: one role, numbered calls, one end', () => {
    fc.assert(
      fc.property(anyCompletion, (answer) => {
        const chunks = streamed(answer, ChatCompletionStream);
        const whole = chatCompletion(answer, frame) as unknown as {
          choices: [{ message: Delta & { content: string }; finish_reason: string; logprobs?: unknown }];
        };
        const [{ message, finish_reason: reason }] = whole.choices;
        const deltas = chunks.map(({ choices: [choice] }) => choice?.delta ?? {});
        expect(deltas.map(({ content = '' }) => content).join('')).toBe(message.content);
        expect(deltas.map(({ reasoning = '' }) => reasoning).join('')).toBe(message.reasoning ?? '');
        const calls = deltas.flatMap(({ tool_calls: made = [] }) => made);
        expect(calls).toEqual(message.tool_calls ?? []);
        expect(calls.map(({ index }) => index)).toEqual(calls.map((_call, i) => i));
        expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
        // Thinking never stands beside text.
        expect(deltas.every(({ reasoning = '', content = '' }) => reasoning === '' || content === '')).toBe(true);
        const roles = deltas.map(({ role }) => role);
        expect(roles.slice(1).filter((role) => role !== undefined)).toEqual([]);
        expect(roles[0]).toBe('assistant');
        expect(chunks.at(-1)?.choices[0]?.delta).toEqual({});
        const reasons = chunks.map(({ choices: [choice] }) => choice?.finish_reason);
        expect(reasons).toEqual([...chunks.slice(1).map(() => null), reason]);
        expect(new Set(chunks.map(({ id, created }) => `${id} ${created}`))).toEqual(new Set(['chatcmpl-x 7']));
      }),
    );
  });

  test('a text completion, too, without its thinking', () => {
    fc.assert(
      fc.property(anyCompletion, (answer) => {
        const chunks = streamed(answer, CompletionStream);
        const { choices } = textCompletion(answer, frame) as unknown as { choices: [{ text: string }] };
        expect(chunks.map(({ choices: [choice] }) => choice?.text ?? '').join('')).toBe(choices[0].text);
        expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe(answer.end.done_reason);
      }),
    );
  });

  test('ends with tool_calls where there were some, unless it was cut off', () => {
    const calls = { tool_calls: [{ function: { name: 'x', arguments: { b: 1, a: 2 } } }] };
    for (const [reason, told] of [
      ['stop', 'tool_calls'],
      ['length', 'length'],
    ] as const) {
      const answer = completion([calls], { done_reason: reason });
      expect(chatCompletion(answer, frame)).toMatchObject({ choices: [{ finish_reason: told }] });
      expect(streamed(answer, ChatCompletionStream).at(-1)?.choices[0]?.finish_reason).toBe(told);
    }
    expect(chatCompletion(completion([calls]), frame)).toMatchObject({
      choices: [{ message: { tool_calls: [{ type: 'function', function: { arguments: '{"b":1,"a":2}' } }] } }],
    });
  });

  test('tells the usage at the end of a stream when asked, alone and after the finish', () => {
    const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
    const chunks = streamed(completion(['a', 'b']), ChatCompletionStream, { includeUsage: true });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage });
    expect(chunks.slice(0, -1).filter((chunk) => 'usage' in chunk)).toEqual([]);
    expect(chatCompletion(completion(['a']), frame)).toMatchObject({ usage });
    expect(textCompletion(completion(['a']), frame)).toMatchObject({ usage });
    const texts = streamed(completion(['a']), CompletionStream, { includeUsage: true });
    expect(texts.map((chunk) => (chunk.usage as { total_tokens: number }).total_tokens)).toEqual([0, 0, 30]);
  });

  test('has the log probabilities of all pieces', () => {
    const [one, two, three] = [{ token: 'a' }, { token: 'b' }, { token: 'c' }];
    const pieces = [
      { content: 'a', extra: { logprobs: [one] } },
      { content: 'b', extra: { logprobs: [two] } },
    ];
    const answer = completion(pieces, { extra: { logprobs: [three] } });
    expect(chatCompletion(answer, frame)).toMatchObject({ choices: [{ logprobs: { content: [one, two, three] } }] });
    const told = streamed(answer, ChatCompletionStream).map(({ choices: [choice] }) => choice?.logprobs);
    expect(told.slice(0, 2)).toEqual([{ content: [one] }, { content: [two] }]);
  });

  test('vectors in base64 are their numbers as 32-bit floats, little endian', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.float({ noNaN: true }))), (vectors) => {
        const list = (encoding: 'float' | 'base64') =>
          embeddingList(vectors, { model: 'm', encoding, tokens: 5 }) as unknown as {
            data: { embedding: never; index: number }[];
          };
        const unpacked = list('base64').data.map(({ embedding }) => {
          const bytes = Buffer.from(embedding, 'base64');
          return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
        });
        expect(unpacked).toEqual(vectors);
        expect(list('float').data.map(({ embedding }) => embedding)).toEqual(vectors);
        expect(list('float').data.map(({ index }) => index)).toEqual(vectors.map((_vector, i) => i));
      }),
    );
  });

  test('models have an owner and a time; none are an empty list', () => {
    expect(modelList([])).toEqual({ object: 'list', data: [] });
    const entry = (name: string) => modelEntry(installed(name, { modified_at: '2026-01-02T03:04:05.9Z' }));
    expect(entry('llama3.2:latest')).toEqual({
      id: 'llama3.2:latest',
      object: 'model',
      created: 1_767_323_045,
      owned_by: 'library',
    });
    expect(entry('ada/mine:7b')).toMatchObject({ owned_by: 'ada' });
    expect(entry('hf.co/ada/mine:Q4')).toMatchObject({ owned_by: 'ada' });
    expect(modelEntry(installed('x', { modified_at: 'never' }))).toMatchObject({ created: 0 });
  });

  test('an answer that never said anything still has its beginning and its end', () => {
    const chunks = streamed(completion([]), ChatCompletionStream);
    expect(chunks).toHaveLength(2);
    expect(chunks[0]?.choices[0]).toEqual({ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null });
    expect(chunks[1]?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
  });
});
