// Wires up accepted jobs and their batches: those of this gateway, and those of its fleet if it has one. Created by
// backend.ts alone.
import type { FleetJobParts, FleetJobWork } from './fleet-job-work.ts';
import type { BatchSummary } from './contract/views/queue-view.ts';
import { lineOf } from './core/stories/jobs/local-line.ts';
import { JobBatches } from './core/stories/jobs/job-batches.ts';
import type { BatchDesk, JobDesk } from './core/stories/jobs/job-desk.ts';
import { Jobs, type JobsOptions } from './core/stories/jobs/jobs.ts';

export interface JobWorkParts extends Omit<JobsOptions, 'queue'>, Pick<FleetJobParts, 'newId' | 'put'> {
  readonly queue: JobsOptions['queue'] & FleetJobParts['queue'];
}

/** Creates the jobs of a fleet, for a gateway in one. */
export type OpenFleetJobs = (parts: Omit<FleetJobParts, 'cluster' | 'settings'>) => FleetJobWork;

export interface JobWork {
  /** Jobs that this gateway stores and runs by itself. */
  readonly jobs: Jobs;
  /** Where clients submit and look up jobs. */
  readonly jobDesk: JobDesk;
  readonly batches: BatchDesk;
  /** Number of jobs that wait behind the queue. */
  behind(): number;
  /** Batches that have not ended. */
  openBatches(watcher: string): BatchSummary[];
  open(): void;
  /** Call when the queue may have room. */
  feed(): void;
  /** Call every few seconds. */
  beat(): void;
  stop(): void;
  /** Resolves when nothing runs any more. */
  close(): Promise<void>;
}

export function openJobs(parts: JobWorkParts, openFleet: OpenFleetJobs | undefined): JobWork {
  const { store } = parts;
  const jobs = new Jobs(parts);
  const batches = new JobBatches({ ...parts, jobs: lineOf(jobs) });
  const fleet = openFleet?.({ ...parts, local: jobs, localBatches: batches, localStore: store });
  const shown = fleet?.batches ?? batches;
  return {
    jobs,
    jobDesk: fleet?.jobs ?? jobs,
    batches: shown,
    behind: () => jobs.backlog.size + (fleet?.waiting() ?? 0),
    openBatches: (watcher) => shown.open(watcher),
    open() {
      jobs.open();
      fleet?.jobs.open();
    },
    feed() {
      jobs.feed();
      fleet?.jobs.feed();
    },
    beat() {
      jobs.beat();
      void fleet?.jobs.beat();
    },
    stop() {
      jobs.stop();
      fleet?.jobs.stop();
    },
    close: async () => fleet?.jobs.close(),
  };
}
