// The window's commands about requests: part of the commands in desktop.ts. Types only.
import { z } from 'zod';
import { appSeenSchema } from '../views/app-seen.ts';
import { detailedRequestSchema, requestListSchema } from '../views/control.ts';
import {
  askedAgainSchema,
  COPY_FORMS,
  requestBodySchema,
  watchingSchema,
  watchWishSchema,
} from '../views/request-body.ts';
import { partingsSchema } from '../views/parting-places.ts';
import { PIN_NAMES } from '../rules/pin-rule.ts';
import { requestQuerySchema } from '../views/request-query.ts';

const count = z.number().int().nonnegative();
const requestRef = z.strictObject({ request_id: z.string().min(1).max(128) });

/** Counts over the whole list: by source, and failed ones of any source. */
export const requestCountsSchema = z.object({
  all: count,
  hit: count,
  coalesced: count,
  miss: count,
  bypass: count,
  failed: count,
});
export type RequestCounts = z.infer<typeof requestCountsSchema>;

export const REQUEST_COMMANDS = {
  /** A page of the list, as in GET /api/requests. Throws invalid_request. */
  requests: { input: requestQuerySchema, output: requestListSchema },
  /** Number of requests. */
  request_counts: { input: z.strictObject({}), output: requestCountsSchema },
  /** The known apps that have sent requests, and when each last did. */
  apps: { input: z.strictObject({}), output: z.object({ seen: z.array(appSeenSchema) }) },
  /** Where the prompts of each app diverge, and what that costs. */
  partings: { input: z.strictObject({}), output: partingsSchema },
  /**
   * Postpones the offer to keep something stable in an app's prompts (by its display name) for some days, or undoes
   * that.
   */
  put_off_offer: {
    input: z.strictObject({ app: z.string().min(1).max(512), what: z.enum(PIN_NAMES), isOff: z.boolean() }),
    output: z.object({}),
  },
  /** One request, as in GET /api/requests/:id. Throws request_not_found. */
  request: { input: requestRef, output: detailedRequestSchema },
  /** Its recorded words, if any. Throws request_not_found. */
  request_body: { input: requestRef, output: requestBodySchema },
  /**
   * Sends the same request again, past the cache. Throws request_not_found, text_not_kept, and the new request's
   * refusals.
   */
  run_again: { input: requestRef, output: askedAgainSchema },
  /** Copies it to the clipboard as a program, without keys. Throws request_not_found. */
  copy_request: { input: requestRef.extend({ as: z.enum(COPY_FORMS) }), output: z.object({}) },
  /** Records all requests for that many minutes from now; 0 stops it. */
  watch: { input: watchWishSchema, output: watchingSchema },
} as const;
