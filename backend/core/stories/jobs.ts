// Requests that nobody waits for on a connection: accepted with 202, run, and their results kept for a while.
// They live in memory only; a restart loses them.
import { LRUCache } from 'lru-cache';
import { etaOf, CompletionBuilder, type ChatEvent } from '../../contract/chat/chat.ts';
import type { RequestView } from '../../contract/queue-view.ts';
import { AppError, asAppError, faultOf } from '../../contract/errors.ts';
import { chatAnswer } from './answer.ts';
import type { Answer, ChatCall } from '../requests/call.ts';
import type { Gateway } from './gateway.ts';
import type { Conversations } from '../conversations/conversations.ts';
import { converse, type ConversationAsk } from './converse.ts';
import { LOCAL, sees } from '../ownership.ts';
import { again, type Ended, type Job } from './job-lives.ts';
import type { Clock, Log, ReadConfig } from '../ports.ts';
import type { LeaseQueue } from '../queue/queue.ts';
import { queueFull, requestExists } from '../refusals.ts';
import { decodeRecord, encodeRecord } from '../cache/record.ts';
import { isLate, statusOf, waitsFor } from './standing.ts';
import type { Requests } from '../requests/requests.ts';
import { Ticket } from '../requests/ticket.ts';

/** Ids of forgotten results that still get "gone" instead of "unknown". */
const MAX_TOMBSTONES = 10_000;
const MB = 1024 * 1024;

/** What an ended job costs beside its answer: its ticket, its id, the entry itself. */
const BOOKKEEPING_BYTES = 2048;

export interface JobsOptions {
  readonly gateway: Pick<Gateway, 'chat' | 'admit'>;
  readonly conversations: Conversations;
  readonly requests: Requests;
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** Requests waiting in line, for `queue_length`. */
  queueLength(): number;
  readonly queue: Pick<LeaseQueue, 'isLate' | 'moveUp'>;
}

export class Jobs {
  readonly #options: JobsOptions;
  /** Those that wait or run. */
  readonly #running = new Map<string, Job>();
  /** Ids of those that are being accepted. */
  readonly #coming = new Set<string>();
  readonly #whenOver = new Map<string, () => void>();
  readonly #ended: LRUCache<string, Ended>;
  /** Whose they were, by id. */
  readonly #gone = new LRUCache<string, string>({ max: MAX_TOMBSTONES });

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#ended = new LRUCache({
      // lru-cache takes whole numbers only.
      maxSize: Math.floor(options.config().queue.retained_max_mb * MB),
      sizeCalculation: ({ record }) => BOOKKEEPING_BYTES + (record?.length ?? 0),
      dispose: ({ ticket }, id) => this.#gone.set(id, ticket.owner),
    });
  }

  /** Whether an id is taken by a request that lives or by a result that is kept. */
  taken(id: string): boolean {
    return (
      this.#options.requests.get(id) !== undefined ||
      this.#coming.has(id) ||
      this.#running.has(id) ||
      this.#kept(id) !== undefined
    );
  }

  /**
   * Accepts a request and lets it run; `over` is told once when it has ended, or is not accepted. Throws what
   * Gateway.chat throws, and request_exists.
   */
  async submit(
    call: ChatCall,
    ask: ConversationAsk | undefined,
    over: () => void = () => undefined,
  ): Promise<RequestView> {
    if (this.taken(call.id)) throw requestExists(call.id);
    this.#coming.add(call.id);
    try {
      const view = await this.#accept(call, ask);
      // A kept answer may have ended already.
      const { request_id: id } = view;
      if (this.#running.has(id)) this.#whenOver.set(id, over);
      else over();
      return view;
    } catch (error) {
      over();
      throw error;
    } finally {
      this.#coming.delete(call.id);
    }
  }

  async #accept(call: ChatCall, ask: ConversationAsk | undefined): Promise<RequestView> {
    const { requests, clock } = this.#options;
    const ticket = new Ticket(call, clock);
    ticket.promised = true;
    const answer = await converse(this.#options, { call, ask, ticket });
    this.#checkFollowers(answer);
    // A kept answer registers itself when it is read, but this one is told its id now.
    try {
      requests.add(ticket);
    } catch (error) {
      answer.close();
      throw error;
    }
    const job: Job = { answer, folder: new CompletionBuilder() };
    this.#running.set(ticket.id, job);
    void this.#run(job);
    return this.#view(ticket, job, undefined);
  }

  /**
   * Jobs that share a run are in no queue, and hold no connection that would bound them: as many of one caller's jobs
   * may follow others as may stand in line. Followers on other routes cost a connection each. Throws queue_full, and closes it then.
   */
  #checkFollowers(answer: Answer): void {
    const { source, caller, waiting } = answer.ticket;
    const { max_queue_size: max } = this.#options.config().queue;
    const follows = ({ answer: { ticket } }: Job): boolean => ticket.source === 'coalesced' && ticket.caller === caller;
    if (source !== 'coalesced' || [...this.#running.values()].filter(follows).length < max) return;
    answer.close();
    throw queueFull(max, etaOf(waiting, this.#options.clock.elapsed()));
  }

  async #run({ answer, folder }: Job): Promise<void> {
    const { ticket } = answer;
    const { id } = ticket;
    let record: Buffer | undefined;
    try {
      for await (const event of answer.events) {
        if (event.type === 'piece') folder.add(event.piece);
        if (event.type === 'end') record = encodeRecord(folder.finish(event.end));
      }
    } catch (error) {
      const { code, message } = asAppError(error);
      // The ticket carries the error to whoever asks; a bug must be seen in the log as well.
      if (code === 'internal') this.#options.log.error({ request_id: id, ...faultOf(error) }, message);
    } finally {
      this.#running.delete(id);
      this.#keep(ticket, record);
    }
  }

  #keep(ticket: Ticket, record: Buffer | undefined): void {
    const { id, owner } = ticket;
    this.#whenOver.get(id)?.();
    this.#whenOver.delete(id);
    this.#ended.set(id, { ticket, record });
    // lru-cache silently refuses what is larger than the whole cache.
    if (!this.#ended.has(id)) this.#gone.set(id, owner);
  }

  #kept(id: string): Ended | undefined {
    const ended = this.#ended.get(id);
    if (ended === undefined) return undefined;
    const age = this.#options.clock.elapsed() - (ended.ticket.finishedAt ?? 0);
    if (age <= this.#options.config().queue.retention_seconds * 1000) return ended;
    this.#ended.delete(id);
    return undefined;
  }

  /** `watcher`: who wants to know. Callers on this machine see all requests, others only their own. */
  #find(id: string, watcher: string): { ticket: Ticket; job: Job | undefined; ended: Ended | undefined } {
    const job = this.#running.get(id);
    const ended = job === undefined ? this.#kept(id) : undefined;
    const ticket = job?.answer.ticket ?? ended?.ticket ?? this.#options.requests.get(id);
    const owner = ticket?.owner ?? this.#gone.get(id);
    // Nobody is to learn that there is, or was, a request of somebody else.
    const isSeen = owner !== undefined && sees(watcher, owner);
    if (ticket !== undefined && isSeen) return { ticket, job, ended };
    if (!isSeen) throw new AppError('request_not_found', `No request has the id "${id}".`);
    const { retention_seconds, retained_max_mb } = this.#options.config().queue;
    throw new AppError(
      'request_gone',
      `The result of "${id}" is gone: results are kept for ${retention_seconds} s, at most ${retained_max_mb} MB of them. Send the request again.`,
    );
  }

  /** Where a request stands. Throws request_not_found, request_gone. */
  view(id: string, watcher: string): RequestView {
    const { ticket, job, ended } = this.#find(id, watcher);
    return this.#view(ticket, job, ended);
  }

  /** The life of a request as events, from its beginning. Throws request_not_found, request_gone. */
  watch(id: string, watcher: string, signal: AbortSignal): { ticket: Ticket; events: AsyncIterable<ChatEvent> } {
    const { ticket, job, ended } = this.#find(id, watcher);
    if (job !== undefined) return { ticket, events: this.#untilEnd(job, signal) };
    if (ended !== undefined) return { ticket, events: again(ended) };
    throw new AppError(
      'request_not_found',
      `"${ticket.id}" runs for another caller, who reads its answer. Ask without Accept: text/event-stream.`,
    );
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
  cancel(id: string, watcher: string): void {
    const { ticket } = this.#find(id, watcher);
    if (ticket.finishedAt !== undefined) {
      throw new AppError('not_cancellable', `"${id}" has already ended as ${statusOf(ticket)}.`);
    }
    ticket.cancel('request', new AppError('cancelled', 'The request was cancelled.'));
  }

  /**
   * One place nearer in line, with all that share its run. One that waits for its turn in a conversation keeps that, and
   * is one step more urgent when it comes into the line. Its place. Throws request_not_found, request_gone, and
   * not_cancellable when it does not wait.
   */
  moveUp(id: string): number {
    const { ticket } = this.#find(id, LOCAL);
    const waits = ticket.status === 'queued';
    if (waits && ticket.flight === undefined) {
      ticket.lift();
      return ticket.waiting.position;
    }
    const position = waits && ticket.flight !== undefined ? this.#options.queue.moveUp(ticket.flight) : undefined;
    if (position !== undefined) return position;
    throw new AppError('not_cancellable', `"${id}" does not wait any more.`);
  }

  #view(ticket: Ticket, job: Job | undefined, ended: Ended | undefined): RequestView {
    const record = ended?.record;
    return {
      request_id: ticket.id,
      status: statusOf(ticket),
      queue_position: ticket.waiting.position,
      queue_length: this.#options.queueLength(),
      estimated_wait_time: ticket.eta(),
      ...(isLate(ticket, this.#options.queue) ? { late: true } : {}),
      ...waitsFor(ticket.waiting),
      model: ticket.model,
      class: ticket.class,
      class_by: ticket.classBy,
      priority: ticket.priority,
      created_at: ticket.shown(ticket.createdAt),
      ...(ticket.startedAt === undefined ? {} : { started_at: ticket.shown(ticket.startedAt) }),
      ...(ticket.finishedAt === undefined ? {} : { finished_at: ticket.shown(ticket.finishedAt) }),
      ...(ticket.status === 'processing' && job !== undefined ? { partial: job.folder.partial.content } : {}),
      ...(record === undefined ? {} : { result: chatAnswer(decodeRecord(record), ticket) }),
      ...(ticket.error === undefined ? {} : { error: ticket.error.message, code: ticket.error.code }),
    };
  }
}
