// A whole live view of a gateway at rest with a warm model; a test says only what differs.
import type { Mode } from '../../backend/contract/rules/mode.ts';
import type { Health, ModelView } from '../../backend/contract/views/control.ts';
import type { PullView } from '../../backend/contract/views/pull-view.ts';
import type { BatchSummary, QueueEntry } from '../../backend/contract/views/queue-view.ts';
import type { LiveView } from '../../backend/contract/window/desktop.ts';

const WHEN = '2026-01-01T00:00:00.000Z';

export interface LiveChange {
  readonly mode?: Mode;
  readonly status?: Health['status'];
  readonly upstream?: Partial<Health['upstream']>;
  readonly running?: QueueEntry[];
  readonly waiting?: QueueEntry[];
  readonly paused?: boolean;
  readonly behind?: number;
  readonly batches?: BatchSummary[];
  readonly models?: ModelView[];
  readonly pulls?: PullView[];
  readonly hits?: number;
  readonly misses?: number;
  readonly entries?: number;
  readonly sizeMb?: number;
}

export function queueEntry(over: Partial<QueueEntry> = {}): QueueEntry {
  return {
    request_id: 'r0',
    model: 'llama3.2',
    route: '/api/chat-optimized',
    caller: 'curl',
    class: 'normal',
    class_by: 'default',
    priority: 0,
    source: 'miss',
    status: 'processing',
    phase: 'running',
    leads: true,
    queue_position: 0,
    estimated_wait_time: 0,
    late: false,
    wait_after_ms: 0,
    created_at: WHEN,
    age_ms: 1000,
    tokens: 0,
    tokens_per_s: null,
    silent_ms: 0,
    expected_ms: null,
    gave_way: 0,
    shared_with: 0,
    ...over,
  };
}

export function loadedModel(name: string, loaded: boolean): ModelView {
  return {
    name,
    digest: `sha256:${name}`,
    size: 2_000_000_000,
    loaded,
    expires_at: loaded ? WHEN : null,
    size_loaded: loaded ? 2_900_000_000 : null,
    size_vram: loaded ? 2_900_000_000 : null,
    context_length: loaded ? 8192 : null,
    parameter_size: '3.2B',
    quantization: 'Q4_K_M',
    capabilities: ['completion'],
    remote: false,
    tokens_per_s: null,
    load_ms: null,
    loading_ms: null,
  };
}

export function liveView(change: LiveChange = {}): NonNullable<LiveView> {
  const { running = [], waiting = [], paused = false, hits = 0, misses = 0, entries = 0, sizeMb = 0 } = change;
  const upstream: Health['upstream'] = {
    url: 'http://127.0.0.1:11434',
    reachable: true,
    state: 'up',
    reason: null,
    version: '0.12.6',
    latency_ms: 1,
    model: 'llama3.2',
    model_available: true,
    model_loaded: true,
    ...change.upstream,
  };
  const queue = {
    queue_length: waiting.length,
    is_processing: running.length > 0,
    running,
    waiting,
    totals: { requests: hits + misses, completed: hits + misses, failed: 0, cancelled: 0, refused: 0 },
    paused,
    behind: change.behind ?? 0,
    batches: change.batches ?? [],
  };
  const asked = hits + misses;
  const rate = asked === 0 ? 0 : hits / asked;
  return {
    health: {
      status: change.status ?? 'healthy',
      mode: change.mode ?? 'live',
      version: '0.1.0',
      uptime_ms: 1000,
      upstream,
      queue: { length: waiting.length, running: running.length, paused },
      cache: { entries, size_mb: sizeMb },
    },
    models: change.models ?? [loadedModel('llama3.2', true), loadedModel('deepseek-r1:8b', false)],
    queue,
    pulls: change.pulls ?? [],
    stats: {
      timestamp: WHEN,
      since: WHEN,
      response_cache: {
        total_entries: entries,
        total_size_mb: sizeMb,
        hit_rate: rate,
        miss_rate: asked === 0 ? 0 : 1 - rate,
        memory_usage_percent: 0,
        hits,
        misses,
        coalesced: 0,
        bypassed: 0,
        evictions: 0,
        expired: 0,
        refused_too_large: 0,
        max_size_mb: 256,
        ttl_seconds: 3600,
        time_saved_ms: 0,
        tokens_saved: 0,
        by_model: {},
      },
      conversation_cache: { total_entries: 0, total_size_mb: 0, hit_rate: 0, memory_usage_percent: 0 },
      batch_processor: {
        total_requests: asked,
        cached_responses: hits,
        cache_hit_rate: rate * 100,
        average_batch_size: 0,
        model_switches: 0,
        model_switches_avoided: 0,
      },
      queue_length: waiting.length,
      is_processing: running.length > 0,
      queue,
      upstream,
    },
  };
}

/** A download in full swing: that of the mock pages. */
export function downloading(model: string, over: Partial<PullView> = {}): PullView {
  return {
    model,
    state: 'running',
    phase: 'downloading',
    completed: 3_100_000_000,
    total: 5_200_000_000,
    bytes_per_s: 42_000_000,
    left_ms: 50_000,
    silent_ms: 0,
    error: null,
    failure: null,
    since: WHEN,
    ...over,
  };
}
