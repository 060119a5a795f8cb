// The jobs of a fleet as its batches see them.
import type { FleetJobs } from './fleet-jobs.ts';
import type { FleetRuns } from './fleet-runs.ts';
import type { BatchLine } from './job-desk.ts';
import type { FleetTurns, SharedJobStore } from './shared-jobs.ts';

export interface FleetLineParts {
  readonly jobs: Pick<FleetJobs, 'has' | 'viewOf' | 'isStopped'>;
  readonly fleet: FleetRuns;
  readonly store: SharedJobStore;
  readonly turns: FleetTurns;
}

export function fleetLine({ jobs, fleet, store, turns }: FleetLineParts): BatchLine {
  /** As many as were accepted, some at a time; should it fail, whoever looks through those that wait goes on. */
  const handRound = async (count: number): Promise<void> => {
    for (let handed = 0; handed < count && !jobs.isStopped;) {
      const strayed = await store.strayed();
      if (strayed.length === 0) return;
      await turns.add(strayed);
      handed += strayed.length;
    }
  };
  return {
    now: () => store.now(),
    has: (id) => jobs.has(id),
    add: (accepted) => void handRound(accepted.length).catch(() => undefined),
    // They have ended, and whoever takes one finds that out.
    dropped: () => undefined,
    living: () => fleet.runs.list(),
    end: (job, reason) => fleet.runs.cancel(job, reason),
    viewOf: (stored) => jobs.viewOf(stored),
  };
}
