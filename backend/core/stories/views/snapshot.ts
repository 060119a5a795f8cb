// The current state, in the shapes of contract/views/control.ts. Reads the parts and changes nothing.
import type { CacheStats, Snapshot, Health, ModelView, OnDisk } from '../../../contract/views/control.ts';
import type { BatchSummary } from '../../../contract/views/queue-view.ts';
import type { ResponseCache } from '../../cache/cache.ts';
import type { Conversations } from '../../conversations/conversations.ts';
import type { StoreFigures } from '../../disk.ts';
import { queueView } from './queue-now.ts';
import { iso } from '../standing.ts';
import type { Pulls } from '../../models/pulls.ts';
import { meantModel } from '../../models/profiles.ts';
import { isCloudName, named } from '../../models/names.ts';
import type { Clock, InstalledModel, LoadedModel, ReadConfig, Watch } from '../../ports.ts';
import { LOCAL } from '../../ownership.ts';
import type { Requests } from '../../requests/requests.ts';
import type { Lines } from '../machines/lines-of-all.ts';
import { nameOf, type Machine } from '../machines/machine.ts';
import type { Machines } from '../machines/machine-choice.ts';
import { machinesView } from '../machines/machines-now.ts';
import { stuckRun } from './stuck.ts';
import type { FeedSources } from '../../telemetry/feed.ts';
import { rates, type Telemetry } from '../../telemetry/telemetry.ts';

const MB = 1024 * 1024;

export interface SnapshotParts {
  readonly version: string;
  /** On the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  readonly clock: Clock;
  readonly config: ReadConfig;
  readonly watch: Watch;
  readonly cache: ResponseCache;
  readonly conversations: Conversations;
  readonly queue: Lines;
  readonly requests: Requests;
  readonly telemetry: Telemetry;
  readonly machines: Machines;
  readonly pulls: Pulls;
  /** Accepted jobs that wait on disk until the queue has room. */
  behind(): number;
  /** Batches that have not ended, as far as a watcher may see them. */
  openBatches(watcher: string): BatchSummary[];
  /** Until when texts are kept, as an ISO time. */
  watchingUntil(): string | null;
  /** Standing notices, as sentences. */
  notices(): readonly string[];
}

/**
 * `unhealthy`: Ollama does not answer. `degraded`: it does, but the configured model is missing, the breaker is half
 * open, a run hangs, or the queue is full.
 */
export function health(parts: SnapshotParts): Health {
  const { watch, queue, cache } = parts;
  const upstream = upstreamView(parts);
  const stuck = stuckRun(parts);
  const degraded =
    stuck !== undefined || !upstream.model_available || watch.state.breaker === 'half_open' || queue.full;
  const notices = parts.notices();
  const watching = parts.watchingUntil();
  return {
    status: !upstream.reachable ? 'unhealthy' : degraded ? 'degraded' : 'healthy',
    mode: parts.config().cache.mode,
    version: parts.version,
    uptime_ms: Math.round(parts.clock.elapsed() - parts.startedAt),
    upstream,
    ...(parts.machines.first.place === undefined ? {} : { upstreams: machinesView(parts.machines) }),
    queue: { length: queue.waiting, running: queue.running, paused: queue.paused },
    cache: { entries: cache.size.entries, size_mb: inMb(cache.size.bytes), ...diskView(cache.onDisk) },
    ...(stuck === undefined ? {} : { stuck }),
    ...(watching === null ? {} : { watching_until: watching }),
    ...(notices.length === 0 ? {} : { notices: [...notices] }),
  };
}

function upstreamView({ config, watch, machines }: SnapshotParts): Health['upstream'] {
  const { ollama, models, cache } = config();
  const { url, status, version, latency_ms, reason, code, foreign, installed, loaded } = watch.state;
  const model = named<{ readonly name: string; readonly digest: string }>(
    meantModel(models, ollama.model),
    installed,
    loaded,
  );
  return {
    url,
    reachable: status === 'up',
    state: status,
    reason: reason ?? null,
    ...(code === undefined ? {} : { code }),
    ...(foreign ? { foreign } : {}),
    version: version ?? null,
    latency_ms: latency_ms === undefined ? null : Math.round(latency_ms * 10) / 10,
    model: ollama.model,
    // Without a list the model can't be known to be missing, and a recording need not have the model of the settings.
    model_available: model !== undefined || cache.mode === 'replay' || (installed === undefined && status === 'up'),
    ...(installed === undefined && status === 'up' ? { models_unknown: true } : {}),
    model_loaded:
      model !== undefined &&
      machines.all.some((machine) => inMemory(model, machine.watch.state.loaded, machine) !== undefined),
  };
}

/** The loaded copy of a model, under whatever name it was loaded: a runner belongs to weights, not to a name. */
function inMemory(
  { digest }: Pick<InstalledModel, 'digest'>,
  loaded: readonly LoadedModel[],
  { modelfiles }: Pick<Machine, 'modelfiles'>,
): LoadedModel | undefined {
  const wanted = modelfiles.weights(digest);
  return loaded.find((model) => modelfiles.weights(model.digest) === wanted);
}

function conversationView({ figures, onDisk }: Conversations): CacheStats['conversation_cache'] {
  const { entries, bytes, max_bytes, asked, resumed } = figures;
  return {
    total_entries: entries,
    total_size_mb: inMb(bytes),
    hit_rate: asked === 0 ? 0 : resumed / asked,
    memory_usage_percent: max_bytes === 0 ? 0 : (bytes / max_bytes) * 100,
    ...diskView(onDisk),
  };
}

function diskView(figures: StoreFigures | undefined): { readonly disk?: OnDisk } {
  if (figures === undefined) return {};
  const { entries, bytes, max_bytes } = figures;
  return { disk: { entries, size_mb: inMb(bytes), max_size_mb: inMb(max_bytes) } };
}

/** Totals are of all requests; what names a model or a request is limited to what a watcher may see. */
export function cacheStats(parts: SnapshotParts, watcher: string = LOCAL): CacheStats {
  const { config, cache, telemetry, queue, clock } = parts;
  const { counts } = telemetry;
  const models = telemetry.modelsFor(watcher);
  const figures = cache.figures(watcher);
  const { leases, batches, model_switches, model_switches_avoided } = queue.batches;
  const share = rates(counts);
  const byModel = new Map<string, CacheStats['response_cache']['by_model'][string]>();
  for (const name of new Set([...models.keys(), ...figures.by_model.keys()])) {
    const seen = models.get(name) ?? { hits: 0, misses: 0, coalesced: 0, bypassed: 0 };
    const kept = figures.by_model.get(name) ?? { entries: 0, bytes: 0 };
    byModel.set(name, { ...seen, entries: kept.entries, size_mb: inMb(kept.bytes) });
  }
  return {
    timestamp: iso(clock.now()),
    since: iso(telemetry.since),
    response_cache: {
      total_entries: figures.entries,
      total_size_mb: inMb(figures.bytes),
      ...share,
      memory_usage_percent: figures.max_bytes === 0 ? 0 : (figures.bytes / figures.max_bytes) * 100,
      hits: counts.hits,
      misses: counts.misses,
      coalesced: counts.coalesced,
      bypassed: counts.bypassed,
      evictions: figures.evictions,
      expired: figures.expired,
      refused_too_large: figures.refused_too_large,
      max_size_mb: config().cache.max_size_mb,
      ttl_seconds: config().cache.ttl_seconds,
      time_saved_ms: Math.round(counts.time_saved_ms),
      tokens_saved: counts.tokens_saved,
      // Object.fromEntries, not assignment: a model may be called __proto__.
      by_model: Object.fromEntries(byModel),
      ...diskView(cache.onDisk),
    },
    conversation_cache: conversationView(parts.conversations),
    batch_processor: {
      total_requests: counts.requests,
      cached_responses: counts.hits + counts.coalesced,
      cache_hit_rate: share.hit_rate * 100,
      average_batch_size: batches === 0 ? 0 : leases / batches,
      model_switches,
      model_switches_avoided,
    },
    queue_length: queue.waiting,
    is_processing: queue.running > 0,
    queue: queueView(parts, watcher),
    upstream: upstreamView(parts),
  };
}

/**
 * Installed models, and which of them are loaded. With several machines each model is listed once, preferably as it is
 * where it is loaded.
 */
export function modelsView({ machines }: Pick<SnapshotParts, 'machines'>): ModelView[] {
  if (machines.only !== undefined) return modelsOn(machines.only);
  const byName = new Map<string, ModelView & { readonly upstreams: string[] }>();
  for (const machine of machines.inOrder) {
    for (const model of modelsOn(machine)) {
      const known = byName.get(model.name);
      const upstreams = [...(known?.upstreams ?? []), nameOf(machine)];
      const isBetter = known === undefined || (model.loaded && !known.loaded);
      byName.set(model.name, { ...(isBetter ? model : known), upstreams });
    }
  }
  return [...byName.values()];
}

function modelsOn(machine: Machine): ModelView[] {
  const { watch, estimator, residency, modelfiles } = machine;
  const { installed = [], loaded } = watch.state;
  return installed.map(({ name, digest, size, details, capabilities, remote }) => {
    const held = inMemory({ digest }, loaded, machine);
    return {
      name,
      digest,
      size,
      loaded: held !== undefined,
      expires_at: held === undefined ? null : iso(Math.min(held.expires_at, 8.64e15)),
      size_loaded: held?.size ?? null,
      size_vram: held?.size_vram ?? null,
      context_length: held?.context_length ?? null,
      parameter_size: text(details['parameter_size']),
      quantization: text(details['quantization_level']),
      capabilities: capabilities === undefined ? null : [...capabilities],
      remote: remote || isCloudName(name),
      tokens_per_s: estimator.tokensPerSecond(name),
      load_ms: Math.round(estimator.loadMs(name)) || null,
      loading_ms: residency.loadingMs(modelfiles.weights(digest)),
    };
  });
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** Everything as it is now, as far as a watcher may see it. */
export function snapshot(parts: SnapshotParts, watcher: string = LOCAL): Snapshot {
  return {
    health: health(parts),
    stats: cacheStats(parts, watcher),
    models: modelsView(parts),
    pulls: parts.pulls.list,
  };
}

/** The sources of the live events, as far as a reader may see them. */
export function feedSources(parts: SnapshotParts): FeedSources {
  const models = (): Pick<Snapshot, 'models'> => ({ models: modelsView(parts) });
  const pulls = (): Pick<Snapshot, 'pulls'> => ({ pulls: parts.pulls.list });
  const state = (): Pick<Snapshot, 'health'> => ({ health: health(parts) });
  return {
    snapshot: ({ watcher, figures }) => (figures ? snapshot(parts, watcher) : { ...state(), ...models(), ...pulls() }),
    state,
    queue: ({ watcher }) => queueView(parts, watcher),
    model: models,
    pulls,
  };
}

function inMb(bytes: number): number {
  return Math.round((bytes / MB) * 1000) / 1000;
}
