// The current value of each counter and gauge in the table. Read only at a scrape.
import { TIERS } from '../contract/views/fleet-view.ts';
import { METRICS, type MetricName, type MetricOf } from '../contract/papers/metric-table.ts';
import type { StoreFigures } from '../core/disk.ts';
import type { FleetNow } from '../core/stories/fleet/fleet-now.ts';
import { nameOf, type Machine } from '../core/stories/machines/machine.ts';
import type { SnapshotParts } from '../core/stories/views/snapshot.ts';
import { stuckRun } from '../core/stories/views/stuck.ts';
import { Counts, type Sample } from './counts.ts';
import type { Meters } from './meters.ts';
import { mostHandles, openHandles, processorSeconds, type LoopLag } from './process-figures.ts';

export interface ReadingParts {
  readonly meter: Meters;
  readonly shown: SnapshotParts;
  readonly fleet: Pick<FleetNow, 'name' | 'node' | 'isUp'>;
  readonly lag: LoopLag;
}

/** Metrics with a model label. */
type ByModel = { [N in MetricName]: 'model' extends (typeof METRICS)[N]['labels'][number] ? N : never }[MetricName];

export function isByModel(name: MetricName): name is ByModel {
  const labels: readonly string[] = METRICS[name].labels;
  return labels.includes('model');
}

/** A missing metric does not compile. Metrics by model are read per model, and return their other labels. */
export type Readings = {
  readonly [N in MetricOf<'counter' | 'gauge'>]: N extends ByModel
    ? (model: string) => readonly Sample[]
    : () => readonly Sample[];
};

const LANES = ['chat', 'embed'] as const;
const BREAKER_STATES = ['closed', 'half_open', 'open'] as const;

const one = (value: number | undefined): Sample[] => (value === undefined ? [] : [{ labels: [], value }]);
const flag = (is: boolean): Sample[] => one(is ? 1 : 0);

export function readingsOf({ meter, shown, fleet, lag }: ReadingParts): Readings {
  const { config, watch, queue, clock, version } = shown;
  // These three are measured together, when the first of them is read.
  let late: ReturnType<LoopLag['read']>;
  let memory = process.memoryUsage();
  return {
    hearth_requests_total: (model) => meter.requests.under(model),
    hearth_request_failures_total: () => meter.failures.samples(),
    hearth_error_answers_total: () => meter.errorAnswers.samples(),
    hearth_prompt_tokens_total: (model) => meter.promptTokens.under(model),
    hearth_reused_tokens_total: (model) => meter.reusedTokens.under(model),
    hearth_reusable_tokens_total: (model) => meter.reusableTokens.under(model),
    hearth_answer_tokens_total: (model) => meter.answerTokens.under(model),
    hearth_saved_tokens_total: (model) => meter.savedTokens.under(model),
    hearth_saved_seconds_total: (model) =>
      meter.savedMs.under(model).map(({ labels, value }) => ({ labels, value: value / 1000 })),
    hearth_live_requests: () => living(shown),
    hearth_queue_waiting: () => one(queue.waiting),
    hearth_queue_limit: () => one(config().queue.max_queue_size),
    hearth_queue_oldest_seconds: () => one(oldestMs(shown) / 1000),
    hearth_queue_paused: () => flag(queue.paused),
    hearth_jobs_behind: () => one(shown.behind()),
    hearth_slots: () => LANES.map((lane) => ({ labels: [lane], value: config().queue.max_concurrent })),
    hearth_slots_in_use: () => LANES.map((lane) => ({ labels: [lane], value: queue.runningIn(lane) })),
    hearth_model_evictions_total: (model) => meter.evictions.under(model),
    hearth_model_memory_bytes: (model) => loaded(meter, shown, { model, what: 'size' }),
    hearth_model_gpu_bytes: (model) => loaded(meter, shown, { model, what: 'size_vram' }),
    hearth_cache_entries: () => kept(shown, 'entries'),
    hearth_cache_bytes: () => kept(shown, 'bytes'),
    hearth_cache_limit_bytes: () => kept(shown, 'max_bytes'),
    hearth_cache_hits_total: () => TIERS.map((tier) => ({ labels: [tier], value: shown.telemetry.found[tier] })),
    hearth_cache_evictions_total: () => one(shown.cache.figures().evictions),
    hearth_cache_expired_total: () => one(shown.cache.figures().expired),
    hearth_ollama_up: () => flag(watch.state.status === 'up'),
    hearth_ollama_latency_seconds: () => {
      const { latency_ms: ms } = watch.state;
      return one(ms === undefined ? undefined : ms / 1000);
    },
    hearth_ollama_breaker: () =>
      BREAKER_STATES.map((state) => ({ labels: [state], value: watch.state.breaker === state ? 1 : 0 })),
    hearth_ollama_info: () => {
      const { version: ollama } = watch.state;
      return ollama === undefined ? [] : [{ labels: [ollama.slice(0, 100)], value: 1 }];
    },
    hearth_upstream_up: () => eachOf(shown, (machine) => Number(machine.watch.state.status === 'up')),
    hearth_upstream_waiting: () => eachOf(shown, (machine) => machine.queue.waiting),
    hearth_upstream_running: () => eachOf(shown, (machine) => machine.queue.running),
    hearth_upstream_requests_total: () => meter.upstreams.samples(),
    hearth_stuck_seconds: () => one((stuckRun(shown)?.silent_ms ?? 0) / 1000),
    hearth_fleet_info: () => (fleet.name === undefined ? [] : [{ labels: [fleet.name, fleet.node], value: 1 }]),
    hearth_valkey_up: () => (fleet.isUp === undefined ? [] : flag(fleet.isUp)),
    hearth_build_info: () => [{ labels: [version, process.version], value: 1 }],
    process_start_time_seconds: () => one((clock.now() - process.uptime() * 1000) / 1000),
    process_cpu_seconds_total: () => one(processorSeconds()),
    process_resident_memory_bytes: () => {
      memory = process.memoryUsage();
      return one(memory.rss);
    },
    process_open_fds: () => one(openHandles()),
    process_max_fds: () => one(mostHandles()),
    nodejs_heap_size_used_bytes: () => one(memory.heapUsed),
    nodejs_heap_size_total_bytes: () => one(memory.heapTotal),
    nodejs_external_memory_bytes: () => one(memory.external),
    nodejs_eventloop_lag_p50_seconds: () => {
      late = lag.read();
      return one(late?.p50);
    },
    nodejs_eventloop_lag_p99_seconds: () => one(late?.p99),
    nodejs_eventloop_lag_max_seconds: () => one(late?.max),
  };
}

/** A number per machine, if there are several. */
function eachOf({ machines }: SnapshotParts, value: (machine: Machine) => number): Sample[] {
  if (machines.only !== undefined) return [];
  return machines.all.map((machine) => ({ labels: [nameOf(machine)], value: value(machine) }));
}

function living({ requests }: SnapshotParts): Sample[] {
  const counts = new Counts();
  for (const { status, class: of } of requests.list()) counts.add(1, status, of);
  return counts.samples();
}

/** Age in milliseconds of the oldest waiting request; 0 without one. */
function oldestMs({ requests, clock }: SnapshotParts): number {
  const now = clock.elapsed();
  return requests
    .list()
    .reduce((most, { status, createdAt }) => (status === 'queued' ? Math.max(most, now - createdAt) : most), 0);
}

/** Several loaded models may share a label. */
function loaded(
  { models }: Meters,
  { watch }: SnapshotParts,
  { model, what }: { readonly model: string; readonly what: 'size' | 'size_vram' },
): Sample[] {
  const sizes = watch.state.loaded.filter(({ name }) => models.of(name) === model).map((one) => one[what]);
  return sizes.length === 0 ? [] : one(sizes.reduce((sum, size) => sum + size, 0));
}

function kept({ cache, conversations }: SnapshotParts, what: keyof StoreFigures): Sample[] {
  const all: [string, string, StoreFigures | undefined][] = [
    ['answers', 'memory', cache.size],
    ['answers', 'disk', cache.onDisk],
    ['conversations', 'memory', conversations.figures],
    ['conversations', 'disk', conversations.onDisk],
  ];
  return all.flatMap(([kind, tier, figures]) =>
    figures === undefined ? [] : [{ labels: [kind, tier], value: figures[what] }],
  );
}
