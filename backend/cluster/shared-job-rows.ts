// How the jobs and batches of a fleet are written into Valkey and read again, and their order there.
import { CLASS_RANK, PRIORITY, type Urgency } from '../contract/chat/chat-request.ts';
import type { NewJob, StoredBatch, StoredJob } from '../core/stories/stored-jobs.ts';
import { askColumns, readBatch, readJob } from '../storage/job-rows.ts';

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
