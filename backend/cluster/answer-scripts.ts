// Lua scripts for cached answers, each of which Valkey runs in one step. The text of a script is sent with each call:
// Valkey keeps it compiled, by its hash. Times are Valkey's own, so the clocks of the gateways need not agree.
import { TIME_DIGITS } from './answer-text.ts';

/** Bytes of a text within which its first line ends. */
const FIRST_LINE_BYTES = 2048;

const NOW = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`;

/** Lua: the first line of a text: key, owner, model; nil if there is none. */
const FIRST_LINE = `
local function first(name)
  local head = redis.call('GETRANGE', name, 0, ${FIRST_LINE_BYTES})
  local line = string.match(head, '^[^\\n]*', ${TIME_DIGITS + 1})
  if head == '' or line == nil then return nil end
  local ok, parts = pcall(cjson.decode, line)
  if not ok then return nil end
  return parts, tonumber(string.sub(head, 1, ${TIME_DIGITS}))
end
`;

/** KEEP's result when it replaced another answer. */
export const REPLACED = 2;

/**
 * Stores an answer, and adds a removal to the list if it replaces another: KEYS answer, removals[, lead]; ARGV text,
 * ttl, gateway, most removals, the removal's entry, token, milliseconds since the lead was taken. Returns 1: stored;
 * REPLACED: stored in place of another; 0: another gateway leads the run, or led it meanwhile and has stored its
 * answer.
 */
export const KEEP = `
${NOW}
local token = KEYS[3] and redis.call('GET', KEYS[3])
if token and token ~= ARGV[6] then return 0 end
if KEYS[3] and not token then
  local at = tonumber(redis.call('GETRANGE', KEYS[1], 0, ${TIME_DIGITS - 1}))
  -- One from beyond now says nothing: the clock was set back since.
  if at and at > now - ARGV[7] and at <= now then return 0 end
end
local done = 1
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'by', ARGV[3], 'what', ARGV[5])
  done = ${REPLACED}
end
redis.call('SET', KEYS[1], string.format('%0${TIME_DIGITS}.0f', now) .. ARGV[1], 'PX', ARGV[2])
return done
`;

/**
 * Removes one answer if the watcher may see it, and adds the removal to the list: KEYS answer, removals; ARGV beginning
 * of the key, owner or '', gateway, most removals, the removal's entry.
 */
export const REMOVE = `
${FIRST_LINE}
local parts = first(KEYS[1])
if parts and string.sub(parts[1], 1, #ARGV[1]) == ARGV[1] and (ARGV[2] == '' or parts[2] == ARGV[2]) then
  redis.call('UNLINK', KEYS[1])
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'by', ARGV[3], 'what', ARGV[5])
return 1
`;

/**
 * Removes matching answers: KEYS answers; ARGV owner or '', model or '', stored before. An answer with a time in the
 * future was stored before the clock was set back, and is removed too.
 */
export const SWEEP = `
${NOW}
${FIRST_LINE}
local removed = 0
for _, name in ipairs(KEYS) do
  local parts, at = first(name)
  if parts and (ARGV[1] == '' or parts[2] == ARGV[1]) and (ARGV[2] == '' or parts[3] == ARGV[2]) and (at < tonumber(ARGV[3]) or at > now) then
    removed = removed + redis.call('UNLINK', name)
  end
end
return removed
`;

/** Adds a removal to the list: KEYS removals; ARGV gateway, most removals, the entry. */
export const TELL = `
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'by', ARGV[1], 'what', ARGV[3])
return 1
`;
