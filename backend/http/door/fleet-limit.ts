// Rate limits of keys over a whole fleet: each gateway counts at its own door (keys.ts), and all of them together here.
import type { IncomingMessage } from 'node:http';
import type { SharedCounts } from '../../core/fleet.ts';
import { shownKey } from './caller.ts';
import { isReading, MINUTE_MS, usedTooOften } from './keys.ts';

/**
 * Counts an admitted request against its key; undefined if the request has no key with a limit. Rejects with
 * client_limit. While Valkey is away, each gateway's own count is the only limit.
 */
export function countedByAll(counts: SharedCounts, req: IncomingMessage): Promise<void> | undefined {
  const key = shownKey(req);
  const most = key?.requests_per_minute;
  if (key === undefined || most === undefined || isReading(req)) return undefined;
  return counts.count(key.hash, MINUTE_MS).then((counted) => {
    if (counted !== undefined && counted.times > most) throw usedTooOften(key, counted.leftMs);
  });
}
