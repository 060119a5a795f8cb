// The queue as shown: all waiting and running requests, and a single request that was submitted for later. Types only.
import { z } from 'zod';
import { chatAnswerSchema } from '../chat/chat.ts';
import { WAITS_FOR } from '../chat/waits-for.ts';
import { QUEUE_CLASSES } from '../chat/chat-request.ts';
import { errorCodeSchema as code } from '../errors.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();
/** What it waits for beside its turn. Absent otherwise. */
const waitsFor = z.enum(WAITS_FOR).optional();

export const queueListEntrySchema = z.object({
  request_id: z.string(),
  model: z.string(),
  route: z.string(),
  caller: z.string(),
  class: z.enum(QUEUE_CLASSES),
  /** The source of the class: `the request`, the name of a rule, `queue.rules[2]`, or `default`. */
  class_by: z.string(),
  priority: z.number(),
  source: z.string(),
  status: z.enum(['queued', 'processing']),
  phase: z.enum(['queued', 'loading', 'running']),
  /** Whether it is the one request that represents its run of the model. Cached answers have no run. */
  leads: z.boolean(),
  /** 1 runs next; 0 once it runs. */
  queue_position: count,
  /** Milliseconds until it starts. Grows while the answer that it waits for is late. */
  estimated_wait_time: ms,
  /** Whether this answer, or the one that it waits for, takes longer than earlier ones of its kind. */
  late: z.boolean(),
  /**
   * The part of `estimated_wait_time` after the end of the answer before it; only this is known while that one is late.
   */
  wait_after_ms: ms,
  waits_for: waitsFor,
  /** It overtakes another waiter, since its prompt continues what the model has just read. Absent otherwise. */
  goes_on: z.literal(true).optional(),
  /** The machine in whose queue it waits, or on which it runs. Absent if no machine has a name. */
  upstream: z.string().optional(),
  created_at: time,
  age_ms: ms,
  started_at: time.optional(),
  /** Pieces of the answer so far; one piece of Ollama's is about one token. */
  tokens: count,
  /** null until there are enough to measure. */
  tokens_per_s: z.number().nullable(),
  /** Milliseconds without a piece from the model; null while it has not begun to run. */
  silent_ms: ms.nullable(),
  /** Expected milliseconds of the whole answer; null if unknown, and while it waits. */
  expected_ms: ms.nullable(),
  /** How often it was running and gave way to a person. */
  gave_way: count,
  /** Number of other requests that share the run. */
  shared_with: count,
  /**
   * By an estimate its prompt is longer than its context, so the oldest part is dropped; in tokens. Absent if it fits.
   */
  truncated: z.object({ tokens: count, size: count }).optional(),
  /** It has a slot here, and waits in the queue of a Hearth that is used as an Ollama. Absent otherwise. */
  inner: z.object({ queue_position: count, estimated_wait_time: ms }).optional(),
});

// ---- batches

export const batchCountsSchema = z.object({
  total: count,
  /** On disk and in the queue. */
  queued: count,
  processing: count,
  completed: count,
  failed: count,
  cancelled: count,
  expired: count,
});

/** Requests that were submitted together, and their progress. */
const batchSummarySchema = z.object({
  batch_id: z.string(),
  /** `cancelled` when it ended early, though some results may exist. */
  status: z.enum(['queued', 'processing', 'completed', 'cancelled']),
  created_at: time,
  finished_at: time.optional(),
  counts: batchCountsSchema,
});
export type BatchSummary = z.infer<typeof batchSummarySchema>;

export const queueSchema = z.object({
  queue_length: count,
  is_processing: z.boolean(),
  running: z.array(queueListEntrySchema),
  waiting: z.array(queueListEntrySchema),
  totals: z.object({ requests: count, completed: count, failed: count, cancelled: count, refused: count }),
  paused: z.boolean(),
  /** Accepted jobs that wait on disk until the queue has room. */
  behind: count,
  /** Batches that have not ended, oldest first; not all if there are very many. */
  batches: z.array(batchSummarySchema),
});
export type QueueView = z.infer<typeof queueSchema>;
export type QueueEntry = z.infer<typeof queueListEntrySchema>;

// ---- /api/chat-queue

/** Whether this answer, or the one that it waits for, takes longer than earlier ones of its kind. Absent otherwise. */
const late = z.literal(true).optional();

/** The place of a request in the queue. */
const place = { queue_position: count, queue_length: count, estimated_wait_time: ms, late, waits_for: waitsFor };

/** Whether it survives a restart; false if nothing can be stored on disk. */
const durable = z.boolean();

/** Body of the 202 of POST /api/chat-queue. */
export const acceptedSchema = z.object({
  request_id: z.string(),
  status: z.object({ ...place, is_processing: z.boolean() }),
  created_at: time,
  class: z.enum(QUEUE_CLASSES),
  /** The source of the class: `the request`, the name of a rule, `queue.rules[2]`, or `default`. */
  class_by: z.string(),
  priority: z.number(),
  model: z.string(),
  durable,
});
export type Accepted = z.infer<typeof acceptedSchema>;

export const REQUEST_STATUSES = ['queued', 'processing', 'completed', 'failed', 'cancelled', 'expired'] as const;

/** GET /api/chat-queue?requestId=X */
export const requestViewSchema = z.object({
  request_id: z.string(),
  status: z.enum(REQUEST_STATUSES),
  ...place,
  model: z.string(),
  class: z.enum(QUEUE_CLASSES),
  /** The source of the class: `the request`, the name of a rule, `queue.rules[2]`, or `default`. */
  class_by: z.string(),
  priority: z.number(),
  created_at: time,
  started_at: time.optional(),
  finished_at: time.optional(),
  /** The text so far, while it is processed. */
  partial: z.string().optional(),
  result: chatAnswerSchema.optional(),
  error: z.string().optional(),
  code: code.optional(),
});
export type RequestView = z.infer<typeof requestViewSchema>;

/** Body of the 202 of POST /api/chat-queue with a list. */
export const acceptedBatchSchema = batchSummarySchema.extend({
  /** One for each request, in the order they came. */
  request_ids: z.array(z.string()),
  durable,
});
export type AcceptedBatch = z.infer<typeof acceptedBatchSchema>;

/** GET /api/chat-queue?batch=X */
export const batchViewSchema = batchSummarySchema.extend({
  /** In the order they came; as many as `limit` says. */
  requests: z.array(requestViewSchema),
  /** Set if more follow: the value for `after`. */
  next: z.string().optional(),
});
export type BatchView = z.infer<typeof batchViewSchema>;

export const cancelledBatchSchema = batchSummarySchema.extend({
  /** Number of requests that were cancelled. */
  cancelled: count,
});
export type CancelledBatch = z.infer<typeof cancelledBatchSchema>;

export const cancelledSchema = z.object({ request_id: z.string(), status: z.literal('cancelled') });
