// The window's commands about models on disk: downloads, details, deletion. Loading and unloading are actions
// (control.ts).
import { z } from 'zod';
import { pullSchema, pullWishSchema } from '../views/pull-view.ts';

const count = z.number().int().nonnegative();

/** Details of an installed model, beside its row in the list. */
export const modelDetailsSchema = z.object({
  /** Tokens that the model was made for: the largest context. null if Ollama does not say. */
  most_context: count.nullable(),
  /** Length of its vectors; null for a model that makes none. */
  vector_length: count.nullable(),
  /** The licence's name, such as "Apache License Version 2.0"; null if unknown. */
  license: z.string().nullable(),
  /** Apps that used it lately, busiest first. */
  used_by: z.array(z.string()),
  /** Prompt tokens per second, measured in runs through Hearth; null before the first. */
  reads_tokens_per_s: z.number().nullable(),
});
export type ModelDetails = z.infer<typeof modelDetailsSchema>;

const which = z.strictObject({ model: z.string().trim().min(1).max(512) });
/** `upstream`: which of several machines (pull-view.ts). */
const whichPull = pullWishSchema.omit({ paused: true });
const done = z.object({});

export const MODEL_COMMANDS = {
  /** Queues a download, or continues one that stopped. Refused with invalid_request, pulls_full. */
  pull_model: { input: whichPull, output: pullSchema },
  pause_pull: { input: whichPull, output: pullSchema },
  cancel_pull: { input: whichPull, output: done },
  /** Unloads the model and deletes it from the disk. Refused with model_not_found and Ollama's errors. */
  delete_model: { input: which, output: done },
  model_details: { input: which, output: modelDetailsSchema },
} as const;
