// Accepted jobs as they are kept: what the stories need of a store. Types alone; storage/job-store.ts keeps them on disk.
import type { ConversationState, Source, Timing } from '../../../contract/chat/chat.ts';
import type { QueueClass } from '../../../contract/chat/chat-request.ts';
import type { ErrorCode } from '../../../contract/errors.ts';
import type { ChatCall } from '../../requests/call.ts';
import type { KeptOf } from '../chat/answer.ts';
import type { ConversationAsk } from '../chat/converse.ts';

/** At once from where it is on this machine, or later where another has to be asked. */
export type Soon<T> = T | Promise<T>;

/** How a job ended. */
export const JOB_ENDS = ['completed', 'failed', 'cancelled', 'expired'] as const;
export type JobEnd = (typeof JOB_ENDS)[number];
/** `waiting` also while it runs: what ran when the process ended waits again. */
export type JobState = 'waiting' | JobEnd;

/** What a run of a job needs. */
export interface JobAsk {
  readonly call: ChatCall;
  readonly ask: ConversationAsk | undefined;
}

/** A job that is being accepted. */
export interface NewJob extends JobAsk {
  /** Equal for two bodies that say the same. */
  readonly body: string;
  /** When it came, by the clock on the wall. */
  readonly createdAt: number;
  /** A word of its own for whoever handed it in. */
  readonly tag?: string | undefined;
}

/** Many jobs that were accepted together. */
export interface NewBatch {
  readonly id: string;
  readonly owner: string;
  /** Equal for two bodies that say the same. */
  readonly body: string;
  readonly createdAt: number;
}

/** A job that has not ended. */
export interface WaitingJob {
  /** Grows with each job that is accepted. */
  readonly seq: number;
  readonly batch: string | undefined;
}

/** What is asked in a job, read again. */
export interface StoredAsk extends JobAsk {
  readonly id: string;
  readonly createdAt: number;
  /** Milliseconds that it stood in line before this process began. */
  readonly waitedMs: number;
  /** How often somebody moved it nearer by hand. */
  readonly moves: number;
  /** Of what is asked. */
  readonly bytes: number;
}

/** What is told of a job, whether it has ended or not. */
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
  /** When its result began to be kept; undefined while it has not ended. */
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
  readonly error?: string | undefined;
  readonly code?: ErrorCode | undefined;
  /** The answer (cache/record.ts); undefined when it did not end well. */
  readonly record: Uint8Array | undefined;
}

/** How many jobs of a batch there are in each state. */
export type BatchCounts = Readonly<Record<JobState, number>>;

/** A batch, and how far it is. */
export interface StoredBatch extends NewBatch {
  readonly counts: BatchCounts;
  /** When the last of its jobs ended; undefined while one has not. */
  readonly endedAt: number | undefined;
  /** The same by the clock on the wall, in ISO 8601; undefined where that is `endedAt`. */
  readonly finishedAt?: string | undefined;
  /** How many of them run on all gateways; undefined where there is one alone, which knows it itself. */
  readonly running?: number;
}

/** For how long and how many results are kept. */
export interface Retention {
  /** Of a job by itself, from its end on. Milliseconds. */
  readonly singleMs: number;
  /** Of the jobs of a batch, from the end of the last one on. Milliseconds. */
  readonly batchMs: number;
  /** Of jobs by themselves, all together. Bytes. */
  readonly maxBytes: number;
}

/** How and when a job ended. */
export interface EndedJob {
  readonly state: JobEnd;
  readonly outcome: JobOutcome;
  readonly now: number;
}

/** What is kept of batches, here or by the fleet; see JobStore. */
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

/** The moments that it is given are by the time of what is kept (KeptTime), unless it is said otherwise. */
export interface JobStore extends BatchStore {
  /** Whether what is accepted is there after a restart. */
  readonly isDurable: boolean;
  /** The first look: time in line is added up of those that stood there when the process before this one ended. All that have not ended, the oldest first. */
  open(now: number): readonly WaitingJob[];
  /** All that have not ended, the oldest first, when the disk has come back since the last look and may have some that are not known. Else none. */
  cameBack(): readonly WaitingJob[];
  /** Whether an id may be that of a job that is kept; false is certain, and costs nothing. */
  has(id: string): boolean;
  /** On the disk when it returns; it stands in line from `now` on. Its number. Throws no_store. */
  accept(job: NewJob, now: number): number;
  /** Writes some jobs of a batch that is being accepted. Until it is, they are forgotten at the next start. The number of each. Throws no_store. */
  prepare(jobs: readonly NewJob[], batch: string): readonly number[];
  /** Accepts a batch with all jobs that were prepared. It is on the disk when it returns. */
  acceptBatch(batch: NewBatch, jobs: number): void;
  /** Forgets some of a batch that was not accepted, or that was kept long enough. Whether there may be more. */
  dropSome(batch: string): boolean;
  /** What is asked. Undefined when it has ended. Throws invalid_request when it can't be read any more. */
  ask(seq: number): StoredAsk | undefined;
  /** It stands in line since `now`; written soon. */
  entered(seq: number, now: number): void;
  /** It was moved nearer by hand; written soon. */
  moved(seq: number): void;
  /** It is more or less urgent now; written soon. */
  prioritised(seq: number, priority: number): void;
  /** The process lives; written soon. */
  alive(now: number): void;
  /** Keeps how a job ended, on the disk when it returns; results that are too many go. False when it had ended before. */
  end(seq: number, ended: EndedJob, retention: Retention): boolean;
  /** Ends some of a batch as cancelled. How many; 0 when all have ended. */
  cancelSome(batch: string, finishedAt: string, now: number): number;
  /** Lets go what was kept long enough; some of it where it is much. */
  expire(now: number, retention: Retention): void;
  /** A job by its id, or by its number. Undefined when it is not kept any more. */
  find(id: string | number): StoredJob | undefined;
  batch(id: string): StoredBatch | undefined;
  /** Those that have not ended, the oldest first. */
  openBatches(): readonly StoredBatch[];
  /** The ids of all jobs of a batch, in the order of their acceptance. */
  idsOf(batch: string): readonly string[];
  /** Jobs of a batch behind this number, in the order of their acceptance. */
  jobsOf(batch: string, after: number, limit: number): readonly StoredJob[];
  /** Whose it was, when the id is that of a job or batch that was kept. */
  gone(kind: 'job' | 'batch', id: string): string | undefined;
  /** How many jobs have not ended, and the bytes that those of batches take, ended or not. */
  load(): { readonly waiting: number; readonly bytes: number };
}
