// The jobs of a fleet as its batches use them.
import type { FleetJobs } from './fleet-jobs.ts';
import type { FleetRuns } from './fleet-runs.ts';
import type { BatchLine } from '../jobs/job-desk.ts';
import type { FleetTurns, SharedJobStore } from './shared-jobs.ts';

export interface FleetLineParts {
  readonly jobs: Pick<FleetJobs, 'has' | 'viewOf' | 'isStopped'>;
  readonly fleet: FleetRuns;
  readonly store: SharedJobStore;
  readonly turns: FleetTurns;
}

export function fleetLine({ jobs, fleet, store, turns }: FleetLineParts): BatchLine {
  /** Distributes a batch in slices. If that fails, `beat` does the rest later. */
  const handRound = async (batch: string): Promise<void> => {
    for (let after = 0; !jobs.isStopped;) {
      const some = await store.turnsOf(batch, after);
      const last = some.at(-1);
      if (last === undefined) return;
      await turns.add(some);
      after = last.seq;
    }
  };
  return {
    now: () => store.now(),
    has: (id) => jobs.has(id),
    add(accepted) {
      for (const batch of new Set(accepted.map((each) => each.batch)))
        if (batch !== undefined) void handRound(batch).catch(() => undefined);
    },
    // They have ended, and whoever takes one finds that out.
    dropped: () => undefined,
    living: () => fleet.runs.list(),
    end: (job, reason) => fleet.runs.cancel(job, reason),
    viewOf: (stored) => jobs.viewOf(stored),
  };
}
