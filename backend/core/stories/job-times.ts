// The times of jobs, which outlive a process: a clock that goes on as the one on the wall, and how long results are kept.
import type { Config } from '../../contract/config/config.ts';
import type { Clock } from '../ports.ts';
import type { Retention } from './stored-jobs.ts';

const MB = 1024 * 1024;

/**
 * The clock on the wall as it was at the start, carried on by the monotonic one: its moments can be kept on disk, and
 * somebody who sets the clock neither ends nor lengthens what is under way.
 */
export class Steady {
  readonly #clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly #start: number;

  constructor(clock: Pick<Clock, 'now' | 'elapsed'>) {
    this.#clock = clock;
    this.#start = clock.now() - clock.elapsed();
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Math.round(this.#start + this.#clock.elapsed());
  }
}

export function retentionOf({ queue }: Config): Retention {
  return {
    singleMs: queue.retention_seconds * 1000,
    batchMs: queue.batch_retention_seconds * 1000,
    maxBytes: queue.retained_max_mb * MB,
  };
}
