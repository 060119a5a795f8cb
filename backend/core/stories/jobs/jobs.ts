// Requests that nobody waits for on a connection: accepted with 202 when they are kept, run, and their results kept for a
// while. What has not ended when the process does is run by the next one.
import type { RequestView } from '../../../contract/queue-view.ts';
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

/** A request that is to be accepted. */
export interface AskedJob {
  readonly call: ChatCall;
  readonly ask: ConversationAsk | undefined;
  /** Equal for two bodies that say the same. */
  readonly body: string;
}

interface Coming extends AskedJob {
  readonly accepted: Promise<RequestView>;
}

/** A job as it is found: it lives, or what is kept of it. */
type Found =
  | { readonly ticket: Ticket; readonly job: Job | undefined; readonly stored: undefined }
  | { readonly ticket: undefined; readonly job: undefined; readonly stored: StoredJob };

export class Jobs implements JobDesk {
  readonly #options: JobsOptions;
  readonly runs: JobRuns;
  readonly backlog: Backlog;
  /** Those that are being accepted. */
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

  /** By the time of what is kept. */
  now(): number {
    return this.#options.time.now();
  }

  get isDurable(): boolean {
    return this.#options.store.isDurable;
  }

  // ---- life of the whole

  /** Takes up what the process before this one had accepted and not ended. Call it once. */
  open(): void {
    this.backlog.add(this.#options.store.open(this.now()));
    this.backlog.feed();
  }

  /**
   * Each few seconds: how long jobs stood in line is known after a crash too, what was kept long enough goes, and what a disk has
   * that was away is taken up.
   */
  beat(): void {
    const { store, config } = this.#options;
    this.backlog.addFound(store.cameBack());
    if (this.runs.list().length > 0) store.alive(this.now());
    store.expire(this.now(), retentionOf(config()));
    this.backlog.feed();
  }

  /** There may be room in line for jobs that wait on disk. */
  feed(): void {
    this.backlog.feed();
  }

  /** Before the gateway stops: no further job begins. What has not ended by then waits for the next start. */
  stop(): void {
    this.backlog.stop();
    if (this.runs.list().length > 0) this.#options.store.alive(this.now());
  }

  // ---- accepting

  /** Whether an id is taken by a request that lives or by a job that is kept. */
  taken(id: string): boolean {
    const { requests, store } = this.#options;
    return requests.get(id) !== undefined || this.#coming.has(id) || (store.has(id) && this.kept(id) !== undefined);
  }

  /**
   * Accepts a request and lets it run; `over` is told once when it has ended, or is not accepted. When it resolves the job is
   * kept. One that its caller handed in before, with the same id and the same body, is the same job. Throws what Gateway.chat throws, and request_exists.
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

  /** The same job, handed in before. Throws request_exists when another one has its id. */
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

  /** Those that were accepted before and are not in line yet, as after a start, come first: so it waits behind them. */
  async #acceptBehind(job: NewJob, signal: AbortSignal): Promise<void> {
    const { gateway, queue, config, store } = this.#options;
    const { max_queue_size: max } = config().queue;
    await gateway.check(job.call, signal);
    if (queue.waiting + this.backlog.singles >= max) throw queueFull(max, queue.eta());
    this.backlog.add([{ seq: store.accept(job, this.now()), batch: undefined }]);
    this.backlog.feed();
  }

  // ---- looking

  /** What is kept of a job; undefined when that was long enough. */
  kept(id: string): StoredJob | undefined {
    const { store, config } = this.#options;
    const job = store.find(id);
    if (job === undefined || job.endedAt === undefined) return job;
    const { singleMs, batchMs } = retentionOf(config());
    const since = job.batch === undefined ? job.endedAt : store.batch(job.batch)?.endedAt;
    const most = job.batch === undefined ? singleMs : batchMs;
    return since === undefined || this.now() - since <= most ? job : undefined;
  }

  /** `watcher`: who wants to know. Callers on this machine see all requests, others only their own. */
  #find(id: string, watcher: string): Found {
    const { requests, store, config } = this.#options;
    const job = this.runs.get(id);
    const ticket = job?.answer.ticket ?? requests.get(id);
    const stored = ticket === undefined ? this.kept(id) : undefined;
    const owner = ticket?.owner ?? stored?.owner ?? store.find(id)?.owner ?? store.gone('job', id);
    // Nobody is to learn that there is, or was, a request of somebody else.
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

  /** Where a request stands. Throws request_not_found, request_gone. */
  view(id: string, watcher: string): RequestView {
    const { ticket, job, stored } = this.#find(id, watcher);
    return stored === undefined ? this.#livingView(ticket, job) : this.viewOf(stored);
  }

  /** The same of a job that was found already. `lineMs`: how long one would wait that came into the line now. */
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

  /** The life of a request as events, from its beginning, and how each is shown. Throws request_not_found, request_gone. */
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
   * One place nearer in line, with all that share its run. One that waits for its turn in a conversation keeps that, and
   * is one step more urgent when it comes into the line. Its place. Throws request_not_found, request_gone, and
   * not_cancellable when it does not wait.
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
