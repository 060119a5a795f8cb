// Accepted jobs and their batches, put together: those of this gateway, and those of its fleet where it belongs to one. Made
// by backend.ts alone.
import type { FleetJobParts, FleetJobWork } from './fleet-job-work.ts';
import type { BatchSummary } from './contract/views/queue-view.ts';
import { lineOf } from './core/stories/jobs/local-line.ts';
import { JobBatches } from './core/stories/jobs/job-batches.ts';
import type { BatchDesk, JobDesk } from './core/stories/jobs/job-desk.ts';
import { Jobs, type JobsOptions } from './core/stories/jobs/jobs.ts';

export interface JobWorkParts extends Omit<JobsOptions, 'queue'>, Pick<FleetJobParts, 'newId' | 'put'> {
  readonly queue: JobsOptions['queue'] & FleetJobParts['queue'];
}

/** Makes the jobs of a fleet, for a gateway that belongs to one. */
export type OpenFleetJobs = (parts: Omit<FleetJobParts, 'cluster' | 'settings'>) => FleetJobWork;

export interface JobWork {
  /** Those that this gateway keeps and runs by itself. */
  readonly jobs: Jobs;
  /** Where jobs are handed in and looked at. */
  readonly jobDesk: JobDesk;
  readonly batches: BatchDesk;
  /** How many wait behind the line. */
  behind(): number;
  /** Batches that have not ended. */
  openBatches(watcher: string): BatchSummary[];
  open(): void;
  /** There may be room in line. */
  feed(): void;
  /** Each few seconds. */
  beat(): void;
  stop(): void;
  /** When nothing runs any more. */
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
