// Lua scripts for the jobs of a fleet, one per step. Keys behind the prefix:
//
//   job:<id>           hash: the question until the job has ended, then its result; `run` is the token that may end it
//   homes, homed:…     see homeless-script.ts
//   open               all accepted jobs that have not ended: ids by number
//   running            ids of running jobs
//   ended              results of single jobs: ids by end time; ended:bytes is their size
//   batch:<id>         hash: its owner, and the number of its jobs in each state; :jobs and :open are ids by number
//   batches:open, batches:ended, batches:coming   ids by time of acceptance, of the end, and of the first write
//   bytes              size of the jobs of batches
//   turn               progress of the batches; see turnRank in shared-job-store.ts
//   gone:<kind>:<id>   the owner of a deleted one
//   news               channel
import { LIVES_AT_MOST, script } from './script.ts';

/** Seconds for which a deleted id gets "gone" instead of "unknown". */
const GONE_S = 86_400;
/** Bytes of a job beside its question or its answer. */
const JOB_BYTES = 2048;
/** Maximum number of changes per call. */
const AT_ONCE = 200;

/** The beginning of every script. */
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

/** ARGV: most, id, then fields and values. Returns { seq, now }, 'taken', or if full the number of waiting jobs. */
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

/** ARGV: id. Counts another submission; confirming it confirms all earlier writes. Returns the job's number or 0. */
export const SURE = script(`${COMMON}
local key = P .. 'job:' .. ARGV[1]
local seq = call('HGET', key, 'seq')
if not seq then return 0 end
call('HSETNX', key, 'handed', 1)
call('HINCRBY', key, 'handed', 1)
return tonumber(seq)
`);

/**
 * ARGV: id, number. Withdraws a submission that was refused after all. Deletes the job as if it had never existed,
 * unless another submission may have been accepted, a gateway has started it already, or it belongs to a batch.
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

/** ARGV: batch, id, then fields and values; one job that waits for its batch. Returns its number, or 'taken'. */
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

/** ARGV: batch, most, owner, body, number of jobs. Returns the number of waiting jobs if there is no room, or 'ok'. */
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

/** ARGV: batch. Deletes some of its jobs, and with the last one the batch. Returns 1 if there may be more. */
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

/** ARGV: id. Deletes a single job that has ended. */
export const FREE = script(`${COMMON}
if call('HGET', P .. 'job:' .. ARGV[1], 'state') ~= 'waiting' then forget(ARGV[1]) end
return 0
`);

/** Returns the first turn for a new batch. */
export const TURN = script(`${COMMON}
if call('ZCARD', P .. 'batches:open') == 0 then call('DEL', P .. 'turn') end
return call('GET', P .. 'turn') or '0'
`);

/** ARGV: id, token. Returns the question, or nothing if the job has ended. */
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

/** ARGV: id, token. Marks the job as running, no longer queued. */
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

/** ARGV: id, token, gateway without its model or ''. Stored one per line, each after the time it was last asked. */
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

/** ARGV: id, token, state, outcome, record, most bytes. The token fences off a job that another has started since. */
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

/** ARGV: batch, outcome. Cancels some jobs; returns how many. */
export const CANCEL_SOME = script(`${COMMON}
local ids = call('ZRANGE', P .. 'batch:' .. ARGV[1] .. ':open', 0, ${AT_ONCE - 1})
for _, id in ipairs(ids) do finish(id, 'cancelled', ARGV[2], '', 0) end
return #ids
`);

/** ARGV: prefix of the turns, id. Returns { state, place, number of waiting jobs, since }. */
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
 * ARGV: milliseconds until results of jobs and of batches expire, and that writing a batch may take; names of BullMQ's
 * queues, one per line, how long a turn lasts there without a sign of life, and how often that is checked. Returns {
 * number of waiting jobs, now, a batch to delete or '', number of jobs that have not ended }.
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
