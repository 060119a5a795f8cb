// "Try it": questions that the user asks in the window, and their answers. Part of the topics and commands in
// desktop.ts. Types only; main/try asks them.
import { z } from 'zod';
import { SOURCES } from '../chat/chat.ts';
import { errorCodeSchema } from '../errors.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();

/** A question and its answer so far. Unknown values are null. */
export const turnSchema = z.object({
  /** Its number in the window. */
  id: count,
  model: z.string(),
  question: z.string(),
  state: z.enum(['answering', 'answered', 'stopped', 'failed']),
  thinking: z.string(),
  answer: z.string(),
  asked_at: time,
  /** Its id in the list of requests. */
  request_id: z.string().nullable(),
  source: z.enum(SOURCES).nullable(),
  /** For a cached answer: when it was stored, and the model time that it saved. */
  kept_at: time.nullable(),
  saved_ms: ms.nullable(),
  /** For a shared run: the request that started it. */
  run_of: z.string().nullable(),
  /** Tokens of the answer so far. A cached answer reports them at its end. */
  tokens: count.nullable(),
  /** For a run of its own, while the model wrote. */
  tokens_per_s: z.number().nullable(),
  /** From the question to the end of the answer. */
  total_ms: ms.nullable(),
  /** Why it failed, as a sentence. */
  error: z.object({ code: errorCodeSchema, sentence: z.string() }).nullable(),
});
export type TurnView = z.infer<typeof turnSchema>;

/** In display order; the highest id is the latest question. Deleted when the window is closed. */
export const talkSchema = z.array(turnSchema);

const done = z.object({});

export const TALK_COMMANDS = {
  /**
   * Asks a model, with the earlier turns; `instead_of` replaces an earlier question. Refused with shutting_down if no
   * gateway runs, and with invalid_request while an answer is in progress.
   */
  ask: {
    input: z.strictObject({
      model: z.string().min(1).max(512),
      question: z.string().trim().min(1).max(100_000),
      instead_of: count.optional(),
    }),
    output: done,
  },
  /** Stops the running answer; the part that has arrived stays. */
  stop_answer: { input: z.strictObject({}), output: done },
  /** Deletes all turns. */
  clear_talk: { input: z.strictObject({}), output: done },
} as const;
