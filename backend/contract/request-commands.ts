// What the window asks about requests, and has done with one: part of the commands in desktop.ts. Shapes only.
import { z } from 'zod';
import { detailedRequestSchema, requestListSchema } from './control.ts';
import { requestQuerySchema } from './request-query.ts';

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
  /** One request, as GET /api/requests/:id gives it. Throws request_not_found. */
  request: { input: requestRef, output: detailedRequestSchema },
} as const;
