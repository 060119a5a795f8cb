// What the window can ask about models on the disk: downloads, details, deletion. Loads and unloads are actions (control.ts).
import { z } from 'zod';
import { pullSchema, pullWishSchema } from '../views/pull-view.ts';

const count = z.number().int().nonnegative();

/** What is known of an installed model beside its row in the list. */
export const modelDetailsSchema = z.object({
  /** Tokens that the model was made for: no context is larger. null where Ollama does not tell. */
  most_context: count.nullable(),
  /** How many numbers its vectors have; null for one that makes none. */
  vector_length: count.nullable(),
  /** Its name, such as "Apache License Version 2.0"; null where none is told. */
  license: z.string().nullable(),
  /** Those that asked for it lately, the busiest first. */
  used_by: z.array(z.string()),
  /** Tokens of prompts a second, measured in runs through Hearth; null before the first. */
  reads_tokens_per_s: z.number().nullable(),
});
export type ModelDetails = z.infer<typeof modelDetailsSchema>;

const which = z.strictObject({ model: z.string().trim().min(1).max(512) });
/** `upstream` is the machine of several that it is for (pull-view.ts). */
const whichPull = pullWishSchema.omit({ paused: true });
const done = z.object({});

export const MODEL_COMMANDS = {
  /** Puts a download in line, or has one go on that stopped. Refused with invalid_request, pulls_full. */
  pull_model: { input: whichPull, output: pullSchema },
  pause_pull: { input: whichPull, output: pullSchema },
  cancel_pull: { input: whichPull, output: done },
  /** From the disk, and out of memory before. Refused with model_not_found and what Ollama says. */
  delete_model: { input: which, output: done },
  model_details: { input: which, output: modelDetailsSchema },
} as const;
