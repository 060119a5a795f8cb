// An API key for callers from elsewhere: how it is stored and what it may be used for. The key itself is shown once,
// when it is created, and stored nowhere; core/access/api-keys.ts creates and compares keys.
import { z } from 'zod';
import { AppError } from '../errors.ts';

/**
 * What a key may be used for. `chat` runs models and reads its own requests. `cache` clears the cache and reads
 * figures. `manage` loads, unloads, installs and removes models, and sees all requests. Every key may read health and
 * models. Figures need `cache` or `manage`.
 */
export const SCOPES = ['chat', 'cache', 'manage'] as const;
export type Scope = (typeof SCOPES)[number];

/** A key's name; it appears in the queue and in the log. */
export const KEY_NAME = /^[\w.@-]{1,64}$/;

/** A key as the configuration stores it. */
export const apiKeySchema = z.strictObject({
  name: z.string().regex(KEY_NAME),
  /** SHA-256 of the key in hex. A key has 256 random bits, so salt and stretching would add nothing. */
  hash: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).readonly(),
  /** Requests per minute, other than GET and HEAD; no limit when absent. */
  requests_per_minute: z.int().min(1).max(100_000).optional(),
  /** Requests that wait or run at once; no limit when absent. */
  max_active: z.int().min(1).max(10_000).optional(),
  /** May ask for a place before normal requests (`priority` below 0, X-Queue-Priority: high). */
  high_priority: z.boolean().optional(),
  /** ISO 8601 in UTC. */
  created_at: z.iso.datetime().optional(),
});
export type ApiKey = Readonly<z.infer<typeof apiKeySchema>>;

/** Names and hashes must be unique. */
export const apiKeysSchema = z
  .array(apiKeySchema)
  .max(100)
  .refine((keys) => new Set(keys.map(({ name }) => name)).size === keys.length)
  .refine((keys) => new Set(keys.map(({ hash }) => hash)).size === keys.length);

/** The properties of a key to be created. */
export const keyWishSchema = apiKeySchema.omit({ hash: true, created_at: true });
export type KeyWish = Readonly<z.infer<typeof keyWishSchema>>;

const WRONG: Readonly<Record<string, string>> = {
  name: 'A name has 1 to 64 characters of A-Z a-z 0-9 _ . @ -',
  scopes: `A key is for at least one of ${SCOPES.join(', ')}.`,
  requests_per_minute: 'Requests a minute must be a whole number from 1 to 100000.',
  max_active: 'Requests at once must be a whole number from 1 to 10000.',
  high_priority: 'Whether a key may have high priority is true or false.',
};

/** Reads the properties of a new key. Throws invalid_request with a sentence. */
export function readKeyWish(wish: unknown): KeyWish {
  const { success, data, error } = keyWishSchema.safeParse(wish);
  if (success) return data;
  const field = String(error.issues[0]?.path[0]);
  throw new AppError('invalid_request', WRONG[field] ?? 'The key cannot be made as asked.');
}
