// The recorded words of a request and its answer: how they are shown, how long Hearth records, and copying a request as
// a program. Types only; core/stories/views/request-texts.ts decides when a text is kept.
import { z } from 'zod';

const count = z.number().int().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();

/** A text as shown: without secrets, and with images replaced by hash and size. */
const textSchema = z.object({
  text: z.string(),
  /** Original length in bytes. */
  bytes: count,
  /** Characters cut from the middle, where a mark stands. */
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
  /** The error that the caller got, if it ended with one. */
  error: z.string().exactOptional(),
});
export type ShownAnswer = z.infer<typeof answerSchema>;

/** GET /api/requests/:id/body */
export const requestBodySchema = z.object({
  request_id: z.string(),
  request: askedSchema.nullable(),
  answer: answerSchema.nullable(),
  /** Why one of them is missing, in a sentence; absent when both exist. */
  why: z.string().exactOptional(),
});
export type RequestBody = z.infer<typeof requestBodySchema>;

/** Default minutes of recording, and the maximum. */
export const WATCH_MINUTES = 10;
export const MOST_WATCH_MINUTES = 60;

/** POST /api/requests/watch; 0 minutes stops it. */
export const watchWishSchema = z.strictObject({
  minutes: z.number().min(0).max(MOST_WATCH_MINUTES).default(WATCH_MINUTES),
});

/** Until when texts are recorded; null: they are not. */
export const watchingSchema = z.object({ watching_until: time.nullable() });
export type Watching = z.infer<typeof watchingSchema>;

/** POST /api/requests/:id/again: the new request. */
export const askedAgainSchema = z.object({ request_id: z.string() });
export type AskedAgain = z.infer<typeof askedAgainSchema>;

/** DELETE /api/requests/bodies: number of requests whose texts were deleted. */
export const textsRemovedSchema = z.object({ removed: count });
export type TextsRemoved = z.infer<typeof textsRemovedSchema>;

/** The forms in which a request can be copied. */
export const COPY_FORMS = ['curl', 'fetch', 'python'] as const;
export type CopyForm = (typeof COPY_FORMS)[number];
