// Counts events in the whole fleet within a window that starts at the first event.
import type { SharedCounts } from '../core/fleet.ts';
import type { Link } from './link.ts';
import { LIVES_AT_MOST } from './script.ts';

/**
 * Counts one event: KEYS counter; ARGV milliseconds of the window. Returns the count, and milliseconds left in the
 * window.
 */
const COUNT = `${LIVES_AT_MOST}
livesAtMost(KEYS[1], ARGV[1])
local times = redis.call('INCR', KEYS[1])
if times == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {times, redis.call('PTTL', KEYS[1])}
`;

/** `prefix`: of the counters' names. */
export function valkeyCounts(link: Link, prefix: string): SharedCounts {
  return {
    async count(who, windowMs) {
      try {
        const [times, leftMs] = (await link.ask((redis) => redis.eval(COUNT, 1, prefix + who, windowMs))) as number[];
        return times === undefined || leftMs === undefined ? undefined : { times, leftMs: Math.max(0, leftMs) };
      } catch {
        return undefined;
      }
    },
  };
}
