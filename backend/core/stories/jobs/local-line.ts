// The jobs of this gateway as its batches use them.
import type { BatchLine } from './job-desk.ts';
import type { Jobs } from './jobs.ts';

export function lineOf(jobs: Jobs): BatchLine {
  return {
    now: () => jobs.now(),
    has: (id) => jobs.taken(id),
    add(accepted) {
      jobs.backlog.add(accepted);
      jobs.feed();
    },
    dropped: (batch) => jobs.backlog.removeBatch(batch),
    living: () => jobs.runs.list(),
    end: (job, reason) => jobs.runs.cancel(job, reason),
    viewOf: (stored, lineMs) => jobs.viewOf(stored, lineMs),
  };
}
