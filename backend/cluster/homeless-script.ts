// Which gateways of a fleet are gone, what waits for one of them because it alone has what was said before in a conversation, and
// what BullMQ has of it. Behind the prefix:
//
//   homes          hash: each gateway that was seen, and since when it is gone by Valkey's clock; '' while it is up
//   homes:looked   when somebody looked last
//   homed:<name>   the ids of the jobs that this gateway alone can run
import { COMMON } from './job-scripts.ts';
import { script } from './script.ts';

/** So many are looked at, at most. */
const AT_ONCE = 200;
/** After so long without anybody who looked it is not known who was up meanwhile, and all of it begins anew. Milliseconds. */
const UNSEEN_MS = 30_000;

/**
 * ARGV: the names of the gateways that are up, a line each; after how long a gateway is gone for good, in milliseconds; how the
 * queues of single gateways begin; then the names of all that BullMQ has of a queue. Gives { id, home }, … of jobs whose
 * gateway is gone for good. When no job waits for such a one, its queue goes, and its name.
 */
export const HOMELESS = script(`${COMMON}
local at, isUp, known, found = now(), {}, {}, {}
local looked = tonumber(call('GET', P .. 'homes:looked') or '0')
local isAnew = at < looked or at - looked > ${UNSEEN_MS}
call('SET', P .. 'homes:looked', string.format('%.0f', at))

local function sweep(home)
  local base, ids = ARGV[3] .. home .. ':', {}
  for _, list in ipairs({ 'wait', 'active' }) do
    for _, id in ipairs(call('LRANGE', base .. list, 0, ${AT_ONCE - 1})) do ids[#ids + 1] = id end
    call('LTRIM', base .. list, ${AT_ONCE}, -1)
  end
  for _, id in ipairs(call('ZRANGE', base .. 'prioritized', 0, ${AT_ONCE - 1})) do ids[#ids + 1] = id end
  call('ZREMRANGEBYRANK', base .. 'prioritized', 0, ${AT_ONCE - 1})
  for _, id in ipairs(ids) do call('UNLINK', base .. id, base .. id .. ':lock') end
  -- There may be more: the next look goes on.
  if #ids > 0 then return end
  for n = 4, #ARGV do call('UNLINK', base .. ARGV[n]) end
  call('HDEL', P .. 'homes', home)
end

local homes = call('HGETALL', P .. 'homes')
for n = 1, #homes, 2 do known[homes[n]] = homes[n + 1] end
for home in string.gmatch(ARGV[1], '[^\\n]+') do
  isUp[home] = true
  if known[home] ~= '' then call('HSET', P .. 'homes', home, '') end
end
for home, since in pairs(known) do
  since = tonumber(since)
  if isUp[home] then
    -- It is here.
  elseif isAnew or not since or at < since then
    call('HSET', P .. 'homes', home, string.format('%.0f', at))
  elseif at - since >= tonumber(ARGV[2]) and #found < ${AT_ONCE} then
    local ids = call('SRANDMEMBER', P .. 'homed:' .. home, ${AT_ONCE})
    for _, id in ipairs(ids) do
      found[#found + 1] = id
      found[#found + 1] = home
    end
    if #ids == 0 then sweep(home) end
  end
end
return found
`);

/**
 * ARGV: id, home, after how long without it, outcome, most bytes. Ends one of those as failed. Gives 0, and changes nothing, where
 * its gateway was seen since, or has begun it, or it has ended.
 */
export const ABANDON = script(`${COMMON}
local id, home = ARGV[1], ARGV[2]
local seen = call('HMGET', P .. 'job:' .. id, 'state', 'home')
local since = tonumber(call('HGET', P .. 'homes', home) or '')
if seen[1] ~= 'waiting' or seen[2] ~= home then
  call('SREM', P .. 'homed:' .. home, id)
  return 0
end
if not since or now() - since < tonumber(ARGV[3]) then return 0 end
finish(id, 'failed', ARGV[4], '', tonumber(ARGV[5]))
return 1
`);
