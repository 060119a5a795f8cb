// The number of cached answers as shown to users: one that is in memory and on disk counts once. Pure.
import type { CacheStats } from './control.ts';

export interface KeptFigures {
  readonly entries: number;
  readonly mb: number;
}

/** It is unknown which entries are only in memory or only on disk, so the larger number counts. */
export function keptFigures(
  cache: Pick<CacheStats['response_cache'], 'total_entries' | 'total_size_mb' | 'disk'>,
): KeptFigures {
  const { total_entries: entries, total_size_mb: mb, disk } = cache;
  if (disk === undefined || disk.entries < entries) return { entries, mb };
  return { entries: disk.entries, mb: disk.size_mb };
}
