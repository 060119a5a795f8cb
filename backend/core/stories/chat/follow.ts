// What else happens while a caller reads its answer: its ticket is updated, and savings are counted.
import { CompletionBuilder, isEmptyPiece, type ChatEvent, type Completion } from '../../../contract/chat/chat.ts';
import { asAppError } from '../../../contract/errors.ts';
import type { Answer } from '../../requests/call.ts';
import type { Ticket } from '../../requests/ticket.ts';
import type { Whose } from '../../telemetry/tally.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';

/** Updates the ticket with what its caller has received. */
export async function* followed(
  ticket: Ticket,
  events: AsyncIterable<ChatEvent>,
  close: () => void,
): AsyncGenerator<ChatEvent, void, undefined> {
  try {
    for await (const event of events) {
      if (event.type === 'waiting') ticket.moved(event.waiting);
      // An empty piece does not count as the first token.
      if (event.type === 'piece' && !isEmptyPiece(event.piece)) ticket.piece();
      if (event.type === 'end') ticket.finish();
      yield event;
    }
  } catch (error) {
    ticket.finish(asAppError(error));
    throw error;
  } finally {
    close();
  }
}

/** Counts what a follower saves, since its answer needs no run of its own. */
export async function* counted(
  events: AsyncIterable<ChatEvent>,
  telemetry: Pick<Telemetry, 'saved'>,
  whose: Whose,
): AsyncGenerator<ChatEvent, void, undefined> {
  for await (const event of events) {
    if (event.type === 'end') {
      const { prompt_eval_duration, eval_duration, eval_count } = event.end.metrics;
      telemetry.saved(whose, (prompt_eval_duration + eval_duration) / 1e6, eval_count);
    }
    yield event;
  }
}

/**
 * The same answer, which calls `ended` before its reader sees the end, and `over` when it has been read or given up.
 * `over` may be called more than once. The result has no `known`, so its question is not recognised again.
 */
export function overheard(
  answer: Answer,
  ended: (completion: Completion) => void,
  over: () => void = () => undefined,
): Answer {
  return {
    ticket: answer.ticket,
    events: listened(answer.events, ended, over),
    tail: (signal) => answer.tail(signal),
    whole: () => {
      const whole = answer.whole();
      if (whole instanceof Promise) {
        const told = whole.then((completion) => {
          ended(completion);
          return completion;
        });
        return told.finally(over);
      }
      ended(whole.whole());
      return whole;
    },
    close: () => {
      answer.close();
      over();
    },
  };
}

async function* listened(
  events: AsyncIterable<ChatEvent>,
  ended: (completion: Completion) => void,
  over: () => void,
): AsyncGenerator<ChatEvent, void, undefined> {
  const folder = new CompletionBuilder();
  try {
    for await (const event of events) {
      if (event.type === 'piece') folder.add(event.piece);
      if (event.type === 'end') ended(folder.finish(event.end));
      yield event;
    }
  } finally {
    over();
  }
}

/** The same effect, run only on the first call. */
export function once(effect: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    effect();
  };
}

/**
 * A sequence that is made when it is first read. This is a class and not an object with a getter, because V8 gives each
 * such object a hidden class that outlives it. That costs more than the rest of a hit.
 */
export class WhenRead<T> implements AsyncIterable<T> {
  readonly #make: () => AsyncIterable<T>;

  constructor(make: () => AsyncIterable<T>) {
    this.#make = make;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#make()[Symbol.asyncIterator]();
  }
}
