// Downloads of models that the gateway has Ollama make, one after the other: how each stands, and what can be told to them.
// Shapes only; the line of them is core/models/pulls.ts.
import { z } from 'zod';

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();

/** A line of POST /api/pull, as Ollama writes it (its api/types.go, ProgressResponse). */
export interface PullStep {
  readonly status: string;
  /** Of the part that it is about. */
  readonly digest?: string | undefined;
  /** Bytes of that part, and how many of them are here. */
  readonly total?: number | undefined;
  readonly completed?: number | undefined;
}

/** `failed`: it stopped, and goes on when it is told to; what came of it is not lost. */
export const PULL_STATES = ['waiting', 'running', 'paused', 'failed'] as const;
/** What Ollama does for one that runs: looks the model up, fetches it, compares what came with its digests, writes it down. */
export const PULL_PHASES = ['looking', 'downloading', 'checking', 'installing'] as const;
export type PullPhase = (typeof PULL_PHASES)[number];

/** What kind of failure it was: `said` is what Ollama said word for word, or a sentence where there is no kind for it. */
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
  /** As it was asked for. */
  model: z.string(),
  /** The machine that it is for; left out where no machine has a name. */
  upstream: z.string().optional(),
  state: z.enum(PULL_STATES),
  /** null while it does not run. */
  phase: z.enum(PULL_PHASES).nullable(),
  /** Bytes that are here, and in all as far as Ollama has told; null before it has. */
  completed: count.nullable(),
  total: count.nullable(),
  /** Over the last 10 seconds; null until 5 of them were measured. */
  bytes_per_s: z.number().nonnegative().nullable(),
  left_ms: ms.nullable(),
  /** For how long no byte has come; null while none is to come. */
  silent_ms: ms.nullable(),
  /** Why it failed, or what it waits for before it goes on by itself; null otherwise. */
  error: z.string().nullable(),
  /** The same for programs. */
  failure: pullFailureSchema.nullable(),
  /** When it was asked for. ISO 8601 in UTC. */
  since: z.string(),
});
export type PullView = z.infer<typeof pullSchema>;

/** GET /api/pulls: in the order of the line. */
export const pullListSchema = z.object({ pulls: z.array(pullSchema) });

/**
 * POST /api/pulls: puts a download in line, or has one that stopped go on; `paused` stops one. `upstream` is the name of the
 * machine that it is for; without it, of a new one, the first that answers and may be asked for the model.
 */
export const pullWishSchema = z.strictObject({
  model: z.string().trim().min(1).max(512),
  upstream: z.string().trim().min(1).max(200).optional(),
  paused: z.boolean().default(false),
});
export type PullWish = z.input<typeof pullWishSchema>;

/** DELETE /api/pulls?model=, and &upstream= where a model is downloaded to several machines. */
export const pullRemovedSchema = z.object({ model: z.string(), removed: z.literal(true) });
