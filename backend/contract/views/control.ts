// What the gateway reports about itself and what it can be told to do: health, statistics, live events. queue-view.ts
// has the queue's types. Types only: core/stories/views/snapshot.ts fills them, http/ sends them.
import { z } from 'zod';
import { QUEUE_CLASSES } from '../chat/chat-request.ts';
import { errorCodeSchema as code } from '../errors.ts';
import { machineSchema } from './machine-view.ts';
import { MODE_NAMES } from '../rules/mode.ts';
import { pullListSchema } from './pull-view.ts';
import { queueSchema, REQUEST_STATUSES } from './queue-view.ts';
import { requestDetailSchema } from './request-detail.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** What is stored on disk, as it lies there, and its limit. Most entries of the memory cache are there too. */
const onDisk = z.object({ entries: count, size_mb: z.number(), max_size_mb: z.number() });
export type OnDisk = z.infer<typeof onDisk>;
/** ISO 8601 in UTC. */
const time = z.string();

export const healthSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  /** How requests are answered; `cache.mode`. */
  mode: z.enum(MODE_NAMES),
  version: z.string(),
  uptime_ms: ms,
  upstream: z.object({
    url: z.string(),
    reachable: z.boolean(),
    /** `unknown` until the first probe has ended. */
    state: z.enum(['unknown', 'up', 'down']),
    /** Why it is down, as a sentence, and as a code where there is one. */
    reason: z.string().nullable(),
    code: code.optional(),
    /** Something answers at `url`, but not a usable Ollama. Absent otherwise. */
    foreign: z.boolean().optional(),
    version: z.string().nullable(),
    latency_ms: ms.nullable(),
    model: z.string(),
    model_available: z.boolean(),
    /** The installed models are unknown, since the list cannot be fetched. Absent otherwise. */
    models_unknown: z.literal(true).optional(),
    model_loaded: z.boolean(),
  }),
  /** Each machine of `[[upstreams]]`, by priority; `upstream` is the first that answers. Absent if none is listed. */
  upstreams: z.array(machineSchema).optional(),
  queue: z.object({ length: count, running: count, paused: z.boolean() }),
  /** `disk` is absent if nothing is stored there. */
  cache: z.object({ entries: count, size_mb: z.number(), disk: onDisk.optional() }),
  /** A run that has been silent for longer than ollama.stuck_after_seconds, though Ollama answers. Absent otherwise. */
  stuck: z.object({ model: z.string(), silent_ms: ms }).optional(),
  /** Until when requests and answers are recorded ("Watch closely"). Absent while nobody watches. */
  watching_until: time.optional(),
  /** What the user should know and may want to change, in sentences; absent if there is nothing. */
  notices: z.array(z.string()).optional(),
});
export type Health = z.infer<typeof healthSchema>;

const modelFigures = z.object({
  hits: count,
  misses: count,
  coalesced: count,
  bypassed: count,
  entries: count,
  size_mb: z.number(),
});

export const cacheStatsSchema = z.object({
  timestamp: time,
  /** When counting began: the start, or the last reset. */
  since: time,
  response_cache: z.object({
    total_entries: count,
    total_size_mb: z.number(),
    hit_rate: z.number().min(0).max(1),
    miss_rate: z.number().min(0).max(1),
    memory_usage_percent: z.number(),
    hits: count,
    misses: count,
    coalesced: count,
    bypassed: count,
    evictions: count,
    expired: count,
    refused_too_large: count,
    max_size_mb: z.number(),
    ttl_seconds: z.number(),
    time_saved_ms: ms,
    tokens_saved: count,
    by_model: z.record(z.string(), modelFigures),
    /** Absent if nothing is stored there. */
    disk: onDisk.optional(),
  }),
  conversation_cache: z.object({
    total_entries: count,
    total_size_mb: z.number(),
    hit_rate: z.number(),
    memory_usage_percent: z.number(),
    /** Absent if nothing is stored there. */
    disk: onDisk.optional(),
  }),
  batch_processor: z.object({
    total_requests: count,
    cached_responses: count,
    /** 0 to 100, as in the old backend. */
    cache_hit_rate: z.number(),
    average_batch_size: z.number(),
    model_switches: count,
    model_switches_avoided: count,
  }),
  queue_length: count,
  is_processing: z.boolean(),
  queue: queueSchema,
  upstream: healthSchema.shape.upstream,
});
export type CacheStats = z.infer<typeof cacheStatsSchema>;

// ---- POST /api/cache-stats: what can be told to the gateway

const model = z.string().min(1).max(512).nullish();
const nothing = z.strictObject({}).nullish();

/** GET /api/conversations/:id. `messages` are as they go upstream; each answer restarts the clock of `expires_in_s`. */
export const conversationViewSchema = z.object({
  id: z.string(),
  messages: z.array(z.record(z.string(), z.unknown())),
  updated_at: z.string(),
  expires_in_s: z.number(),
});
export type ConversationView = z.infer<typeof conversationViewSchema>;

/** DELETE /api/conversations/:id */
export const conversationRemovedSchema = z.object({ id: z.string(), removed: z.literal(true) });

/**
 * The actions of POST /api/cache-stats and the type of each one's `data`. Strict: ignoring an unknown field could
 * unload the wrong model or clear too much.
 */
export const ACTIONS = {
  clear: z.strictObject({ model, older_than_s: z.number().nonnegative().nullish() }).nullish(),
  clear_response_cache: nothing,
  clear_conversation_cache: nothing,
  warm_model: z.strictObject({ model }).nullish(),
  unload_model: z.strictObject({ model }).nullish(),
  /** Unloads all models that no request runs on or waits for. */
  unload_idle: nothing,
  delete: z.strictObject({
    key: z.string().regex(/^[0-9a-f]{16,64}$/, { error: 'must be 16 to 64 hex digits, as X-Cache-Key shows them' }),
  }),
  reset_stats: nothing,
} as const;
export type Action = keyof typeof ACTIONS;
export const ACTION_NAMES = Object.keys(ACTIONS) as readonly Action[];

/** Body of POST /api/cache-stats. The action and its `data` are checked afterwards. */
export const actionBodySchema = z.strictObject({ action: z.unknown().optional(), data: z.unknown().optional() });

export const actionResultSchema = z.object({
  success: z.literal(true),
  action: z.string(),
  removed: count.optional(),
  freed_bytes: count.optional(),
  /** For a removal in a fleet: a sentence if the other gateways have not done it yet. Absent when it is done. */
  pending: z.string().optional(),
  model: z.string().optional(),
  load_ms: ms.optional(),
  /** For warm_model: the machine that loaded it, if there are several. */
  upstream: z.string().optional(),
  /** For unload_idle: models that left memory, and models that stay because they are in use. */
  unloaded: z.array(z.string()).optional(),
  in_use: z.array(z.string()).optional(),
  /** Models that Ollama did not unload. */
  refused: z.array(z.string()).optional(),
});
export type ActionResult = z.infer<typeof actionResultSchema>;

/** What a clear removed. */
export type Removed = Readonly<Record<'removed' | 'freed_bytes', number>>;

// ---- GET /api/events

const stateSchema = z.object({ health: healthSchema });
const installedSchema = z.object({
  name: z.string(),
  digest: z.string(),
  size: z.number(),
  loaded: z.boolean(),
  expires_at: time.nullable(),
  /** While loaded: bytes in total and on the GPU, and the context in tokens. */
  size_loaded: z.number().nullable(),
  size_vram: z.number().nullable(),
  context_length: z.number().nullable(),
  /** Ollama's names, like "8.2B" and "Q4_K_M"; null if it gives none. */
  parameter_size: z.string().nullable(),
  quantization: z.string().nullable(),
  /** Its capabilities in Ollama's words, like "completion" and "embedding"; null if Ollama gives none. */
  capabilities: z.array(z.string()).nullable(),
  /** It runs on ollama.com's machines; only its name is installed here. */
  remote: z.boolean(),
  /** Measured in runs through Hearth; null before the first. */
  tokens_per_s: z.number().nullable(),
  load_ms: ms.nullable(),
  /** How long Hearth has been loading it; null while it is not loading. */
  loading_ms: ms.nullable(),
  /** The machines that have it, if there are several. Absent otherwise. */
  upstreams: z.array(z.string()).optional(),
});
/** A request, live or ended; times count from its arrival, for a live one until now. */
export const requestFactSchema = z.object({
  /** Absent for a cached answer, which never queued. */
  class: z.enum(QUEUE_CLASSES).optional(),
  class_by: z.string().optional(),
  request_id: z.string(),
  route: z.string(),
  model: z.string(),
  caller: z.string(),
  source: z.string(),
  status: z.enum(REQUEST_STATUSES),
  code: code.optional(),
  created_at: time,
  queue_ms: ms,
  ttft_ms: ms,
  total_ms: ms,
  /** Tokens of the answer, and of the prompt; absent if unknown, as for a cached answer. */
  tokens: count.optional(),
  prompt_tokens: count.optional(),
  /** Load time of its model; absent if nothing ran for it. */
  load_ms: ms.optional(),
  /** It was slow; its detail says why. */
  slow: z.literal(true).optional(),
  /** Why it was not served from the cache: the name of the cause, as in its detail. */
  missed: z.string().optional(),
});
export type RequestFact = z.infer<typeof requestFactSchema>;

/** GET /api/requests: newest arrivals first. */
export const requestListSchema = z.object({
  requests: z.array(requestFactSchema),
  /** `cursor` of the next page; null at the end. */
  next: z.string().nullable(),
});
export type RequestList = z.infer<typeof requestListSchema>;

/** GET /api/requests/:id. A cached answer that was sent at once has no detail: it neither waited nor ran. */
export const detailedRequestSchema = requestFactSchema.extend({ detail: requestDetailSchema.optional() });
export type DetailedRequest = z.infer<typeof detailedRequestSchema>;

/** What the user should know: one notice per condition, sent once when it begins. */
export const noticeFactSchema = z.object({
  /** Names the condition: `disk`, `ollama` … */
  id: z.string(),
  level: z.enum(['info', 'warning']),
  /** What happens, who causes it, and what ends it, in sentences; the last two only if there is something to say. */
  text: z.string(),
  who: z.string().optional(),
  todo: z.string().optional(),
  since: time,
  /** null: the condition still holds. */
  until: time.nullable(),
  /** How often it began; a condition that returns within five minutes is the same notice. */
  times: count,
});
export type NoticeFact = z.infer<typeof noticeFactSchema>;

/** GET /api/notices: the last 50 of a day, newest first, and all that still hold. */
export const noticeListSchema = z.object({ notices: z.array(noticeFactSchema) });

/** The current state of everything, for callers that may see it all. */
export const snapshotSchema = z.object({
  health: healthSchema,
  stats: cacheStatsSchema,
  models: z.array(installedSchema),
  ...pullListSchema.shape,
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/**
 * The named events of GET /api/events and the data of each. `request` carries the current state of every live request
 * that came since the last event, and all that ended; `left_out` counts those of both kinds that a slow reader missed.
 * A caller sees its own requests; from this machine, or with a `manage` key, all of them. `stats` is absent for a key
 * without `cache` and `manage`.
 */
export const EVENTS = {
  snapshot: snapshotSchema.partial({ stats: true }),
  state: stateSchema,
  queue: queueSchema,
  request: z.object({
    arrived: z.array(requestFactSchema),
    ended: z.array(requestFactSchema),
    left_out: count.optional(),
  }),
  model: z.object({ models: z.array(installedSchema) }),
  pulls: pullListSchema,
  notice: noticeFactSchema,
} as const;
export type EventName = keyof typeof EVENTS;
export type EventData<N extends EventName> = z.infer<(typeof EVENTS)[N]>;
export type ModelView = z.infer<typeof installedSchema>;
