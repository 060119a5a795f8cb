// Which jobs of a fleet wait for a gateway that is gone, and alone has what was said before in their conversation.
import { script } from './script.ts';

/** So many of them are looked at, at most. */
const AT_ONCE = 200;

/**
 * ARGV: the names of the gateways that are up, each between line ends; and after how long without it a job is told. Gives
 * { id, home }, … of those whose one gateway was gone for so long. How long that is begins when it is first seen to be gone.
 */
export const HOMELESS = script(`
local P, call, found = KEYS[1], redis.call, {}
local time = call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
for _, id in ipairs(call('SRANDMEMBER', P .. 'homed', ${AT_ONCE})) do
  local key = P .. 'job:' .. id
  local seen = call('HMGET', key, 'home', 'alone')
  if not seen[1] then
    call('SREM', P .. 'homed', id)
  elseif string.find(ARGV[1], '\\n' .. seen[1] .. '\\n', 1, true) then
    call('HDEL', key, 'alone')
  elseif not seen[2] then
    call('HSET', key, 'alone', at)
  elseif at - seen[2] >= tonumber(ARGV[2]) then
    found[#found + 1] = id
    found[#found + 1] = seen[1]
  end
end
return found
`);
