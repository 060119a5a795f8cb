// How long the results of jobs are kept, and how many.
import type { Config } from '../../../contract/config/config.ts';
import type { Retention } from './stored-jobs.ts';

const MB = 1024 * 1024;

export function retentionOf({ queue }: Config): Retention {
  return {
    singleMs: queue.retention_seconds * 1000,
    batchMs: queue.batch_retention_seconds * 1000,
    maxBytes: queue.retained_max_mb * MB,
  };
}
