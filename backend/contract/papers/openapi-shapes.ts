// The types of requests and answers on Hearth's own routes, by their OpenAPI names.
import { z } from 'zod';
import { chatRequestSchema } from '../chat/chat-request.ts';
import { chatAnswerSchema } from '../chat/chat.ts';
import {
  ACTION_NAMES,
  actionResultSchema,
  cacheStatsSchema,
  conversationRemovedSchema,
  conversationViewSchema,
  healthSchema,
  noticeListSchema,
  detailedRequestSchema,
  requestListSchema,
} from '../views/control.ts';
import { daySchema } from '../views/day.ts';
import { wireErrorSchema } from '../errors.ts';
import { fleetSchema } from '../views/fleet-view.ts';
import type { DropInBody } from './openapi-bodies.ts';
import { pullListSchema, pullRemovedSchema, pullSchema, pullWishSchema } from '../views/pull-view.ts';
import {
  acceptedBatchSchema,
  acceptedSchema,
  batchViewSchema,
  cancelledBatchSchema,
  cancelledSchema,
  queueSchema,
  requestViewSchema,
} from '../views/queue-view.ts';
import {
  askedAgainSchema,
  requestBodySchema,
  textsRemovedSchema,
  watchingSchema,
  watchWishSchema,
} from '../views/request-body.ts';

export type Json = Readonly<Record<string, unknown>>;

/** POST /api/cache-stats; the type of `data` depends on the action. */
const actionSchema = z.strictObject({
  action: z.enum(ACTION_NAMES as [string, ...string[]]),
  data: z.looseObject({}).nullish(),
});

/** Every named type: requests as they may come, answers as they are sent. */
export const SENT = {
  ChatRequest: chatRequestSchema,
  ChatRequests: z.union([chatRequestSchema, z.array(chatRequestSchema).min(1)]),
  Action: actionSchema,
  WatchWish: watchWishSchema,
  PullWish: pullWishSchema,
} as const;

export const ANSWERED = {
  ChatAnswer: chatAnswerSchema,
  Accepted: acceptedSchema,
  AcceptedBatch: acceptedBatchSchema,
  BatchView: batchViewSchema,
  CancelledBatch: cancelledBatchSchema,
  RequestView: requestViewSchema,
  Queue: queueSchema,
  Cancelled: cancelledSchema,
  Conversation: conversationViewSchema,
  ConversationRemoved: conversationRemovedSchema,
  DetailedRequest: detailedRequestSchema,
  RequestList: requestListSchema,
  RequestBody: requestBodySchema,
  AskedAgain: askedAgainSchema,
  Watching: watchingSchema,
  TextsRemoved: textsRemovedSchema,
  CacheStats: cacheStatsSchema,
  NoticeList: noticeListSchema,
  Day: daySchema,
  Fleet: fleetSchema,
  PullList: pullListSchema,
  Pull: pullSchema,
  PullRemoved: pullRemovedSchema,
  ActionResult: actionResultSchema,
  Health: healthSchema,
  Error: wireErrorSchema,
} as const;

export type Sent = keyof typeof SENT | DropInBody;
export type Answered = keyof typeof ANSWERED;

/** A schema as plain JSON Schema. Checks in code, which JSON Schema cannot express, are left out. */
export function plain(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  return json;
}
