// Requests that nobody waits for on a connection: accepted with 202, run, and their results kept for a while.
// They live in memory only; a restart loses them.
import { LRUCache } from 'lru-cache';
import { Folder, replay, type ChatEvent, type Completion } from '../contract/chat.ts';
import type { RequestView } from '../contract/control.ts';
import { AppError, asAppError } from '../contract/errors.ts';
import { chatAnswer, type AnswerFrame } from './answer.ts';
import type { Answer, ChatCall } from './call.ts';
import type { Gateway } from './gateway.ts';
import type { Log, Now, ReadConfig } from './ports.ts';
import type { Requests, Ticket } from './requests.ts';

/** Ids of forgotten results that still get "gone" instead of "unknown". */
const MAX_TOMBSTONES = 10_000;
const MB = 1024 * 1024;

interface Job {
  readonly frame: AnswerFrame;
  readonly answer: Answer;
  readonly folder: Folder;
  completion: Completion | undefined;
}

export interface JobsOptions {
  readonly gateway: Gateway;
  readonly requests: Requests;
  readonly config: ReadConfig;
  readonly now: Now;
  readonly log: Log;
  /** Requests waiting in line, for `queue_length`. */
  queueLength(): number;
}

export class Jobs {
  readonly #options: JobsOptions;
  readonly #running = new Map<string, Job>();
  readonly #finished: LRUCache<string, Job>;
  readonly #gone = new LRUCache<string, true>({ max: MAX_TOMBSTONES });

  constructor(options: JobsOptions) {
    this.#options = options;
    const { retained_max_mb } = options.config().queue;
    this.#finished = new LRUCache({
      maxSize: retained_max_mb * MB,
      sizeCalculation: ({ completion }) =>
        2048 + 2 * ((completion?.content.length ?? 0) + (completion?.thinking.length ?? 0)),
      dispose: (_job, id, reason) => {
        if (reason !== 'set') this.#gone.set(id, true);
      },
    });
  }

  /** Whether an id is taken by a request that lives or by a result that is kept. */
  taken(id: string): boolean {
    return this.#options.requests.get(id) !== undefined || this.#kept(id) !== undefined;
  }

  /** Accepts a request and lets it run. Throws what Gateway.chat throws, and request_exists. */
  async submit(call: ChatCall, conversationId: string | undefined): Promise<RequestView> {
    if (this.taken(call.id)) {
      throw new AppError('request_exists', `Another request has the id "${call.id}". Send a new id, or none.`);
    }
    const answer = await this.#options.gateway.chat(call);
    const { ticket, cache } = answer;
    const job: Job = { frame: { ticket, cache, conversationId }, answer, folder: new Folder(), completion: undefined };
    this.#running.set(ticket.id, job);
    void this.#run(job);
    return this.#view(ticket, job);
  }

  async #run(job: Job): Promise<void> {
    const { ticket, events } = job.answer;
    try {
      for await (const event of events) {
        if (event.type === 'piece') job.folder.add(event.piece);
        if (event.type === 'end') job.completion = job.folder.finish(event.end);
      }
    } catch (error) {
      const { code, message, cause } = asAppError(error);
      // The ticket carries the error to whoever asks; a bug must be seen in the log as well.
      if (code === 'internal') this.#options.log.error({ request_id: ticket.id, err: cause }, message);
    } finally {
      this.#running.delete(ticket.id);
      this.#finished.set(ticket.id, job);
    }
  }

  #kept(id: string): Job | undefined {
    const job = this.#finished.get(id);
    if (job === undefined) return undefined;
    const age = this.#options.now() - (job.answer.ticket.finishedAt ?? 0);
    if (age <= this.#options.config().queue.retention_seconds * 1000) return job;
    this.#finished.delete(id);
    return undefined;
  }

  #find(id: string): { ticket: Ticket; job: Job | undefined } {
    const job = this.#running.get(id) ?? this.#kept(id);
    const ticket = job?.answer.ticket ?? this.#options.requests.get(id);
    if (ticket !== undefined) return { ticket, job };
    if (this.#gone.has(id)) {
      const kept = this.#options.config().queue.retention_seconds;
      throw new AppError(
        'request_gone',
        `The result of "${id}" was kept for ${kept} s and is gone. Send the request again.`,
      );
    }
    throw new AppError('request_not_found', `No request has the id "${id}".`);
  }

  /** Where a request stands. Throws request_not_found, request_gone. */
  view(id: string): RequestView {
    const { ticket, job } = this.#find(id);
    return this.#view(ticket, job);
  }

  /** The life of a request as events, from its beginning. Throws request_not_found, request_gone. */
  watch(id: string, signal: AbortSignal): { frame: AnswerFrame; events: AsyncIterable<ChatEvent> } {
    const { ticket, job } = this.#find(id);
    if (job === undefined) {
      throw new AppError(
        'request_not_found',
        `"${id}" runs for another caller, who reads its answer. Ask without Accept: text/event-stream.`,
      );
    }
    if (job.completion !== undefined) return { frame: job.frame, events: toAsync(replay(job.completion)) };
    if (ticket.error !== undefined) return { frame: job.frame, events: failed(ticket.error) };
    return { frame: job.frame, events: this.#untilEnd(job, signal) };
  }

  /** Ends when the job's own reader has ended, so that the ticket's figures are complete at the last piece. */
  async *#untilEnd(job: Job, signal: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
    const { ticket } = job.answer;
    const either = AbortSignal.any([signal, ticket.signal]);
    for await (const event of job.answer.tail(either)) {
      if (event.type === 'end') ticket.finish();
      yield event;
    }
  }

  /** Cancels a waiting or running request of any route. Throws request_not_found, request_gone, not_cancellable. */
  cancel(id: string): void {
    const { ticket } = this.#find(id);
    if (ticket.finishedAt !== undefined) {
      throw new AppError('not_cancellable', `"${id}" has already ended as ${statusOf(ticket)}.`);
    }
    ticket.cancel('request', new AppError('cancelled', 'The request was cancelled.'));
  }

  #view(ticket: Ticket, job: Job | undefined): RequestView {
    const { completion, folder, frame } = job ?? {};
    const partial = folder?.partial.content ?? '';
    const running = ticket.status === 'processing';
    return {
      request_id: ticket.id,
      status: statusOf(ticket),
      queue_position: ticket.waiting.position,
      queue_length: this.#options.queueLength(),
      estimated_wait_time: ticket.waiting.eta_ms,
      model: ticket.model,
      priority: ticket.priority,
      created_at: iso(ticket.createdAt),
      ...(ticket.startedAt === undefined ? {} : { started_at: iso(ticket.startedAt) }),
      ...(ticket.finishedAt === undefined ? {} : { finished_at: iso(ticket.finishedAt) }),
      ...(running && job !== undefined ? { partial } : {}),
      ...(completion === undefined || frame === undefined ? {} : { result: chatAnswer(completion, frame) }),
      ...(ticket.error === undefined ? {} : { error: ticket.error.message, code: ticket.error.code }),
    };
  }
}

/** A request that was given up because it waited too long is `expired`; every other failure is `failed`. */
export function statusOf(ticket: Ticket): RequestView['status'] {
  return ticket.error?.code === 'queue_timeout' ? 'expired' : ticket.status;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

async function* toAsync(events: Iterable<ChatEvent>): AsyncGenerator<ChatEvent, void, undefined> {
  yield* events;
}

// oxlint-disable-next-line require-yield -- a sequence that only fails is what is wanted
async function* failed(error: AppError): AsyncGenerator<ChatEvent, void, undefined> {
  throw error;
}
