// An answer in Ollama's own form: its chunks and the whole object say the same, nothing of it is lost, and the names are
// those of Ollama's types (api/types.go).
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { replay, type Completion, type Piece } from '../../../../backend/contract/chat/chat.ts';
import type { Family } from '../../../../backend/core/ports.ts';
import {
  ollamaChunk,
  ollamaEnd,
  ollamaWhole,
  type OllamaFrame,
} from '../../../../backend/http/ollama/ollama-answer.ts';
import { anyCompletion } from '../../../support/arbitraries.ts';
import { completion, NO_METRICS } from '../../../support/builders.ts';

const NOW = Date.parse('2026-01-02T03:04:05.678Z');
const frame = (family: Family): OllamaFrame => ({ family, model: 'LLAMA3.2', now: () => NOW });
/** Texts and calls: in the message of a chat, beside the other fields of a completion. */
interface Said {
  readonly content?: string;
  readonly response?: string;
  readonly thinking?: string;
  readonly tool_calls?: readonly unknown[];
}
type Chunk = Said & {
  readonly done: boolean;
  readonly message?: Said & { role: string };
  readonly [field: string]: unknown;
};

/** As the route sends them: what came with the end goes into the last chunk. */
function chunksOf(answer: Completion, family: Family): Chunk[] {
  const chunks: unknown[] = [];
  let last: Piece | undefined;
  for (const event of replay(answer)) {
    if (event.type === 'piece' && event.piece.last === true) last = event.piece;
    else if (event.type === 'piece') chunks.push(ollamaChunk(event.piece, frame(family)));
    if (event.type === 'end') chunks.push(ollamaEnd(event.end, last, frame(family)));
  }
  return chunks as Chunk[];
}

const whole = (answer: Completion, family: Family): Chunk => ollamaWhole(answer, frame(family)) as Chunk;
const saidIn = (chunk: Chunk, family: Family): Said => (family === 'chat' ? (chunk.message ?? {}) : chunk);
const textOf = ({ content, response }: Said): string => content ?? response ?? '';

/** Without unknown fields, which could have any name, also one of those that are looked at here. */
const knownOnly = anyCompletion.map((answer): Completion => {
  const { extra: _extra, ...end } = answer.end;
  return { ...answer, extras: [], cuts: answer.cuts.filter(([kind]) => kind !== 'extra'), end };
});
const anyFamily = fc.constantFrom<Family>('chat', 'generate');

describe('chunks', () => {
  test('say together what the whole says, and end once, at the end', () => {
    fc.assert(
      fc.property(knownOnly, anyFamily, (answer, family) => {
        const chunks = chunksOf(answer, family);
        const said = chunks.map((chunk) => saidIn(chunk, family));
        const all = saidIn(whole(answer, family), family);
        expect(said.map(textOf).join('')).toBe(textOf(all));
        expect(said.map(({ thinking = '' }) => thinking).join('')).toBe(all.thinking ?? '');
        expect(said.flatMap(({ tool_calls: calls = [] }) => calls)).toEqual(all.tool_calls ?? []);
        expect(chunks.map(({ done }) => done)).toEqual(chunks.map((_chunk, i) => i === chunks.length - 1));
        for (const chunk of [...chunks, whole(answer, family)]) {
          expect(chunk).toMatchObject({ model: 'LLAMA3.2', created_at: '2026-01-02T03:04:05.678Z' });
          // Always there, also when empty; the others are left out then, as Go does.
          expect(saidIn(chunk, family)).toHaveProperty(family === 'chat' ? 'content' : 'response');
          expect(
            Object.values(saidIn(chunk, family)).filter((value) => Array.isArray(value) && value.length === 0),
          ).toEqual([]);
          expect(saidIn(chunk, family).thinking).not.toBe('');
          if (family === 'chat') expect(chunk.message?.role).toBe('assistant');
          else expect(chunk).not.toHaveProperty('message');
        }
      }),
    );
  });

  test('have figures in the last alone, in Ollama’s order and without zeros', () => {
    const metrics = { ...NO_METRICS, eval_count: 3, total_duration: 5, prompt_eval_count: 2 };
    const answer = completion(['a', 'b'], { metrics });
    for (const family of ['chat', 'generate'] as const) {
      const chunks = chunksOf(answer, family);
      for (const chunk of chunks.slice(0, -1)) expect(Object.keys(chunk)).toHaveLength(4);
      const last = Object.keys(chunks.at(-1) ?? {}).slice(3);
      expect(last).toEqual(['done', 'done_reason', 'total_duration', 'prompt_eval_count', 'eval_count']);
      expect(Object.keys(whole(answer, family))).toEqual(Object.keys(chunks.at(-1) ?? {}));
    }
  });

  test('what came with the end stays in the last chunk', () => {
    const calls = [{ function: { name: 'x', arguments: {} } }];
    const answer = completion(['Hm.', { tool_calls: calls, last: true }], { joined: true });
    const chunks = chunksOf(answer, 'chat');
    expect(chunks).toHaveLength(2);
    expect(chunks[1]).toMatchObject({ done: true, message: { content: '', tool_calls: calls } });
  });
});

describe('unknown fields', () => {
  test('come back in the chunk in which they came, and where they stood', () => {
    const pieces = [{ content: 'a', extra: { logprobs: [1], message: { audio: 'x' } } }];
    const answer = completion(pieces, { extra: { context: [1, 2], message: { citations: [] } } });
    const [first, last] = chunksOf(answer, 'chat');
    expect(first).toMatchObject({ logprobs: [1], message: { content: 'a', audio: 'x' } });
    expect(last).toMatchObject({ context: [1, 2], message: { content: '', citations: [] } });
    expect(first).not.toHaveProperty('context');
    expect(chunksOf(answer, 'generate')[0]).not.toHaveProperty('message');
  });

  test('are gathered in the whole: lists joined, of others the last', () => {
    const pieces = [
      { content: 'a', extra: { logprobs: [1], step: 1, kind: 'x', message: { audio: 'y' } } },
      { content: 'b', extra: { logprobs: [2], step: 2 } },
    ];
    const answer = completion(pieces, { extra: { logprobs: [3], context: [9] } });
    expect(whole(answer, 'generate')).toMatchObject({
      response: 'ab',
      logprobs: [1, 2, 3],
      step: 2,
      kind: 'x',
      context: [9],
    });
    expect(whole(answer, 'chat')).toMatchObject({ message: { content: 'ab', audio: 'y' }, step: 2 });
    expect(whole(answer, 'chat')['message']).not.toHaveProperty('step');
  });
});
