// A Lua script that Valkey runs as a whole, known to it by hash: nothing else happens in between.
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * Lua: limits the remaining life of a key to its possible maximum. Valkey expires keys by wall clock: if that is set
 * back, all keys live longer by as much, including the signs of life of dead gateways.
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

/** Runs a script; texts come back as bytes. `prefix` is KEYS[1]. Throws Valkey's errors. */
export async function runScript(
  redis: Redis,
  { text, hash }: Script,
  prefix: string,
  args: readonly (string | number | Buffer)[],
): Promise<unknown> {
  try {
    return await redis.callBuffer('EVALSHA', hash, 1, prefix, ...args);
  } catch (error) {
    // A restarted Valkey no longer knows the script.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return await redis.callBuffer('EVAL', text, 1, prefix, ...args);
  }
}
