// How the jobs and batches of a fleet are written to Valkey and read back, and their order.
import { CLASS_RANK, PRIORITY, type Urgency } from '../contract/chat/chat-request.ts';
import type { Begun, FleetTurn } from '../core/stories/fleet/shared-jobs.ts';
import type { NewJob, StoredBatch, StoredJob } from '../core/stories/jobs/stored-jobs.ts';
import { askColumns, readAsk, readAskRow, readBatch, readJob } from '../storage/jobs/job-rows.ts';

/** Bytes of a job beside its question. */
const JOB_BYTES = 2048;

/**
 * Order by class, then by priority; behind them the jobs of batches, which take turns: the first jobs of all batches
 * come before the second ones.
 */
export function rankOf({ class: of, priority }: Urgency, turn: number | undefined): number {
  const single = priority - PRIORITY.least;
  const most = PRIORITY.most - PRIORITY.least;
  return 1 + CLASS_RANK[of] * CLASS_ROOM + (turn === undefined ? single : most + 1 + Math.min(turn, LAST_TURN));
}
/** BullMQ has 2,097,152 priorities. */
const CLASS_ROOM = 690_000;
const LAST_TURN = CLASS_ROOM - 300;

/** Fields of a job that is being accepted; name and value alternate. */
export function fieldsOf(job: NewJob): (string | number)[] {
  const { call, body, tag } = job;
  const { asked, exact } = askColumns(job);
  const fields = {
    owner: call.owner,
    body,
    model: call.model,
    class: call.class,
    class_by: call.classBy,
    priority: call.priority,
    asked,
    exact: exact ?? undefined,
    tag,
    bytes: JOB_BYTES + asked.length + (exact?.length ?? 0),
  };
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
}

/** A job from its hash. */
export function jobOf(hash: Readonly<Record<string, Buffer>>): StoredJob {
  const word = (name: string): string | null => hash[name]?.toString() ?? null;
  const number = (name: string): number | null => (hash[name] === undefined ? null : Number(hash[name]));
  return readJob({
    id: word('id'),
    seq: number('seq'),
    owner: word('owner'),
    batch: word('batch'),
    body: word('body'),
    tag: word('tag'),
    state: word('state'),
    model: word('model'),
    class: word('class'),
    class_by: word('class_by'),
    priority: number('priority'),
    created_at: number('created'),
    ended_at: number('ended'),
    outcome: word('outcome'),
    record: hash['record'] ?? null,
  });
}

/** A batch from its hash; undefined if there is none. */
export function batchOf(hash: Readonly<Record<string, string>>): StoredBatch | undefined {
  if (hash['id'] === undefined) return undefined;
  const number = (name: string): number => Number(hash[name] ?? 0);
  const row = {
    id: hash['id'],
    owner: hash['owner'],
    body: hash['body'],
    created_at: number('created'),
    ended_at: hash['ended'] === undefined ? null : number('ended'),
    waiting: number('waiting'),
    completed: number('completed'),
    failed: number('failed'),
    cancelled: number('cancelled'),
    expired: number('expired'),
  };
  return { ...readBatch(row), running: number('running') };
}

/**
 * BEGIN's result: batch, asked, exact, priority, created, bytes, number, now, and the gateways that were asked for its
 * model.
 */
export type ToldOfBegun = [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, number, Buffer];

/** A started job from BEGIN's result. Throws invalid_request if it can no longer be read. */
export function begunOf(id: string, told: ToldOfBegun): Begun {
  const [batch, asked, exact, priority, created, size, seq, now, without] = told;
  const createdAt = Number(created);
  const bytes = Number(size);
  const row = readAskRow({
    id,
    asked: asked.toString(),
    exact: exact.length === 0 ? null : exact.toString(),
    priority: Number(priority),
    created_at: createdAt,
    waited_ms: 0,
    moves: 0,
    bytes,
  });
  const ageMs = Math.max(0, now - createdAt);
  const place = { seq: Number(seq), batch: batch.length === 0 ? undefined : batch.toString() };
  const since = { id, createdAt, waitedMs: ageMs, ageMs, moves: 0, bytes };
  return { ...readAsk(row), ...place, ...since, without: askedIn(without.toString(), now) };
}

/**
 * The gateways that were asked for a job's model, from lines of "<when> <who>", and how long before `now` each was
 * asked.
 */
function askedIn(text: string, now: number): Begun['without'] {
  return Array.from(text.matchAll(/^(\d+) (.+)$/gm), ([, at, node = '']) => ({
    node,
    agoMs: Math.max(0, now - Number(at)),
  }));
}

/** Splits a flat list into rows of `width` words. */
export function rowsOf(found: readonly Buffer[], width: number): string[][] {
  const words = found.map(String);
  return Array.from({ length: words.length / width }, (_, at) => words.slice(at * width, (at + 1) * width));
}

/** A turn from its row: id, number, rank, and the only gateway that can take it, or ''. */
export function turnOf([id = '', seq, rank, home = '']: readonly string[]): FleetTurn {
  return { id, seq: Number(seq), rank: Number(rank), home: home === '' ? undefined : home };
}
