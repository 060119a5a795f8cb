// How often something happened in the whole fleet within a window that begins when it first happens.
import type { SharedCounts } from '../core/fleet.ts';
import type { Link } from './link.ts';
import { LIVES_AT_MOST } from './script.ts';

/** Counts once more: KEYS counter; ARGV milliseconds of the window. Gives how often by now, and what is left of the window. */
const COUNT = `${LIVES_AT_MOST}
livesAtMost(KEYS[1], ARGV[1])
local times = redis.call('INCR', KEYS[1])
if times == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {times, redis.call('PTTL', KEYS[1])}
`;

/** `prefix`: what the names of counters begin with. */
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
