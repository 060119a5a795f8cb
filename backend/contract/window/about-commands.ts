// What the window asks about the app itself, and has done: its log, what it runs on, newer releases. Part of the commands in
// desktop.ts. Shapes only.
import { z } from 'zod';

const count = z.number().int().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();
const nothing = z.strictObject({});
const done = z.object({});

// ---- the log

/** The levels of lines, the least important first; finer ones count as the nearest of these. */
export const LINE_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LineLevel = (typeof LINE_LEVELS)[number];

const lineSchema = z.object({
  /** null: the line does not say. */
  at: time.nullable(),
  level: z.enum(LINE_LEVELS),
  /** What it says, and what it was said of; without keys and passwords. */
  text: z.string(),
});
export type LogLine = z.infer<typeof lineSchema>;

// ---- newer releases

/** Where the app stands with newer releases of itself. */
export const updatesSchema = z.discriminatedUnion('state', [
  /** Nobody is asked: this copy has no address to ask at, it cannot replace itself, or the setting app.check_updates is off. */
  z.object({ state: z.literal('off'), why: z.enum(['no_address', 'not_replaceable', 'setting']) }),
  /** No newer release, as far as was looked; `looked_at` is null before the first look. */
  z.object({ state: z.literal('none'), looked_at: time.nullable() }),
  z.object({ state: z.literal('looking') }),
  /** `share`: how much of it is here, from 0 to 1. */
  z.object({ state: z.literal('fetching'), version: z.string(), share: z.number() }),
  /** It was checked and is used after a restart. `notes`: what is new in it, as plain text; null where it does not say. */
  z.object({ state: z.literal('ready'), version: z.string(), notes: z.string().nullable() }),
  /** The last look failed, or what it found was refused; `sentence` says why. */
  z.object({ state: z.literal('failed'), looked_at: time, sentence: z.string() }),
]);
export type UpdatesView = z.infer<typeof updatesSchema>;

// ---- commands

/** What is opened in another program. */
export const OPENED = ['logs', 'log_file', 'data', 'licences', 'settings_file', 'get_ollama'] as const;
export type Opened = (typeof OPENED)[number];

export const ABOUT_COMMANDS = {
  /** The last lines of the log, or those that came after `next` of the answer before; `again`: the log begins anew with these. */
  log: {
    input: z.strictObject({ after: z.string().max(100).optional() }),
    output: z.object({ lines: z.array(lineSchema), next: z.string(), again: z.boolean() }),
  },
  /** What the app runs on, and where it keeps what it keeps. */
  about: {
    input: nothing,
    output: z.object({
      /** Where all of it is, `~` standing for the user's folder, and how large that is. */
      data_folder: z.string(),
      data_bytes: count,
      /** "Linux 6.1.0 x64" */
      system: z.string(),
      electron: z.string().nullable(),
      node: z.string(),
    }),
  },
  /** Puts text on the clipboard. */
  copy: { input: z.strictObject({ text: z.string().min(1).max(500_000) }), output: done },
  open: { input: z.strictObject({ what: z.enum(OPENED) }), output: done },
  /** Looks for a newer release now. Refused with invalid_request where updates are off. */
  look_for_update: { input: nothing, output: done },
  /** Ends the app as `quit` does, answers that run included, and starts the newer one. Refused with invalid_request where none is ready. */
  install_update: { input: nothing, output: done },
} as const;
