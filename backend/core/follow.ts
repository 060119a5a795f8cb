// Keeps a caller's ticket in step with what its caller has been given.
import { isEmptyPiece, type ChatEvent } from '../contract/chat.ts';
import { asAppError } from '../contract/errors.ts';
import type { Ticket } from './requests.ts';

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
