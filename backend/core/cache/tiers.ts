// What the cache tells of its tiers (memory, disk, other gateways): where answers were found, and what was removed from where.
import type { Removed } from '../../contract/control.ts';
import { TIERS, type Tier } from '../../contract/fleet-view.ts';
import type { MemoryFigures } from './answer-memory.ts';

/** The one of these that is furthest away; undefined where there are none. */
export function furthest(tiers: Iterable<Tier>): Tier | undefined {
  const all = new Set(tiers);
  return TIERS.findLast((tier) => all.has(tier));
}

export interface CacheFigures extends MemoryFigures {
  /** Answers that were not stored because they exceed cache.max_entry_mb, or all room that there is. */
  readonly refused_too_large: number;
}

/** Of what was removed here at once. */
export interface Shared {
  /** Whether it is removed from all gateways; false where they can't be told now, and will be. Undefined where there are no others. */
  readonly shared: Promise<boolean> | undefined;
}

export const NOTHING: Removed = { removed: 0, freed_bytes: 0 };
/** What is in memory is on the disk too, so that the larger number counts each once; bytes were freed in both. */
export function ofBoth(memory: Removed, disk: Removed = NOTHING): Removed {
  return {
    removed: Math.max(memory.removed, disk.removed),
    freed_bytes: memory.freed_bytes + disk.freed_bytes,
  };
}
