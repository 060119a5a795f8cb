// Checks whether Hearth's Valkey user has all rights that it needs. Runs once when a link opens, with keys of its own,
// so that a missing right is reported at once, and not at its first use.
import type { Redis } from 'ioredis';
import { replyWord } from './valkey-failure.ts';

/** One call of each command that scripts use, and of those sent alone. */
const TRY = `
local text, list, hash = KEYS[1], KEYS[2], KEYS[3]
redis.call('TIME')
redis.call('SET', text, '1', 'PX', 1000)
redis.call('GET', text)
redis.call('GETRANGE', text, 0, 0)
redis.call('EXISTS', text)
redis.call('INCR', text)
redis.call('PTTL', text)
redis.call('PEXPIRE', text, 1000)
redis.call('TOUCH', text)
redis.call('DEL', text)
redis.call('XADD', list, '*', 'a', 'b')
redis.call('XLEN', list)
redis.call('XRANGE', list, '-', '+')
redis.call('HSET', hash, 'a', 'b')
redis.call('HVALS', hash)
redis.call('HDEL', hash, 'a')
return redis.call('UNLINK', list)
`;

/** `prefix`: of all keys; `replicas`: cluster.job_replicas. Throws Valkey's error. */
export async function tryRights(redis: Redis, prefix: string, replicas: number): Promise<void> {
  const names = ['text', 'list', 'hash'].map((name) => `${prefix}rights:${name}`);
  await redis.eval(TRY, names.length, ...names).catch((error: unknown) => {
    // A full Valkey can still be read.
    if (replyWord(error) !== 'OOM') throw error;
  });
  // WAIT for 0 replicas returns at once.
  if (replicas > 0) await redis.wait(0, 1);
  await redis.scan('0', 'MATCH', `${prefix}rights:*`, 'COUNT', 1);
}
