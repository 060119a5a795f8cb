// Jobs that are queued or run. Each is asked like any other request and read to its end here, since no connection waits
// for it. Its outcome is stored before anybody is told.
import { CompletionBuilder, etaOf } from '../../../contract/chat/chat.ts';
import { type AppError, asAppError, faultOf } from '../../../contract/errors.ts';
import { encodeRecord } from '../../cache/record.ts';
import type { Log } from '../../ports.ts';
import { queueFull } from '../../refusals.ts';
import type { Answer } from '../../requests/call.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { converse, type ConverseParts } from '../chat/converse.ts';
import type { Job } from './job-lives.ts';
import { statusOf } from '../standing.ts';
import { JOB_ENDS, type JobAsk, type JobOutcome, type JobEnd, type WaitingJob } from './stored-jobs.ts';

export interface JobRunsOptions extends ConverseParts {
  readonly log: Log;
  /** Stores how a job ended. */
  keep(seq: number, state: JobEnd, outcome: JobOutcome): void;
  /** Called when a job has ended, or was given up until the next start. */
  onOver(job: Job): void;
}

interface Running extends Job {
  readonly tellOver: () => void;
}

export class JobRuns {
  readonly #options: JobRunsOptions;
  readonly #living = new Map<string, Running>();

  constructor(options: JobRunsOptions) {
    this.#options = options;
  }

  get(id: string): Job | undefined {
    return this.#living.get(id);
  }

  /** All jobs that are queued or run. */
  list(): readonly Job[] {
    return [...this.#living.values()];
  }

  /**
   * Asks for a job. Its answer must be passed to `run` or closed. Throws what Gateway.chat throws, and queue_full when
   * its caller has too many jobs that share runs.
   */
  async enter({ call, ask }: JobAsk, ticket: Ticket): Promise<Answer> {
    ticket.promised = true;
    const answer = await converse(this.#options, { call, ask, ticket });
    try {
      this.#checkFollowers(answer);
      // A cached answer registers itself only when it is read, but the caller gets its id now.
      this.#options.requests.add(ticket);
      return answer;
    } catch (error) {
      answer.close();
      throw error;
    }
  }

  /**
   * Limits jobs that share a run, which neither the queue nor a connection limits: a caller may have as many as fit the
   * queue. Followers on other routes cost a connection each. Throws queue_full.
   */
  #checkFollowers({ ticket: { source, caller, waiting } }: Answer): void {
    const { max_queue_size: max } = this.#options.config().queue;
    const follows = ({ answer: { ticket } }: Job): boolean => ticket.source === 'coalesced' && ticket.caller === caller;
    if (source !== 'coalesced' || this.list().filter(follows).length < max) return;
    throw queueFull(max, etaOf(waiting, this.#options.clock.elapsed()));
  }

  /** Reads the answer of the job stored under this number. Calls `over` when it has ended. */
  run(answer: Answer, { seq, batch }: WaitingJob, over: () => void = () => undefined): Job {
    let tellOver = over;
    const told = new Promise<void>((resolve) => {
      tellOver = () => {
        over();
        resolve();
      };
    });
    const job: Running = { seq, batch, answer, folder: new CompletionBuilder(), over: told, tellOver };
    this.#living.set(answer.ticket.id, job);
    void this.#read(job);
    return job;
  }

  async #read(job: Running): Promise<void> {
    const { answer, folder } = job;
    const { ticket } = answer;
    let record: Buffer | undefined;
    try {
      for await (const event of answer.events) {
        if (event.type === 'piece') folder.add(event.piece);
        if (event.type === 'end') record = encodeRecord(folder.finish(event.end));
      }
    } catch (error) {
      const failure = asAppError(error);
      ticket.finish(failure);
      // Whoever asks gets the error from the ticket; a bug must be logged as well.
      if (failure.code === 'internal') {
        this.#options.log.error({ request_id: ticket.id, ...faultOf(error) }, failure.message);
      }
    } finally {
      this.#end(job, record);
    }
  }

  /** Cancels a job. It is stored as cancelled when this returns. */
  cancel({ answer: { ticket } }: Job, reason: AppError): void {
    ticket.cancel('request', reason);
    ticket.finish(reason);
    const running = this.#living.get(ticket.id);
    if (running !== undefined) this.#end(running, undefined);
  }

  #end(job: Running, record: Buffer | undefined): void {
    const { ticket } = job.answer;
    if (this.#living.get(ticket.id) !== job) return;
    // A job that ends because Hearth stops has not ended: it waits for the next start.
    if (ticket.error?.code !== 'shutting_down') {
      try {
        this.#options.keep(job.seq, endOf(ticket), outcomeOf(ticket, record));
      } catch (error) {
        this.#options.log.error({ request_id: ticket.id, err: error }, 'How a job ended could not be kept');
      }
    }
    this.#living.delete(ticket.id);
    job.tellOver();
    this.#options.onOver(job);
  }
}

function endOf(ticket: Ticket): JobEnd {
  const status = statusOf(ticket);
  return JOB_ENDS.find((end) => end === status) ?? 'failed';
}

function outcomeOf(ticket: Ticket, record: Buffer | undefined): JobOutcome {
  const { source, timing, conversation, cache, error, startedAt, finishedAt = ticket.createdAt } = ticket;
  const { hit, pinned } = cache ?? {};
  return {
    ...(startedAt === undefined ? {} : { startedAt: ticket.shown(startedAt) }),
    finishedAt: ticket.shown(finishedAt),
    source,
    timing,
    conversation,
    ...(hit === undefined ? {} : { hit: { storedAt: hit.storedAt, age: hit.age, runMs: hit.runMs } }),
    ...(pinned === undefined ? {} : { pinned: pinned.map(({ what, how }) => ({ what, how })) }),
    ...(error === undefined ? {} : { error: error.message, code: error.code }),
    record: error === undefined ? record : undefined,
  };
}
