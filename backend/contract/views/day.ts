// The day, or another range of time, in figures: what was saved and for whom, how long requests waited, how much of the prompts
// was reused, what failed. Shapes only; what each figure means is in figure-meanings.ts, who fills them in core/stories/views/day-figures.ts.
import { z } from 'zod';
import { errorCodeSchema } from '../errors.ts';
import { SPAN_WORDS } from './spans.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();

/** Prompt tokens of runs. Of those sent, the ones read and reused; both are less where it is not known which they were. */
const promptsSchema = z.object({
  sent_tokens: count,
  processed_tokens: count,
  reused_tokens: count,
  /** Those that stood in a prompt which the model has read since it is in memory. */
  reusable_tokens: count,
});
export type DayPrompts = z.infer<typeof promptsSchema>;

/** What one app asked for, and what it was spared. */
const sharesSchema = z.object({
  requests: count,
  /** Those that cost no model time. */
  no_model_time: count,
  time_saved_ms: ms,
  tokens_saved: count,
  prompts: promptsSchema,
});

/** Within 2 %; null where nothing was measured. */
const timesSchema = z.object({ median_ms: ms, p95_ms: ms, longest_ms: ms }).nullable();
export type DayTimes = z.infer<typeof timesSchema>;

/** Why prompt tokens were read again: the prompt changed before them, a load emptied the memory, or other prompts did. */
export const LOSS_CAUSES = ['changed', 'loaded', 'displaced'] as const;
export type LossCause = (typeof LOSS_CAUSES)[number];

const lossSchema = z.object({
  cause: z.enum(LOSS_CAUSES),
  /** What happened, as a sentence without a full stop. */
  text: z.string(),
  tokens: count,
  times: count,
  /** The request that lost the most by it, and when it came. */
  request_id: z.string(),
  at: time,
});
export type DayLoss = z.infer<typeof lossSchema>;

const failureSchema = z.object({
  request_id: z.string(),
  /** When it came. */
  at: time,
  caller: z.string(),
  model: z.string(),
  code: errorCodeSchema.optional(),
  /** What its caller was told; left out where that is no longer known. */
  error: z.string().optional(),
});
export type DayFailure = z.infer<typeof failureSchema>;

export const daySchema = z.object({
  span: z.enum(SPAN_WORDS),
  /** Since when the figures count: the beginning of the range, or of what is known where that is later. */
  since: time,
  until: time,
  requests: count,
  no_model_time: count,
  sources: z.object({ hit: count, coalesced: count, miss: count, bypass: count }),
  time_saved_ms: ms,
  tokens_saved: count,
  /** Those that were saved the most time, the first ones of them. */
  apps: z.array(sharesSchema.extend({ caller: z.string() })),
  /** The others together, and how many, where that is known; null when all are above. */
  more_apps: sharesSchema.extend({ apps: count.nullable() }).nullable(),
  wait: timesSchema,
  first_token: timesSchema,
  prompts: promptsSchema,
  /** By what the request before each had too. null where nothing could have been reused, or where it is not known what was. */
  reuse: z
    .object({
      reusable_tokens: count,
      reused_tokens: count,
      /** The ones that cost most, first. */
      losses: z.array(lossSchema),
    })
    .nullable(),
  failed: count,
  cancelled: count,
  /** The newest of those that failed. */
  failures: z.array(failureSchema),
});
export type Day = z.infer<typeof daySchema>;
