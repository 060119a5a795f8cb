// Where the prompts of each app diverge from earlier ones, and what that costs: text that stayed the same behind a
// change is read again. Types only.
import { z } from 'zod';
import { pinDiffSchema, pinWordsSchema } from '../rules/pin-rule.ts';
import { partedSchema } from './request-detail.ts';

const count = z.number().int().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();

const placeSchema = z.object({
  caller: z.string(),
  model: z.string(),
  /** Of the last such prompt: the place in words, what differs, and how many characters before it are equal. */
  ...partedSchema.pick({ where: true, what: true, same_chars: true, chars: true, block: true }).shape,
  /** Prompts of this app for this model that diverged here, and prompts that could be compared. */
  times: count,
  of: count,
  /** Average number of tokens that were read again because of it. */
  again_tokens: count,
  /** Average milliseconds to read them; null if not measured. */
  again_ms: z.number().nonnegative().nullable(),
  /** The last of them, newest last; `now`: the differing span, from memory alone. */
  last: z.array(z.object({ request_id: z.string(), created_at: time, now: partedSchema.shape.now })),
});
export type PartingPlace = z.infer<typeof placeSchema>;

/** How much of a prompt is read and how much is reused; milliseconds, null if the speed is unknown. */
const readingSchema = z.object({ read_tokens: count, reused_tokens: count, ms: z.number().nonnegative().nullable() });
export type PromptReading = z.infer<typeof readingSchema>;

/** A part of an app's prompts that could be kept stable and would have helped several times. */
export const pinOfferSchema = z.object({
  caller: z.string(),
  model: z.string(),
  ...pinWordsSchema.shape,
  /** What has to be kept the same as well for that; left out where nothing has. */
  also: z.array(pinWordsSchema).optional(),
  /** How often it would have helped, and characters that were new the last time; null where that is not known. */
  times: count,
  chars: count.nullable(),
  /** Equal characters before them. */
  same_chars: count,
  /** Average tokens that would have been reused in addition, and milliseconds to read them; null: not measured. */
  tokens: count,
  ms: z.number().nonnegative().nullable(),
  /** The last of those prompts, as it was read, and as it would have been; null if not measured. */
  turn: z.object({ sent: readingSchema, kept: readingSchema }).nullable(),
  /** The change in the last one; absent if no longer in memory. */
  diff: pinDiffSchema.optional(),
  last: placeSchema.shape.last,
});
export type PinOffer = z.infer<typeof pinOfferSchema>;

export const partingsSchema = z.object({
  /** Prompts that were compared with an earlier one, and since when. */
  compared: count,
  since: time.nullable(),
  /** Most costly first. */
  places: z.array(placeSchema),
  /** For apps whose settings do not decide it yet. Largest savings first. */
  offers: z.array(pinOfferSchema),
});
export type Partings = z.infer<typeof partingsSchema>;
