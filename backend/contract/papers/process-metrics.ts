// The metrics of GET /metrics about Hearth's own process, and the type of a metric's entry. metric-table.ts has the
// rest of the table.

export interface MetricInfo {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
}

export const PROCESS_METRICS = {
  process_start_time_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When the process began, in seconds since 1970.',
  },
  process_cpu_seconds_total: {
    type: 'counter',
    labels: [],
    help: 'Processor time of the process, user and system together.',
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    labels: [],
    help: 'Memory of the process.',
  },
  process_open_fds: {
    type: 'gauge',
    labels: [],
    help: 'Open file handles. On Linux alone, and so is the next.',
  },
  process_max_fds: {
    type: 'gauge',
    labels: [],
    help: 'The most that may be open.',
  },
  nodejs_heap_size_used_bytes: {
    type: 'gauge',
    labels: [],
    help: "V8's heap in use.",
  },
  nodejs_heap_size_total_bytes: {
    type: 'gauge',
    labels: [],
    help: "V8's heap in all.",
  },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    labels: [],
    help: 'Memory of buffers outside that heap.',
  },
  nodejs_eventloop_lag_p50_seconds: {
    type: 'gauge',
    labels: [],
    help: 'How late the event loop was since the scrape before, in the middle. Measured while somebody scrapes, so the first one has none.',
  },
  nodejs_eventloop_lag_p99_seconds: {
    type: 'gauge',
    labels: [],
    help: 'The same for the worst hundredth.',
  },
  nodejs_eventloop_lag_max_seconds: {
    type: 'gauge',
    labels: [],
    help: 'The same for the worst.',
  },
} as const satisfies Readonly<Record<string, MetricInfo>>;
