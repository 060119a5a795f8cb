// The state of a job as its caller sees it: from its ticket while it lives, else from the store. Pure.
import type { RequestView } from '../../../contract/views/queue-view.ts';
import { decodeRecord } from '../../cache/record.ts';
import type { LeaseQueue } from '../../queue/queue.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { chatAnswer } from '../chat/answer.ts';
import { type EndedJob, hasEnded, type Job, recordOf, toldOf } from './job-lives.ts';
import { isLate, iso, statusOf, waitsFor } from '../standing.ts';
import type { StoredJob } from './stored-jobs.ts';

/** The position of a job that waits on disk until the queue has room. */
export interface PlaceBehind {
  readonly position: number;
  /** Milliseconds. */
  readonly eta: number;
}

interface Around {
  readonly queueLength: number;
  readonly queue: Pick<LeaseQueue, 'isLate'>;
}

/** A living request; `job` is set if it is a job. */
export function livingView(ticket: Ticket, job: Job | undefined, { queueLength, queue }: Around): RequestView {
  return {
    request_id: ticket.id,
    status: statusOf(ticket),
    queue_position: ticket.waiting.position,
    queue_length: queueLength,
    estimated_wait_time: ticket.eta(),
    ...(isLate(ticket, queue) ? { late: true } : {}),
    ...waitsFor(ticket.waiting),
    model: ticket.model,
    class: ticket.class,
    class_by: ticket.classBy,
    priority: ticket.priority,
    created_at: ticket.shown(ticket.createdAt),
    ...(ticket.startedAt === undefined ? {} : { started_at: ticket.shown(ticket.startedAt) }),
    ...(ticket.finishedAt === undefined ? {} : { finished_at: ticket.shown(ticket.finishedAt) }),
    ...(ticket.status === 'processing' && job !== undefined ? { partial: job.folder.partial.content } : {}),
    ...(ticket.error === undefined ? {} : { error: ticket.error.message, code: ticket.error.code }),
  };
}

/** A stored job: one that has ended, or that waits on disk. */
export function storedView(job: StoredJob, { position, eta }: PlaceBehind, queueLength: number): RequestView {
  return {
    request_id: job.id,
    status: job.state === 'waiting' ? 'queued' : job.state,
    queue_position: hasEnded(job) ? 0 : position,
    queue_length: queueLength,
    estimated_wait_time: hasEnded(job) ? 0 : eta,
    model: job.model,
    class: job.class,
    class_by: job.classBy,
    priority: job.priority,
    created_at: iso(job.createdAt),
    ...(hasEnded(job) ? endOf(job) : {}),
  };
}

function endOf(job: EndedJob): Partial<RequestView> {
  const { startedAt, finishedAt, error, code } = job.ended;
  const record = recordOf(job);
  return {
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
    finished_at: finishedAt,
    ...(record === undefined ? {} : { result: chatAnswer(decodeRecord(record), toldOf(job)) }),
    ...(error === undefined ? {} : { error }),
    ...(code === undefined ? {} : { code }),
  };
}
