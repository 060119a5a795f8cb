// An answer in the form of Responses says the same streamed and whole, and its events are in good order, whatever the model
// says: numbered without a gap, each item opened, told in pieces, and closed before the next one.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { type Completion, replay } from '../../../../backend/contract/chat/chat.ts';
import { wholeResponse } from '../../../../backend/http/responses/responses-answer.ts';
import { askedToRespond } from '../../../../backend/http/responses/responses-request.ts';
import { ResponsesStream } from '../../../../backend/http/responses/responses-stream.ts';
import { anyCompletion } from '../../../support/arbitraries.ts';
import { responsesEvents } from '../../../support/strict-readers.ts';

interface Item {
  readonly id: string;
  readonly type: string;
  readonly content?: readonly { readonly text: string }[];
  readonly summary?: readonly { readonly text: string }[];
  readonly arguments?: string;
}
interface Event {
  readonly type: string;
  readonly item?: Item;
  readonly item_id?: string;
  readonly output_index?: number;
  readonly delta?: string;
  readonly response?: { readonly output: readonly Item[] };
}

const { echo } = askedToRespond({ model: 'm', input: 'a' });
const frame = { id: 'x', created: 7, completed: () => 8, model: 'M', echo };

function streamed(of: Completion): readonly Event[] {
  const stream = new ResponsesStream(frame);
  let text = '';
  for (const event of replay(of)) text += event.type === 'end' ? stream.end(event.end) : stream.piece(event.piece);
  return responsesEvents(text) as unknown as readonly Event[];
}

const textOf = ({ content, summary, arguments: given }: Item): string =>
  given ?? (content ?? summary ?? []).map(({ text }) => text).join('');

describe('an answer as events', () => {
  test('each item is opened, told and closed in its own place, and the last event has them all', () => {
    fc.assert(
      fc.property(anyCompletion, (answer) => {
        const events = streamed(answer);
        const done: Item[] = [];
        let open: { readonly item: Item; text: string } | undefined;
        for (const { type, item, item_id: id, output_index: place, delta = '' } of events.slice(2, -1)) {
          expect(place).toBe(done.length);
          if (type === 'response.output_item.added' && item !== undefined) {
            expect(open).toBeUndefined();
            open = { item, text: '' };
          }
          expect(id ?? item?.id).toBe(open?.item.id);
          if (open !== undefined) open.text += delta;
          if (type !== 'response.output_item.done' || item === undefined) continue;
          expect(open?.text).toBe(textOf(item));
          done.push(item);
          open = undefined;
        }
        expect(open).toBeUndefined();
        expect(events.at(-1)?.response?.output).toEqual(done);
        expect(new Set(done.map(({ id }) => id)).size).toBe(done.length);
      }),
    );
  });

  test('says the same as the whole, but for what Ollama leaves out of either', () => {
    fc.assert(
      fc.property(anyCompletion, (answer) => {
        const items = streamed(answer).at(-1)?.response?.output ?? [];
        const whole = wholeResponse(answer, frame)['output'] as readonly Item[];
        const told = (of: readonly Item[], type: string): string =>
          of
            .filter((item) => item.type === type)
            .map(textOf)
            .join('');
        for (const type of ['reasoning', 'function_call']) expect(told(items, type)).toBe(told(whole, type));
        // Streamed it had said that before it knew that it would call.
        if (answer.tool_calls.length === 0) expect(told(items, 'message')).toBe(told(whole, 'message'));
      }),
    );
  });
});

test('the last words of a stream that fails are numbered on, in two forms', () => {
  const stream = new ResponsesStream(frame);
  const begun = stream.piece({ content: 'a', thinking: '' });
  const error = { message: 'It broke.', code: 'upstream_failed' };
  const lastPiece = { type: 'error', ...error, param: null, sequence_number: 0, error };
  const text = stream.failed({ status: 502, body: {}, lastPiece, lastName: 'error' });
  const numbers = [...(begun + text).matchAll(/"sequence_number":(\d+)/g)].map(([, number]) => Number(number));
  expect(numbers).toEqual(numbers.map((_number, at) => at));
  expect(text).toMatch(/^event: response\.failed\n.*"status":"failed".*\n\nevent: error\ndata: \{"type":"error"/);
});
