// Jobs as their callers see them, whether they are kept on this machine or by the fleet. Types only.
import type { RequestView } from '../../../contract/views/queue-view.ts';
import type { AppError } from '../../../contract/errors.ts';
import type { JobBatches } from './job-batches.ts';
import type { Job } from './job-lives.ts';
import type { AskedJob } from './jobs.ts';
import type { Watched } from './job-watch.ts';
import type { Soon, StoredJob, WaitingJob } from './stored-jobs.ts';

/** See Jobs, and FleetJobs. */
export interface JobDesk {
  /** Whether accepted jobs survive a restart. */
  readonly isDurable: boolean;
  /** Whether an id is taken, as far as this gateway knows without asking others. */
  taken(id: string): boolean;
  submit(asked: AskedJob, over?: () => void): Promise<RequestView>;
  view(id: string, watcher: string): Soon<RequestView>;
  watch(id: string, watcher: string, signal: AbortSignal): Soon<Watched>;
  cancel(id: string, watcher: string): Soon<void>;
}

/** See JobBatches. */
export type BatchDesk = Pick<JobBatches, 'submit' | 'view' | 'open' | 'cancel'>;

/** What batches need of their jobs. */
export interface BatchLine {
  now(): number;
  /** Whether an id is taken by a living request or a stored job. */
  has(id: string): Soon<boolean>;
  /** Adds accepted jobs; each runs when its turn comes. */
  add(jobs: readonly WaitingJob[]): void;
  /** Called when all waiting jobs of a batch have been cancelled. */
  dropped(batch: string): void;
  /** The jobs that live on this gateway. */
  living(): readonly Job[];
  /** Cancels a job that lives on this gateway. */
  end(job: Job, reason: AppError): void;
  /** `lineMs`: how long a job that entered the queue now would wait, in milliseconds. */
  viewOf(stored: StoredJob, lineMs: number): Soon<RequestView>;
}
