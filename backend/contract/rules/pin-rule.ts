// What of an app's prompts is kept the same: how it is written in the settings, and how it is told of a request. How it is done is
// core/pins. Shapes only.
import { z } from 'zod';

/** What the rules are for, by the names that settings and headers have, each with what may be done about it. */
export const PINS = {
  /** The check digits in the line with which Claude Code begins. */
  billing_line: ['pin', 'as_sent'],
  /** A date with a time of day, or a time, that the instructions say is now. */
  clock: ['to_end', 'to_day', 'as_sent'],
} as const;
export const PIN_NAMES = ['billing_line', 'clock'] as const satisfies readonly (keyof typeof PINS)[];
export type PinName = (typeof PIN_NAMES)[number];

/** `as_sent`: nothing is done, and nobody is asked whether something should be. */
export const pinRulesSchema = z
  .strictObject({ billing_line: z.enum(PINS.billing_line).optional(), clock: z.enum(PINS.clock).optional() })
  .refine((rules) => Object.keys(rules).length > 0);
export type PinRules = Readonly<z.output<typeof pinRulesSchema>>;

/** Something that was done, or could be. */
export const pinWordsSchema = z.object({ what: z.enum(PIN_NAMES), how: z.enum(['pin', 'to_end', 'to_day']) });
export type PinWords = Readonly<z.infer<typeof pinWordsSchema>>;

const pieceSchema = z.object({ text: z.string(), differs: z.literal(true).optional() });

/**
 * What was sent and what goes up in its place, each with a little of what stands around it; `end`: what is told behind the last message.
 * From memory alone.
 */
export const pinDiffSchema = z.object({
  sent: z.array(pieceSchema),
  now: z.array(pieceSchema),
  end: z.string().optional(),
});
export type PinDiff = Readonly<z.infer<typeof pinDiffSchema>>;

/** What was done to the prompt of one request. */
export const pinnedSchema = z.object({
  ...pinWordsSchema.shape,
  /** Characters that were sent there. */
  chars: z.number().int().nonnegative(),
  /** Before which character of its text the first of them stands. */
  at: z.number().int().nonnegative(),
  /** Of what was sent there: whether two requests said the same. */
  sent_hash: z.string(),
  /** Left out when it is no longer in memory. */
  diff: pinDiffSchema.optional(),
});
export type Pinned = Readonly<z.infer<typeof pinnedSchema>>;
export type PinPiece = z.infer<typeof pieceSchema>;

/** The same with what was sent, for as long as the request lives. */
export interface PinnedSpans extends Pinned {
  readonly spans: readonly {
    /** In which of the texts of the instructions, and before which character of it as it is now. */
    readonly text: number;
    readonly at: number;
    readonly sent: string;
    readonly now: string;
  }[];
  /** What is told behind the last message, where that is done. */
  readonly end?: string;
}
