// What is shown of the line: all that wait and run, and one request that was handed in for later. Shapes only.
import { z } from 'zod';
import { chatAnswerSchema } from '../chat/chat.ts';
import { WAITS_FOR } from '../chat/waits-for.ts';
import { QUEUE_CLASSES } from '../chat/chat-request.ts';
import { errorCodeSchema as code } from '../errors.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();
/** What it waits for beside its turn. Left out otherwise. */
const waitsFor = z.enum(WAITS_FOR).optional();

export const queueListEntrySchema = z.object({
  request_id: z.string(),
  model: z.string(),
  route: z.string(),
  caller: z.string(),
  class: z.enum(QUEUE_CLASSES),
  /** What gave it the class: `the request`, the name of a rule, `queue.rules[2]`, or `default`. */
  class_by: z.string(),
  priority: z.number(),
  source: z.string(),
  status: z.enum(['queued', 'processing']),
  phase: z.enum(['queued', 'loading', 'running']),
  /** Whether it is the one request that stands for its run of the model. Kept answers have no run. */
  leads: z.boolean(),
  /** 1 for the next one to run; 0 once it runs. */
  queue_position: count,
  /** Milliseconds until it starts. It grows while the answer that it waits for is late. */
  estimated_wait_time: ms,
  /** Whether this answer, or the one that it waits for, takes longer than such answers took before. */
  late: z.boolean(),
  /** How much of `estimated_wait_time` comes after the end of the answer before it; all that is known while that one is late. */
  wait_after_ms: ms,
  waits_for: waitsFor,
  /** It goes before one whose turn it would be, since its prompt goes on with what the model has read last. Left out otherwise. */
  goes_on: z.literal(true).optional(),
  /** The machine in whose line it stands, or on which it runs. Left out where no machine has a name. */
  upstream: z.string().optional(),
  created_at: time,
  age_ms: ms,
  started_at: time.optional(),
  /** Pieces of the answer so far; a piece of Ollama's is about a token. */
  tokens: count,
  /** null until there are enough to tell. */
  tokens_per_s: z.number().nullable(),
  /** Milliseconds without a piece from the model; null while it has not begun to run. */
  silent_ms: ms.nullable(),
  /** Milliseconds that the whole answer should take; null where nothing is known of it, and while it waits. */
  expected_ms: ms.nullable(),
  /** How often it ran and let a person go first. */
  gave_way: count,
  /** How many others get the same run. */
  shared_with: count,
  /** Its prompt is longer than its context, by an estimate, and the oldest part is left out; in tokens. Left out where it fits. */
  truncated: z.object({ tokens: count, size: count }).optional(),
  /** It has a slot here, and waits in the line of a Hearth that is asked as an Ollama is. Left out otherwise. */
  inner: z.object({ queue_position: count, estimated_wait_time: ms }).optional(),
});

// ---- batches

export const batchCountsSchema = z.object({
  total: count,
  /** On disk and in line. */
  queued: count,
  processing: count,
  completed: count,
  failed: count,
  cancelled: count,
  expired: count,
});

/** Many requests that were handed in together, and how far they are. */
const batchSummarySchema = z.object({
  batch_id: z.string(),
  /** `cancelled` when it ended early, though some of it may be there. */
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
  /** Accepted jobs that wait on disk until there is room in line. */
  behind: count,
  /** Batches that have not ended, the oldest first; not all where they are very many. */
  batches: z.array(batchSummarySchema),
});
export type QueueView = z.infer<typeof queueSchema>;
export type QueueEntry = z.infer<typeof queueListEntrySchema>;

// ---- /api/chat-queue

/** Whether this answer, or the one that it waits for, takes longer than such answers took before. Left out otherwise. */
const late = z.literal(true).optional();

/** Where a request stands. */
const place = { queue_position: count, queue_length: count, estimated_wait_time: ms, late, waits_for: waitsFor };

/** Whether it runs after a restart too; false where nothing can be kept on disk. */
const durable = z.boolean();

/** Body of the 202 of POST /api/chat-queue. */
export const acceptedSchema = z.object({
  request_id: z.string(),
  status: z.object({ ...place, is_processing: z.boolean() }),
  created_at: time,
  class: z.enum(QUEUE_CLASSES),
  /** What gave it the class: `the request`, the name of a rule, `queue.rules[2]`, or `default`. */
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
  /** What gave it the class: `the request`, the name of a rule, `queue.rules[2]`, or `default`. */
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
  /** Of each, in the order in which they came. */
  request_ids: z.array(z.string()),
  durable,
});
export type AcceptedBatch = z.infer<typeof acceptedBatchSchema>;

/** GET /api/chat-queue?batch=X */
export const batchViewSchema = batchSummarySchema.extend({
  /** In the order in which they came; as many as `limit` says. */
  requests: z.array(requestViewSchema),
  /** There are more: what to give as `after`. */
  next: z.string().optional(),
});
export type BatchView = z.infer<typeof batchViewSchema>;

export const cancelledBatchSchema = batchSummarySchema.extend({
  /** How many it was that had not ended. */
  cancelled: count,
});
export type CancelledBatch = z.infer<typeof cancelledBatchSchema>;

export const cancelledSchema = z.object({ request_id: z.string(), status: z.literal('cancelled') });
