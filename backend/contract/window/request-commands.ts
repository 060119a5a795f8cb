// What the window asks about requests, and has done with one: part of the commands in desktop.ts. Shapes only.
import { z } from 'zod';
import { appSeenSchema } from '../apps.ts';
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

/** Of all that the list has: by source, and those that failed, whatever their source. */
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
  /** A page of the list, as GET /api/requests gives it. Throws invalid_request. */
  requests: { input: requestQuerySchema, output: requestListSchema },
  /** How many there are. */
  request_counts: { input: z.strictObject({}), output: requestCountsSchema },
  /** Which of the known apps have sent some, and when last. */
  apps: { input: z.strictObject({}), output: z.object({ seen: z.array(appSeenSchema) }) },
  /** Where the prompts of each app part, and what that costs. */
  partings: { input: z.strictObject({}), output: partingsSchema },
  /** An offer to keep something the same in the prompts of an app, as it is shown, is not to come for some days; or it may again. */
  put_off_offer: {
    input: z.strictObject({ app: z.string().min(1).max(512), what: z.enum(PIN_NAMES), isOff: z.boolean() }),
    output: z.object({}),
  },
  /** One request, as GET /api/requests/:id gives it. Throws request_not_found. */
  request: { input: requestRef, output: detailedRequestSchema },
  /** Its texts, as far as they are kept. Throws request_not_found. */
  request_body: { input: requestRef, output: requestBodySchema },
  /** Asks the same once more, past the cache. Throws request_not_found, text_not_kept, and what it is refused with. */
  run_again: { input: requestRef, output: askedAgainSchema },
  /** Puts it on the clipboard as a program, without keys. Throws request_not_found. */
  copy_request: { input: requestRef.extend({ as: z.enum(COPY_FORMS) }), output: z.object({}) },
  /** Keeps the texts of all requests for so many minutes from now; 0 ends it. */
  watch: { input: watchWishSchema, output: watchingSchema },
} as const;
