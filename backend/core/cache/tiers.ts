// Reports on the tiers of the cache (memory, disk, other gateways): where answers were found, and what was removed.
import type { Removed } from '../../contract/views/control.ts';
import { TIERS, type Tier } from '../../contract/views/fleet-view.ts';
import type { MemoryFigures } from './answer-memory.ts';

/** The most distant of these tiers; undefined when there are none. */
export function furthest(tiers: Iterable<Tier>): Tier | undefined {
  const all = new Set(tiers);
  return TIERS.findLast((tier) => all.has(tier));
}

export interface CacheFigures extends MemoryFigures {
  /** Answers that were not stored because they exceed cache.max_entry_mb, or all available room. */
  readonly refused_too_large: number;
}

/** The part of a removal that concerns other gateways. */
export interface Shared {
  /**
   * Whether all gateways removed it; false when they can't be told yet, and will be. Undefined when there are no
   * others.
   */
  readonly shared: Promise<boolean> | undefined;
}

export const NOTHING: Removed = { removed: 0, freed_bytes: 0 };
/** Sums a removal. Entries in memory are on disk too, so the larger count covers both; bytes were freed in both. */
export function ofBoth(memory: Removed, disk: Removed = NOTHING): Removed {
  return {
    removed: Math.max(memory.removed, disk.removed),
    freed_bytes: memory.freed_bytes + disk.freed_bytes,
  };
}
