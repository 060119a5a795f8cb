// What the gateway shows of itself and what it can be told to do: health, statistics, the live events.
// The queue's own shapes are queue-view.ts.
// Shapes only; who fills them is core/stories/views/snapshot.ts, who sends them http/.
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
/** What is kept on the disk, as it lies there, and how much may be. Most of what is in memory is there too. */
const onDisk = z.object({ entries: count, size_mb: z.number(), max_size_mb: z.number() });
export type OnDisk = z.infer<typeof onDisk>;
/** ISO 8601 in UTC. */
const time = z.string();

export const healthSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  /** How questions are answered; `cache.mode`. */
  mode: z.enum(MODE_NAMES),
  version: z.string(),
  uptime_ms: ms,
  upstream: z.object({
    url: z.string(),
    reachable: z.boolean(),
    /** `unknown` until the first look has ended. */
    state: z.enum(['unknown', 'up', 'down']),
    /** Why it is down, as a sentence, and as a code where there is one. */
    reason: z.string().nullable(),
    code: code.optional(),
    /** Something answers at `url`, but no Ollama that can be used. Left out otherwise. */
    foreign: z.boolean().optional(),
    version: z.string().nullable(),
    latency_ms: ms.nullable(),
    model: z.string(),
    model_available: z.boolean(),
    /** It is not known which models are installed, since the list cannot be had. Left out otherwise. */
    models_unknown: z.literal(true).optional(),
    model_loaded: z.boolean(),
  }),
  /** Each machine of `[[upstreams]]`, by priority; `upstream` tells of the first that answers. Left out where none is listed. */
  upstreams: z.array(machineSchema).optional(),
  queue: z.object({ length: count, running: count, paused: z.boolean() }),
  /** `disk` is left out where nothing is kept there. */
  cache: z.object({ entries: count, size_mb: z.number(), disk: onDisk.optional() }),
  /** A run that has given nothing for longer than ollama.stuck_after_seconds, though Ollama answers. Left out otherwise. */
  stuck: z.object({ model: z.string(), silent_ms: ms }).optional(),
  /** Until when what is asked and answered is kept ("Watch closely"). Left out while nobody watches. */
  watching_until: time.optional(),
  /** What the user should know and may want to change, as whole sentences; left out when there is nothing. */
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
    /** Left out where nothing is kept there. */
    disk: onDisk.optional(),
  }),
  conversation_cache: z.object({
    total_entries: count,
    total_size_mb: z.number(),
    hit_rate: z.number(),
    memory_usage_percent: z.number(),
    /** Left out where nothing is kept there. */
    disk: onDisk.optional(),
  }),
  batch_processor: z.object({
    total_requests: count,
    cached_responses: count,
    /** 0 to 100, as the old backend had it. */
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

/** GET /api/conversations/:id. `messages` are as they go upstream; the clock of `expires_in_s` starts with each answer. */
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
 * The actions of POST /api/cache-stats and the shape of each one's `data`. Strict: ignoring an unknown field could
 * unload the wrong model or clear too much.
 */
export const ACTIONS = {
  clear: z.strictObject({ model, older_than_s: z.number().nonnegative().nullish() }).nullish(),
  clear_response_cache: nothing,
  clear_conversation_cache: nothing,
  warm_model: z.strictObject({ model }).nullish(),
  unload_model: z.strictObject({ model }).nullish(),
  /** All models that no request runs on or waits for. */
  unload_idle: nothing,
  delete: z.strictObject({
    key: z.string().regex(/^[0-9a-f]{16,64}$/, { error: 'must be 16 to 64 hex digits, as X-Cache-Key shows them' }),
  }),
  reset_stats: nothing,
} as const;
export type Action = keyof typeof ACTIONS;
export const ACTION_NAMES = Object.keys(ACTIONS) as readonly Action[];

/** Body of POST /api/cache-stats. The action, and what its `data` may hold, are checked afterwards. */
export const actionBodySchema = z.strictObject({ action: z.unknown().optional(), data: z.unknown().optional() });

export const actionResultSchema = z.object({
  success: z.literal(true),
  action: z.string(),
  removed: count.optional(),
  freed_bytes: count.optional(),
  /** Of a removal in a fleet: it is not done on the other gateways yet, as a sentence. Left out where it is done. */
  pending: z.string().optional(),
  model: z.string().optional(),
  load_ms: ms.optional(),
  /** Of warm_model: the machine on which it is loaded, where there are several. */
  upstream: z.string().optional(),
  /** Of unload_idle: the models that left memory, and those that stay since they are in use. */
  unloaded: z.array(z.string()).optional(),
  in_use: z.array(z.string()).optional(),
  /** And those that Ollama did not unload. */
  refused: z.array(z.string()).optional(),
});
export type ActionResult = z.infer<typeof actionResultSchema>;

/** What a clear took away. */
export type Removed = Readonly<Record<'removed' | 'freed_bytes', number>>;

// ---- GET /api/events

const stateSchema = z.object({ health: healthSchema });
const installedSchema = z.object({
  name: z.string(),
  digest: z.string(),
  size: z.number(),
  loaded: z.boolean(),
  expires_at: time.nullable(),
  /** While loaded: bytes in all and on the GPU, and its context in tokens. */
  size_loaded: z.number().nullable(),
  size_vram: z.number().nullable(),
  context_length: z.number().nullable(),
  /** As Ollama names them, like "8.2B" and "Q4_K_M"; null where it does not. */
  parameter_size: z.string().nullable(),
  quantization: z.string().nullable(),
  /** What it can do, in Ollama's words, like "completion" and "embedding"; null where Ollama does not tell. */
  capabilities: z.array(z.string()).nullable(),
  /** It runs on ollama.com's machines; only its name is installed here. */
  remote: z.boolean(),
  /** Measured in runs through Hearth; null before the first. */
  tokens_per_s: z.number().nullable(),
  load_ms: ms.nullable(),
  /** For how long it has been loading at Hearth's wish; null while it is not. */
  loading_ms: ms.nullable(),
  /** The machines that have it, where there are several. Left out otherwise. */
  upstreams: z.array(z.string()).optional(),
});
/** A request, living or ended; the times count from its arrival, those of a living one up to now. */
export const requestFactSchema = z.object({
  /** Left out for a kept answer, which never stood in line. */
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
  /** Of the answer, and of the prompt; left out where they are not known, as for a kept answer. */
  tokens: count.optional(),
  prompt_tokens: count.optional(),
  /** How long its model took to be loaded; left out where nothing ran for it. */
  load_ms: ms.optional(),
  /** It was slow, and its detail says why. */
  slow: z.literal(true).optional(),
  /** Why it was not served from the cache: the name of the cause, as its detail tells it. */
  missed: z.string().optional(),
});
export type RequestFact = z.infer<typeof requestFactSchema>;

/** GET /api/requests: the newest first, by their arrival. */
export const requestListSchema = z.object({
  requests: z.array(requestFactSchema),
  /** `cursor` of the next page; null when there is none. */
  next: z.string().nullable(),
});
export type RequestList = z.infer<typeof requestListSchema>;

/** GET /api/requests/:id. A kept answer that was given at once has no detail: it neither waited nor ran. */
export const detailedRequestSchema = requestFactSchema.extend({ detail: requestDetailSchema.optional() });
export type DetailedRequest = z.infer<typeof detailedRequestSchema>;

/** What the user should know: one for each state, told once when it begins. */
export const noticeFactSchema = z.object({
  /** Names the state: `disk`, `ollama` … */
  id: z.string(),
  level: z.enum(['info', 'warning']),
  /** What is so, who causes it, and what ends it, in whole sentences; the last two where there is something to say. */
  text: z.string(),
  who: z.string().optional(),
  todo: z.string().optional(),
  since: time,
  /** null: it is so now. */
  until: time.nullable(),
  /** How often it began; where it came back within five minutes it is the same notice. */
  times: count,
});
export type NoticeFact = z.infer<typeof noticeFactSchema>;

/** GET /api/notices: the last 50 of a day, the newest first, and all that are so. */
export const noticeListSchema = z.object({ notices: z.array(noticeFactSchema) });

/** Everything as it is now, for callers that may see all of it. */
export const snapshotSchema = z.object({
  health: healthSchema,
  stats: cacheStatsSchema,
  models: z.array(installedSchema),
  ...pullListSchema.shape,
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/**
 * The named events of GET /api/events and the data of each. `request` carries all that came since the last one and live, as
 * they are now, and all that ended; `left_out` says how many of both a slow reader was not told. Requests are the caller's own, and all on this machine or with a key for `manage`; `stats` are left out for a key that is neither
 * for `cache` nor for `manage`.
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
