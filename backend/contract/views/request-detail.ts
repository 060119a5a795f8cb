// The details of GET /api/requests/:id beside the row in the list: where the time went, why it was slow, why it was not
// served from the cache, and where its prompt diverged from the one before. Types only. The only texts of a prompt are
// the few characters of `parted.before` and `after`, and those in `bodies`.
import { z } from 'zod';
import { pinDiffSchema, pinnedSchema, pinWordsSchema } from '../rules/pin-rule.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();

/** Ollama's own figures are reported; those that Hearth derives from its durations or from characters are estimated. */
export const KNOWN_BY = ['reported', 'estimated'] as const;

/**
 * Where the time went, in milliseconds; null: this phase was not reached. The phases follow each other and add up to
 * the total, as far as measured; `first_token_ms` is a moment, counted from the arrival.
 */
export const phasesSchema = z.object({
  /** Waiting for its turn in its conversation. */
  turn_ms: ms.nullable(),
  /** Waiting in the queue for a slot. */
  place_ms: ms.nullable(),
  load_ms: ms.nullable(),
  /** Reading the prompt. */
  prompt_ms: ms.nullable(),
  first_token_ms: ms.nullable(),
  /** From the first token to the model's last. */
  generation_ms: ms.nullable(),
  /** From the model's last token to the last byte that the app read. */
  delivery_ms: ms.nullable(),
});
export type Phases = z.infer<typeof phasesSchema>;

/**
 * A cause: its name in the catalogue (docs/why.md), a sentence, optionally a second, and the setting that changes it.
 */
export const whySchema = z.object({
  cause: z.string(),
  /** One whole sentence: the measurement or the fact. */
  text: z.string(),
  /** What it means, or what to do. */
  more: z.string().optional(),
  /** The one setting that changes it, by dotted path, and the text of a link to it. Absent if none would help. */
  setting: z.object({ path: z.string(), label: z.string() }).optional(),
});
export type Why = z.infer<typeof whySchema>;

/** A span of a prompt with some context. */
const spanSchema = z.object({ before: z.string(), differs: z.string(), after: z.string() });

/**
 * Where the prompt diverged from that of an earlier request, of the same conversation or else the same app and model.
 */
export const partedSchema = z.object({
  /** The request that it is compared with. */
  with: z.object({ request_id: z.string(), created_at: time }),
  /** Equal characters from the start, and characters of this prompt. */
  same_chars: count,
  chars: count,
  /** Precision of `same_chars`: exact to a block of this many characters (1: exact). */
  block: count,
  same_tokens: count,
  /** The place in words: "the system prompt", "message 3", "the tools". */
  where: z.string(),
  /** One only continues the other: nothing differs, and `where` is the end of the shorter one. */
  goes_on: z.literal(true).optional(),
  /** What differs, if recognized: "a clock", "a date", "an id", "a counter". */
  what: z.string().optional(),
  /** Tokens that Ollama reused, and the source of the number; null if unknown. */
  reused_tokens: count.nullable(),
  known_by: z.enum(KNOWN_BY),
  /** Tokens after the divergence that are equal again, and new ones at the end; absent if unknown. */
  same_after_tokens: count.optional(),
  new_tokens: count.optional(),
  /** The first differing span, in both prompts. From memory alone: absent if no longer there. */
  then: spanSchema.optional(),
  now: spanSchema.optional(),
  /**
   * Of the prompt before, what stood where this one was read when it went up, as far as is known: less where another
   * one had taken the place. Left out where it ran on no runner of Hearth's.
   */
  held_tokens: count.optional(),
  /**
   * What could be kept the same here, `also` what has to be with it, and how many tokens more would have been reused of
   * what stood where it was read. Left out where nothing could, or is.
   */
  pinnable: z
    .object({
      ...pinWordsSchema.shape,
      also: z.array(pinWordsSchema).optional(),
      tokens: count,
      diff: pinDiffSchema.optional(),
    })
    .optional(),
});
export type Parted = z.infer<typeof partedSchema>;

export const requestDetailSchema = z.object({
  phases: phasesSchema,
  /** Its place in the queue when it came (1 runs next), and whose requests were ahead; absent if it never queued. */
  place: z.object({ position: count, behind: z.array(z.string()), gave_way: count }).optional(),
  /** Why its model was loaded, or that it was warm, in a sentence; absent if unknown. */
  load: z.string().optional(),
  /** The machine it ran on, and an earlier one that went away; absent if there is one machine. */
  upstream: z.string().optional(),
  moved_from: z.string().optional(),
  tokens: z.object({
    prompt: count.nullable(),
    /** The part of `prompt` that Ollama reused. */
    reused: count.nullable(),
    reused_by: z.enum(KNOWN_BY).nullable(),
    answer: count.nullable(),
  }),
  /** Tokens per second, of prompt tokens that were not reused and of the answer. */
  rates: z.object({ prompt: z.number().nullable(), answer: z.number().nullable() }),
  context: z.object({ tokens: count, size: count }).optional(),
  /** `stop`, `length`, `tool_calls` …, as Ollama reports it. */
  ended_with: z.string().optional(),
  /** At least 16 hex digits, as in X-Cache-Key; absent if it has none. */
  cache_key: z.string().optional(),
  /** The request whose run it shared; absent if it had its own run. */
  run_of: z.string().optional(),
  /** Number of other requests that shared the run. */
  shared_with: count,
  /** The error that its caller got. */
  error: z.string().optional(),
  why_slow: whySchema.optional(),
  why_missed: whySchema.optional(),
  parted: partedSchema.optional(),
  /**
   * What was kept stable in its prompt, and about how many tokens were reused thanks to it: as sent, the prompt would
   * have diverged at the first change. Null if unknown.
   */
  pinned: z.object({ done: z.array(pinnedSchema), saved_tokens: count.nullable() }).optional(),
});
export type RequestDetail = z.infer<typeof requestDetailSchema>;
