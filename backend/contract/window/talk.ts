// "Try it": questions that somebody asks in the window, and what comes of them. Part of the topics and commands in desktop.ts.
// Shapes only; main/try asks them.
import { z } from 'zod';
import { SOURCES } from '../chat/chat.ts';
import { errorCodeSchema } from '../errors.ts';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
/** ISO 8601 in UTC. */
const time = z.string();

/** A question and its answer so far. What is not known, or not yet, is null. */
export const turnSchema = z.object({
  /** Its number in the window. */
  id: count,
  model: z.string(),
  question: z.string(),
  state: z.enum(['answering', 'answered', 'stopped', 'failed']),
  thinking: z.string(),
  answer: z.string(),
  asked_at: time,
  /** By which the list of requests knows it. */
  request_id: z.string().nullable(),
  source: z.enum(SOURCES).nullable(),
  /** Of a kept answer: when it was kept, and the model's time that it saved. */
  kept_at: time.nullable(),
  saved_ms: ms.nullable(),
  /** Of a shared run: who began it. */
  run_of: z.string().nullable(),
  /** Of the answer so far. A kept answer tells them at its end. */
  tokens: count.nullable(),
  /** Of a run of its own, while the model wrote. */
  tokens_per_s: z.number().nullable(),
  /** From the question to the end of the answer. */
  total_ms: ms.nullable(),
  /** Why it failed, as a sentence. */
  error: z.object({ code: errorCodeSchema, sentence: z.string() }).nullable(),
});
export type TurnView = z.infer<typeof turnSchema>;

/** In the order in which they are shown; the highest id was asked last. Gone when the window is closed. */
export const talkSchema = z.array(turnSchema);

const done = z.object({});

export const TALK_COMMANDS = {
  /**
   * Asks a model, with what was said before; with `instead_of` in the place of an earlier question. Refused with shutting_down where no
   * gateway runs, and with invalid_request while an answer is under way.
   */
  ask: {
    input: z.strictObject({
      model: z.string().min(1).max(512),
      question: z.string().trim().min(1).max(100_000),
      instead_of: count.optional(),
    }),
    output: done,
  },
  /** Ends the answer that is under way; what has come of it stays. */
  stop_answer: { input: z.strictObject({}), output: done },
  /** Forgets all of it. */
  clear_talk: { input: z.strictObject({}), output: done },
} as const;
