// Requests that no connection waits for: accepted with 202 once they are stored, run, and their results kept for a
// while. Jobs that have not ended when the process does are run by the next one.
import type { RequestView } from '../../../contract/views/queue-view.ts';
import { AppError } from '../../../contract/errors.ts';
import type { KeptTime } from '../../ports.ts';
import { LOCAL, sees } from '../../ownership.ts';
import { queueFull, requestExists } from '../../refusals.ts';
import type { ChatCall } from '../../requests/call.ts';
import { Ticket } from '../../requests/ticket.ts';
import { Backlog, type BacklogOptions } from './backlog.ts';
import type { ConversationAsk } from '../chat/converse.ts';
import type { Gateway } from '../gateway.ts';
import type { JobDesk } from './job-desk.ts';
import { hasEnded, type Job } from './job-lives.ts';
import { JobRuns, type JobRunsOptions } from './job-runs.ts';
import { livingView, type PlaceBehind, storedView } from './job-views.ts';
import { retentionOf } from './job-times.ts';
import { watched, type Watched } from './job-watch.ts';
import { statusOf } from '../standing.ts';
import type { JobStore, NewJob, StoredJob } from './stored-jobs.ts';
import type { LeaseQueue } from '../../queue/queue.ts';

export interface JobsOptions
  extends Omit<JobRunsOptions, 'keep' | 'onOver'>, Pick<BacklogOptions, 'away' | 'hold' | 'onChange'> {
  readonly gateway: Pick<Gateway, 'admit' | 'chat' | 'check'>;
  readonly store: JobStore;
  readonly time: KeptTime;
  readonly queue: Pick<LeaseQueue, 'isLate' | 'moveUp' | 'waiting' | 'full' | 'eta'>;
}

/** A request to be accepted as a job. */
export interface AskedJob {
  readonly call: ChatCall;
  readonly ask: ConversationAsk | undefined;
  /** Equal for two bodies with the same meaning. */
  readonly body: string;
}

interface Coming extends AskedJob {
  readonly accepted: Promise<RequestView>;
}

/** A job that was found: a living one, or a stored one. */
type Found =
  | { readonly ticket: Ticket; readonly job: Job | undefined; readonly stored: undefined }
  | { readonly ticket: undefined; readonly job: undefined; readonly stored: StoredJob };

export class Jobs implements JobDesk {
  readonly #options: JobsOptions;
  readonly runs: JobRuns;
  readonly backlog: Backlog;
  /** Jobs that are being accepted. */
  readonly #coming = new Map<string, Coming>();

  constructor(options: JobsOptions) {
    this.#options = options;
    const keep: BacklogOptions['keep'] = (seq, state, outcome) => {
      const { store, config } = options;
      store.end(seq, { state, outcome, now: this.now() }, retentionOf(config()));
    };
    const onOver = (): void => {
      this.backlog.feed();
      options.onChange();
    };
    this.runs = new JobRuns({ ...options, keep, onOver });
    this.backlog = new Backlog({ ...options, keep, runs: this.runs, steady: () => this.now() });
  }

  /** The time of the store. */
  now(): number {
    return this.#options.time.now();
  }

  get isDurable(): boolean {
    return this.#options.store.isDurable;
  }

  // ---- lifecycle

  /** Resumes the jobs that the previous process accepted and did not end. Call it once. */
  open(): void {
    this.backlog.add(this.#options.store.open(this.now()));
    this.backlog.feed();
  }

  /**
   * Call every few seconds. Saves how long jobs have been queued, so that a crash does not lose it, removes expired
   * results, and adds jobs from a disk that came back.
   */
  beat(): void {
    const { store, config } = this.#options;
    this.backlog.addFound(store.cameBack());
    if (this.runs.list().length > 0) store.alive(this.now());
    store.expire(this.now(), retentionOf(config()));
    this.backlog.feed();
  }

  /** Call when the queue may have room for jobs that wait on disk. */
  feed(): void {
    this.backlog.feed();
  }

  /** Call before the gateway stops. No further job starts; what has not ended by then waits for the next start. */
  stop(): void {
    this.backlog.stop();
    if (this.runs.list().length > 0) this.#options.store.alive(this.now());
  }

  // ---- accepting

  /** Whether an id is taken by a living request or a stored job. */
  taken(id: string): boolean {
    const { requests, store } = this.#options;
    return requests.get(id) !== undefined || this.#coming.has(id) || (store.has(id) && this.kept(id) !== undefined);
  }

  /**
   * Accepts a request and runs it; the job is stored when this resolves. Calls `over` once, when it has ended or was
   * not accepted. A job that its caller submits again with the same id and body is the same job. Throws what
   * Gateway.chat throws, and request_exists.
   */
  async submit(asked: AskedJob, over: () => void = () => undefined): Promise<RequestView> {
    const { id } = asked.call;
    const before = this.#before(asked);
    try {
      if (before !== undefined) return await before;
    } finally {
      if (before !== undefined) over();
    }
    const accepted = this.#accept(asked, over);
    this.#coming.set(id, { ...asked, accepted });
    try {
      return await accepted;
    } catch (error) {
      over();
      throw error;
    } finally {
      this.#coming.delete(id);
    }
  }

  /** The same job, submitted before. Throws request_exists when another job has its id. */
  #before({ call, body }: AskedJob): Promise<RequestView> | undefined {
    if (!this.taken(call.id)) return undefined;
    const coming = this.#coming.get(call.id);
    const stored = this.kept(call.id);
    const { owner, body: said } =
      coming === undefined
        ? { owner: undefined, body: undefined, ...stored }
        : { owner: coming.call.owner, body: coming.body };
    if (call.anyId === true || owner !== call.owner || said !== body) throw requestExists(call.id);
    return coming?.accepted ?? Promise.resolve(this.view(call.id, owner));
  }

  async #accept(asked: AskedJob, over: () => void): Promise<RequestView> {
    const { clock, store } = this.#options;
    const ticket = new Ticket(asked.call, clock);
    const call = { ...asked.call, id: ticket.id };
    if (this.backlog.singles > 0) {
      await this.#acceptBehind({ ...asked, call, createdAt: ticket.bornAt }, ticket.signal);
      over();
      return this.view(ticket.id, ticket.owner);
    }
    const answer = await this.runs.enter(asked, ticket);
    try {
      const seq = store.accept({ ...asked, call, createdAt: ticket.bornAt }, this.now());
      const job = this.runs.run(answer, { seq, batch: undefined }, over);
      return this.#livingView(ticket, job);
    } catch (error) {
      answer.close();
      throw error;
    }
  }

  /** Queues a job behind those that were accepted before and are not in the queue yet, as after a start. */
  async #acceptBehind(job: NewJob, signal: AbortSignal): Promise<void> {
    const { gateway, queue, config, store } = this.#options;
    const { max_queue_size: max } = config().queue;
    await gateway.check(job.call, signal);
    if (queue.waiting + this.backlog.singles >= max) throw queueFull(max, queue.eta());
    this.backlog.add([{ seq: store.accept(job, this.now()), batch: undefined }]);
    this.backlog.feed();
  }

  // ---- reading

  /** The stored job; undefined after its retention. */
  kept(id: string): StoredJob | undefined {
    const { store, config } = this.#options;
    const job = store.find(id);
    if (job === undefined || job.endedAt === undefined) return job;
    const { singleMs, batchMs } = retentionOf(config());
    const since = job.batch === undefined ? job.endedAt : store.batch(job.batch)?.endedAt;
    const most = job.batch === undefined ? singleMs : batchMs;
    return since === undefined || this.now() - since <= most ? job : undefined;
  }

  /** Callers on this machine see all requests, others only their own. */
  #find(id: string, watcher: string): Found {
    const { requests, store, config } = this.#options;
    const job = this.runs.get(id);
    const ticket = job?.answer.ticket ?? requests.get(id);
    const stored = ticket === undefined ? this.kept(id) : undefined;
    const owner = ticket?.owner ?? stored?.owner ?? store.find(id)?.owner ?? store.gone('job', id);
    // A watcher must not learn that a request of somebody else exists or existed.
    if (owner === undefined || !sees(watcher, owner)) {
      throw new AppError('request_not_found', `No request has the id "${id}".`);
    }
    if (ticket !== undefined) return { ticket, job, stored: undefined };
    if (stored !== undefined) return { ticket, job: undefined, stored };
    const { retention_seconds, retained_max_mb } = config().queue;
    throw new AppError(
      'request_gone',
      `The result of "${id}" is gone: results are kept for ${retention_seconds} s, at most ${retained_max_mb} MB of them. Send the request again.`,
    );
  }

  /** The state of a request. Throws request_not_found, request_gone. */
  view(id: string, watcher: string): RequestView {
    const { ticket, job, stored } = this.#find(id, watcher);
    return stored === undefined ? this.#livingView(ticket, job) : this.viewOf(stored);
  }

  /** The state of a stored job. `lineMs`: how long a job that entered the queue now would wait, in milliseconds. */
  viewOf(stored: StoredJob, lineMs: number = this.#options.queue.eta()): RequestView {
    const job = this.runs.get(stored.id);
    if (job !== undefined) return this.#livingView(job.answer.ticket, job);
    return storedView(stored, this.#behind(stored.seq, lineMs), this.#length);
  }

  #livingView(ticket: Ticket, job: Job | undefined): RequestView {
    return livingView(ticket, job, { queueLength: this.#length, queue: this.#options.queue });
  }

  get #length(): number {
    return this.#options.queue.waiting;
  }

  #behind(seq: number, lineMs: number = this.#options.queue.eta()): PlaceBehind {
    const { queue, config } = this.#options;
    const { estimated_time_per_request_ms, max_concurrent } = config().queue;
    const ahead = this.backlog.ahead(seq);
    const eta = lineMs + Math.round((ahead * estimated_time_per_request_ms) / max_concurrent);
    return { position: queue.waiting + ahead + 1, eta };
  }

  /** The life of a request as events, from its beginning. Throws request_not_found, request_gone. */
  watch(id: string, watcher: string, signal: AbortSignal): Watched {
    const { ticket, job } = this.#find(id, watcher);
    if (ticket !== undefined && job === undefined) {
      throw new AppError(
        'request_not_found',
        `"${ticket.id}" runs for another caller, who reads its answer. Ask without Accept: text/event-stream.`,
      );
    }
    const { runs, isDurable } = this;
    const backlog = { isStopped: () => this.backlog.isStopped, change: () => this.backlog.change() };
    const kept = (wanted: string): StoredJob | undefined => this.kept(wanted);
    return watched({ isDurable, runs, backlog, kept, behind: ({ seq }) => this.#behind(seq) }, id, signal);
  }

  // ---- changing

  /** Cancels a waiting or running request of any route. Throws request_not_found, request_gone, not_cancellable. */
  cancel(id: string, watcher: string): void {
    const { ticket, job, stored } = this.#find(id, watcher);
    const status = ticket === undefined ? stored.state : statusOf(ticket);
    if (stored === undefined ? ticket.finishedAt !== undefined : hasEnded(stored)) {
      throw new AppError('not_cancellable', `"${id}" has already ended as ${status}.`);
    }
    const reason = new AppError('cancelled', 'The request was cancelled.');
    if (job !== undefined) this.runs.cancel(job, reason);
    else if (ticket !== undefined) ticket.cancel('request', reason);
    else this.backlog.cancel(stored, reason);
  }

  /**
   * Moves a request, and all that share its run, one place up in the queue. One that waits for its turn in a
   * conversation keeps that turn, and enters the queue one step more urgent. Returns its position. Throws
   * request_not_found, request_gone, and not_cancellable when it does not wait.
   */
  moveUp(id: string): number {
    const { queue, store } = this.#options;
    const { ticket, job } = this.#find(id, LOCAL);
    const waits = ticket?.status === 'queued';
    if (waits && ticket.flight === undefined) {
      ticket.lift();
      if (job !== undefined) store.prioritised(job.seq, ticket.priority);
      return ticket.waiting.position;
    }
    const position = waits && ticket.flight !== undefined ? queue.moveUp(ticket.flight) : undefined;
    if (position === undefined) throw new AppError('not_cancellable', `"${id}" does not wait in line.`);
    if (job !== undefined) store.moved(job.seq);
    return position;
  }
}
