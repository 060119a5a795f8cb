// Finds gateways that have left the fleet, and the jobs that wait for one of them because it alone has the earlier
// messages of a conversation, with their data in BullMQ. Keys behind the prefix:
//
//   homes          hash: each known gateway, and since when it is gone by Valkey's clock; '' while it is up
//   homes:looked   time of the last check
//   homed:<name>   ids of the jobs that only this gateway can run
import { COMMON } from './job-scripts.ts';
import { script } from './script.ts';

/** Maximum number of jobs per call. */
const AT_ONCE = 200;
/** After this long without a check it is unknown who was up meanwhile, and the counting starts over. Milliseconds. */
const UNSEEN_MS = 30_000;

/**
 * ARGV: names of the gateways that are up, one per line; milliseconds after which a gateway is gone for good; prefix of
 * the queues of single gateways; then the names of all keys of a BullMQ queue. Returns { id, home }, … of jobs whose
 * gateway is gone for good. When no job waits for such a gateway, its queue and its name are deleted.
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
 * ARGV: id, home, milliseconds without it, outcome, most bytes. Ends one of those jobs as failed. Returns 0, and
 * changes nothing, if its gateway was seen since or has started the job, or the job has ended.
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
