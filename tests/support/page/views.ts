// Whole views of the window for every state that it can be in. The working day is the one of the design's mock pages.
import type { ApiKey } from '../../../backend/contract/rules/api-key.ts';
import { defaultConfig, fields, valueOf } from '../../../backend/contract/config/config.ts';
import type { ModelView } from '../../../backend/contract/views/control.ts';
import type { QueueRule } from '../../../backend/contract/rules/queue-rule.ts';
import type { BatchSummary, QueueEntry } from '../../../backend/contract/views/queue-view.ts';
import type { Day } from '../../../backend/contract/views/day.ts';
import type { View } from '../../../backend/contract/window/desktop.ts';
import type { DayView, PlotSpan } from '../../../backend/contract/window/look-commands.ts';
import type { FleetView } from '../../../backend/contract/views/fleet-view.ts';
import { SPANS, spanOf, type SpanWord } from '../../../backend/contract/views/spans.ts';
import { startOf, stepOf } from '../../../backend/core/telemetry/steps.ts';
import { HIDDEN } from '../../../backend/contract/secret.ts';
import { downloading, liveView, loadedModel, queueEntry, type LiveChange } from '../live-view.ts';
import { FLEETS, withFleet } from './fleet-views.ts';
import { BROKEN, TALK } from './talks.ts';

const NO_PROMPTS = { sent_tokens: 0, processed_tokens: 0, reused_tokens: 0, reusable_tokens: 0 };

const GB = 1e9;

type Live = NonNullable<View['live']>;

export interface ViewChange {
  readonly app?: Partial<View['app']>;
  readonly gateway?: Partial<View['gateway']>;
  /** null: no gateway runs. */
  readonly live?: Partial<Live> | null;
  readonly days?: Days;
  readonly updates?: View['updates'];
  readonly settings?: Partial<View['settings']>;
  readonly notices?: View['notices'];
  readonly recent_notices?: View['recent_notices'];
  readonly talk?: View['talk'];
  readonly go?: View['go'];
}

/** What the page is told of a range that it asks for. */
export type Days = (span: SpanWord) => DayView;

/** A view, and what is told with it of ranges of time; the usual one has a working day. */
export type Shown = View & { readonly days?: Days; readonly fleet?: FleetView };

/** The working day, changed. */
export function view(change: ViewChange = {}): Shown {
  return {
    ...(change.days === undefined ? {} : { days: change.days }),
    app: {
      version: '1.3.2',
      language: 'en',
      demo: false,
      first_run: false,
      ollama_program: 'installed',
      tray: true,
      asks_to_quit: false,
      ...change.app,
    },
    gateway: {
      state: 'running',
      port: 8080,
      addresses: {
        gateway: 'http://127.0.0.1:8080',
        ollama_host: '127.0.0.1:8080',
        openai_base_url: 'http://127.0.0.1:8080/v1',
        lan: null,
      },
      beyond_loopback: false,
      since: ago(5 * 3600),
      failure: null,
      ...change.gateway,
    },
    live: change.live === null ? null : { ...workingDay(), ...change.live },
    updates: change.updates ?? { state: 'off', why: 'no_address' },
    settings: { ...settings(), ...change.settings },
    notices: change.notices ?? [],
    recent_notices: change.recent_notices ?? [],
    talk: change.talk ?? [],
    go: change.go ?? { tab: 'overview', n: 0 },
  };
}

/** A live part at rest with a warm model, changed. */
export function quiet(change: LiveChange = {}): Live {
  const live = liveView({ models: MODELS, ...change, upstream: { model: 'llama3.2:3b', ...change.upstream } });
  return { ...live, stats: { ...live.stats, timestamp: ago(0), since: ago(5 * 3600) } };
}

function workingDay(): Live {
  const live = liveView({
    upstream: { model: 'llama3.2:3b', latency_ms: 2 },
    models: MODELS,
    running: [entry({ caller: 'localhost:3000', tokens: 312, tokens_per_s: 41, age_ms: 8000, shared_with: 1 })],
    waiting: [
      waiting(1, { caller: 'Open WebUI', class: 'interactive', estimated_wait_time: 9000, age_ms: 7000 }),
      waiting(2, { caller: 'Continue', estimated_wait_time: 21_000, age_ms: 3000 }),
      waiting(3, {
        caller: 'nightly-report',
        class: 'background',
        class_by: 'queue.rules[0]',
        model: 'deepseek-r1:8b',
        estimated_wait_time: 38_000,
        age_ms: 4000,
      }),
    ],
    hits: 112,
    misses: 71,
    entries: 1204,
    sizeMb: 38.2,
  });
  return {
    ...live,
    stats: {
      ...live.stats,
      timestamp: ago(0),
      since: ago(5 * 3600),
      response_cache: {
        ...live.stats.response_cache,
        coalesced: 25,
        bypassed: 6,
        hit_rate: 137 / 208,
        time_saved_ms: 700_000,
        tokens_saved: 48_210,
      },
      batch_processor: { ...live.stats.batch_processor, model_switches: 14, model_switches_avoided: 9 },
    },
    queue: { ...live.queue, totals: { requests: 214, completed: 71, failed: 0, cancelled: 2, refused: 0 } },
  };
}

export function entry(over: Partial<QueueEntry> = {}): QueueEntry {
  const created_at = ago((over.age_ms ?? 1000) / 1000);
  return queueEntry({
    request_id: over.request_id ?? `r-${over.caller ?? 'x'}`,
    model: 'llama3.2:3b',
    created_at,
    ...over,
  });
}

export function waiting(position: number, over: Partial<QueueEntry> = {}): QueueEntry {
  return entry({
    request_id: `w${position}`,
    status: 'queued',
    phase: 'queued',
    queue_position: position,
    silent_ms: null,
    ...over,
  });
}

function model(name: string, gb: number, size: string, over: Partial<ModelView> = {}): ModelView {
  return { ...loadedModel(name, false), size: gb * GB, parameter_size: size, ...over };
}

export const MODELS: ModelView[] = [
  model('llama3.2:3b', 2, '3.2B', {
    loaded: true,
    expires_at: inFuture(900),
    size_loaded: 2.9 * GB,
    size_vram: 2.9 * GB,
    context_length: 8192,
    tokens_per_s: 41,
    load_ms: 2000,
  }),
  model('nomic-embed-text', 0.3, '137M', {
    loaded: true,
    expires_at: inFuture(252),
    size_loaded: 0.6 * GB,
    size_vram: 0.6 * GB,
    context_length: 2048,
    capabilities: ['embedding'],
  }),
  model('deepseek-r1:8b', 5.2, '8.2B', { tokens_per_s: 38, load_ms: 4000 }),
  model('gemma3:12b', 8.1, '12.2B', { tokens_per_s: 17, load_ms: 9000 }),
  model('mistral-small:24b', 14, '23.6B'),
  model('qwen2.5-coder:7b', 4.7, '7.6B', { tokens_per_s: 44, load_ms: 3000 }),
];

const EMBEDS = model('mxbai-embed-large', 0.7, '334M', { capabilities: ['embedding'] });
const CLOUD = model('gpt-oss:120b-cloud', 384 / GB, '116.8B', { remote: true });

/** Downloads of every kind. */
export const PULLS = [
  downloading('qwen3:8b'),
  downloading('gemma3:27b', {
    state: 'failed',
    completed: 6.2 * GB,
    total: 17 * GB,
    error: 'Ollama: “connection reset by peer”',
    failure: { kind: 'ollama_says', said: 'connection reset by peer' },
  }),
  downloading('hf.co/bartowski/Qwen2.5-Coder-32B-Instruct-GGUF:Q4_K_M', {
    bytes_per_s: 0,
    left_ms: null,
    silent_ms: 40_000,
  }),
  downloading('phi4:14b', { state: 'waiting', phase: null, completed: null, total: null }),
  downloading('llava:13b', { state: 'paused', phase: null }),
];

export function withProfiles(): View['settings'] {
  const usual = settings();
  const models = {
    fast: { model: 'llama3.2:3b', options: { temperature: 0, num_ctx: 8192 } },
    'gpt-4o-mini': { model: 'qwen2.5-coder:7b', class: 'interactive', system_prompt: 'Answer in one sentence.' },
  };
  return { ...usual, values: { ...usual.values, models } };
}

export function settings(): View['settings'] {
  const config = defaultConfig();
  const values = Object.fromEntries(fields.map((field) => [field.path, valueOf(config, field)]));
  return {
    values: { ...values, 'ollama.model': 'llama3.2:3b' },
    locked: {},
    waiting_for_restart: {},
    problems: {},
    file: '/home/ada/.config/Hearth/config.json',
  };
}

/** A working day, a gap in the morning included, changed. */
export function dayView(span: SpanWord, change: Partial<Day> = {}): DayView {
  const made = steps(span);
  const begins = new Date((made.t[0] ?? 0) * 1000).toISOString();
  return { day: { ...day(), span, since: begins, until: ago(0), ...change }, steps: made, empty: false };
}

/** No request was ever made. */
export function emptyDay(span: SpanWord): DayView {
  const none = Object.entries(steps(span)).map(([key, column]) => [
    key,
    key === 't' || !Array.isArray(column) ? column : column.map(() => null),
  ]);
  const { until } = dayView(span).day;
  const nothing = {
    requests: 0,
    no_model_time: 0,
    apps: [],
    more_apps: null,
    wait: null,
    first_token: null,
    prompts: NO_PROMPTS,
    reuse: null,
  };
  return {
    ...dayView(span, { ...nothing, since: until, failed: 0, cancelled: 0, failures: [] }),
    steps: Object.fromEntries(none) as PlotSpan,
    empty: true,
  };
}

/** That of the mock pages. */
function day(): Omit<Day, 'span' | 'since' | 'until'> {
  const app = (
    caller: string,
    [no_model_time, requests]: readonly [number, number],
    seconds: number,
    tokens: number,
  ) => ({
    caller,
    requests,
    no_model_time,
    time_saved_ms: seconds * 1000,
    tokens_saved: tokens,
    prompts: NO_PROMPTS,
  });
  return {
    requests: 214,
    no_model_time: 137,
    sources: { hit: 112, coalesced: 25, miss: 71, bypass: 6 },
    time_saved_ms: 700_000,
    tokens_saved: 48_210,
    apps: [
      app('Open WebUI', [44, 61], 302, 21_480),
      app('Continue', [19, 38], 161, 12_300),
      app('nightly-report', [9, 24], 118, 6020),
      app('notes-index', [60, 72], 74, 6130),
      app('Claude Code', [2, 14], 22, 1140),
    ],
    more_apps: {
      apps: 4,
      requests: 5,
      no_model_time: 3,
      time_saved_ms: 23_000,
      tokens_saved: 1140,
      prompts: NO_PROMPTS,
    },
    wait: { median_ms: 200, p95_ms: 6100, longest_ms: 19_000 },
    first_token: { median_ms: 410, p95_ms: 3900, longest_ms: 21_500 },
    prompts: {
      sent_tokens: 612_000,
      processed_tokens: 167_000,
      reused_tokens: 445_000,
      reusable_tokens: 489_000,
    },
    reuse: {
      reusable_tokens: 489_000,
      reused_tokens: 445_000,
      losses: [
        {
          cause: 'changed',
          text: 'Claude Code changed the system prompt (a clock) twice',
          tokens: 41_256,
          times: 2,
          request_id: 'changed',
          at: ago(3600),
        },
        {
          cause: 'loaded',
          text: 'qwen2.5-coder:7b was loaded again',
          tokens: 2744,
          times: 1,
          request_id: 'loaded',
          at: ago(2800),
        },
      ],
    },
    failed: 2,
    cancelled: 2,
    failures: [
      {
        request_id: 'broken',
        at: ago(120),
        caller: 'Continue',
        model: 'qwen2.5-coder:7b',
        code: 'upstream_failed',
        error: 'Ollama: “model runner has unexpectedly stopped”',
      },
      { request_id: 'unknown', at: ago(9000), caller: 'localhost:3000', model: 'gemma9', code: 'model_not_found' },
    ],
  };
}

/** The steps of a range. */
export function steps(word: SpanWord): PlotSpan {
  const name = spanOf(word);
  const { span_s, step_s } = SPANS[name];
  const length = span_s / step_s + 1;
  const end = stepOf(name, Date.now());
  const numbers = Array.from({ length }, (_, i) => end - length + 1 + i);
  const gap = (i: number): boolean => i > length * 0.38 && i < length * 0.45;
  const wave = (low: number, high: number, pace: number) => (i: number) =>
    gap(i) ? null : Math.round((low + (high - low) * (0.5 + 0.5 * Math.sin(i * pace + pace))) * 100) / 100;
  const column = (value: (i: number) => number | null): (number | null)[] => numbers.map((_, i) => value(i));
  const whole = (value: (i: number) => number | null) => (i: number) => (gap(i) ? null : Math.round(value(i) ?? 0));
  return {
    step_s,
    t: numbers.map((number) => startOf(name, number) / 1000),
    requests: column(whole(wave(4, 24, 0.7))),
    needed_model: column(whole(wave(0, 8, 0.9))),
    hit_rate: column(wave(0.47, 0.78, 0.3)),
    waiting: column(whole((i) => 2 + 2 * Math.sin(i * 0.8))),
    wait_p50: column(wave(0, 4000, 0.4)),
    wait_p95: column(wave(2000, 9000, 0.5)),
    ttft_p50: column(wave(300, 500, 0.5)),
    ttft_p95: column(wave(600, 1800, 0.6)),
    tokens_per_s: column(wave(36, 44, 0.4)),
  };
}

function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

function inFuture(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

const RULES: QueueRule[] = [
  {
    name: 'nightly report',
    when: { user_agent: ['curl/*', 'Wget/*'], header: { 'X-Job': '*' } },
    then: { class: 'background', caller: 'nightly-report' },
  },
  { when: { max_tokens: 64, stream: true }, then: { class: 'interactive' } },
];

/** A batch of which most waits behind the line. */
export function batch(over: Partial<BatchSummary> = {}): BatchSummary {
  const counts = { total: 5000, queued: 4687, processing: 1, completed: 310, failed: 2, cancelled: 0, expired: 0 };
  return { batch_id: 'nightly-2026-01-01', status: 'processing', created_at: ago(3 * 3600), counts, ...over };
}

/** Every state of the window that has a look of its own, by name. */
export const STATES: Readonly<Record<string, () => Shown>> = {
  'working day': () => view(),
  'idle, warm': () => view({ live: quiet() }),
  'batches of thousands': () =>
    view({
      live: quiet({ running: [entry()], behind: 8996, batches: [batch(), batch({ batch_id: 'b'.repeat(128) })] }),
    }),
  'an overdue answer, classes in line': () => view({ live: quiet(overdue()) }),
  cold: () => view({ live: quiet({ models: MODELS.map(cold), upstream: { model_loaded: false } }) }),
  loading: () =>
    view({
      live: quiet({ models: MODELS.map(cold), running: [entry({ phase: 'loading', model: 'deepseek-r1:8b' })] }),
    }),
  paused: () => view({ live: quiet({ paused: true, waiting: [waiting(1), waiting(2), waiting(3)] }) }),
  stuck: () => view({ live: quiet({ running: [entry({ silent_ms: 250_000, age_ms: 300_000 })] }) }),
  'models on their way': () => view({ live: { pulls: PULLS }, settings: withProfiles() }),
  'no models, one on its way': () =>
    view({ live: { ...quiet({ models: [], upstream: { model_available: false } }), pulls: PULLS.slice(2, 3) } }),
  'model missing': () =>
    view({ live: quiet({ status: 'degraded', upstream: { model: 'deepseek-r1:70b', model_available: false } }) }),
  'ollama down': () => view({ live: quiet(DOWN) }),
  'ollama missing': () => view({ app: { ollama_program: 'missing' }, live: quiet(DOWN) }),
  'no ollama at the address': () =>
    view({ live: quiet({ ...DOWN, upstream: { ...DOWN.upstream, foreign: true, reason: NOT_OLLAMA } }) }),
  'ollama wants a key': () => view({ live: quiet({ ...DOWN, upstream: { ...DOWN.upstream, ...WANTS_KEY } }) }),
  'secrets kept': () =>
    view({
      go: { tab: 'settings', n: 1 },
      settings: {
        values: {
          ...settings().values,
          'ollama.api_url': `https://${HIDDEN}@gpu.lan:8443`,
          'ollama.api_key': HIDDEN,
          'ollama.headers': { 'CF-Access-Client-Id': HIDDEN, 'CF-Access-Client-Secret': HIDDEN },
        },
      },
    }),
  'no models': () => view({ live: quiet({ models: [], status: 'degraded', upstream: { model_available: false } }) }),
  'a question that is answered': () => view({ talk: [...TALK] }),
  'an answer that failed': () => view({ live: quiet(), talk: [...BROKEN], days: emptyDay }),
  'nothing yet': () => view({ live: quiet(), days: emptyDay }),
  'a day of one range': () => view({ live: quiet(), days: (span) => ({ ...emptyDay(span), empty: false }) }),
  ...Object.fromEntries(Object.entries(FLEETS).map(([name, made]) => [name, () => withFleet(view(), made())])),
  stopped: () => view({ gateway: { state: 'stopped', since: null }, live: null }),
  draining: () => view({ gateway: { state: 'draining' } }),
  crashed: () =>
    view({
      gateway: {
        state: 'failed',
        since: null,
        failure: {
          kind: 'crashed',
          sentence: 'It ended by itself: out of memory',
          restarts_at: inFuture(4),
          times_today: 2,
        },
      },
      live: null,
    }),
  'port of another hearth': () =>
    view({
      gateway: {
        state: 'failed',
        since: null,
        failure: {
          kind: 'port_taken',
          port: 8080,
          holder: { hearth: true, version: '1.3.2', uptime_ms: 7_200_000 },
          next_port: 8081,
        },
      },
      live: null,
    }),
  'port of a stranger': () =>
    view({
      gateway: {
        state: 'failed',
        since: null,
        failure: { kind: 'port_taken', port: 8080, holder: { hearth: false }, next_port: 8081 },
      },
      live: null,
    }),
  'cannot start': () =>
    view({
      gateway: {
        state: 'failed',
        since: null,
        failure: { kind: 'other', sentence: 'The address 10.0.0.9 is not one of this machine.' },
      },
      live: null,
    }),
  notices: () => view({ notices: NOTICES, recent_notices: RECENT }),
  'asks to quit': () => view({ app: { tray: false, asks_to_quit: true } }),
  'long names': () =>
    view({
      days: (span) => dayView(span, LONG_DAY),
      live: quiet({
        running: [entry({ model: LONG_MODEL, caller: LONG_CALLER, tokens: 123_456, tokens_per_s: 1234 })],
        waiting: [
          waiting(98, {
            model: LONG_MODEL,
            caller: LONG_CALLER,
            priority: 1,
            estimated_wait_time: 720_000,
            age_ms: 240_000,
          }),
        ],
        models: [
          model(LONG_MODEL, 190, '32.8B', {
            loaded: true,
            expires_at: inFuture(80_000),
            size_loaded: 190 * GB,
            size_vram: 120 * GB,
            context_length: 131_072,
          }),
          model(`${LONG_MODEL}2`, 14, '23.6B'),
        ],
      }),
    }),
  'fields in every condition': () =>
    view({
      settings: {
        values: { ...settings().values, 'queue.rules': RULES },
        locked: {
          'ollama.api_url': 'OLLAMA_API_URL',
          'ollama.keep_warm': 'OLLAMA__KEEP_WARM',
          'cache.replay': 'CACHE__REPLAY',
          'cors.allowed_origins': 'CORS__ALLOWED_ORIGINS',
        },
        waiting_for_restart: { 'server.port': 8090 },
        problems: { 'queue.max_queue_size': 'config.json: queue.max_queue_size must be a whole number. It was "x".' },
      },
    }),
  keys: () =>
    view({
      gateway: { addresses: { ...view().gateway.addresses, lan: 'http://192.168.1.24:8080' }, beyond_loopback: true },
      settings: { values: { ...settings().values, 'server.lan': true, 'server.api_keys': KEYS } },
      notices: [ASKING_PAGE],
    }),
  'first run': () => view({ app: { first_run: true }, live: quiet() }),
  'first run, model missing': () =>
    view({
      app: { first_run: true },
      live: quiet({ models: [EMBEDS, CLOUD, ...MODELS.slice(2)], upstream: { model: 'gone', model_available: false } }),
    }),
  'first run, nothing that chats': () =>
    view({
      app: { first_run: true },
      live: quiet({ models: [EMBEDS, CLOUD], upstream: { model: 'gone', model_available: false } }),
    }),
  'first run, wrong address': () =>
    view({
      app: { first_run: true, ollama_program: 'missing' },
      live: quiet({ ...DOWN, upstream: { ...DOWN.upstream, url: 'http://127.0.0.1:9' } }),
    }),
  'first run, model on its way': () =>
    view({
      app: { first_run: true },
      live: { ...quiet({ models: [], upstream: { model_available: false } }), pulls: PULLS.slice(0, 1) },
    }),
  'first run, ollama stopped': () => view({ app: { first_run: true }, live: quiet(DOWN) }),
  'first run, no ollama at the address': () =>
    view({
      app: { first_run: true },
      live: quiet({ ...DOWN, upstream: { ...DOWN.upstream, foreign: true, reason: NOT_OLLAMA } }),
    }),
  'first run, ollama wants a key': () =>
    view({ app: { first_run: true }, live: quiet({ ...DOWN, upstream: { ...DOWN.upstream, ...WANTS_KEY } }) }),
  'first run, no ollama': () => view({ app: { first_run: true, ollama_program: 'missing' }, live: quiet(DOWN) }),
  'first run, port taken': () =>
    view({
      app: { first_run: true },
      gateway: {
        state: 'failed',
        since: null,
        failure: { kind: 'port_taken', port: 8080, holder: { hearth: false }, next_port: 8081 },
      },
      live: null,
    }),
};

/** The line of the mock page. */
const overdue = (): LiveChange => ({
  running: [
    entry({
      caller: 'localhost:3000',
      tokens: 804,
      tokens_per_s: 41,
      age_ms: 20_000,
      shared_with: 1,
      late: true,
      expected_ms: 12_000,
    }),
  ],
  waiting: [
    { caller: 'Open WebUI', class: 'interactive', age_ms: 18_000 },
    { caller: 'Try it', class: 'interactive', age_ms: 6000, wait_after_ms: 12_000 },
    { caller: 'Continue', age_ms: 9000, wait_after_ms: 21_000 },
    {
      caller: 'Open WebUI',
      class: 'background',
      class_by: 'Open WebUI: title',
      age_ms: 22_000,
      gave_way: 3,
      wait_after_ms: 34_000,
    },
    { caller: 'nightly-report', class: 'background', model: 'deepseek-r1:8b', age_ms: 19_000, wait_after_ms: 40_000 },
  ].map((over, i) => waiting(i + 1, { late: true, ...(over as Partial<QueueEntry>) })),
});

const HASH = `sha256:${'0'.repeat(64)}`;
const KEYS: readonly ApiKey[] = [
  { name: 'phone', hash: HASH, scopes: ['chat'], created_at: '2026-11-02T10:00:00Z' },
  {
    name: 'the-build-server-in-the-cellar@example.org',
    hash: HASH.replace('0', '1'),
    scopes: ['chat', 'cache', 'manage'],
    requests_per_minute: 1000,
    max_active: 20,
    created_at: '2026-09-30T10:00:00Z',
  },
];

const ASKING_PAGE: View['notices'][number] = {
  id: 'origin https://notes.example.com',
  level: 'info',
  subject: 'https://notes.example.com',
  text: 'https://notes.example.com wants to use your local models.',
  more: 'It asked twice and got nothing.',
  buttons: [
    { id: 'always', label: 'Allow always' },
    { id: 'session', label: 'Allow this session' },
    { id: 'block', label: 'Block' },
  ],
};

const LONG_MODEL = 'hf.co/bartowski/Qwen2.5-Coder-32B-Instruct-GGUF:Q4_K_M';
const LONG_CALLER = 'an-app-with-a-rather-long-name/12.34 (someone@example.com)';

const LONG_DAY: Partial<Day> = {
  apps: [
    {
      caller: LONG_CALLER,
      requests: 1_234_567,
      no_model_time: 1_234_560,
      time_saved_ms: 3.6e8,
      tokens_saved: 1e9,
      prompts: NO_PROMPTS,
    },
  ],
  more_apps: {
    apps: null,
    requests: 123_456,
    no_model_time: 99_999,
    time_saved_ms: 5e7,
    tokens_saved: 12_345_678,
    prompts: NO_PROMPTS,
  },
  prompts: { ...NO_PROMPTS, reusable_tokens: 123_456_789, reused_tokens: 1 },
  reuse: {
    reusable_tokens: 123_456_789,
    reused_tokens: 1,
    losses: [
      {
        cause: 'changed',
        text: `${LONG_CALLER} changed the system prompt (a random key) 1,234 times`,
        tokens: 123_456_000,
        times: 1234,
        request_id: 'r',
        at: ago(60),
      },
    ],
  },
  failures: [
    { request_id: 'f', at: ago(86_400), caller: LONG_CALLER, model: LONG_MODEL, error: 'Ollama answered: '.repeat(9) },
  ],
};

const NOT_OLLAMA =
  'The address http://127.0.0.1:11434 answers, but not as Ollama does (a web page). Check ollama.api_url.';

const WANTS_KEY = {
  foreign: true,
  code: 'upstream_unauthorized',
  reason: 'Ollama at http://127.0.0.1:11434 wants a key (HTTP 401). Set ollama.api_key or ollama.headers in Hearth.',
} as const;

const DOWN: LiveChange = {
  status: 'unhealthy',
  models: [],
  upstream: {
    reachable: false,
    state: 'down',
    reason: 'Ollama does not answer at http://127.0.0.1:11434.',
    version: null,
    latency_ms: null,
    model_available: false,
    model_loaded: false,
  },
};

const NOTICES: View['notices'] = [
  {
    id: 'restart-needed',
    level: 'info',
    icon: 'restart',
    text: 'Port 8090 waits for a restart.',
    restarts: true,
    buttons: [
      { id: 'undo', label: 'Undo', plain: true },
      { id: 'restart', label: 'Restart now' },
    ],
  },
  {
    id: 'settings-edit',
    level: 'warning',
    text: 'config.json, line 12: cache.ttl_seconds must be a number. It was “1h”.',
    more: 'The old value, 3600, stays in use.',
    buttons: [{ id: 'open', label: 'Open file' }],
  },
  {
    id: 'tray-unload',
    level: 'error',
    text: 'Could not unload llama3.2:3b. Ollama answered 500: “runner busy”.',
    more: 'It is still loaded. Try again when nothing is running.',
    buttons: [{ id: 'dismiss', label: 'Dismiss', plain: true }],
  },
];

const RECENT: View['recent_notices'] = [
  {
    id: 'storm sha256',
    level: 'warning',
    text: `${LONG_MODEL} was loaded 3 times in 5 requests, each time for another num_ctx.`,
    who: `${LONG_CALLER} asks for 9102 and 9340.`,
    todo: 'Set num_ctx to 16384 for all of them.',
    since: ago(600),
    until: null,
    times: 1,
  },
  {
    id: 'ollama',
    level: 'warning',
    text: 'Ollama does not answer at http://127.0.0.1:11434.',
    todo: 'What was accepted waits until it is back.',
    since: ago(7200),
    until: ago(7100),
    times: 3,
  },
];

function cold(of: ModelView): ModelView {
  return { ...of, loaded: false, expires_at: null, size_loaded: null, size_vram: null, context_length: null };
}
