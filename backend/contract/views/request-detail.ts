// What GET /api/requests/:id tells of one request beyond its row in the list: where its time went, why it was slow, why it was not
// served from the cache, and where its prompt parted from the one before. Shapes only; no text of a prompt but the few
// characters of `parted.before` and `after`, and what is in `bodies`.
import { z } from 'zod';
import { pinDiffSchema, pinnedSchema, pinWordsSchema } from '../rules/pin-rule.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();

/** A figure of Ollama's is reported; one that Hearth makes of its durations or of characters is estimated. */
export const KNOWN_BY = ['reported', 'estimated'] as const;

/**
 * Where the time went, in milliseconds; null: it did not come to that. The spans follow each other and add up to the whole, as
 * far as it was measured; `first_token_ms` is a moment, from the arrival.
 */
export const phasesSchema = z.object({
  /** Waiting for its turn in its conversation. */
  turn_ms: ms.nullable(),
  /** Waiting for a place: in line for a slot. */
  place_ms: ms.nullable(),
  load_ms: ms.nullable(),
  /** Reading the prompt. */
  prompt_ms: ms.nullable(),
  first_token_ms: ms.nullable(),
  /** From the first token to the model's last. */
  generation_ms: ms.nullable(),
  /** From the model's last token to the last byte that the app took. */
  delivery_ms: ms.nullable(),
});
export type Phases = z.infer<typeof phasesSchema>;

/** A cause, told: its name in the catalogue (docs/why.md), one sentence, perhaps a second, and what changes it. */
export const whySchema = z.object({
  cause: z.string(),
  /** One whole sentence: what was measured, or what is so. */
  text: z.string(),
  /** What it means, or what to do. */
  more: z.string().optional(),
  /** The one setting that changes it, by its dotted path, and the words for a link to it. Left out where none would help. */
  setting: z.object({ path: z.string(), label: z.string() }).optional(),
});
export type Why = z.infer<typeof whySchema>;

/** A span of a prompt with a little of what stands around it. */
const spanSchema = z.object({ before: z.string(), differs: z.string(), after: z.string() });

/** Where the prompt parted from that of the request before it, of the same conversation or else the same app and model. */
export const partedSchema = z.object({
  /** The request that it is compared with. */
  with: z.object({ request_id: z.string(), created_at: time }),
  /** Characters of both that are the same from the beginning, and how many this one has. */
  same_chars: count,
  chars: count,
  /** `chars` of `same_chars` is sure to the character, or only to a block of so many (1: to the character). */
  block: count,
  same_tokens: count,
  /** In words where that is: "the system prompt", "message 3", "the tools". */
  where: z.string(),
  /** One has only more at its end than the other: nothing differs, and `where` is the end of the shorter one. */
  goes_on: z.literal(true).optional(),
  /** What differs, where that can be told: "a clock", "a date", "an id", "a counter". */
  what: z.string().optional(),
  /** What Ollama reused, and how that is known; null where it is not. */
  reused_tokens: count.nullable(),
  known_by: z.enum(KNOWN_BY),
  /** Tokens after the parting that are the same again, and that are new at the end; left out where that is not known. */
  same_after_tokens: count.optional(),
  new_tokens: count.optional(),
  /** The first span that differs, there and here. From memory alone: left out when that is gone. */
  then: spanSchema.optional(),
  now: spanSchema.optional(),
  /** What could be kept the same here, and how many tokens more could be reused then. Left out where nothing could, or is. */
  pinnable: z.object({ ...pinWordsSchema.shape, tokens: count, diff: pinDiffSchema.optional() }).optional(),
});
export type Parted = z.infer<typeof partedSchema>;

export const requestDetailSchema = z.object({
  phases: phasesSchema,
  /** Where it stood in line when it came (1: the next), and behind whose requests; left out where it never stood there. */
  place: z.object({ position: count, behind: z.array(z.string()), gave_way: count }).optional(),
  /** Why its model was loaded, or that it was warm, in a sentence; left out where nothing is known. */
  load: z.string().optional(),
  /** The machine that it ran on, and the one that it was to run on before and that went away; left out where there is one machine. */
  upstream: z.string().optional(),
  moved_from: z.string().optional(),
  tokens: z.object({
    prompt: count.nullable(),
    /** Of `prompt`, those that Ollama still had. */
    reused: count.nullable(),
    reused_by: z.enum(KNOWN_BY).nullable(),
    answer: count.nullable(),
  }),
  /** Tokens a second, of prompt tokens that were not reused and of the answer. */
  rates: z.object({ prompt: z.number().nullable(), answer: z.number().nullable() }),
  context: z.object({ tokens: count, size: count }).optional(),
  /** `stop`, `length`, `tool_calls` … as Ollama says it. */
  ended_with: z.string().optional(),
  /** 16 hex digits and more, as X-Cache-Key shows them; left out where it has none. */
  cache_key: z.string().optional(),
  /** Who began the run that it shared; left out where it had one of its own. */
  run_of: z.string().optional(),
  /** How many others got the same run. */
  shared_with: count,
  /** What went wrong, as its caller was told. */
  error: z.string().optional(),
  why_slow: whySchema.optional(),
  why_missed: whySchema.optional(),
  parted: partedSchema.optional(),
  /**
   * What of its prompt was kept the same, and about how many tokens were reused by that: as sent, it would have parted from the one
   * before at what was new. Null where that is not known.
   */
  pinned: z.object({ done: z.array(pinnedSchema), saved_tokens: count.nullable() }).optional(),
});
export type RequestDetail = z.infer<typeof requestDetailSchema>;
