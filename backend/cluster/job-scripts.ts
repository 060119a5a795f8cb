// What Valkey does with the jobs of a fleet, each step as one script. The keys, behind the prefix:
//
//   job:<id>           hash: what is asked until it has ended, then its result; `run` is the token of who may say how it ends
//   homes, homed:…     see homeless-script.ts
//   open               all accepted jobs that have not ended: ids by their number
//   running            the ids of those that run
//   ended              results of jobs by themselves: ids by the moment of their end; ended:bytes is what they take
//   batch:<id>         hash: whose it is, and how many of its jobs are in each state; :jobs and :open are their ids by number
//   batches:open, batches:ended, batches:coming   ids by the moment of their acceptance, their end, and the first writing
//   bytes              what the jobs of batches take
//   turn               how far the batches have come; see turnRank in shared-job-store.ts
//   gone:<kind>:<id>   whose a forgotten one was
//   news               channel
import { LIVES_AT_MOST, script } from './script.ts';

/** An id that is forgotten gets "gone" instead of "unknown" for so long. Seconds. */
const GONE_S = 86_400;
/** What a job takes beside what it asks or its answer. Bytes. */
const JOB_BYTES = 2048;
/** So many are changed at once, at most. */
const AT_ONCE = 200;

/** What all scripts begin with. */
export const COMMON = `
local P = KEYS[1]
local call = redis.call
local function now()
  local t = call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function add(key, bytes) call('INCRBY', P .. key, bytes) end
local function stops(id, batch)
  if call('SREM', P .. 'running', id) == 1 and batch then call('HINCRBY', P .. 'batch:' .. batch, 'running', -1) end
end
local function forget(id)
  local key = P .. 'job:' .. id
  local seen = call('HMGET', key, 'owner', 'batch', 'bytes', 'state')
  if not seen[1] then return end
  if seen[2] then
    add('bytes', -seen[3])
  elseif seen[4] ~= 'waiting' then
    add('ended:bytes', -seen[3])
    call('ZREM', P .. 'ended', id)
  end
  call('DEL', key)
  call('SET', P .. 'gone:job:' .. id, seen[1], 'EX', ${GONE_S})
end
local function finish(id, state, outcome, record, most)
  local key = P .. 'job:' .. id
  local seen = call('HMGET', key, 'batch', 'bytes', 'home')
  local batch = seen[1]
  local at = now()
  local bytes = ${JOB_BYTES} + #record
  call('HSET', key, 'state', state, 'outcome', outcome, 'ended', at, 'bytes', bytes)
  if record ~= '' then call('HSET', key, 'record', record) end
  call('HDEL', key, 'asked', 'exact', 'run', 'since', 'without')
  call('ZREM', P .. 'open', id)
  if seen[3] then call('SREM', P .. 'homed:' .. seen[3], id) end
  stops(id, batch)
  if batch then
    local group = P .. 'batch:' .. batch
    add('bytes', bytes - seen[2])
    call('ZREM', group .. ':open', id)
    call('HINCRBY', group, state, 1)
    if call('HINCRBY', group, 'waiting', -1) <= 0 then
      call('HSET', group, 'ended', at)
      call('ZREM', P .. 'batches:open', batch)
      call('ZADD', P .. 'batches:ended', at, batch)
    end
  else
    add('ended:bytes', bytes)
    call('ZADD', P .. 'ended', at, id)
    if bytes > most then
      forget(id)
    else
      while tonumber(call('GET', P .. 'ended:bytes')) > most do
        local oldest = call('ZRANGE', P .. 'ended', 0, 0)[1]
        if not oldest then break end
        forget(oldest)
      end
    end
  end
  call('PUBLISH', P .. 'news', cjson.encode({ what = 'ended', id = id }))
end
`;

/** ARGV: most, id, then fields and values. Gives { seq, now }, 'taken', or how many wait where there is no room. */
export const ACCEPT = script(`${COMMON}
local most, id = tonumber(ARGV[1]), ARGV[2]
local key = P .. 'job:' .. id
if call('EXISTS', key) == 1 then return 'taken' end
local waiting = call('ZCARD', P .. 'open')
if waiting >= most then return waiting end
local seq = call('INCR', P .. 'seq')
local at = now()
call('HSET', key, 'seq', seq, 'id', id, 'state', 'waiting', 'created', at, 'handed', 1, unpack(ARGV, 3))
call('ZADD', P .. 'open', seq, id)
local home = call('HGET', key, 'home')
if home then
  call('SADD', P .. 'homed:' .. home, id)
  call('HSETNX', P .. 'homes', home, '')
end
return { seq, at }
`);

/** ARGV: id. It was handed in once more: who has this has all that was written before. Gives its number; 0: there is none. */
export const SURE = script(`${COMMON}
local key = P .. 'job:' .. ARGV[1]
local seq = call('HGET', key, 'seq')
if not seq then return 0 end
call('HSETNX', key, 'handed', 1)
call('HINCRBY', key, 'handed', 1)
return tonumber(seq)
`);

/**
 * ARGV: id, number. Whoever handed it in was refused after all. It goes, as if it had never been there, when nobody else had
 * handed it in who may have been accepted; unless a gateway has begun it already, or it is one of a batch.
 */
export const UNSURE = script(`${COMMON}
local id = ARGV[1]
local key = P .. 'job:' .. id
local seen = call('HMGET', key, 'seq', 'state', 'run', 'batch', 'home')
if seen[1] ~= ARGV[2] or seen[2] ~= 'waiting' or seen[4] then return 0 end
if call('HINCRBY', key, 'handed', -1) > 0 or seen[3] then return 0 end
call('DEL', key)
call('ZREM', P .. 'open', id)
if seen[5] then call('SREM', P .. 'homed:' .. seen[5], id) end
return 1
`);

/** ARGV: batch, id, then fields and values; one job that waits for its batch. Gives its number, or 'taken'. */
export const PREPARE = script(`${COMMON}
local batch, id = ARGV[1], ARGV[2]
local key = P .. 'job:' .. id
if call('EXISTS', key) == 1 then return 'taken' end
local seq = call('INCR', P .. 'seq')
local at = now()
call('HSET', key, 'seq', seq, 'id', id, 'state', 'waiting', 'created', at, 'batch', batch, unpack(ARGV, 3))
add('bytes', call('HGET', key, 'bytes'))
call('ZADD', P .. 'batch:' .. batch .. ':jobs', seq, id)
call('ZADD', P .. 'batch:' .. batch .. ':open', seq, id)
call('ZADD', P .. 'batches:coming', 'NX', at, batch)
return seq
`);

/** ARGV: batch, most, owner, body, how many. Gives how many wait where there is no room, or 'ok'. */
export const ACCEPT_BATCH = script(`${COMMON}
local batch, most = ARGV[1], tonumber(ARGV[2])
local waiting = call('ZCARD', P .. 'open')
if waiting + tonumber(ARGV[5]) > most then return waiting end
local group = P .. 'batch:' .. batch
local at = now()
call('HSET', group, 'id', batch, 'owner', ARGV[3], 'body', ARGV[4], 'created', at, 'waiting', ARGV[5])
call('ZREM', P .. 'batches:coming', batch)
call('ZADD', P .. 'batches:open', at, batch)
local jobs = call('ZRANGE', group .. ':jobs', 0, -1, 'WITHSCORES')
for i = 1, #jobs, 2 do call('ZADD', P .. 'open', jobs[i + 1], jobs[i]) end
return 'ok'
`);

/** ARGV: batch. Forgets some of its jobs, and with the last of them the batch. Gives 1 where there may be more. */
export const DROP_SOME = script(`${COMMON}
local batch = ARGV[1]
local group = P .. 'batch:' .. batch
local owner = call('HGET', group, 'owner')
local ids = call('ZRANGE', group .. ':jobs', 0, ${AT_ONCE - 1})
for _, id in ipairs(ids) do
  forget(id)
  call('ZREM', P .. 'open', id)
  call('SREM', P .. 'running', id)
  call('ZREM', group .. ':jobs', id)
end
if #ids == ${AT_ONCE} then return 1 end
call('DEL', group, group .. ':jobs', group .. ':open')
for _, list in ipairs({ 'coming', 'open', 'ended' }) do call('ZREM', P .. 'batches:' .. list, batch) end
if owner then call('SET', P .. 'gone:batch:' .. batch, owner, 'EX', ${GONE_S}) end
return 0
`);

/** ARGV: id. Forgets one by itself that has ended. */
export const FREE = script(`${COMMON}
if call('HGET', P .. 'job:' .. ARGV[1], 'state') ~= 'waiting' then forget(ARGV[1]) end
return 0
`);

/** The base for the turns of a new batch. */
export const TURN = script(`${COMMON}
if call('ZCARD', P .. 'batches:open') == 0 then call('DEL', P .. 'turn') end
return call('GET', P .. 'turn') or '0'
`);

/** ARGV: id, token. Gives what is asked, or nothing where it has ended. */
export const BEGIN = script(`${COMMON}
local id, token = ARGV[1], ARGV[2]
local key = P .. 'job:' .. id
local seen = call('HMGET', key, 'state', 'batch', 'asked', 'exact', 'priority', 'created', 'bytes', 'seq', 'turn', 'without',
  'home')
if seen[1] ~= 'waiting' or not call('ZSCORE', P .. 'open', id) then return false end
-- The clock was set back since: its age begins anew.
if tonumber(seen[6]) > now() then
  seen[6] = string.format('%.0f', now())
  call('HSET', key, 'created', seen[6])
end
stops(id, seen[2])
call('HDEL', key, 'since')
call('HSET', key, 'run', token)
-- Its gateway alone begins it, so that one is here.
if seen[11] then call('HSET', P .. 'homes', seen[11], '') end
if seen[9] and tonumber(seen[9]) > tonumber(call('GET', P .. 'turn') or '0') then call('SET', P .. 'turn', seen[9]) end
call('PUBLISH', P .. 'news', cjson.encode({ what = 'begun', id = id, token = token }))
return { seen[2] or '', seen[3] or '', seen[4] or '', seen[5], seen[6], seen[7], seen[8], now(), seen[10] or '' }
`);

/** ARGV: id, token. It runs, and does not wait in a line any more. */
export const RUNS = script(`${COMMON}
local key = P .. 'job:' .. ARGV[1]
local seen = call('HMGET', key, 'run', 'batch')
if seen[1] ~= ARGV[2] then return 0 end
call('HSET', key, 'since', now())
if call('SADD', P .. 'running', ARGV[1]) == 1 and seen[2] then
  call('HINCRBY', P .. 'batch:' .. seen[2], 'running', 1)
end
return 1
`);

/** ARGV: id, token, who has not its model or ''. Those are kept one a line, each behind the moment when it was asked last. */
export const BACK = script(`${COMMON}
local key = P .. 'job:' .. ARGV[1]
local seen = call('HMGET', key, 'run', 'batch', 'without')
if seen[1] ~= ARGV[2] then return 0 end
call('HDEL', key, 'run', 'since')
if ARGV[3] ~= '' then
  local had = string.format('%.0f', now()) .. ' ' .. ARGV[3]
  for at, name in string.gmatch(seen[3] or '', '(%d+) ([^\\n]+)') do
    if name ~= ARGV[3] then had = had .. '\\n' .. at .. ' ' .. name end
  end
  call('HSET', key, 'without', had)
end
stops(ARGV[1], seen[2])
return 1
`);

/** ARGV: id, token, state, outcome, record, most bytes. The fence: nobody ends what another has begun since. */
export const END = script(`${COMMON}
local seen = call('HMGET', P .. 'job:' .. ARGV[1], 'state', 'run')
if seen[1] ~= 'waiting' or seen[2] ~= ARGV[2] then return 0 end
finish(ARGV[1], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]))
return 1
`);

/** ARGV: id, state, outcome, most bytes. */
export const CANCEL = script(`${COMMON}
if call('HGET', P .. 'job:' .. ARGV[1], 'state') ~= 'waiting' then return 0 end
finish(ARGV[1], ARGV[2], ARGV[3], '', tonumber(ARGV[4]))
return 1
`);

/** ARGV: batch, outcome. Cancels some; gives how many. */
export const CANCEL_SOME = script(`${COMMON}
local ids = call('ZRANGE', P .. 'batch:' .. ARGV[1] .. ':open', 0, ${AT_ONCE - 1})
for _, id in ipairs(ids) do finish(id, 'cancelled', ARGV[2], '', 0) end
return #ids
`);

/** ARGV: the prefix of the turns, id. Gives { state, place, how many wait, since }. */
export const PLACE = script(`${COMMON}
local turns, id = ARGV[1], ARGV[2]
local seen = call('HMGET', P .. 'job:' .. id, 'seq', 'since', 'run')
local running = call('SCARD', P .. 'running')
local length = math.max(0, call('ZCARD', P .. 'open') - running)
if seen[2] then return { 0, length, seen[2] } end
local taken = math.max(0, call('LLEN', turns .. 'active') - running) + call('LLEN', turns .. 'wait')
local rank = call('ZRANK', turns .. 'prioritized', 'j' .. (seen[1] or ''))
if rank then return { taken + rank + 1, length, '' } end
if seen[3] then return { 1, length, '' } end
return { math.max(1, (call('ZRANK', P .. 'open', id) or 0) + 1 - running), length, '' }
`);

/**
 * ARGV: after how long results go, of jobs and of batches, in milliseconds, and how long writing a batch may take; how the queues of
 * BullMQ are called, a line each, how long a turn lasts there without a sign of life, and how often it looks for such. Gives { how
 * many wait, now, a batch to forget or '', how many have not ended }.
 */
export const BEAT = script(`${COMMON}${LIVES_AT_MOST}
local at = now()
for queue in string.gmatch(ARGV[4], '[^\\n]+') do
  livesAtMost(queue .. ':stalled-check', ARGV[6])
  for _, id in ipairs(call('LRANGE', queue .. ':active', 0, ${AT_ONCE - 1})) do
    livesAtMost(queue .. ':' .. id .. ':lock', ARGV[5])
  end
end
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'ended', '-inf', at - ARGV[1], 'LIMIT', 0, ${AT_ONCE})) do forget(id) end
local over = call('ZRANGEBYSCORE', P .. 'batches:ended', '-inf', at - ARGV[2], 'LIMIT', 0, 1)[1]
  or call('ZRANGEBYSCORE', P .. 'batches:coming', '-inf', at - ARGV[3], 'LIMIT', 0, 1)[1]
return { math.max(0, call('ZCARD', P .. 'open') - call('SCARD', P .. 'running')), at, over or '', call('ZCARD', P .. 'open') }
`);
