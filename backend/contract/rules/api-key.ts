// A key that lets a caller from elsewhere in: how it is kept, and what it may be used for. The key itself is shown once,
// when it is made, and kept nowhere; how it is made and compared is core/access/api-keys.ts.
import { z } from 'zod';
import { AppError } from '../errors.ts';

/**
 * What a key may be used for: `chat` runs models and reads its own requests, `cache` clears and counts, `manage` loads,
 * unloads, installs and removes models, and sees the requests of all. Every key may read what is no secret: health and
 * models. Figures are for `cache` and `manage`.
 */
export const SCOPES = ['chat', 'cache', 'manage'] as const;
export type Scope = (typeof SCOPES)[number];

/** What a key is called; it stands in the queue and in the log. */
export const KEY_NAME = /^[\w.@-]{1,64}$/;

/** One key as a configuration holds it. */
export const apiKeySchema = z.strictObject({
  name: z.string().regex(KEY_NAME),
  /** SHA-256 of the key in hex. A key has 256 random bits, so salt and stretching would add nothing. */
  hash: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).readonly(),
  /** Requests a minute, other than GET and HEAD; no limit when absent. */
  requests_per_minute: z.int().min(1).max(100_000).optional(),
  /** Requests that wait or run at once; no limit when absent. */
  max_active: z.int().min(1).max(10_000).optional(),
  /** May ask for a place before normal requests (`priority` below 0, X-Queue-Priority: high). */
  high_priority: z.boolean().optional(),
  /** ISO 8601 in UTC. */
  created_at: z.iso.datetime().optional(),
});
export type ApiKey = Readonly<z.infer<typeof apiKeySchema>>;

/** Keys with names and hashes of their own. */
export const apiKeysSchema = z
  .array(apiKeySchema)
  .max(100)
  .refine((keys) => new Set(keys.map(({ name }) => name)).size === keys.length)
  .refine((keys) => new Set(keys.map(({ hash }) => hash)).size === keys.length);

/** What can be said of a key that is to be made. */
export const keyWishSchema = apiKeySchema.omit({ hash: true, created_at: true });
export type KeyWish = Readonly<z.infer<typeof keyWishSchema>>;

const WRONG: Readonly<Record<string, string>> = {
  name: 'A name has 1 to 64 characters of A-Z a-z 0-9 _ . @ -',
  scopes: `A key is for at least one of ${SCOPES.join(', ')}.`,
  requests_per_minute: 'Requests a minute must be a whole number from 1 to 100000.',
  max_active: 'Requests at once must be a whole number from 1 to 10000.',
  high_priority: 'Whether a key may have high priority is true or false.',
};

/** What somebody asked for, or why not: invalid_request with a sentence. */
export function readKeyWish(wish: unknown): KeyWish {
  const { success, data, error } = keyWishSchema.safeParse(wish);
  if (success) return data;
  const field = String(error.issues[0]?.path[0]);
  throw new AppError('invalid_request', WRONG[field] ?? 'The key cannot be made as asked.');
}
