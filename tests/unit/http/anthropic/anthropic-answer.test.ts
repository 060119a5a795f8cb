// Answers in Anthropic's form where Ollama's own dialect has a way of its own, or loses something.
import { describe, expect, test } from 'vitest';
import {
  CompletionBuilder,
  INCOMPLETE,
  NO_METRICS,
  type End,
  type Piece,
} from '../../../../backend/contract/chat/chat.ts';
import { MessageStream, wholeMessage } from '../../../../backend/http/anthropic/anthropic-answer.ts';

const frame = { id: 'x', model: 'm', estimate: 7 };
const stop: End = {
  created_at: '',
  done_reason: 'stop',
  metrics: { ...NO_METRICS, prompt_eval_count: 40, eval_count: 3 },
};
const says = (content: string): Piece => ({ content, thinking: '' });
const thinks = (thinking: string): Piece => ({ content: '', thinking });
const calls = (...ids: (string | undefined)[]): Piece => ({
  ...says(''),
  tool_calls: ids.map((id) => ({ ...(id === undefined ? {} : { id }), function: { name: 'f', arguments: { a: 1 } } })),
});

function streamed(pieces: readonly Piece[], end = stop): unknown[] {
  const stream = new MessageStream(frame);
  return [...pieces.flatMap((piece) => stream.piece(piece)), ...stream.end(end)];
}

function whole(pieces: readonly Piece[], end = stop): unknown {
  const builder = new CompletionBuilder();
  for (const piece of pieces) builder.add(piece);
  return wholeMessage(builder.finish(end), frame);
}

/** Which blocks there are, by number. */
const blocks = (events: unknown[]): unknown[] =>
  (events as { type: string; index?: number; content_block?: { type: string } }[]).flatMap(
    ({ type, index, content_block: block }) => (type === 'content_block_start' ? [`${index} ${block?.type}`] : []),
  );

describe('a stream', () => {
  test('that thinks again after it spoke has a block for that, one open at a time', () => {
    const events = streamed([thinks('a'), says('b'), thinks('c'), says('d'), calls('1', '2'), says('e')]);
    expect(blocks(events)).toEqual([
      '0 thinking',
      '1 text',
      '2 thinking',
      '3 text',
      '4 tool_use',
      '5 tool_use',
      '6 text',
    ]);
    const open = events.flatMap((event) => {
      const { type, index } = event as { type: string; index: number };
      return /_(?:start|stop)$/.test(type) && type.startsWith('content') ? [`${index} ${type.slice(14)}`] : [];
    });
    expect(open).toEqual([0, 1, 2, 3, 4, 5, 6].flatMap((index) => [`${index} start`, `${index} stop`]));
  });

  test('begins with the estimate, or with the count where all comes in one chunk', () => {
    const begins = (tokens: number): unknown =>
      expect.objectContaining({
        message: expect.objectContaining({ usage: { input_tokens: tokens, output_tokens: 0 } }),
      });
    expect(streamed([says('a')])[0]).toEqual(begins(7));
    expect(streamed([{ ...calls('1'), last: true }])[0]).toEqual(begins(40));
    expect(streamed([], { ...stop, metrics: NO_METRICS })[0]).toEqual(begins(7));
  });
});

test.each([
  ['stop', [], 'end_turn'],
  ['stop', [calls('1')], 'tool_use'],
  ['length', [says('a')], 'max_tokens'],
  ['load', [], 'stop_sequence'],
  [INCOMPLETE, [says('a')], undefined],
])('%s, after %j, is told as %s', (done_reason, pieces, reason) => {
  expect((whole(pieces, { ...stop, done_reason }) as { stop_reason?: string }).stop_reason).toBe(reason);
});

test('a call that has no id gets one of this answer’s, the same streamed and whole', () => {
  const ids = (value: unknown): unknown[] =>
    [...JSON.stringify(value).matchAll(/"tool_use","id":"(\w+)"/g)].map(([, id]) => id);
  const pieces = [calls(undefined), calls('b', undefined)];
  expect(ids(whole(pieces))).toEqual(['call_x_0', 'b', 'call_x_2']);
  expect(ids(streamed(pieces))).toEqual(ids(whole(pieces)));
});

test('tokens of the prompt that Ollama had in its cache are counted apart', () => {
  const end = { ...stop, extra: { prompt_eval_cached_count: 30 } };
  const usage = { input_tokens: 10, output_tokens: 3, cache_read_input_tokens: 30 };
  expect(whole([], end)).toMatchObject({ usage });
  expect(streamed([], end).at(-2)).toMatchObject({ type: 'message_delta', usage });
  expect(whole([])).toMatchObject({ usage: { input_tokens: 40, output_tokens: 3 } });
});
