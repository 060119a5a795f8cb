// Which jobs of a fleet BullMQ is to be told of; see job-scripts.ts for what lies behind the prefix.
import { COMMON } from './job-scripts.ts';
import { script } from './script.ts';

/**
 * The queues of BullMQ from which a gateway takes jobs, a line each, with all prefixes; after how many milliseconds without a sign of
 * life a job there is given to another gateway, and how often it is looked for such.
 */
export type TakenQueues = readonly [names: string, lockMs: number, stalledMs: number];

/** So many are told of at once, at most. */
export const LOOKED_THROUGH = 500;

/** ARGV: batch, the number behind which it begins. Gives { id, number, rank, home }, … of some of its jobs that have not ended, by their number. */
export const TURNS = script(`${COMMON}
local found = {}
local open = P .. 'batch:' .. ARGV[1] .. ':open'
for _, id in ipairs(call('ZRANGEBYSCORE', open, '(' .. ARGV[2], '+inf', 'LIMIT', 0, ${LOOKED_THROUGH})) do
  local seen = call('HMGET', P .. 'job:' .. id, 'seq', 'rank', 'home')
  if seen[1] then
    for _, each in ipairs({ id, seen[1], seen[2], seen[3] or '' }) do found[#found + 1] = each end
  end
end
return found
`);

/**
 * ARGV: the prefix of all turns, from, to, milliseconds. Gives { id, number, rank, home }, … of those whose turn nobody knows, and
 * that are so old: a younger one may still be refused for want of replicas.
 */
export const STRAYED = script(`${COMMON}
local found = {}
for _, id in ipairs(call('ZRANGE', P .. 'open', ARGV[2], ARGV[3])) do
  local seen = call('HMGET', P .. 'job:' .. id, 'seq', 'rank', 'home', 'created', 'batch')
  local home = seen[3] and ('@' .. seen[3]) or ''
  local since = seen[5] and call('HGET', P .. 'batch:' .. seen[5], 'created') or seen[4]
  local age = now() - since
  -- From beyond now: the clock was set back.
  if seen[1] and (age < 0 or age >= tonumber(ARGV[4])) and call('EXISTS', ARGV[1] .. home .. ':j' .. seen[1]) == 0 then
    for _, each in ipairs({ id, seen[1], seen[2], seen[3] or '' }) do found[#found + 1] = each end
  end
end
return found
`);
