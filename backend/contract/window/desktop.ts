// The protocol between the desktop app's main process and its window: every command with its input and output, and
// every topic that main pushes. Both sides read these schemas: main/window/bridge.ts validates by them,
// renderer/state/client.ts gets its types from them. Everything passes over two channels. No behaviour here.
import { z } from 'zod';
import { ABOUT_COMMANDS, updatesSchema } from './about-commands.ts';
import { SCOPES } from '../rules/api-key.ts';
import { ACTION_NAMES, actionResultSchema, noticeFactSchema, snapshotSchema } from '../views/control.ts';
import { LOOK_COMMANDS } from './look-commands.ts';
import { MODEL_COMMANDS } from './model-commands.ts';
import { cancelledBatchSchema, cancelledSchema, queueSchema } from '../views/queue-view.ts';
import type { WireError } from '../errors.ts';
import { LANGUAGES, type Language } from '../languages.ts';
import { REQUEST_COMMANDS } from './request-commands.ts';
import { TALK_COMMANDS, talkSchema } from './talk.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();
const port = z.number().int().min(1).max(65_535);

// ---- the window's data, by topic

/** The program on a port that Hearth wanted; found by asking its /health. */
const holderSchema = z.object({
  /** Ollama itself answers there. */
  ollama: z.boolean().optional(),
  /** Another Hearth answers there, with its version and uptime. */
  hearth: z.boolean(),
  version: z.string().optional(),
  uptime_ms: ms.optional(),
});

/** Why the gateway does not run although it should. */
const failureSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('port_taken'),
    port,
    holder: holderSchema,
    /** A port that was free when checked; null when none was found. */
    next_port: port.nullable(),
  }),
  /** It crashed and restarts at `restarts_at`. */
  z.object({ kind: z.literal('crashed'), sentence: z.string(), restarts_at: time, times_today: count }),
  z.object({ kind: z.literal('other'), sentence: z.string() }),
]);
export type GatewayFailure = z.infer<typeof failureSchema>;

export const GATEWAY_STATES = ['stopped', 'starting', 'running', 'draining', 'failed'] as const;

export const gatewaySchema = z.object({
  state: z.enum(GATEWAY_STATES),
  /** The port it listens on; while it does not run, the port it would use. */
  port: count,
  /** Addresses to paste into other programs. */
  addresses: z.object({
    /** `http://127.0.0.1:8080` */
    gateway: z.string(),
    /** `127.0.0.1:8080` */
    ollama_host: z.string(),
    /** `http://127.0.0.1:8080/v1` */
    openai_base_url: z.string(),
    /** `http://192.168.1.24:8080`, if other machines are let in; otherwise null. */
    lan: z.string().nullable(),
  }),
  /** It listens beyond this machine, or would; `lan` is still null if this machine is in no network. */
  beyond_loopback: z.boolean(),
  /** When it began to run; null while it does not run. */
  since: time.nullable(),
  failure: failureSchema.nullable(),
});
export type GatewayView = z.infer<typeof gatewaySchema>;

/** Live data of a running gateway; null while none runs. */
export const liveSchema = snapshotSchema.extend({ queue: queueSchema }).nullable();
export type LiveView = z.infer<typeof liveSchema>;

/**
 * The settings as the form needs them; `fields` in contract/config/config.ts describes each one (title, unit, limits
 * …).
 */
export const settingsSchema = z.object({
  /** By dotted path: the saved value, or that of the environment; secrets are hidden (contract/secret.ts). */
  values: z.record(z.string(), z.unknown()),
  /** Dotted path → name of the variable that sets it, so that the form cannot. */
  locked: z.record(z.string(), z.string()),
  /** Dotted path → the value in use until the gateway is restarted. */
  waiting_for_restart: z.record(z.string(), z.unknown()),
  /** Dotted path → what is wrong with the value in the file, as a sentence; the default is in use. */
  problems: z.record(z.string(), z.string()),
  /** Path of the settings file. */
  file: z.string(),
});
export type SettingsView = z.infer<typeof settingsSchema>;

export const noticeSchema = z.object({
  id: z.string(),
  level: z.enum(['info', 'warning', 'error']),
  /** Replaces the icon of the level. */
  icon: z.enum(['restart', 'check']).optional(),
  /** One of its buttons restarts the gateway: the window adds what that costs at the moment. */
  restarts: z.boolean().optional(),
  /** The first line: what happens. */
  text: z.string(),
  /** The start of the first line, if it should stand out: a web page's origin. */
  subject: z.string().optional(),
  /** The second line: what it means or what to do. */
  more: z.string().optional(),
  /** At most three; the id comes back with `answer_notice`. */
  buttons: z.array(z.object({ id: z.string(), label: z.string(), plain: z.boolean().optional() })),
});
export type NoticeView = z.infer<typeof noticeSchema>;

export const appSchema = z.object({
  version: z.string(),
  /** Language of the window's texts. */
  language: z.enum(Object.keys(LANGUAGES) as [Language, ...Language[]]),
  /** `npm run demo`: a simulated Ollama answers. */
  demo: z.boolean(),
  /** Whether to show the first-run page. */
  first_run: z.boolean(),
  /** The `ollama` program: found on this machine, not found, or being started by Hearth now. */
  ollama_program: z.enum(['installed', 'missing', 'starting']),
  /** Whether a tray icon is visible; without one, closing the window offers to quit. */
  tray: z.boolean(),
  /** The window was closed and no tray icon remains: ask whether to quit. */
  asks_to_quit: z.boolean(),
});
export type AppView = z.infer<typeof appSchema>;

/** All data of the window. Each topic is pushed as a whole. */
export const TOPICS = {
  app: appSchema,
  gateway: gatewaySchema,
  live: liveSchema,
  settings: settingsSchema,
  updates: updatesSchema,
  /** Newest first. */
  notices: z.array(noticeSchema),
  /** The gateway's notices: all that hold, and the last ones of a day. Newest first. */
  recent_notices: z.array(noticeFactSchema),
  talk: talkSchema,
  /**
   * The tab that the tray or a notice asked for, optionally with a page behind it, a setting to show there (by dotted
   * path), a request, a part of the tab, or the question whether to clear the cache. `n` grows with each wish, so that
   * a repeated wish is noticed.
   */
  go: z.object({
    tab: z.enum(['overview', 'queue', 'requests', 'models', 'settings']),
    /** A page behind the tab; renderer/parts/pages.ts says behind which. */
    page: z.enum(['connect', 'prompts', 'about']).optional(),
    setting: z.string().optional(),
    /** The id of a request to show there. */
    request: z.string().optional(),
    shows: z.enum(['notices']).optional(),
    asks: z.enum(['clear_cache']).optional(),
    n: count,
  }),
} as const;
export type Topic = keyof typeof TOPICS;
export const viewSchema = z.object(TOPICS);
export type View = z.infer<typeof viewSchema>;
/** One push: the topics that changed. At most four a second, and only while the window is visible. */
export const pushSchema = viewSchema.partial();
export type Push = z.infer<typeof pushSchema>;

// ---- the window's commands

const nothing = z.strictObject({});
const done = z.object({});
const requestRef = z.strictObject({ request_id: z.string().min(1).max(128) });
const path = z.string().max(100);

/** Every command with its input and output. A refusal is a WireError in the envelope. */
export const COMMANDS = {
  /** All topics at once, for the first paint. */
  view: { input: nothing, output: viewSchema },

  start_gateway: { input: nothing, output: done },
  stop_gateway: { input: nothing, output: done },
  restart_gateway: { input: nothing, output: done },
  /** Saves server.port and starts there: the way out of a taken port. */
  use_port: { input: z.strictObject({ port }), output: done },
  pause: { input: z.strictObject({ paused: z.boolean() }), output: done },

  ...LOOK_COMMANDS,

  cancel: { input: requestRef, output: cancelledSchema },
  cancel_batch: { input: z.strictObject({ batch_id: z.string().min(1).max(128) }), output: cancelledBatchSchema },
  /** Moves a request one place up in the queue; returns its new place. */
  move_up: { input: requestRef, output: z.object({ queue_position: count }) },
  ...REQUEST_COMMANDS,
  ...MODEL_COMMANDS,
  ...TALK_COMMANDS,
  ...ABOUT_COMMANDS,
  /** The actions of POST /api/cache-stats, with their data. */
  act: {
    input: z.strictObject({ action: z.enum(ACTION_NAMES as [string, ...string[]]), data: z.unknown() }),
    output: actionResultSchema,
  },

  /**
   * Saves one setting; hidden parts of it stay unchanged. Refused with invalid_request and a sentence to show at the
   * field.
   */
  set_setting: { input: z.strictObject({ path, value: z.unknown() }), output: settingsSchema },
  /** Back to the default: one setting, or all of them. */
  reset_setting: { input: z.strictObject({ path }), output: settingsSchema },
  reset_settings: { input: nothing, output: settingsSchema },
  /**
   * Creates a key for callers from elsewhere; this is the only time that `secret` is shown. Refused with
   * invalid_request and a sentence.
   */
  create_key: {
    input: z.strictObject({
      name: z.string().max(1000),
      scopes: z.array(z.enum(SCOPES)).max(10),
      high_priority: z.boolean().optional(),
    }),
    output: z.object({ secret: z.string() }),
  },
  revoke_key: { input: z.strictObject({ name: z.string().max(1000) }), output: settingsSchema },
  /**
   * Asks for a file and writes the settings as JSON, without secrets: `left_out` has the labels of settings with
   * secrets. `file` is null when the user cancelled.
   */
  export_settings: { input: nothing, output: z.object({ file: z.string().nullable(), left_out: z.array(z.string()) }) },
  /** Asks for a file and applies what is valid in it. `problems` are sentences about the rest. */
  import_settings: {
    input: nothing,
    output: z.object({ file: z.string().nullable(), changed: count, problems: z.array(z.string()) }),
  },
  /**
   * Tests an Ollama without using it; with the saved key if none is given. Refused with the reason, as
   * upstream_unreachable or a similar code.
   */
  test_connection: {
    input: z.strictObject({ url: z.string().max(10_000), api_key: z.string().max(10_000).optional() }),
    output: z.object({
      url: z.string(),
      /** null: it reports none. */
      version: z.string().nullable(),
      latency_ms: ms,
      /** null: the list cannot be fetched. */
      models: z.array(z.string()).nullable(),
    }),
  },

  start_ollama: { input: nothing, output: done },
  answer_notice: { input: z.strictObject({ id: z.string(), button: z.string() }), output: done },
  /** The first-run page was finished; do not show it again. */
  finish_first_run: { input: nothing, output: done },
  /** The answer to app.asks_to_quit. */
  quit: { input: z.strictObject({ yes: z.boolean() }), output: done },
} as const;
export type Command = keyof typeof COMMANDS;
export type CommandInput<C extends Command> = z.input<(typeof COMMANDS)[C]['input']>;
export type CommandOutput<C extends Command> = z.output<(typeof COMMANDS)[C]['output']>;

/** The answer to every command. */
export type Envelope<C extends Command> =
  | { readonly ok: true; readonly output: CommandOutput<C> }
  // A refusal, as on the wire.
  | { readonly ok: false; readonly error: WireError };

/** The two channels. */
export const CHANNELS = { call: 'hearth:call', push: 'hearth:push' } as const;

/** The object that the preload script exposes to the window as `hearth`. */
export interface Bridge {
  call<C extends Command>(command: C, input: CommandInput<C>): Promise<Envelope<C>>;
  /** Calls back with each push until the returned function is called. */
  onPush(listener: (push: Push) => void): () => void;
}
