// Lua scripts for runs that gateways share, each of which Valkey runs in one step. A run has a lead: a key that expires
// after some seconds and holds the token of one gateway, which renews it. Nothing is written without the right token,
// so a gateway that was delayed and lost its lead cannot disturb its successor. Shared events are a stream whose ids
// are the entries' numbers.
import { LIVES_AT_MOST } from './script.ts';

/**
 * Takes the lead if it is free: KEYS lead, counter[, answer]; ARGV milliseconds it lives, gateway. Returns `lead`,
 * `follow` with the token, or `kept` if the answer is stored already.
 */
export const BOARD = `${LIVES_AT_MOST}
livesAtMost(KEYS[1], ARGV[1])
local token = redis.call('GET', KEYS[1])
if token then return {'follow', token} end
if KEYS[3] and redis.call('EXISTS', KEYS[3]) == 1 then return {'kept', ''} end
token = redis.call('INCR', KEYS[2]) .. '-' .. ARGV[2]
redis.call('SET', KEYS[1], token, 'PX', ARGV[1])
return {'lead', token}
`;

/** LEAD's result if another gateway leads. */
export const ANOTHER = 0;
/** LEAD's result if earlier entries are lost, so that the run cannot be shared further. */
export const FORGOTTEN = 1;

/**
 * Appends entries and renews the lead: KEYS lead, told, followers; ARGV token, milliseconds the lead lives,
 * milliseconds the entries live, number of the first given entry, entries. Returns the followers' reports; nil if the
 * lead expired; ANOTHER if another gateway leads by now; FORGOTTEN if Valkey has lost earlier entries, and then the
 * lead is given back.
 */
export const LEAD = `${LIVES_AT_MOST}
livesAtMost(KEYS[3], ARGV[2])
local token = redis.call('GET', KEYS[1])
if not token then return nil end
if token ~= ARGV[1] then return ${ANOTHER} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local first = tonumber(ARGV[4])
local had = redis.call('XLEN', KEYS[2])
if had < first then
  redis.call('DEL', KEYS[1])
  return ${FORGOTTEN}
end
for i = 5 + had - first, #ARGV do
  redis.call('XADD', KEYS[2], '1-' .. (first + i - 4), 'e', ARGV[i])
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return redis.call('HVALS', KEYS[3])
`;

/**
 * Gives the lead back, always or only without followers: KEYS lead, followers; ARGV token, '1' for always. 0: the lead
 * stays.
 */
export const LEAVE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 1 end
if ARGV[2] ~= '1' and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('DEL', KEYS[1])
return 1
`;

/**
 * Reads the next entries and registers a follower: KEYS lead, told, followers; ARGV number of the last entry read, most
 * entries, gateway, its report, milliseconds the registration lasts. Returns the lead's token or nil, and the entries.
 */
export const FOLLOW = `${LIVES_AT_MOST}
livesAtMost(KEYS[1], ARGV[5])
local token = redis.call('GET', KEYS[1])
local entries = redis.call('XRANGE', KEYS[2], '(1-' .. ARGV[1], '+', 'COUNT', ARGV[2])
if token then
  redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
  redis.call('PEXPIRE', KEYS[3], ARGV[5])
end
return {token, entries}
`;
