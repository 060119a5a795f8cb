// What Valkey does in one step for kept answers, in its Lua. Each is sent as a whole: it knows them by their hash, and forgets
// none of ours in between. Times are Valkey's own, so that the clocks of gateways need not agree.
import { TIME_DIGITS } from './answer-text.ts';

/** Bytes of a text within which its first line ends. */
const FIRST_LINE_BYTES = 2048;

const NOW = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`;

/** The first line of a text: key, owner, model; nil where there is none. */
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

/** What KEEP says where it took the place of another answer. */
export const REPLACED = 2;

/**
 * Keeps an answer, and says so where it takes the place of another: KEYS answer, removals[, lead]; ARGV text, ttl, gateway,
 * most removals, the word of the removal, token, milliseconds since it leads. 1: kept; REPLACED: and another was there; 0: another
 * leads the run, or did so meanwhile and has kept its answer.
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
 * Removes one answer where the watcher may see it, and says so: KEYS answer, removals; ARGV beginning of the key, owner or '',
 * gateway, most removals, the word of the removal.
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
 * Removes those of some answers that are meant: KEYS answers; ARGV owner or '', model or '', kept before. One from beyond now was kept
 * before the clock was set back, and goes too.
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

/** Says that something was removed: KEYS removals; ARGV gateway, most removals, the word. */
export const TELL = `
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'by', ARGV[1], 'what', ARGV[3])
return 1
`;
