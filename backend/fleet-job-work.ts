// Wires up the jobs of a fleet: where Valkey stores them, what distributes them, and what runs them here. Loaded and
// created by backend.ts alone, and only if cluster.url is set.
import type { Config } from './contract/config/config.ts';
import { adviceForJobs } from './cluster/look-over.ts';
import { JobTurns, LOCK_MS, STALLED_MS, turnKeys, turnsOf } from './cluster/job-turns.ts';
import { KeptWrites } from './cluster/kept-writes.ts';
import { rankOf } from './cluster/shared-job-rows.ts';
import { ValkeyJobs } from './cluster/shared-job-store.ts';
import type { ClusterWork } from './cluster-work.ts';
import type { PutNotice } from './core/ports.ts';
import { FleetJobs, type FleetJobsOptions } from './core/stories/fleet/fleet-jobs.ts';
import { fleetLook } from './core/stories/fleet/fleet-look.ts';
import { JobBatches, type JobBatchesOptions } from './core/stories/jobs/job-batches.ts';
import type { BatchDesk } from './core/stories/jobs/job-desk.ts';
import type { JobStore } from './core/stories/jobs/stored-jobs.ts';

type Given = Omit<FleetJobsOptions, 'store' | 'turns' | 'node' | 'nodes' | 'look' | 'rank' | 'queue'>;

export interface FleetJobParts extends Given {
  readonly cluster: ClusterWork;
  readonly queue: FleetJobsOptions['queue'] & JobBatchesOptions['queue'];
  readonly settings: Config['cluster'];
  readonly put: PutNotice;
  /** Batches that this gateway accepted by itself. */
  readonly localBatches: BatchDesk;
  readonly localStore: Pick<JobStore, 'batch' | 'gone'>;
}

export interface FleetJobWork {
  readonly jobs: FleetJobs;
  readonly batches: BatchDesk;
  /** Number of waiting jobs in the whole fleet. */
  waiting(): number;
}

/** Call before the cluster is opened. */
export function openFleetJobs(parts: FleetJobParts): FleetJobWork {
  const { cluster, settings, clock, log, config, put, onChange, gateway, queue, localBatches, localStore } = parts;
  const { node, nodes, link, newClient } = cluster;
  const prefix = cluster.prefix.replace(/:$/, '');
  let isDurable = false;
  let hasJobs = false;
  /** Advises only while there are jobs: answers may be lost. */
  const advise = (): void => {
    const advice = hasJobs ? adviceForJobs({ isDurable }) : undefined;
    put('valkey_jobs', advice === undefined ? undefined : { level: 'info', ...advice });
  };
  link.use({
    up(says) {
      ({ isDurable } = says);
      advise();
    },
  });
  const { job_replicas: replicas, timeout_ms: timeoutMs } = settings;
  const kept =
    replicas === 0
      ? undefined
      : new KeptWrites({ link, clock, replicas, timeoutMs, newClient: () => newClient('kept') });
  if (kept !== undefined) link.use(kept);
  const store = new ValkeyJobs({
    link,
    kept,
    prefix: cluster.prefix,
    turns: `${prefix}:${turnsOf()}`,
    turnKeys,
    taken: [[turnsOf(), turnsOf(node)].map((name) => `${prefix}:${name}`).join('\n'), LOCK_MS, STALLED_MS],
    clock,
    most: () => config().queue.max_jobs,
    isDurable: () => isDurable,
    onAccepted() {
      if (hasJobs) return;
      hasJobs = true;
      advise();
    },
    onChange,
  });
  const turns = new JobTurns({ prefix, node, log, newClient, clock });
  const look = fleetLook({ store, nodes, node, clock, config, put });
  const jobs = new FleetJobs({ ...parts, store, turns, node, nodes, look, rank: (call) => rankOf(call, undefined) });
  const shared = new JobBatches({ jobs: jobs.line, store, gateway, queue, config, clock });
  const of = (id: string): BatchDesk => {
    const isLocal = localStore.batch(id) !== undefined || localStore.gone('batch', id) !== undefined;
    return isLocal ? localBatches : shared;
  };
  const batches: BatchDesk = {
    submit: (asked, batch, signal) => of(batch.id).submit(asked, batch, signal),
    view: (id, watcher, page) => of(id).view(id, watcher, page),
    open: (watcher) => [...localBatches.open(watcher), ...shared.open(watcher)],
    cancel: (id, watcher) => of(id).cancel(id, watcher),
  };
  return { jobs, batches, waiting: () => store.waiting };
}
