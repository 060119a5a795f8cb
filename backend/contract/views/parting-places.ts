// Where the prompts of each app part from the ones before them, and what that costs: read again is what was the same, but stood
// behind something that changed. Shapes only.
import { z } from 'zod';
import { pinDiffSchema, pinWordsSchema } from '../rules/pin-rule.ts';
import { partedSchema } from './request-detail.ts';

const count = z.number().int().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();

const placeSchema = z.object({
  caller: z.string(),
  model: z.string(),
  /** Of the last one: where in words, what differs, how many characters are the same before that. */
  ...partedSchema.pick({ where: true, what: true, same_chars: true, chars: true, block: true }).shape,
  /** How many prompts of this app for this model parted there, of how many that could be compared. */
  times: count,
  of: count,
  /** Tokens that were read again by it, on average of those. */
  again_tokens: count,
  /** Milliseconds that reading them took, on average; null where that was not measured. */
  again_ms: z.number().nonnegative().nullable(),
  /** The last of them, the newest last; `now`: the span that differs, from memory alone. */
  last: z.array(z.object({ request_id: z.string(), created_at: time, now: partedSchema.shape.now })),
});
export type PartingPlace = z.infer<typeof placeSchema>;

/** How much of a prompt is read and how much is reused; milliseconds, null where the pace is not known. */
const readingSchema = z.object({ read_tokens: count, reused_tokens: count, ms: z.number().nonnegative().nullable() });
export type PromptReading = z.infer<typeof readingSchema>;

/** Something that could be kept the same for an app, which would have helped several times. */
export const pinOfferSchema = z.object({
  caller: z.string(),
  model: z.string(),
  ...pinWordsSchema.shape,
  /** How often it would have helped, and characters that were new the last time; null where that is not known. */
  times: count,
  chars: count.nullable(),
  /** How many characters were the same before them. */
  same_chars: count,
  /** Tokens that would have been reused more, on average of those, and milliseconds that reading them took; null: not measured. */
  tokens: count,
  ms: z.number().nonnegative().nullable(),
  /** The last of those prompts, as it was read, and as it would have been; null where that was not measured. */
  turn: z.object({ sent: readingSchema, kept: readingSchema }).nullable(),
  /** How it would look in the last one; left out when that is no longer in memory. */
  diff: pinDiffSchema.optional(),
  last: placeSchema.shape.last,
});
export type PinOffer = z.infer<typeof pinOfferSchema>;

export const partingsSchema = z.object({
  /** Prompts that were compared with one before them, and since when. */
  compared: count,
  since: time.nullable(),
  /** The ones that cost most first. */
  places: z.array(placeSchema),
  /** For apps of which the settings do not say yet what is to be kept the same. Those that would save most first. */
  offers: z.array(pinOfferSchema),
});
export type Partings = z.infer<typeof partingsSchema>;
