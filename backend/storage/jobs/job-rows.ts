// Writes and reads the rows of jobs. Rows are validated like any other input, since they may come from an older Hearth.
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { SOURCES, timingSchema, conversationSchema } from '../../contract/chat/chat.ts';
import { QUEUE_CLASSES } from '../../contract/chat/chat-request.ts';
import { explain } from '../../contract/chat/explain.ts';
import { AppError, errorCodeSchema } from '../../contract/errors.ts';
import { jsonText } from '../../contract/go/exact-json.ts';
import { exactParts, putExactParts, type ExactPart } from '../../contract/go/exact-parts.ts';
import { MODE_NAMES } from '../../contract/rules/mode.ts';
import { pinWordsSchema } from '../../contract/rules/pin-rule.ts';
import { KEEP_ALIVE_RULES } from '../../contract/rules/queue-rule.ts';
import { sentence } from '../../contract/sentence.ts';
import { REPLAY_MODES } from '../../core/cache/replay.ts';
import {
  JOB_ENDS,
  type JobAsk,
  type JobOutcome,
  type StoredBatch,
  type StoredJob,
  type WaitingJob,
} from '../../core/stories/jobs/stored-jobs.ts';
import type { Param, Sql } from '../rows.ts';

const text = z.string();
const count = z.number().int().nonnegative();

const wishSchema = z.object({
  read: z.boolean().exactOptional(),
  store: z.boolean().exactOptional(),
  maxAge: z.number().exactOptional(),
  onlyIfCached: z.boolean().exactOptional(),
  ttl: z.number().exactOptional(),
});

/** A job's question as JSON. Parts that JSON.parse would change are stored beside it. */
const askSchema = z.object({
  call: z.object({
    route: text,
    model: text,
    caller: text,
    owner: text,
    maxActive: z.number().optional(),
    keepAlive: z.enum(KEEP_ALIVE_RULES).optional(),
    mode: z.enum(MODE_NAMES).optional(),
    class: z.enum(QUEUE_CLASSES),
    classBy: text,
    unknownWord: text.optional(),
    family: z.enum(['chat', 'generate']),
    request: z.looseObject({
      model: text,
      options: z.record(text, z.unknown()).exactOptional(),
      keep_alive: z.union([text, z.number()]).exactOptional(),
    }),
    thinksIfAble: z.boolean().exactOptional(),
    namespace: text,
    wishes: z.array(wishSchema),
    cacheByDefault: z.enum(['always', 'deterministic', 'off']),
    mark: text.optional(),
    replay: z.enum(REPLAY_MODES),
    streamed: z.boolean(),
  }),
  ask: z
    .object({
      id: text,
      messages: z.array(z.record(text, z.unknown())),
      prompt: text,
    })
    .optional(),
});

const exactSchema = z.array(z.tuple([z.array(z.union([text, z.number()])), text]));

/** The columns of a job's question. */
export function askColumns({ call, ask }: JobAsk): { readonly asked: string; readonly exact: string | null } {
  const value = { call, ask };
  const exact = exactParts(value);
  return { asked: jsonText(value), exact: exact.length === 0 ? null : JSON.stringify(exact) };
}

const askRowSchema = z.object({
  id: text,
  asked: text.nullable(),
  exact: text.nullable(),
  priority: z.number(),
  created_at: z.number(),
  waited_ms: z.number(),
  moves: count,
  bytes: count,
});
export type AskRow = z.infer<typeof askRowSchema>;

export function readAskRow(row: unknown): AskRow {
  return askRowSchema.parse(row);
}

/** Parses a row's question. Throws invalid_request with the part that cannot be read. */
export function readAsk({ id, asked, exact, priority }: AskRow): JobAsk {
  const value = json(asked);
  const parts = exactSchema.safeParse(json(exact ?? '[]'));
  if (parts.success) putExactParts(value, parts.data satisfies ExactPart[]);
  const read = askSchema.safeParse(value);
  if (!read.success || !parts.success) {
    const why = read.error === undefined ? 'What it asks is damaged.' : explain(read.error, value, 'What it asks');
    throw new AppError('invalid_request', sentence`This Hearth cannot read the job any more. ${why} Send it again.`);
  }
  const { call, ask } = read.data;
  return { call: { ...call, id, priority }, ask };
}

function json(written: string | null): unknown {
  try {
    return written === null ? undefined : JSON.parse(written);
  } catch {
    return undefined;
  }
}

const outcomeSchema = z.object({
  startedAt: text.optional(),
  finishedAt: text,
  source: z.enum(SOURCES).optional(),
  timing: timingSchema.optional(),
  conversation: conversationSchema.optional(),
  hit: z.object({ storedAt: z.number(), age: z.number(), runMs: z.number().optional() }).optional(),
  pinned: z.array(pinWordsSchema).optional(),
  error: text.optional(),
  code: errorCodeSchema.optional(),
});

const jobRowSchema = z.object({
  seq: count,
  id: text,
  owner: text,
  batch: text.nullable(),
  body: text,
  tag: text.nullable(),
  state: z.enum(['waiting', ...JOB_ENDS]),
  model: text,
  class: z.enum(QUEUE_CLASSES),
  class_by: text,
  priority: z.number(),
  created_at: z.number(),
  ended_at: z.number().nullable(),
  outcome: text.nullable(),
  record: z.instanceof(Uint8Array).nullable(),
});

/** The columns that `readJob` needs. */
export const JOB_COLUMNS = Object.keys(jobRowSchema.shape).join(', ');

/** With a checksum over the outcome and the record. */
export function outcomeColumn({ record, ...outcome }: JobOutcome): string {
  return JSON.stringify({ ...outcome, checksum: checksumOf(outcome, record) });
}

function checksumOf(outcome: object, record: Uint8Array | undefined): number {
  return crc32(record ?? '', crc32(JSON.stringify(outcome)));
}

/** Parses a job's row. An unreadable result is reported as failed. */
export function readJob(row: unknown): StoredJob {
  const { class_by, created_at, ended_at, outcome, record, batch, tag, ...same } = jobRowSchema.parse(row);
  return {
    ...same,
    batch: batch ?? undefined,
    tag: tag ?? undefined,
    classBy: class_by,
    createdAt: created_at,
    endedAt: ended_at ?? undefined,
    ended: same.state === 'waiting' ? undefined : readOutcome(outcome, record, ended_at ?? created_at),
  };
}

function readOutcome(written: string | null, record: Uint8Array | null, endedAt: number): JobOutcome {
  const value = json(written);
  const read = outcomeSchema.safeParse(value);
  if (read.success && isWhole(value, record ?? undefined)) return { ...read.data, record: record ?? undefined };
  return {
    finishedAt: new Date(endedAt).toISOString(),
    error: 'This Hearth cannot read the result any more. Send the request again.',
    code: 'internal',
    record: undefined,
  };
}

/** Rows of an older Hearth have no checksum. */
function isWhole(value: unknown, record: Uint8Array | undefined): boolean {
  const { checksum, ...outcome } = value as { readonly checksum?: unknown };
  return checksum === undefined || checksum === checksumOf(outcome, record);
}

const batchRowSchema = z.object({
  id: text,
  owner: text,
  body: text,
  created_at: z.number(),
  ended_at: z.number().nullable(),
  finished_at: text.nullish(),
  waiting: count,
  completed: count,
  failed: count,
  cancelled: count,
  expired: count,
});

export function readBatch(row: unknown): StoredBatch {
  const { id, owner, body, created_at, ended_at, finished_at, ...counts } = batchRowSchema.parse(row);
  return {
    id,
    owner,
    body,
    createdAt: created_at,
    endedAt: ended_at ?? undefined,
    finishedAt: finished_at ?? undefined,
    counts,
  };
}

/** Jobs that have not ended, oldest first. */
export function waitingIn(sql: Sql, and = ''): readonly WaitingJob[] {
  const found = `FROM job WHERE state = 'waiting' ${and}`;
  const waiting = listOf<[number, string | null]>(sql, 'json_array(seq, batch)', found);
  // Sorted here: SQLite would read all jobs in order instead of using its index of waiting jobs.
  return waiting.map(([seq, batch]) => ({ seq, batch: batch ?? undefined })).toSorted((a, b) => a.seq - b.seq);
}

/** One value from each of many rows, read as a single text: row by row takes several times as long. */
export function listOf<T>(sql: Sql, value: string, from: string, ...params: Param[]): readonly T[] {
  const row = sql.get(`SELECT json_group_array(${value}) AS list ${from}`, ...params);
  // Undefined without SQLite.
  return JSON.parse((row as { list: string } | undefined)?.list ?? '[]') as readonly T[];
}
