// What was asked and answered, in the texts themselves: what is shown of one request, how long Hearth watches closely, and how a
// request is copied as a program. Shapes only; when a text is kept is core/stories/views/request-texts.ts.
import { z } from 'zod';

const count = z.number().int().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();

/** A text as it is shown: without secrets, and with images by their hash and size. */
const textSchema = z.object({
  text: z.string(),
  /** Bytes that it had. */
  bytes: count,
  /** Characters that were left out in its middle, where a mark stands. */
  cut: count,
});
export type ShownText = z.infer<typeof textSchema>;

const askedSchema = textSchema.extend({
  method: z.string(),
  /** With its query. */
  path: z.string(),
  headers: z.record(z.string(), z.string()),
});
export type ShownRequest = z.infer<typeof askedSchema>;

const answerSchema = textSchema.extend({
  thinking: z.string().exactOptional(),
  /** As JSON. */
  tool_calls: z.string().exactOptional(),
  /** How it ended where it did not end well, as its caller was told. */
  error: z.string().exactOptional(),
});
export type ShownAnswer = z.infer<typeof answerSchema>;

/** GET /api/requests/:id/body */
export const requestBodySchema = z.object({
  request_id: z.string(),
  request: askedSchema.nullable(),
  answer: answerSchema.nullable(),
  /** Why one of them is missing, in a sentence; left out when both are there. */
  why: z.string().exactOptional(),
});
export type RequestBody = z.infer<typeof requestBodySchema>;

/** Minutes for which texts are kept, unless another number is asked for; and the most. */
export const WATCH_MINUTES = 10;
export const MOST_WATCH_MINUTES = 60;

/** POST /api/requests/watch; 0 minutes ends it. */
export const watchWishSchema = z.strictObject({
  minutes: z.number().min(0).max(MOST_WATCH_MINUTES).default(WATCH_MINUTES),
});

/** Until when texts are kept; null: they are not. */
export const watchingSchema = z.object({ watching_until: time.nullable() });
export type Watching = z.infer<typeof watchingSchema>;

/** POST /api/requests/:id/again: the request that asks the same. */
export const askedAgainSchema = z.object({ request_id: z.string() });
export type AskedAgain = z.infer<typeof askedAgainSchema>;

/** DELETE /api/requests/bodies: of how many requests the texts are gone. */
export const textsRemovedSchema = z.object({ removed: count });
export type TextsRemoved = z.infer<typeof textsRemovedSchema>;

/** What a request can be copied as. */
export const COPY_FORMS = ['curl', 'fetch', 'python'] as const;
export type CopyForm = (typeof COPY_FORMS)[number];
