// How the jobs and batches of a fleet are written into Valkey and read again, and their order there.
import { CLASS_RANK, PRIORITY, type Urgency } from '../contract/chat/chat-request.ts';
import type { Begun, FleetTurn } from '../core/stories/fleet/shared-jobs.ts';
import type { NewJob, StoredBatch, StoredJob } from '../core/stories/jobs/stored-jobs.ts';
import { askColumns, readAsk, readAskRow, readBatch, readJob } from '../storage/jobs/job-rows.ts';

/** What a job takes beside what it asks. Bytes. */
const JOB_BYTES = 2048;

/**
 * By class, and inside it by priority; behind them the jobs of batches, of which each batch has its turn: the first jobs of
 * all come before the second ones.
 */
export function rankOf({ class: of, priority }: Urgency, turn: number | undefined): number {
  const single = priority - PRIORITY.least;
  const most = PRIORITY.most - PRIORITY.least;
  return 1 + CLASS_RANK[of] * CLASS_ROOM + (turn === undefined ? single : most + 1 + Math.min(turn, LAST_TURN));
}
/** BullMQ has 2,097,152 priorities. */
const CLASS_ROOM = 690_000;
const LAST_TURN = CLASS_ROOM - 300;

/** The fields of a job that is being accepted, each with its value behind it. */
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

/** A job by its hash. */
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

/** A batch by its hash; undefined where there is none. */
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

/** What BEGIN gives: batch, asked, exact, priority, created, bytes, number, now, and who was asked for its model. */
export type ToldOfBegun = [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, number, Buffer];

/** A job that begins, by what BEGIN gives of it. Throws invalid_request when it can't be read any more. */
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

/** Who was asked for the model of a job, by the lines of "<when> <who>", and how long ago that is at a moment `now`. */
function askedIn(text: string, now: number): Begun['without'] {
  return Array.from(text.matchAll(/^(\d+) (.+)$/gm), ([, at, node = '']) => ({
    node,
    agoMs: Math.max(0, now - Number(at)),
  }));
}

/** A list of words as rows of so many. */
export function rowsOf(found: readonly Buffer[], width: number): string[][] {
  const words = found.map(String);
  return Array.from({ length: words.length / width }, (_, at) => words.slice(at * width, (at + 1) * width));
}

/** A turn by its row: id, number, rank, and the one gateway that can take it or ''. */
export function turnOf([id = '', seq, rank, home = '']: readonly string[]): FleetTurn {
  return { id, seq: Number(seq), rank: Number(rank), home: home === '' ? undefined : home };
}
