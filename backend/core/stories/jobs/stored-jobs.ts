// Stored jobs: what the stories need of a store. Types only; storage/jobs/job-store.ts keeps them on disk.
import type { ConversationState, Source, Timing } from '../../../contract/chat/chat.ts';
import type { QueueClass } from '../../../contract/chat/chat-request.ts';
import type { PinWords } from '../../../contract/rules/pin-rule.ts';
import type { ErrorCode } from '../../../contract/errors.ts';
import type { ChatCall } from '../../requests/call.ts';
import type { KeptOf } from '../chat/answer.ts';
import type { ConversationAsk } from '../chat/converse.ts';

/** Immediate on this machine, or a promise where another one has to be asked. */
export type Soon<T> = T | Promise<T>;

/** How a job ended. */
export const JOB_ENDS = ['completed', 'failed', 'cancelled', 'expired'] as const;
export type JobEnd = (typeof JOB_ENDS)[number];
/** A running job is `waiting` too: if the process ends, it waits again. */
export type JobState = 'waiting' | JobEnd;

/** What running a job needs. */
export interface JobAsk {
  readonly call: ChatCall;
  readonly ask: ConversationAsk | undefined;
}

/** A job that is being accepted. */
export interface NewJob extends JobAsk {
  /** Equal for two bodies with the same meaning. */
  readonly body: string;
  /** When it came, by the wall clock. */
  readonly createdAt: number;
  /** The caller's own label. */
  readonly tag?: string | undefined;
}

/** A batch of jobs that were accepted together. */
export interface NewBatch {
  readonly id: string;
  readonly owner: string;
  /** Equal for two bodies with the same meaning. */
  readonly body: string;
  readonly createdAt: number;
}

/** A job that has not ended. */
export interface WaitingJob {
  /** Grows with each accepted job. */
  readonly seq: number;
  readonly batch: string | undefined;
}

/** The request of a job, read from the store. */
export interface StoredAsk extends JobAsk {
  readonly id: string;
  readonly createdAt: number;
  /** Milliseconds that it was queued before this process started. */
  readonly waitedMs: number;
  /** How often somebody moved it up by hand. */
  readonly moves: number;
  /** The size of the request. */
  readonly bytes: number;
}

/** What the store reports of a job, ended or not. */
export interface StoredJob extends WaitingJob {
  readonly id: string;
  readonly owner: string;
  readonly body: string;
  readonly tag: string | undefined;
  readonly state: JobState;
  readonly model: string;
  readonly class: QueueClass;
  readonly classBy: string;
  readonly priority: number;
  readonly createdAt: number;
  /** When the retention of its result began; undefined while it has not ended. */
  readonly endedAt: number | undefined;
  /** Undefined while it has not ended. */
  readonly ended: JobOutcome | undefined;
}

/** How a job ended, and its answer. */
export interface JobOutcome {
  /** ISO 8601 in UTC. */
  readonly startedAt?: string | undefined;
  readonly finishedAt: string;
  readonly source?: Source | undefined;
  readonly timing?: Timing | undefined;
  readonly conversation?: ConversationState | undefined;
  readonly hit?: KeptOf | undefined;
  /** What of its prompt was kept the same. */
  readonly pinned?: readonly PinWords[] | undefined;
  readonly error?: string | undefined;
  readonly code?: ErrorCode | undefined;
  /** The answer (cache/record.ts); undefined when it did not end well. */
  readonly record: Uint8Array | undefined;
}

/** How many jobs of a batch are in each state. */
export type BatchCounts = Readonly<Record<JobState, number>>;

/** A batch and its progress. */
export interface StoredBatch extends NewBatch {
  readonly counts: BatchCounts;
  /** When its last job ended; undefined while one has not. */
  readonly endedAt: number | undefined;
  /** The same on the wall clock, in ISO 8601; undefined if `endedAt` is on that clock. */
  readonly finishedAt?: string | undefined;
  /** How many of its jobs run on all gateways. Undefined when there is only this one, which knows it itself. */
  readonly running?: number;
}

/** How long results are kept, and how many. */
export interface Retention {
  /** Of a single job, from its end on. Milliseconds. */
  readonly singleMs: number;
  /** Of the jobs of a batch, from the end of the last one on. Milliseconds. */
  readonly batchMs: number;
  /** Of all single jobs together. Bytes. */
  readonly maxBytes: number;
}

/** How and when a job ended. */
export interface EndedJob {
  readonly state: JobEnd;
  readonly outcome: JobOutcome;
  readonly now: number;
}

/** The store of batches, on this machine or of the fleet; see JobStore. */
export interface BatchStore {
  readonly isDurable: boolean;
  prepare(jobs: readonly NewJob[], batch: string): Soon<readonly number[]>;
  acceptBatch(batch: NewBatch, jobs: number): Soon<void>;
  dropSome(batch: string): Soon<boolean>;
  cancelSome(batch: string, finishedAt: string, now: number): Soon<number>;
  batch(id: string): Soon<StoredBatch | undefined>;
  openBatches(): readonly StoredBatch[];
  idsOf(batch: string): Soon<readonly string[]>;
  jobsOf(batch: string, after: number, limit: number): Soon<readonly StoredJob[]>;
  gone(kind: 'job' | 'batch', id: string): Soon<string | undefined>;
  load(): Soon<{ readonly waiting: number; readonly bytes: number }>;
}

/** Times passed to it are those of the store (KeptTime), unless said otherwise. */
export interface JobStore extends BatchStore {
  /** Whether accepted jobs survive a restart. */
  readonly isDurable: boolean;
  /**
   * Call first. Adds up the queue time of jobs that were queued when the previous process ended. Returns all that have
   * not ended, the oldest first.
   */
  open(now: number): readonly WaitingJob[];
  /**
   * All jobs that have not ended, the oldest first, if the disk has come back since the last call and may have unknown
   * ones; else none.
   */
  cameBack(): readonly WaitingJob[];
  /** Whether a stored job may have this id. False is certain and costs nothing. */
  has(id: string): boolean;
  /** Stores a job, on disk when this returns; it is queued from `now` on. Returns its number. Throws no_store. */
  accept(job: NewJob, now: number): number;
  /**
   * Writes some jobs of a batch that is being accepted; until it is, a restart drops them. Returns their numbers.
   * Throws no_store.
   */
  prepare(jobs: readonly NewJob[], batch: string): readonly number[];
  /** Accepts a batch with all jobs that were prepared. It is on disk when this returns. */
  acceptBatch(batch: NewBatch, jobs: number): void;
  /** Deletes some jobs of a batch that was not accepted or has expired. Returns whether there may be more. */
  dropSome(batch: string): boolean;
  /** The request of a job; undefined when it has ended. Throws invalid_request when it can't be read any more. */
  ask(seq: number): StoredAsk | undefined;
  /** Notes that a job is queued since `now`; written soon. */
  entered(seq: number, now: number): void;
  /** Notes that a job was moved up by hand; written soon. */
  moved(seq: number): void;
  /** Notes a changed priority; written soon. */
  prioritised(seq: number, priority: number): void;
  /** Notes that the process lives; written soon. */
  alive(now: number): void;
  /**
   * Stores how a job ended, on disk when this returns, and evicts results beyond the limit. False when it had ended
   * before.
   */
  end(seq: number, ended: EndedJob, retention: Retention): boolean;
  /** Ends some jobs of a batch as cancelled. Returns how many; 0 when all have ended. */
  cancelSome(batch: string, finishedAt: string, now: number): number;
  /** Deletes expired results, only some of them if they are many. */
  expire(now: number, retention: Retention): void;
  /** A job by its id or its number; undefined when it is not stored any more. */
  find(id: string | number): StoredJob | undefined;
  batch(id: string): StoredBatch | undefined;
  /** The batches that have not ended, the oldest first. */
  openBatches(): readonly StoredBatch[];
  /** The ids of all jobs of a batch, in order of acceptance. */
  idsOf(batch: string): readonly string[];
  /** Jobs of a batch behind this number, in order of acceptance. */
  jobsOf(batch: string, after: number, limit: number): readonly StoredJob[];
  /** The owner, if this was the id of a job or batch that was stored. */
  gone(kind: 'job' | 'batch', id: string): string | undefined;
  /** How many jobs have not ended, and the bytes taken by jobs of batches, ended or not. */
  load(): { readonly waiting: number; readonly bytes: number };
}
