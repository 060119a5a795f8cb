// What the simulated fleet is made of: what people ask, what an Ollama does, and what each request costs a gateway and Valkey.
// The costs are rounded figures that were measured; each says where.
import { defaultConfig } from '../../../backend/contract/config/config.ts';

/** What people ask in their busiest hour. */
export const PEOPLE = {
  requestsPerHour: 12,
  /** Asked again word for word by the same person within the hour: titles, tests, completions that are typed anew. */
  ownAgain: 0.12,
  /** What all ask alike, one in so many questions the most popular (Zipf): what a tool asks for everybody. */
  common: 0.13,
  commonQuestions: 2000,
  /** Whether its answer may be kept (temperature 0 and the like). */
  mayBeKept: 0.6,
  /** Handed in as a job. */
  jobs: 0.02,
  promptTokens: 1200,
  /** On the mean; exponential. */
  answerTokens: 220,
} as const;

/** An 8B model on a GPU of 24 GB with OLLAMA_NUM_PARALLEL=4. */
export const OLLAMA = {
  slots: 4,
  tokensPerS: 30,
  promptTokensPerS: 2000,
} as const;

/** Of one gateway, which has one processor for its event loop: `npm run bench`, docs/benchmarks.md. Milliseconds. */
export const GATEWAY = {
  hitMs: 0.15,
  /** Of a miss beside its tokens. */
  missMs: 4,
  tokenMs: 0.31,
  /** Files that one process may have open: LimitNOFILE of deploy/hearth.service. */
  handles: 65_536,
} as const;

/**
 * Of Valkey, whose one thread does all this. Microseconds: the scripts' by INFO commandstats of a Redis 7.0 on two busy cores, and
 * for each command 10 for reading and writing the socket (redis-benchmark without pipelines does about 100,000 GET a second).
 */
export const VALKEY = {
  commandUs: 10,
  boardUs: 19,
  tellUs: 29,
  followUs: 30,
  leaveUs: 5,
  keepUs: 20,
  /** All commands of a job's life in BullMQ. */
  jobUs: 500,
  /** A gateway that runs something for the fleet tells it so often. */
  tellsPerS: 40,
  /** Bytes of a kept answer beside its text, and of each token of it. */
  answerBytes: 300,
  tokenBytes: 8,
  /**
   * Of a job that has ended, whose question is gone: 4,200 by INFO memory of that Redis for one whose answer packs to nothing, 200 of them
   * after 60, and four for each token of an answer.
   */
  jobBytes: 5000,
  /** maxmemory in docs/cluster.md. */
  maxBytes: 2e9,
} as const;

const { cache, queue } = defaultConfig();
/** For how long an answer is kept, and a job that has ended and is none of a batch, where nobody sets it otherwise. Seconds. */
export const ANSWERS_KEPT_S = cache.ttl_seconds;
export const JOBS_KEPT_S = queue.retention_seconds;
