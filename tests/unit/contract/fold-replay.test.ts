// A finished answer and the pieces that it came in are two forms of the same thing.
import { fc } from '../../support/property.ts';
import { describe, expect, test } from 'vitest';
import {
  fold,
  CompletionBuilder,
  replay,
  usageOf,
  type ChatEvent,
  type Piece,
} from '../../../backend/contract/chat/chat.ts';
import { anyCompletion, anyPiece } from '../../support/arbitraries.ts';
import { completion, end, endEvent, piece, pieceEvent, SOME_METRICS } from '../../support/builders.ts';

async function* sequence(events: Iterable<ChatEvent>): AsyncGenerator<ChatEvent> {
  yield* events;
}

const texts = (events: Iterable<ChatEvent>): string[] =>
  [...events].flatMap((event) => (event.type === 'piece' ? [event.piece.content] : []));

describe('an answer, folded and told again', () => {
  test('fold(replay(x)) is x', async () => {
    await fc.assert(
      fc.asyncProperty(anyCompletion, async (answer) => {
        expect(await fold(sequence(replay(answer)))).toEqual(answer);
      }),
    );
  });

  test('nothing that any piece brought is lost, and each kind keeps its order', () => {
    fc.assert(
      fc.property(fc.array(anyPiece), (pieces) => {
        const { content, thinking, tool_calls, extras } = completion(pieces);
        expect(content).toBe(pieces.map((p) => p.content).join(''));
        expect(thinking).toBe(pieces.map((p) => p.thinking).join(''));
        expect(tool_calls).toEqual(pieces.flatMap((p) => p.tool_calls ?? []));
        expect(extras).toEqual(pieces.flatMap((p) => (p.extra === undefined ? [] : [p.extra])));
      }),
    );
  });

  test('the pieces come back cut where the model cut them', () => {
    const answer = completion(['Hel', 'lo', '', ' world']);
    expect(texts(replay(answer))).toEqual(['Hel', 'lo', ' world']);
  });

  test('what came in one piece is told again in one piece', () => {
    const answer = completion([{ content: 'so', thinking: 'hm' }]);
    const pieces = [...replay(answer)].flatMap((event): Piece[] => (event.type === 'piece' ? [event.piece] : []));
    expect(pieces).toEqual([piece({ thinking: 'hm', content: 'so' })]);
  });

  test('where the request waited is no part of its answer', async () => {
    const waiting: ChatEvent = { type: 'waiting', waiting: { phase: 'queued', position: 1, eta_ms: 5 } };
    expect(await fold(sequence([waiting, pieceEvent('a'), endEvent()]))).toEqual(completion(['a']));
  });

  test('a sequence that stops without its end is no answer', async () => {
    await expect(fold(sequence([pieceEvent('a')]))).rejects.toThrow('without an end');
  });

  test('what the sequence throws is what the fold throws', async () => {
    const failure = new Error('cut');
    async function* cut(): AsyncGenerator<ChatEvent> {
      yield pieceEvent('a');
      throw failure;
    }
    await expect(fold(cut())).rejects.toBe(failure);
  });

  test('an answer under way can be looked at', () => {
    const folder = new CompletionBuilder();
    folder.add(piece({ thinking: 'hm ' }));
    folder.add(piece('one '));
    folder.add(piece('two'));
    expect(folder.partial).toEqual({ content: 'one two', thinking: 'hm ' });
    expect(folder.finish(end()).content).toBe('one two');
  });

  test('the counts of an answer are those that Ollama gave', () => {
    expect(usageOf(SOME_METRICS)).toEqual({ prompt_tokens: 10, completion_tokens: 20 });
  });
});
