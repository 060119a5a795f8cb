// What is kept stable in an app's prompts: the rules in the settings, and the report about a request. core/pins applies
// them. Types only.
import { z } from 'zod';

/** The rules by their names in settings and headers, each with its possible treatments. */
export const PINS = {
  /** The check digits in the line with which Claude Code's prompts begin. */
  billing_line: ['pin', 'as_sent'],
  /** A date with a time of day, or a time, that the instructions give as the current one. */
  clock: ['to_end', 'to_day', 'as_sent'],
} as const;
export const PIN_NAMES = ['billing_line', 'clock'] as const satisfies readonly (keyof typeof PINS)[];
export type PinName = (typeof PIN_NAMES)[number];

/** `as_sent`: nothing is changed, and nothing is offered. */
export const pinRulesSchema = z
  .strictObject({ billing_line: z.enum(PINS.billing_line).optional(), clock: z.enum(PINS.clock).optional() })
  .refine((rules) => Object.keys(rules).length > 0);
export type PinRules = Readonly<z.output<typeof pinRulesSchema>>;

/** A change that was made, or could be. */
export const pinWordsSchema = z.object({ what: z.enum(PIN_NAMES), how: z.enum(['pin', 'to_end', 'to_day']) });
export type PinWords = Readonly<z.infer<typeof pinWordsSchema>>;

/** What was done to a prompt, as an answer says it where no header can. */
export const promptKeptSchema = z.object({
  billing_line: z.enum(['pin']).optional(),
  clock: z.enum(['to_end', 'to_day']).optional(),
});
export type PromptKept = Readonly<z.infer<typeof promptKeptSchema>>;

const pieceSchema = z.object({ text: z.string(), differs: z.literal(true).optional() });

/**
 * The text that was sent and its replacement, each with some context; `end`: the text added behind the last message.
 * From memory alone.
 */
export const pinDiffSchema = z.object({
  sent: z.array(pieceSchema),
  now: z.array(pieceSchema),
  end: z.string().optional(),
});
export type PinDiff = Readonly<z.infer<typeof pinDiffSchema>>;

/** A change to the prompt of one request. */
export const pinnedSchema = z.object({
  ...pinWordsSchema.shape,
  /** Number of characters that were replaced. */
  chars: z.number().int().nonnegative(),
  /** Index of the first of them in the prompt's text. */
  at: z.number().int().nonnegative(),
  /** Hash of the replaced text: shows whether two requests sent the same. */
  sent_hash: z.string(),
  /** Absent if no longer in memory. */
  diff: pinDiffSchema.optional(),
});
export type Pinned = Readonly<z.infer<typeof pinnedSchema>>;
export type PinPiece = z.infer<typeof pieceSchema>;

/** A change with the replaced text, for as long as the request lives. */
export interface PinnedSpans extends Pinned {
  readonly spans: readonly {
    /** Index of the text in the instructions, and of the character in it as it is now. */
    readonly text: number;
    readonly at: number;
    readonly sent: string;
    readonly now: string;
  }[];
  /** The text added behind the last message, if any. */
  readonly end?: string;
}
