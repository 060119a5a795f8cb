// OpenAI's files and batches: what a new batch says, and the forms of both on the wire (platform.openai.com: Files, Batch).
import { z } from 'zod';

/** The routes whose requests a batch may have, all of its lines for the same one. */
export const BATCH_ENDPOINTS = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/responses'] as const;
export type BatchEndpoint = (typeof BATCH_ENDPOINTS)[number];

/** Seconds from the end of a file until it may be forgotten: an hour to thirty days. */
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

/** What the form of an upload says of how long the file is kept. */
export const fileExpirySchema = expiry;

const HOUR_MS = 3_600_000;
const UNIT_HOURS: Readonly<Record<string, number>> = { h: 1, d: 24 };
const MOST_HOURS = 720;

/** The milliseconds of a completion window; undefined for what is none. OpenAI knows 24h alone. */
export function windowMs(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,3})([hd])$/.exec(text) ?? [];
  const hours = Number(count) * (UNIT_HOURS[unit] ?? Number.NaN);
  return hours >= 1 && hours <= MOST_HOURS ? hours * HOUR_MS : undefined;
}
