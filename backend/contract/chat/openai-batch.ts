// OpenAI's files and batches: the body of a new batch, and both types on the wire (platform.openai.com: Files, Batch).
import { z } from 'zod';

/** The routes that a batch may call; all of its lines call the same one. */
export const BATCH_ENDPOINTS = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/responses'] as const;
export type BatchEndpoint = (typeof BATCH_ENDPOINTS)[number];

/** Seconds from a file's creation until it may be deleted: an hour to thirty days. */
const expiry = z.object({ anchor: z.literal('created_at'), seconds: z.int().min(3600).max(2_592_000) });

const MOST_PAIRS = 16;

/** Body of POST /v1/batches. Unknown fields are ignored, as newer clients may send some. */
export const newBatchSchema = z.object({
  input_file_id: z.string(),
  endpoint: z.enum(BATCH_ENDPOINTS),
  completion_window: z.string().refine((text) => windowMs(text) !== undefined, {
    error: 'must be "24h", or another time from "1h" to "30d"',
    abort: true,
  }),
  metadata: z
    .record(z.string().max(64), z.string().max(512))
    .refine((pairs) => Object.keys(pairs).length <= MOST_PAIRS, {
      error: `must have at most ${MOST_PAIRS} fields`,
      abort: true,
    })
    .nullish(),
  output_expires_after: expiry.nullish(),
});

/** How long an uploaded file is kept, as the upload form says. */
export const fileExpirySchema = expiry;

const HOUR_MS = 3_600_000;
const UNIT_HOURS: Readonly<Record<string, number>> = { h: 1, d: 24 };
const MOST_HOURS = 720;

/** Milliseconds of a completion window; undefined for an invalid one. OpenAI accepts only 24h. */
export function windowMs(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,3})([hd])$/.exec(text) ?? [];
  const hours = Number(count) * (UNIT_HOURS[unit] ?? Number.NaN);
  return hours >= 1 && hours <= MOST_HOURS ? hours * HOUR_MS : undefined;
}
