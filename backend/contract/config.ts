// Every setting of Hearth, each declared once: type, bounds, default, label, meaning, unit, names in the environment.
// Validation, the settings form, the command line and the README's table are read off this file. Where values come
// from, and which source wins, is in config-sources.ts.
import { z } from 'zod';
import { hostName, upstreamAddress, webOrigin } from './address.ts';
import {
  amount,
  choice,
  field,
  flag,
  freeText,
  keepAlive,
  list,
  section,
  spelled,
  toldOf,
  whole,
} from './config-field.ts';
import type { About, FieldKind } from './config-field.ts';

const DAY_MS = 86_400_000;
const DAY_S = 86_400;
const WEEK_S = 604_800;
const NOT_ON_DISK = 'Nothing is written to disk in this version.';
const NO_CONVERSATIONS = 'Conversations are not kept in this version.';

const modelName = (text: string): string | undefined =>
  /^[^\s\p{Cc}]{1,256}$/u.test(text.trim()) ? text.trim() : undefined;
const model = () => spelled(modelName, 'a model name such as "llama3.2:3b"', 'model');
const host = () => spelled(hostName, 'an IP address or a host name, without a port');
const origin = () => spelled(webOrigin, 'an origin such as "http://localhost:3000"');

/** The whole configuration. Input may leave out any key or section; output has them all. Unknown keys are refused. */
export const configSchema = z.strictObject({
  server: section('Gateway', {
    host: field(host(), {
      title: 'Listen on',
      hint: 'The address to listen on. Anything but loopback also needs server.allow_anonymous; without it Hearth stays on loopback and says so.',
      default: '127.0.0.1',
      applies: 'restart',
      env: ['HOST'],
    }),
    port: field(whole(0, 65_535), {
      title: 'Port',
      hint: 'The port to listen on; 0 takes any free one.',
      default: 8080,
      applies: 'restart',
      env: ['PORT'],
    }),
    workers: field(whole(1, 1024), {
      title: 'Workers',
      hint: 'Number of worker threads of the old backend.',
      default: 1,
      unit: 'count',
      applies: 'restart',
      inert: 'One process does all the work.',
    }),
    lan: field(flag(), {
      title: 'Let other machines in',
      hint: 'Listens on all addresses of this machine and accepts them as Host. Also needs server.allow_anonymous.',
      default: false,
      applies: 'restart',
    }),
    allow_anonymous: field(flag(), {
      title: 'Let anyone in without a key',
      hint: 'Lets Hearth listen beyond loopback although it asks for no key. Meant for containers whose port is published on loopback only.',
      default: false,
      applies: 'restart',
    }),
    allowed_hosts: field(list(host().type, 100, 'a list of host names or IP addresses, without ports'), {
      title: 'Further host names',
      hint: 'Names under which Hearth may be called beside localhost, such as the name in a reverse proxy. Exact names, no wildcards.',
      default: [],
      applies: 'live',
    }),
    max_body_mb: field(amount(0.1, 1024), {
      title: 'Largest request',
      hint: 'A request body above this is refused with too_large.',
      default: 64,
      unit: 'MB',
      applies: 'live',
    }),
    drain_timeout_ms: field(whole(0, 600_000), {
      title: 'Time to finish when stopping',
      hint: 'How long running answers may go on after Stop, Quit or SIGTERM.',
      default: 10_000,
      unit: 'ms',
      applies: 'live',
    }),
    api_keys: field(
      list(z.union([z.string(), z.record(z.string(), z.unknown())]), 1000, 'a list of keys, each a text or a table'),
      {
        title: 'Keys',
        hint: 'Keys that callers must show.',
        default: [],
        applies: 'live',
        inert: 'Keys are not checked in this version. Hearth stays on loopback unless server.allow_anonymous is true.',
      },
    ),
  }),

  ollama: section('Ollama', {
    api_url: field(
      spelled(upstreamAddress, 'an http or https address such as "http://127.0.0.1:11434", without a user name', 'url'),
      {
        title: 'Address',
        hint: 'Where Ollama answers. Written like OLLAMA_HOST: scheme and port may be missing.',
        default: 'http://127.0.0.1:11434',
        applies: 'live',
        env: ['OLLAMA_API_URL', 'OLLAMA_HOST'],
      },
    ),
    model: field(model(), {
      title: 'Default model',
      hint: 'The model of requests that name none, and the one to keep warm.',
      default: 'deepseek-r1:8b',
      applies: 'live',
      env: ['OLLAMA_MODEL'],
    }),
    keep_alive: field(keepAlive(), {
      title: 'Stay warm for',
      hint: 'How long a model stays loaded after the last answer: 30s, 15m, 2h, a number of seconds, 0 to unload at once, -1 for always.',
      default: '15m',
      applies: 'live',
    }),
    system_prompt: field(freeText(100_000), {
      title: 'System prompt',
      hint: 'Put first in chats on our own routes that bring no system message. Empty: none.',
      default: '',
      applies: 'live',
    }),
    timeout_seconds: field(amount(0.1, DAY_S), {
      title: 'Give up without progress after',
      hint: 'Longest silence of the model inside an answer. The clock starts again with every piece.',
      default: 300,
      unit: 's',
      applies: 'live',
    }),
    first_token_timeout_seconds: field(amount(0.1, DAY_S), {
      title: 'Give up without a first token after',
      hint: 'Longest wait for the first piece, loading the model included. The clock starts when the request goes to Ollama, not in line.',
      default: 900,
      unit: 's',
      applies: 'live',
    }),
    connect_timeout_ms: field(whole(50, 60_000), {
      title: 'Connect within',
      hint: 'Longest time to open a connection to Ollama.',
      default: 3000,
      unit: 'ms',
      applies: 'restart',
    }),
    keep_warm: field(flag(), {
      title: 'Keep the default model warm',
      hint: 'Pings the default model before its time runs out, once it was used, warmed or preloaded, so that it stays in memory for good. Off, it leaves when keep_alive runs out.',
      default: false,
      applies: 'live',
    }),
    preload: field(list(model().type, 16, 'a list of at most 16 model names'), {
      title: 'Load at start',
      hint: 'Models to load when Hearth starts, after Ollama restarted, and after something else unloaded them.',
      default: [],
      applies: 'live',
    }),
    num_ctx_policy: field(
      choice({ off: 'Leave as sent', fill: 'Fill if missing', max: 'Use the largest', force: 'Always ours' }),
      {
        title: 'Clients that change num_ctx',
        hint: 'A different context size makes Ollama load the model again. off leaves requests as they are, fill sets ollama.num_ctx where none is sent, max never goes below it, force always uses it.',
        default: 'off',
        applies: 'live',
      },
    ),
    num_ctx: field(whole(0, 16_777_216), {
      title: 'Context size',
      hint: 'The num_ctx that ollama.num_ctx_policy works with; 0 is not set.',
      default: 0,
      unit: 'tokens',
      applies: 'live',
    }),
    max_answer_mb: field(amount(0.1, 1024), {
      title: 'Longest answer',
      hint: 'An answer above this is ended with upstream_failed.',
      default: 64,
      unit: 'MB',
      applies: 'live',
    }),
  }),

  cache: section('Cache', {
    enabled: field(flag(), {
      title: 'Use the cache',
      hint: 'Off: nothing is read from it and nothing is kept.',
      default: true,
      applies: 'live',
    }),
    max_size_mb: field(amount(0.1, 65_536), {
      title: 'In memory, at most',
      hint: 'Memory for kept answers, keys and bookkeeping included. The least recently used go first.',
      default: 256,
      unit: 'MB',
      applies: 'restart',
      env: ['CACHE_MAX_SIZE_MB'],
    }),
    ttl_seconds: field(whole(1, WEEK_S), {
      title: 'Keep an answer for',
      hint: 'The clock starts when the answer is stored, and reading does not start it again.',
      default: 3600,
      unit: 's',
      applies: 'live',
      env: ['CACHE_TTL_SECONDS'],
    }),
    max_entry_mb: field(amount(0.001, 1024), {
      title: 'Largest kept answer',
      hint: 'A longer answer is delivered but not kept.',
      default: 1,
      unit: 'MB',
      applies: 'live',
    }),
    drop_in: field(choice({ deterministic: 'Repeatable only', always: 'Always', off: 'Never' }), {
      title: 'Ollama and OpenAI routes',
      hint: 'Which answers these routes keep. deterministic: only with temperature 0, top_k 1 or a seed. Our own routes always use the cache.',
      default: 'deterministic',
      applies: 'live',
    }),
    replay: field(choice({ smooth: 'Smoothly', instant: 'At once', original: 'As it was' }), {
      title: 'Replay a kept answer',
      hint: 'smooth goes word by word within 1.2 s, instant sends all at once, original sends the recorded pieces without pauses.',
      default: 'smooth',
      applies: 'live',
    }),
    honor_request_cache_control: field(choice({ auto: 'When meant', always: 'Always' }), {
      title: 'Cache-Control of requests',
      hint: 'auto ignores the no-cache and max-age=0 that browsers and fetch send for reasons of their own; always obeys them too.',
      default: 'auto',
      applies: 'live',
    }),
    finish_abandoned: field(flag(), {
      title: 'Finish answers nobody waits for',
      hint: 'Lets the model go on after the last caller left, so that the answer can be kept. Holds a slot meanwhile.',
      default: false,
      applies: 'live',
    }),
    persist: field(flag(), {
      title: 'Keep answers on disk',
      hint: 'They survive a restart. Off: nothing is written.',
      default: true,
      applies: 'restart',
      inert: NOT_ON_DISK,
    }),
    disk_max_size_mb: field(amount(1, 1_048_576), {
      title: 'On disk, at most',
      hint: 'Disk space for kept answers.',
      default: 1024,
      unit: 'MB',
      applies: 'restart',
      inert: NOT_ON_DISK,
    }),
  }),

  conversation_cache: section('Conversations', {
    max_size_mb: field(amount(0.1, 65_536), {
      title: 'Conversations in memory, at most',
      hint: 'Memory for the histories behind conversation_id.',
      default: 128,
      unit: 'MB',
      applies: 'restart',
      inert: NO_CONVERSATIONS,
    }),
    ttl_seconds: field(whole(1, WEEK_S), {
      title: 'Keep an idle conversation for',
      hint: 'The clock starts again with every message.',
      default: 1800,
      unit: 's',
      applies: 'live',
      inert: NO_CONVERSATIONS,
    }),
  }),

  queue: section('Queue', {
    max_concurrent: field(whole(1, 64), {
      title: 'Answers at the same time',
      hint: 'How many requests Ollama works on together. More than OLLAMA_NUM_PARALLEL only moves the line into Ollama.',
      default: 1,
      unit: 'count',
      applies: 'live',
    }),
    max_queue_size: field(whole(1, 10_000), {
      title: 'Places in line',
      hint: 'When all are taken, further requests are refused with queue_full.',
      default: 100,
      unit: 'count',
      applies: 'live',
    }),
    max_wait_ms: field(whole(1, DAY_MS), {
      title: 'Longest wait',
      hint: 'A request that waited longer in line is refused with queue_timeout.',
      default: 600_000,
      unit: 'ms',
      applies: 'live',
    }),
    estimated_time_per_request_ms: field(whole(1, DAY_MS), {
      title: 'First guess per request',
      hint: 'Used for waiting times until something has been measured.',
      default: 30_000,
      unit: 'ms',
      applies: 'live',
    }),
    aging_ms: field(whole(1, DAY_MS), {
      title: 'One step up after',
      hint: 'A waiting request gains one step of priority each time it has waited this long, so that nobody waits for ever.',
      default: 60_000,
      unit: 'ms',
      applies: 'live',
    }),
    retention_seconds: field(whole(1, DAY_S), {
      title: 'Keep finished results for',
      hint: 'How long the result of a chat-queue request can be fetched. The clock starts when it is finished.',
      default: 600,
      unit: 's',
      applies: 'live',
    }),
    retained_max_mb: field(amount(0.1, 65_536), {
      title: 'Finished results, at most',
      hint: 'Memory for finished chat-queue results; the oldest go first.',
      default: 64,
      unit: 'MB',
      applies: 'live',
    }),
  }),

  batch: section('Batching', {
    max_batch_size: field(whole(1, 100), {
      title: 'Same model in a row, at most',
      hint: 'How many waiting requests of the loaded model go before an older one of another model.',
      default: 3,
      unit: 'count',
      applies: 'live',
    }),
    batch_timeout_ms: field(whole(0, 600_000), {
      title: 'Other models wait at most',
      hint: 'Once a request of another model waited this long, the row ends. No request is ever delayed to fill a batch.',
      default: 2000,
      unit: 'ms',
      applies: 'live',
    }),
    enable_deduplication: field(flag(), {
      title: 'One run for identical requests',
      hint: 'Identical requests at the same time share one run of the model.',
      default: true,
      applies: 'live',
    }),
  }),

  cors: section('Web pages', {
    allowed_origins: field(
      list(origin().type, 1000, 'a list of origins such as "http://localhost:3000", without paths, or "*"'),
      {
        title: 'Web pages that may connect',
        hint: 'Exact origins. Pages on this machine may always connect; "*" lets in every page you visit.',
        default: ['http://localhost:3000'],
        applies: 'live',
      },
    ),
  }),

  log: section('Log', {
    level: field(
      choice({
        trace: 'trace',
        debug: 'debug',
        info: 'info',
        warn: 'warn',
        error: 'error',
        fatal: 'fatal',
        silent: 'silent',
      }),
      {
        title: 'Log',
        hint: 'The least important lines to write.',
        default: 'info',
        applies: 'live',
        env: ['LOG_LEVEL', 'RUST_LOG'],
      },
    ),
    requests: field(flag(), {
      title: 'Keep request text',
      hint: 'Writes prompts and answers to the log, on this machine only.',
      default: false,
      applies: 'live',
    }),
  }),

  app: section('This app', {
    start_at_login: field(flag(), {
      title: 'Start at login',
      hint: 'Opens Hearth in the tray when you log in.',
      default: false,
      applies: 'live',
      only: 'desktop',
    }),
    start_ollama: field(flag(), {
      title: 'Start Ollama when it is not running',
      hint: 'Starts the installed ollama program, and stops only what it started.',
      default: false,
      applies: 'live',
      only: 'desktop',
    }),
    notifications: field(flag(), {
      title: 'Notifications',
      hint: 'Tells about changes of state, such as Ollama going away.',
      default: true,
      applies: 'live',
      only: 'desktop',
    }),
    check_updates: field(flag(), {
      title: 'Check for updates',
      hint: 'Asks now and then whether a newer release exists.',
      default: true,
      applies: 'live',
      only: 'desktop',
    }),
  }),
});

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** A whole, valid configuration. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** What a form, a table or a message needs to know of a setting. Plain data. */
export interface FieldInfo extends About<unknown> {
  /** Section and key, as in "cache.ttl_seconds". */
  readonly path: string;
  readonly section: string;
  readonly key: string;
  readonly kind: FieldKind;
  /** What is allowed, to go after "must be". */
  readonly allowed: string;
  /** Bounds of a number, the most characters of a text, or the most items of a list. */
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  /** Every name in the environment, strongest first. */
  readonly env: readonly string[];
}

/** The sections in the order of the form. */
export const sections: readonly { readonly name: string; readonly title: string }[] = Object.entries(
  configSchema.shape,
).map(([name, schema]) => ({ name, title: schema.unwrap().meta()?.title ?? name }));

const declared: readonly { readonly info: FieldInfo; readonly schema: z.ZodType }[] = Object.entries(
  configSchema.shape,
).flatMap(([section, schema]) =>
  Object.entries<z.ZodType>(schema.unwrap().shape).map(([key, type]) => {
    const told = toldOf(type);
    const env = [`${section}__${key}`.toUpperCase(), ...(told.env ?? [])];
    return { info: { path: `${section}.${key}`, section, key, ...told, env }, schema: type };
  }),
);

/** Every setting, in the order of the form. */
export const fields: readonly FieldInfo[] = declared.map(({ info }) => info);

const schemaOf: ReadonlyMap<string, z.ZodType> = new Map(declared.map(({ info, schema }) => [info.path, schema]));

/**
 * Checks one value of one setting, as a form does while it is typed. Gives the value in its proper spelling, or
 * undefined when it is not allowed or the setting does not exist.
 */
export function parseField(path: string, value: unknown): { readonly value: unknown } | undefined {
  const result = value === undefined ? undefined : schemaOf.get(path)?.safeParse(value);
  return result?.success === true ? { value: result.data } : undefined;
}

/** The configuration of somebody who has set nothing. */
export function defaultConfig(): Config {
  return configSchema.parse({});
}
