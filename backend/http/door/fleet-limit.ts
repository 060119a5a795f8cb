// The limits of keys over a whole fleet: each gateway counts for itself at its door (keys.ts), and all together here.
import type { IncomingMessage } from 'node:http';
import type { SharedCounts } from '../../core/fleet.ts';
import { shownKey } from './caller.ts';
import { isReading, MINUTE_MS, usedTooOften } from './keys.ts';

/**
 * Counts a request that was let in for the key that it showed. Undefined where it counts for none. Rejects with client_limit; where
 * Valkey is away, what this gateway counts by itself is all.
 */
export function countedByAll(counts: SharedCounts, req: IncomingMessage): Promise<void> | undefined {
  const key = shownKey(req);
  const most = key?.requests_per_minute;
  if (key === undefined || most === undefined || isReading(req)) return undefined;
  return counts.count(key.hash, MINUTE_MS).then((counted) => {
    if (counted !== undefined && counted.times > most) throw usedTooOften(key, counted.leftMs);
  });
}
