// The one table of the metrics of GET /metrics: names, kinds, labels and meanings. The registry, docs/metrics.md and
// the checks of the dashboard and the alerts read it. Names and units follow Prometheus
// (prometheus.io/docs/practices/naming): seconds, bytes, and _total for what only grows.
import { code, table } from '../config/config-docs.ts';
import { PROCESS_METRICS, type MetricInfo } from './process-metrics.ts';

/** Upper limits of a histogram's buckets, in seconds: 50 ms to 10 minutes, the range of local models' answers. */
export const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600] as const;

export const METRICS = {
  hearth_requests_total: {
    type: 'counter',
    labels: ['route', 'model', 'source', 'class', 'status'],
    help: 'Requests that have ended. source: hit, coalesced, miss, bypass. status: completed, failed, cancelled, expired. class: none for a kept answer, which never stood in line.',
  },
  hearth_request_failures_total: {
    type: 'counter',
    labels: ['code'],
    help: 'Requests among them that failed or expired, by the code of the error.',
  },
  hearth_error_answers_total: {
    type: 'counter',
    labels: ['code'],
    help: 'Answers that were an error from their first byte, also of requests that were turned away at the door or found the line full.',
  },
  hearth_request_wait_seconds: {
    type: 'histogram',
    labels: ['class'],
    help: 'From the arrival to the start of the run, or of the run that is shared; of requests that began and were no kept answer.',
  },
  hearth_request_first_token_seconds: {
    type: 'histogram',
    labels: ['model'],
    help: 'From the end of the wait to the first piece of the answer; of the same requests. A load of the model is in it.',
  },
  hearth_request_duration_seconds: {
    type: 'histogram',
    labels: ['model'],
    help: 'From the arrival to the end of the answer; of the same requests, where they completed.',
  },
  hearth_run_prompt_seconds: {
    type: 'histogram',
    labels: ['model'],
    help: 'How long the model read the prompt, by its own figures; of each run that gave its answer.',
  },
  hearth_run_generation_seconds: {
    type: 'histogram',
    labels: ['model'],
    help: 'How long the model wrote, by its own figures; of each run that gave its answer.',
  },
  hearth_prompt_tokens_total: {
    type: 'counter',
    labels: ['model'],
    help: 'Tokens of the prompts of these runs, reused ones included.',
  },
  hearth_reused_tokens_total: {
    type: 'counter',
    labels: ['model'],
    help: 'Tokens among them that Ollama still had from a run before. Only an Ollama from 0.33.3 on tells.',
  },
  hearth_reusable_tokens_total: {
    type: 'counter',
    labels: ['model'],
    help: 'Tokens among them that stood in a prompt which the model had read since it is in memory, whether or not another one has pushed that out since.',
  },
  hearth_answer_tokens_total: {
    type: 'counter',
    labels: ['model'],
    help: 'Tokens that the model wrote in these runs.',
  },
  hearth_saved_tokens_total: {
    type: 'counter',
    labels: ['model'],
    help: 'Tokens that kept answers and shared runs did not cost again.',
  },
  hearth_saved_seconds_total: {
    type: 'counter',
    labels: ['model'],
    help: 'Model time that kept answers and shared runs did not cost again.',
  },
  hearth_live_requests: {
    type: 'gauge',
    labels: ['status', 'class'],
    help: 'Requests that live now. status: queued, processing.',
  },
  hearth_queue_waiting: {
    type: 'gauge',
    labels: [],
    help: 'Runs that wait in line. Requests that share one wait as one.',
  },
  hearth_queue_limit: {
    type: 'gauge',
    labels: [],
    help: 'The most that may wait in line (queue.max_queue_size).',
  },
  hearth_queue_oldest_seconds: {
    type: 'gauge',
    labels: [],
    help: 'How long the request has waited that has waited longest; 0 when none waits.',
  },
  hearth_queue_paused: {
    type: 'gauge',
    labels: [],
    help: '1 while the queue is paused, else 0.',
  },
  hearth_jobs_behind: {
    type: 'gauge',
    labels: [],
    help: 'Accepted jobs that wait on disk until there is room in line.',
  },
  hearth_slots: {
    type: 'gauge',
    labels: ['lane'],
    help: 'Runs that may be outstanding at Ollama at once (queue.max_concurrent). lane: chat, embed.',
  },
  hearth_slots_in_use: {
    type: 'gauge',
    labels: ['lane'],
    help: 'Runs that are outstanding at Ollama.',
  },
  hearth_model_load_seconds: {
    type: 'histogram',
    labels: ['model', 'why'],
    help: 'Loads of a model by Hearth. why: first (nothing was known of it), options (it was in memory, with options that did not fit), or why it was not there any more (the reasons of hearth_model_evictions_total).',
  },
  hearth_model_evictions_total: {
    type: 'counter',
    labels: ['model', 'why'],
    help: 'Times that a model that was used through Hearth left memory. why: expired (its keep_alive), unloaded (somebody asked for it), pushed_out (by another load), options (loaded anew), elsewhere (a program past Hearth), restarted (Ollama went away).',
  },
  hearth_model_memory_bytes: {
    type: 'gauge',
    labels: ['model'],
    help: 'What a loaded model takes in memory in all, as Ollama lists it.',
  },
  hearth_model_gpu_bytes: {
    type: 'gauge',
    labels: ['model'],
    help: 'How much of that is on the GPU.',
  },
  hearth_cache_entries: {
    type: 'gauge',
    labels: ['kind', 'tier'],
    help: 'What is kept. kind: answers (vectors too), conversations. tier: memory, disk; most of what is in memory is on the disk too.',
  },
  hearth_cache_bytes: {
    type: 'gauge',
    labels: ['kind', 'tier'],
    help: 'Bytes that it takes.',
  },
  hearth_cache_limit_bytes: {
    type: 'gauge',
    labels: ['kind', 'tier'],
    help: 'Bytes that it may take.',
  },
  hearth_cache_hits_total: {
    type: 'counter',
    labels: ['tier'],
    help: 'Requests with a kept answer, by where it was found. tier: memory, disk, shared (with another gateway of the fleet). One with many vectors counts for the furthest of them. "Reset figures" sets it back.',
  },
  hearth_cache_evictions_total: {
    type: 'counter',
    labels: [],
    help: 'Answers that had to leave memory for others. "Reset figures" sets it back.',
  },
  hearth_cache_expired_total: {
    type: 'counter',
    labels: [],
    help: 'Answers in memory that were asked for when they were too old. "Reset figures" sets it back.',
  },
  hearth_ollama_up: {
    type: 'gauge',
    labels: [],
    help: '1 while Ollama answers, else 0.',
  },
  hearth_ollama_latency_seconds: {
    type: 'gauge',
    labels: [],
    help: 'How long the last look at it took.',
  },
  hearth_ollama_breaker: {
    type: 'gauge',
    labels: ['state'],
    help: '1 for the state of the breaker in front of Ollama: closed, half_open, open.',
  },
  hearth_ollama_info: {
    type: 'gauge',
    labels: ['version'],
    help: '1 with the version that Ollama tells; none before it has told one.',
  },
  hearth_upstream_up: {
    type: 'gauge',
    labels: ['upstream'],
    help: 'Of several machines (upstreams in the configuration) each: 1 while its Ollama answers, else 0. Where one is set there is none of these four.',
  },
  hearth_upstream_waiting: {
    type: 'gauge',
    labels: ['upstream'],
    help: 'Requests that wait in its line.',
  },
  hearth_upstream_running: {
    type: 'gauge',
    labels: ['upstream'],
    help: 'Runs that are outstanding there.',
  },
  hearth_upstream_requests_total: {
    type: 'counter',
    labels: ['upstream', 'status'],
    help: 'Requests that have ended, by the machine in whose line they stood last or on which they ran; those that shared a run count there too. status: completed, failed, cancelled, expired.',
  },
  hearth_stuck_seconds: {
    type: 'gauge',
    labels: [],
    help: 'For how long a run has given nothing, once that is longer than ollama.stuck_after_seconds; else 0.',
  },
  hearth_fleet_info: {
    type: 'gauge',
    labels: ['fleet', 'node'],
    help: '1 with the names of the fleet (cluster.name) and of this gateway in it (cluster.node); none where it is alone.',
  },
  hearth_valkey_up: {
    type: 'gauge',
    labels: [],
    help: '1 while Valkey answers this gateway, else 0; none where it is alone.',
  },
  hearth_build_info: {
    type: 'gauge',
    labels: ['version', 'node'],
    help: '1 with the versions of Hearth and of Node.',
  },
  ...PROCESS_METRICS,
} as const satisfies Readonly<Record<string, MetricInfo>>;

export type MetricName = keyof typeof METRICS;
/** Metric names of one kind. */
export type MetricOf<T extends MetricInfo['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never;
}[MetricName];

/** The series of a metric in Prometheus: a histogram has three. */
export function seriesOf(name: MetricName): string[] {
  return METRICS[name].type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

/** The table of docs/metrics.md. */
export function metricTable(): string {
  return table(
    ['Name', 'Kind', 'Labels', 'What'],
    Object.entries<MetricInfo>(METRICS).map(([name, { type, labels, help }]) => [
      code(name),
      type,
      labels.map(code).join(', '),
      help,
    ]),
  );
}
