// Jobs of a fleet: any gateway accepts them, Valkey stores and distributes them, one gateway runs each, and all can
// view and cancel them. Jobs that this gateway accepted before it joined a fleet still run here.
import type { RequestView } from '../../../contract/views/queue-view.ts';
import { AppError, asAppError } from '../../../contract/errors.ts';
import type { NewId } from '../../ports.ts';
import { sees } from '../../ownership.ts';
import type { LeaseQueue } from '../../queue/queue.ts';
import { requestExists } from '../../refusals.ts';
import { fleetLine } from './fleet-line.ts';
import { FleetWatchers } from './fleet-watchers.ts';
import { FleetRuns, type FleetRunsOptions } from './fleet-runs.ts';
import type { Gateway } from '../gateway.ts';
import type { BatchLine, JobDesk } from '../jobs/job-desk.ts';
import { hasEnded, type Job } from '../jobs/job-lives.ts';
import { retentionOf } from '../jobs/job-times.ts';
import { type PlaceBehind, livingView, storedView } from '../jobs/job-views.ts';
import { watched, type Watched } from '../jobs/job-watch.ts';
import type { AskedJob, Jobs } from '../jobs/jobs.ts';
import { iso } from '../standing.ts';
import type { FleetNews, FleetTurn, FleetTurns } from './shared-jobs.ts';
import type { StoredJob } from '../jobs/stored-jobs.ts';

export interface FleetJobsOptions extends FleetRunsOptions {
  readonly gateway: FleetRunsOptions['gateway'] & Pick<Gateway, 'check'>;
  readonly queue: Pick<LeaseQueue, 'isLate' | 'full' | 'paused'>;
  readonly turns: FleetTurns;
  /** Jobs that this gateway accepted alone, and its other requests. */
  readonly local: Jobs;
  readonly newId: NewId;
  /** Whether Ollama is away, so that its models are unknown. */
  away(): boolean;
  /** Checks on the other gateways; see fleetLook. */
  look(): Promise<void>;
  /** The rank of a job that belongs to no batch; see FleetTurn. */
  rank(job: AskedJob['call']): number;
}

/** How many more jobs are taken than can run, so that the next one is ready when a slot is free. */
const AHEAD = 1;

export class FleetJobs implements JobDesk {
  readonly #options: FleetJobsOptions;
  readonly #fleet: FleetRuns;
  #isStopped = false;
  #isBeating = false;
  readonly #watchers: FleetWatchers;
  /** See JobBatches. */
  readonly line: BatchLine;

  constructor(options: FleetJobsOptions) {
    this.#options = options;
    this.#fleet = new FleetRuns(options);
    this.#watchers = new FleetWatchers(options.clock);
    this.line = fleetLine({ ...options, jobs: this, fleet: this.#fleet });
  }

  get isDurable(): boolean {
    return this.#options.store.isDurable;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  // ---- lifecycle

  /** Joins the fleet from now on. */
  open(): void {
    this.#options.turns.open(
      (id, token) => this.#fleet.run(id, token),
      (news) => this.#heard(news),
    );
    this.feed();
  }

  /** Announces how many jobs fit here. Call it whenever that may have changed. */
  feed(): void {
    const { turns, queue, config, away } = this.#options;
    const closed = this.#isStopped || away() || queue.full || queue.paused;
    turns.room(closed ? 0 : config().queue.max_concurrent + AHEAD);
  }

  /** Call every few seconds. Removes expired results, and distributes jobs that nobody distributes. */
  async beat(): Promise<void> {
    this.feed();
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      await this.#lookThrough();
    } catch (error) {
      if (asAppError(error).code === 'internal')
        this.#options.log.warn({ err: error }, 'The jobs of the fleet could not be looked through');
    } finally {
      this.#isBeating = false;
    }
  }

  async #lookThrough(): Promise<void> {
    const { store, turns, config, look } = this.#options;
    await store.beat(retentionOf(config()));
    // Repeat until none is left: a gateway may have died before it had distributed all of a batch.
    for (let strayed = await store.strayed(); strayed.length > 0; strayed = await store.strayed()) {
      await turns.add(strayed);
      if (this.#isStopped) return;
    }
    await look();
  }

  /** Call before the gateway stops. No further job starts here; another gateway runs what has not ended by then. */
  stop(): void {
    this.#isStopped = true;
    this.feed();
    this.#fleet.stop();
    this.#watchers.tellAll();
  }

  /** Resolves when all running jobs have ended or were given back. */
  close(): Promise<void> {
    return this.#options.turns.close();
  }

  #heard(news: FleetNews): void {
    if (news.what === 'begun') this.#fleet.begun(news.id, news.token);
    else this.#fleet.end(news.id, new AppError('cancelled', 'The request was cancelled.'));
    this.#watchers.tell(news.id);
  }

  // ---- accepting

  taken(id: string): boolean {
    return this.#options.local.taken(id) || this.#fleet.runs.get(id) !== undefined;
  }

  /**
   * Accepts a request; Valkey has it when it resolves. A job that its caller submits again at any gateway, with the
   * same id and body, is the same job. Throws what Gateway.check throws, request_exists, queue_full, fleet_unreachable.
   */
  async submit(asked: AskedJob, over: () => void = () => undefined): Promise<RequestView> {
    if (this.#isLocal(asked.call.id)) return await this.#options.local.submit(asked, over);
    try {
      return await this.#accept(asked);
    } finally {
      over();
    }
  }

  async #accept(asked: AskedJob): Promise<RequestView> {
    const { gateway, store, config, clock, newId, node, rank } = this.#options;
    const { call, ask, body } = asked;
    const before = await this.#kept(call.id);
    if (before === undefined) {
      await gateway.check(call, NEVER);
      // Only this gateway has the history of its conversation.
      const home = ask === undefined ? undefined : node;
      const job = { ...asked, createdAt: clock.now(), rank: rank(call), home };
      const turn = await store.accept(job, config().queue.max_jobs);
      if (turn !== 'taken') {
        this.#handRound([turn]);
        return await this.view(call.id, call.owner);
      }
      // Somebody was faster, or its result has expired.
      if ((await this.#kept(call.id)) === undefined) await store.free(call.id);
      return await this.#accept(asked);
    }
    if (call.anyId === true) return await this.#accept({ ...asked, call: { ...call, id: newId() } });
    if (before.owner !== call.owner || before.body !== body) throw requestExists(call.id);
    await store.sure(call.id);
    return await this.viewOf(before);
  }

  /** Distributes accepted jobs. If that fails, `beat` does it later. */
  #handRound(turns: readonly FleetTurn[]): void {
    void this.#options.turns.add(turns).catch(() => undefined);
  }

  /** Whether an id is taken, including in the fleet. Throws fleet_unreachable. */
  async has(id: string): Promise<boolean> {
    return this.#options.local.taken(id) || (await this.#kept(id)) !== undefined;
  }

  // ---- reading

  /** The stored job; undefined after its retention. */
  async #kept(id: string): Promise<StoredJob | undefined> {
    const { store, config } = this.#options;
    const job = await store.find(id);
    if (job === undefined || job.endedAt === undefined) return job;
    const { singleMs, batchMs } = retentionOf(config());
    const since = job.batch === undefined ? job.endedAt : (await store.batch(job.batch))?.endedAt;
    const most = job.batch === undefined ? singleMs : batchMs;
    return since === undefined || store.now() - since <= most ? job : undefined;
  }

  /** Whether only this gateway knows a request, so that it is not one of the fleet's. */
  #isLocal(id: string): boolean {
    return this.#options.local.taken(id) && !this.#fleet.holds(id);
  }

  /** A job of the fleet as a watcher may see it; undefined when the fleet has none. */
  async #find(id: string, watcher: string): Promise<StoredJob | undefined> {
    const { store, config } = this.#options;
    const stored = await this.#kept(id);
    const owner = stored?.owner ?? (await store.gone('job', id));
    // A watcher must not learn that a request of somebody else exists or existed.
    if (owner === undefined || !sees(watcher, owner)) return undefined;
    if (stored !== undefined) return stored;
    const { retention_seconds, retained_max_mb } = config().queue;
    throw new AppError(
      'request_gone',
      `The result of "${id}" is gone: results are kept for ${retention_seconds} s, at most ${retained_max_mb} MB of them. Send the request again.`,
    );
  }

  /** The state of a request. Throws request_not_found, request_gone, fleet_unreachable. */
  async view(id: string, watcher: string): Promise<RequestView> {
    const { local } = this.#options;
    const stored = this.#isLocal(id) ? undefined : await this.#find(id, watcher);
    return stored === undefined ? local.view(id, watcher) : await this.viewOf(stored);
  }

  /** The state of a stored job. */
  async viewOf(stored: StoredJob): Promise<RequestView> {
    const { store, queue } = this.#options;
    if (hasEnded(stored)) return storedView(stored, { position: 0, eta: 0 }, store.waiting);
    const { position, length, runsSince } = await store.place(stored.id);
    const job = this.#fleet.runs.get(stored.id);
    if (job !== undefined) {
      const view = livingView(job.answer.ticket, job, { queueLength: length, queue });
      // It has not ended until the fleet has its result.
      const isOver = view.status !== 'queued' && view.status !== 'processing';
      if (!isOver) return { ...view, created_at: iso(stored.createdAt) };
    }
    const waits = storedView(stored, { position, eta: this.#eta(position) }, length);
    if (runsSince === undefined) return waits;
    return { ...waits, status: 'processing', estimated_wait_time: 0, started_at: iso(runsSince) };
  }

  #eta(position: number): number {
    const { estimated_time_per_request_ms: each, max_concurrent } = this.#options.config().queue;
    return Math.round((position * each) / max_concurrent);
  }

  /**
   * The life of a request as events. A request on another gateway is reported as a whole when it has ended. Throws
   * request_not_found, request_gone, fleet_unreachable.
   */
  async watch(id: string, watcher: string, signal: AbortSignal): Promise<Watched> {
    const { local } = this.#options;
    const stored = this.#isLocal(id) ? undefined : await this.#find(id, watcher);
    if (stored === undefined) return local.watch(id, watcher, signal);
    const fleet = this.#fleet;
    const { isDurable } = this;
    const backlog = { isStopped: () => this.#isStopped, change: (wanted: string) => this.#watchers.change(wanted) };
    const behind = async ({ id: wanted }: StoredJob): Promise<PlaceBehind> => {
      const { position } = await this.#options.store.place(wanted);
      return { position, eta: this.#eta(position) };
    };
    const settled = (job: Job): Promise<void> => fleet.settled(job);
    return watched(
      { isDurable, runs: fleet.runs, backlog, kept: (wanted) => this.#kept(wanted), behind, settled },
      id,
      signal,
    );
  }

  // ---- changing

  /**
   * Cancels a waiting or running request from any gateway. Throws request_not_found, request_gone, not_cancellable,
   * fleet_unreachable.
   */
  async cancel(id: string, watcher: string): Promise<void> {
    const { local, store, clock, config } = this.#options;
    const stored = this.#isLocal(id) ? undefined : await this.#find(id, watcher);
    if (stored === undefined) {
      local.cancel(id, watcher);
      return;
    }
    const reason = new AppError('cancelled', 'The request was cancelled.');
    const outcome = { finishedAt: iso(clock.now()), error: reason.message, code: reason.code, record: undefined };
    const done = !hasEnded(stored) && (await store.cancel(id, { state: 'cancelled', outcome }, retentionOf(config())));
    if (done) this.#fleet.end(id, reason);
    else
      throw new AppError(
        'not_cancellable',
        `"${id}" has already ended as ${(await store.find(id))?.state ?? stored.state}.`,
      );
  }
}

const NEVER = new AbortController().signal;
