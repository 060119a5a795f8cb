// What is known of a job while it waits for its turn, while it runs, and when it has ended. Who moves it on is jobs.ts.
import { replay, type ChatEvent, type CompletionBuilder } from '../../contract/chat/chat.ts';
import { AppError } from '../../contract/errors.ts';
import type { AnswerFrame } from './answer.ts';
import type { Answer } from '../requests/call.ts';
import { decodeRecord } from '../cache/record.ts';

/** One that runs. */
export interface Job {
  readonly frame: AnswerFrame;
  readonly answer: Answer;
  readonly folder: CompletionBuilder;
}

/** One that waits for its turn in a conversation, and has not been asked yet. */
export interface Pending {
  readonly frame: { -readonly [K in keyof AnswerFrame]: AnswerFrame[K] };
  readonly begun: Promise<Job>;
}

/** One that has ended. The run and its log are let go, and the answer is kept as bytes, so that its size is known. */
export interface Ended {
  readonly frame: AnswerFrame;
  /** Undefined when it did not end well; the ticket says how. */
  readonly record: Buffer | undefined;
}

/** An ended job once more: its answer, or its error. */
export async function* again({ frame, record }: Ended): AsyncGenerator<ChatEvent, void, undefined> {
  if (record === undefined) throw frame.ticket.error ?? new AppError('cancelled', 'The request was cancelled.');
  yield* replay(decodeRecord(record));
}
