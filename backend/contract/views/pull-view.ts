// Model downloads, which the gateway has Ollama make one after another: their state, and commands for them. Types only;
// core/models/pulls.ts has their queue.
import { z } from 'zod';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();

/** A line of POST /api/pull, as Ollama writes it (its api/types.go, ProgressResponse). */
export interface PullStep {
  readonly status: string;
  /** Digest of the layer that the line is about. */
  readonly digest?: string | undefined;
  /** Bytes of that layer, and how many of them have arrived. */
  readonly total?: number | undefined;
  readonly completed?: number | undefined;
}

/** `failed`: it stopped, and continues on request; the part that has arrived is kept. */
export const PULL_STATES = ['waiting', 'running', 'paused', 'failed'] as const;
/** What Ollama does for a running download: look the model up, fetch it, verify the digests, write the manifest. */
export const PULL_PHASES = ['looking', 'downloading', 'checking', 'installing'] as const;
export type PullPhase = (typeof PULL_PHASES)[number];

/** The kind of a failure; `said` has Ollama's words, or a sentence for `other`. */
export const PULL_FAILURES = [
  'unknown_model',
  'disk_full',
  'ollama_says',
  'ollama_away',
  'broke_off',
  'other',
] as const;
export const pullFailureSchema = z.object({ kind: z.enum(PULL_FAILURES), said: z.string() });
export type PullFailure = z.infer<typeof pullFailureSchema>;

export const pullSchema = z.object({
  /** The name as requested. */
  model: z.string(),
  /** The machine that downloads it; absent if no machine has a name. */
  upstream: z.string().optional(),
  state: z.enum(PULL_STATES),
  /** null while it does not run. */
  phase: z.enum(PULL_PHASES).nullable(),
  /** Bytes that have arrived, and the total as far as Ollama has reported it; null before that. */
  completed: count.nullable(),
  total: count.nullable(),
  /** Over the last 10 seconds; null until 5 of them were measured. */
  bytes_per_s: z.number().nonnegative().nullable(),
  left_ms: ms.nullable(),
  /** Milliseconds without a byte; null while none is expected. */
  silent_ms: ms.nullable(),
  /** Why it failed, or what it waits for before it continues by itself; null otherwise. */
  error: z.string().nullable(),
  /** The same for programs. */
  failure: pullFailureSchema.nullable(),
  /** When it was requested. ISO 8601 in UTC. */
  since: z.string(),
});
export type PullView = z.infer<typeof pullSchema>;

/** GET /api/pulls: in the order of the queue. */
export const pullListSchema = z.object({ pulls: z.array(pullSchema) });

/**
 * POST /api/pulls: queues a download, or continues one that stopped; `paused` stops one. `upstream` names the machine
 * to download to; without it a new download goes to the first machine that answers and may be asked for the model.
 */
export const pullWishSchema = z.strictObject({
  model: z.string().trim().min(1).max(512),
  upstream: z.string().trim().min(1).max(200).optional(),
  paused: z.boolean().default(false),
});
export type PullWish = z.input<typeof pullWishSchema>;

/** DELETE /api/pulls?model=, and &upstream= if a model is downloaded to several machines. */
export const pullRemovedSchema = z.object({ model: z.string(), removed: z.literal(true) });
