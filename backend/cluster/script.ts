// A Lua script that Valkey runs as a whole, known to it by its hash: what is done by one is done by nobody else at that moment.
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * Lua: cuts the time that a key still lives to what it can be at most. Valkey ends keys by the clock on the wall: where that was set
 * back, all of them live for longer by as much, also the signs of life of who is dead.
 */
export const LIVES_AT_MOST = `
local function livesAtMost(key, ms)
  if redis.call('PTTL', key) > tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
`;

export interface Script {
  readonly text: string;
  readonly hash: string;
}

export function script(text: string): Script {
  return { text, hash: createHash('sha1').update(text).digest('hex') };
}

/** Runs it; texts come back as bytes. `prefix` is KEYS[1]. Throws what Valkey says. */
export async function runScript(
  redis: Redis,
  { text, hash }: Script,
  prefix: string,
  args: readonly (string | number | Buffer)[],
): Promise<unknown> {
  try {
    return await redis.callBuffer('EVALSHA', hash, 1, prefix, ...args);
  } catch (error) {
    // After a restart of Valkey it does not know it any more.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return await redis.callBuffer('EVAL', text, 1, prefix, ...args);
  }
}
