// Wires up model downloads: their queue, its storage, and what the host can do with models on disk. Created by
// backend.ts alone.
import type { PullView } from './contract/views/pull-view.ts';
import { Pulls, type PullsOptions, type WhichPull } from './core/models/pulls.ts';
import type { Machines } from './core/stories/machines/machine-choice.ts';
import { pullPlaces } from './core/stories/models/pull-places.ts';
import type { Database } from './storage/database.ts';
import { SqlPullStore } from './storage/jobs/pull-store.ts';

/** What the host of a running gateway can do with downloads. */
export interface PullControl {
  /** Queues a download, or continues one that stopped. Throws invalid_request, pulls_full. */
  pull(which: WhichPull): PullView;
  /** Pauses a download until it is pulled again. Throws pull_not_found. */
  pausePull(which: WhichPull): PullView;
  /** Removes a download from the queue. Throws pull_not_found. */
  cancelPull(which: WhichPull): void;
}

export interface PullWork {
  readonly pulls: Pulls;
  readonly pullControl: PullControl;
}

export function openPulls({
  database,
  machines,
  ...options
}: Omit<PullsOptions, 'store' | 'places'> & { readonly database: Database; readonly machines: Machines }): PullWork {
  const pulls = new Pulls({ ...options, places: pullPlaces(machines), store: new SqlPullStore(database) });
  return {
    pulls,
    pullControl: {
      pull: (which) => pulls.add(which),
      pausePull: (which) => pulls.pause(which),
      cancelPull: (which) => pulls.cancel(which),
    },
  };
}
