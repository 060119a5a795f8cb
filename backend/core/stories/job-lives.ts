// What is known of a job while it waits or runs, and when it has ended. jobs.ts moves it from one to the other.
import { replay, type ChatEvent, type CompletionBuilder } from '../../contract/chat/chat.ts';
import { AppError } from '../../contract/errors.ts';
import type { Answer } from '../requests/call.ts';
import type { Ticket } from '../requests/ticket.ts';
import { decodeRecord } from '../cache/record.ts';

/** One that waits or runs. */
export interface Job {
  readonly answer: Answer;
  readonly folder: CompletionBuilder;
}

/** One that has ended. The run and its log are let go, and the answer is kept as bytes, so that its size is known. */
export interface Ended {
  readonly ticket: Ticket;
  /** Undefined when it did not end well; the ticket says how. */
  readonly record: Buffer | undefined;
}

/** An ended job once more: its answer, or its error. */
export async function* again({ ticket, record }: Ended): AsyncGenerator<ChatEvent, void, undefined> {
  if (record === undefined) throw ticket.error ?? new AppError('cancelled', 'The request was cancelled.');
  yield* replay(decodeRecord(record));
}
