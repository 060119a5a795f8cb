// What else happens while a caller is given its answer: its ticket stays in step, and what it has saved is counted.
import { CompletionBuilder, isEmptyPiece, type ChatEvent, type Completion } from '../../../contract/chat/chat.ts';
import { asAppError } from '../../../contract/errors.ts';
import type { Answer } from '../../requests/call.ts';
import type { Ticket } from '../../requests/ticket.ts';
import type { Whose } from '../../telemetry/tally.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';

/** Keeps the ticket in step with what its caller has been given. */
export async function* followed(
  ticket: Ticket,
  events: AsyncIterable<ChatEvent>,
  close: () => void,
): AsyncGenerator<ChatEvent, void, undefined> {
  try {
    for await (const event of events) {
      if (event.type === 'waiting') ticket.moved(event.waiting);
      // An empty piece is no first token.
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

/** Counts what a follower's answer has saved: it cost no run of its own. */
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
 * The same answer, of which `ended` is told before its reader is told that it has ended; `over` is called when it has been
 * read, or given up, perhaps more than once. Its question is not known again.
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

/** The same effect, but only the first time. */
export function once(effect: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    effect();
  };
}

/**
 * A sequence that is made when it is first read. A class, no object with a getter: V8 gives each of those a hidden class
 * of its own, which outlives it, and on the road of a hit that costs more than all the rest.
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
