// Jobs as those who hand them in see them, wherever they are kept: on this machine, or by the fleet. Types alone.
import type { RequestView } from '../../../contract/queue-view.ts';
import type { AppError } from '../../../contract/errors.ts';
import type { JobBatches } from './job-batches.ts';
import type { Job } from './job-lives.ts';
import type { AskedJob } from './jobs.ts';
import type { Watched } from './job-watch.ts';
import type { Soon, StoredJob, WaitingJob } from './stored-jobs.ts';

/** See Jobs, and FleetJobs. */
export interface JobDesk {
  /** Whether what is accepted is there after a restart. */
  readonly isDurable: boolean;
  /** Whether an id is taken, as far as this gateway knows without asking anybody. */
  taken(id: string): boolean;
  submit(asked: AskedJob, over?: () => void): Promise<RequestView>;
  view(id: string, watcher: string): Soon<RequestView>;
  watch(id: string, watcher: string, signal: AbortSignal): Soon<Watched>;
  cancel(id: string, watcher: string): Soon<void>;
}

/** See JobBatches. */
export type BatchDesk = Pick<JobBatches, 'submit' | 'view' | 'open' | 'cancel'>;

/** What batches need of the jobs that they are made of. */
export interface BatchLine {
  now(): number;
  /** Whether an id is taken by a request that lives or by a job that is kept. */
  has(id: string): Soon<boolean>;
  /** They are accepted: each comes to its turn from now on. */
  add(jobs: readonly WaitingJob[]): void;
  /** All of a batch that wait are cancelled already. */
  dropped(batch: string): void;
  /** Those that live on this gateway. */
  living(): readonly Job[];
  /** Ends one that lives on this gateway. */
  end(job: Job, reason: AppError): void;
  /** `lineMs`: how long one would wait that came into the line now. */
  viewOf(stored: StoredJob, lineMs: number): Soon<RequestView>;
}
