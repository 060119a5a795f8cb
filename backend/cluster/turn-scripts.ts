// Scripts that find the jobs that BullMQ must be told of; job-scripts.ts explains the keys behind the prefix.
import { COMMON } from './job-scripts.ts';
import { script } from './script.ts';

/**
 * The BullMQ queues from which a gateway takes jobs, one per line, with all prefixes; milliseconds without a sign of
 * life after which a job goes to another gateway, and the interval of that check.
 */
export type TakenQueues = readonly [names: string, lockMs: number, stalledMs: number];

/** Maximum number of jobs per call. */
export const LOOKED_THROUGH = 500;

/**
 * ARGV: batch, the number after which to begin. Returns { id, number, rank, home }, … of some of its unfinished jobs,
 * by number.
 */
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
 * ARGV: prefix of all turns, from, to, milliseconds. Returns { id, number, rank, home }, … of jobs without a turn that
 * have at least this age: a younger one may still be refused for lack of replicas.
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
