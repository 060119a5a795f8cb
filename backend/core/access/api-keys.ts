// API keys for callers from elsewhere: creates them, and finds one by what a caller sends. Only hashes are kept.
// http/door/keys.ts decides who must send a key and what a key allows.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ApiKey, KeyWish } from '../../contract/rules/api-key.ts';
import { AppError } from '../../contract/errors.ts';

/** The prefix of all keys, so that people and secret scanners recognise them. */
export const KEY_PREFIX = 'hearth_';
const KEY_BYTES = 32;

/**
 * A new key, and the list with it. `secret` is shown to the user once and never again. Throws invalid_request when the
 * name is taken.
 */
export function addKey(
  keys: readonly ApiKey[],
  wish: KeyWish,
  now: Date,
): { readonly secret: string; readonly key: ApiKey; readonly keys: ApiKey[] } {
  if (keys.some(({ name }) => name === wish.name)) {
    throw new AppError(
      'invalid_request',
      `There is a key "${wish.name}" already. Revoke it first, or take another name.`,
    );
  }
  const secret = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  const { name, scopes, ...limits } = wish;
  const key: ApiKey = { name, hash: hashOf(secret), scopes, ...limits, created_at: now.toISOString() };
  return { secret, key, keys: [...keys, key] };
}

/** The list without the key of this name. Throws not_found when there is none. */
export function withoutKey(keys: readonly ApiKey[], name: string): ApiKey[] {
  const rest = keys.filter((key) => key.name !== name);
  if (rest.length < keys.length) return rest;
  const names = keys.length === 0 ? 'There are none.' : `There are ${keys.map((key) => key.name).join(', ')}.`;
  throw new AppError('not_found', `There is no key "${name}". ${names}`);
}

/** The key that a caller sent, or undefined. Takes the same time for every key. */
export function findKey(keys: readonly ApiKey[], shown: string): ApiKey | undefined {
  const hash = Buffer.from(hashOf(shown));
  let found: ApiKey | undefined;
  for (const key of keys) {
    const kept = Buffer.from(key.hash);
    if (kept.length === hash.length && timingSafeEqual(kept, hash)) found = key;
  }
  return found;
}

function hashOf(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex')}`;
}
