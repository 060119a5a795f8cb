// The query of the list of requests: GET /api/requests and the window. Several values of one filter match any of them.
import { z } from 'zod';
import { SOURCES } from '../chat/chat.ts';
import { QUEUE_CLASSES } from '../chat/chat-request.ts';
import { REQUEST_STATUSES } from './queue-view.ts';

/** The source of a request's answer; `none`: it was refused, or its turn has not come. */
export const LISTED_SOURCES = [...SOURCES, 'none'] as const;

/** Maximum number of values of one filter. */
const MOST_VALUES = 50;
const LONGEST = 512;

const texts = z.array(z.string().min(1).max(LONGEST)).max(MOST_VALUES).optional();
const words = <const W extends readonly [string, ...string[]]>(allowed: W) =>
  z.array(z.enum(allowed)).max(MOST_VALUES).optional();
const moment = z.iso.datetime({ offset: true, error: 'must be a time like 2026-11-27T14:00:00Z' }).optional();
const whole = (most: number) => z.number().int().min(1).max(most);

export const requestQuerySchema = z.strictObject({
  /** Raw names of callers, or their display names. */
  app: texts,
  model: texts,
  source: words(LISTED_SOURCES),
  class: words(QUEUE_CLASSES),
  status: words(REQUEST_STATUSES),
  /** Requests that came at `from` or later, and before `to`. */
  from: moment,
  to: moment,
  /** Search words: each must occur in the app, model, route, source, class, status or error, or begin the id. */
  q: z.string().max(LONGEST).optional(),
  /** `next` of the page before. */
  cursor: whole(Number.MAX_SAFE_INTEGER).optional(),
  limit: whole(500).default(100),
});
/** A query of the list; absent filters match everything. */
export type RequestQuery = z.input<typeof requestQuerySchema>;
export const QUERY_NAMES = Object.keys(requestQuerySchema.shape) as readonly (keyof RequestQuery)[];
