// A job while it is queued or runs, and how its result is replayed once it has ended.
import { replay, type ChatEvent, type CompletionBuilder } from '../../../contract/chat/chat.ts';
import { AppError } from '../../../contract/errors.ts';
import { decodeRecord } from '../../cache/record.ts';
import type { Answer } from '../../requests/call.ts';
import type { Told } from '../chat/answer.ts';
import type { JobOutcome, StoredJob, WaitingJob } from './stored-jobs.ts';

/** A job that is queued or runs. */
export interface Job extends WaitingJob {
  readonly answer: Answer;
  readonly folder: CompletionBuilder;
  /** Resolves when it has ended and its result is stored. */
  readonly over: Promise<void>;
}

/** A job that has ended. */
export type EndedJob = StoredJob & { readonly ended: JobOutcome };

export function hasEnded(job: StoredJob): job is EndedJob {
  return job.ended !== undefined;
}

/** The answer as a buffer, in the form of the cache's records. */
export function recordOf({ ended: { record } }: EndedJob): Buffer | undefined {
  return record === undefined ? undefined : Buffer.from(record.buffer, record.byteOffset, record.byteLength);
}

/** What the answer of an ended job reports about its request. */
export function toldOf({ id, model, ended }: EndedJob): Told {
  const { source, timing = NO_TIME, conversation, hit, pinned } = ended;
  return { id, model, source, timing, conversation, cache: { hit, pinned } };
}

const NO_TIME = { queue_ms: 0, ttft_ms: 0, total_ms: 0 };

/** Replays an ended job: its answer, or its error. */
export async function* again(job: EndedJob): AsyncGenerator<ChatEvent, void, undefined> {
  const record = recordOf(job);
  const { code = 'cancelled', error = 'The request was cancelled.' } = job.ended;
  if (record === undefined) throw new AppError(code, error);
  yield* replay(decodeRecord(record));
}
