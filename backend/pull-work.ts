// Downloads of models, put together: their line, where it is kept, and what the host can do with models on the disk. Made by
// backend.ts alone.
import type { PullView } from './contract/pull-view.ts';
import { Pulls, type PullsOptions } from './core/models/pulls.ts';
import type { Database } from './storage/database.ts';
import { SqlPullStore } from './storage/pull-store.ts';

/** What the host of a running gateway can do with downloads. */
export interface PullControl {
  /** Puts a model in line, or has one go on that stopped. Throws invalid_request, pulls_full. */
  pull(model: string): PullView;
  /** Stops one until it is pulled again. Throws pull_not_found. */
  pausePull(model: string): PullView;
  /** Takes one out of the line. Throws pull_not_found. */
  cancelPull(model: string): void;
}

export interface PullWork {
  readonly pulls: Pulls;
  readonly pullControl: PullControl;
}

export function openPulls({
  database,
  ...options
}: Omit<PullsOptions, 'store'> & { readonly database: Database }): PullWork {
  const pulls = new Pulls({ ...options, store: new SqlPullStore(database) });
  return {
    pulls,
    pullControl: {
      pull: (model) => pulls.add(model),
      pausePull: (model) => pulls.pause(model),
      cancelPull: (model) => pulls.cancel(model),
    },
  };
}
