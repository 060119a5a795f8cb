// Figures of a day or another time range: what was saved and for whom, how long requests waited, how much of the
// prompts was reused, what failed. Types only: figure-meanings.ts explains each figure,
// core/stories/views/day-figures.ts fills them.
import { z } from 'zod';
import { errorCodeSchema } from '../errors.ts';
import { SPAN_WORDS } from './spans.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();

/**
 * Prompt tokens of runs: sent, and of those processed and reused. The latter two add up to less if it is partly
 * unknown.
 */
const promptsSchema = z.object({
  sent_tokens: count,
  processed_tokens: count,
  reused_tokens: count,
  /**
   * Those that stood in a prompt which the model has read since it is in memory, whether or not another one has pushed
   * that out.
   */
  reusable_tokens: count,
});
export type DayPrompts = z.infer<typeof promptsSchema>;

/** What one app asked for, and what it was spared. */
const sharesSchema = z.object({
  requests: count,
  /** Requests that cost no model time. */
  no_model_time: count,
  time_saved_ms: ms,
  tokens_saved: count,
  prompts: promptsSchema,
});

/** Exact within 2 %; null if nothing was measured. */
const timesSchema = z.object({ median_ms: ms, p95_ms: ms, longest_ms: ms }).nullable();
export type DayTimes = z.infer<typeof timesSchema>;

/**
 * Why prompt tokens were read again: the prompt changed before them, a load emptied the memory, or other prompts
 * evicted them.
 */
export const LOSS_CAUSES = ['changed', 'loaded', 'displaced'] as const;
export type LossCause = (typeof LOSS_CAUSES)[number];

const lossSchema = z.object({
  cause: z.enum(LOSS_CAUSES),
  /** What happened, as a sentence without a full stop. */
  text: z.string(),
  tokens: count,
  times: count,
  /** The request that lost the most, and when it came. */
  request_id: z.string(),
  at: time,
});
export type DayLoss = z.infer<typeof lossSchema>;

const failureSchema = z.object({
  request_id: z.string(),
  /** When the request came. */
  at: time,
  caller: z.string(),
  model: z.string(),
  code: errorCodeSchema.optional(),
  /** The error that its caller got; absent if no longer known. */
  error: z.string().optional(),
});
export type DayFailure = z.infer<typeof failureSchema>;

export const daySchema = z.object({
  span: z.enum(SPAN_WORDS),
  /** Start of the figures: the start of the range, or of the known history if that is later. */
  since: time,
  until: time,
  requests: count,
  no_model_time: count,
  sources: z.object({ hit: count, coalesced: count, miss: count, bypass: count }),
  time_saved_ms: ms,
  tokens_saved: count,
  /** The first apps by time saved. */
  apps: z.array(sharesSchema.extend({ caller: z.string() })),
  /** All other apps together, and their number if known; null if all are listed. */
  more_apps: sharesSchema.extend({ apps: count.nullable() }).nullable(),
  wait: timesSchema,
  first_token: timesSchema,
  prompts: promptsSchema,
  /**
   * Reuse of prompts: reusable is what a request shares with the one before it. null if nothing could have been reused,
   * or if it is unknown what was.
   */
  reuse: z
    .object({
      reusable_tokens: count,
      reused_tokens: count,
      /** Most costly first. */
      losses: z.array(lossSchema),
    })
    .nullable(),
  failed: count,
  cancelled: count,
  /** The newest failures. */
  failures: z.array(failureSchema),
});
export type Day = z.infer<typeof daySchema>;
