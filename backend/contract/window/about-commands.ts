// The window's commands about the app itself: its log, its environment, newer releases. Part of the commands in
// desktop.ts. Types only.
import { z } from 'zod';

const count = z.number().int().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();
const nothing = z.strictObject({});
const done = z.object({});

// ---- the log

/** Levels of log lines, least important first; finer levels count as the nearest of these. */
export const LINE_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LineLevel = (typeof LINE_LEVELS)[number];

const lineSchema = z.object({
  /** null: the line has no time. */
  at: time.nullable(),
  level: z.enum(LINE_LEVELS),
  /** The message and what it concerns; without keys and passwords. */
  text: z.string(),
});
export type LogLine = z.infer<typeof lineSchema>;

// ---- newer releases

/** The state of the app's own updates. */
export const updatesSchema = z.discriminatedUnion('state', [
  /**
   * No check happens: this copy has no update address, cannot replace itself, or the setting app.check_updates is off.
   */
  z.object({ state: z.literal('off'), why: z.enum(['no_address', 'not_replaceable', 'setting']) }),
  /** No newer release found; `looked_at` is null before the first check. */
  z.object({ state: z.literal('none'), looked_at: time.nullable() }),
  z.object({ state: z.literal('looking') }),
  /** `share`: downloaded part, from 0 to 1. */
  z.object({ state: z.literal('fetching'), version: z.string(), share: z.number() }),
  /** Verified, and used after a restart. `notes`: release notes as plain text; null if there are none. */
  z.object({ state: z.literal('ready'), version: z.string(), notes: z.string().nullable() }),
  /** The last check failed, or what it found was refused; `sentence` says why. */
  z.object({ state: z.literal('failed'), looked_at: time, sentence: z.string() }),
]);
export type UpdatesView = z.infer<typeof updatesSchema>;

// ---- commands

/** What is opened in another program. */
export const OPENED = ['logs', 'log_file', 'data', 'licences', 'settings_file', 'get_ollama'] as const;
export type Opened = (typeof OPENED)[number];

export const ABOUT_COMMANDS = {
  /**
   * The last lines of the log, or those after `next` of the previous answer; `again`: the log starts over with these
   * lines.
   */
  log: {
    input: z.strictObject({ after: z.string().max(100).optional() }),
    output: z.object({ lines: z.array(lineSchema), next: z.string(), again: z.boolean() }),
  },
  /** What the app runs on, and where it stores its data. */
  about: {
    input: nothing,
    output: z.object({
      /** The data folder, with `~` for the user's home folder, and its size. */
      data_folder: z.string(),
      data_bytes: count,
      /** "Linux 6.1.0 x64" */
      system: z.string(),
      electron: z.string().nullable(),
      node: z.string(),
    }),
  },
  /** Copies text to the clipboard. */
  copy: { input: z.strictObject({ text: z.string().min(1).max(500_000) }), output: done },
  open: { input: z.strictObject({ what: z.enum(OPENED) }), output: done },
  /** Checks for a newer release now. Refused with invalid_request if updates are off. */
  look_for_update: { input: nothing, output: done },
  /**
   * Ends the app as `quit` does, including running answers, and starts the newer release. Refused with invalid_request
   * if none is ready.
   */
  install_update: { input: nothing, output: done },
} as const;
