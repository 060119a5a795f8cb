// What Valkey does in one step for runs that gateways share, in its Lua. A run has a lead: a key that lives for some seconds and
// holds a token of one gateway, which renews it. Nothing is written without the right token, so that a gateway that was held up
// and has lost its lead cannot disturb the one that runs instead. What was told is a stream, with the number of each entry as its id.
import { LIVES_AT_MOST } from './script.ts';

/**
 * Takes the lead where it is free: KEYS lead, counter[, answer]; ARGV milliseconds it lives, gateway. Gives `lead`, `follow` with
 * the token, or `kept` where the answer is there already.
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

/** What LEAD says where another leads. */
export const ANOTHER = 0;
/** The same where it can't be told on. */
export const FORGOTTEN = 1;

/**
 * Tells what came, and renews the lead: KEYS lead, told, followers; ARGV token, milliseconds the lead lives, milliseconds what was
 * told lives, the number of the first entry given, entries. Gives the words of those who follow, nil where the lead is lost, or
 * ANOTHER where it is another's by now; FORGOTTEN where Valkey has lost what was told before: then the lead is given back.
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

/** Gives the lead back, where nobody follows or in any case: KEYS lead, followers; ARGV token, '1' for in any case. 0: it is kept. */
export const LEAVE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 1 end
if ARGV[2] ~= '1' and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('DEL', KEYS[1])
return 1
`;

/**
 * Reads on, and says that one follows: KEYS lead, told, followers; ARGV the number of the last entry that was read, most entries,
 * gateway, its word, milliseconds this counts. Gives the token of the lead or nil, and the entries.
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
