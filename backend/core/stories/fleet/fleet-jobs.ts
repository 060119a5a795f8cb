// Jobs of a fleet: accepted by any gateway, kept and handed round by Valkey, run by one, looked at and cancelled from all. What
// this gateway had accepted by itself, before it belonged to a fleet, it runs to its end as ever.
import type { RequestView } from '../../../contract/queue-view.ts';
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
  /** What this gateway accepted by itself, and its other requests. */
  readonly local: Jobs;
  readonly newId: NewId;
  /** Whether Ollama is away, so that it is not known what models there are. */
  away(): boolean;
  /** Looks at the other gateways; see fleetLook. */
  look(): Promise<void>;
  /** How a job ranks that belongs to no batch; see FleetTurn. */
  rank(job: AskedJob['call']): number;
}

/** More than run, so that the next one is there when a slot is free. */
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

  // ---- life of the whole

  /** Takes part from now on. */
  open(): void {
    this.#options.turns.open(
      (id, token) => this.#fleet.run(id, token),
      (news) => this.#heard(news),
    );
    this.feed();
  }

  /** There may be room for another number of jobs. Call it whenever that may be. */
  feed(): void {
    const { turns, queue, config, away } = this.#options;
    const closed = this.#isStopped || away() || queue.full || queue.paused;
    turns.room(closed ? 0 : config().queue.max_concurrent + AHEAD);
  }

  /** Each few seconds: what was kept long enough goes, and what nobody hands round is handed round. */
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
    // Where there are some there may be more, as of a batch whose gateway died before it had handed all of it round.
    for (let strayed = await store.strayed(); strayed.length > 0; strayed = await store.strayed()) {
      await turns.add(strayed);
      if (this.#isStopped) return;
    }
    await look();
  }

  /** Before the gateway stops: no further job begins here. What has not ended by then is run by another gateway. */
  stop(): void {
    this.#isStopped = true;
    this.feed();
    this.#fleet.stop();
    this.#watchers.tellAll();
  }

  /** When all that ran has ended, or was given back. */
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
   * Accepts a request: Valkey has it when it resolves. One that its caller handed in before, at whatever gateway, with the
   * same id and the same body, is the same job. Throws what Gateway.check throws, request_exists, queue_full,
   * fleet_unreachable.
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
      // What is said before is kept by this gateway alone.
      const home = ask === undefined ? undefined : node;
      const job = { ...asked, createdAt: clock.now(), rank: rank(call), home };
      const turn = await store.accept(job, config().queue.max_jobs);
      if (turn !== 'taken') {
        this.#handRound([turn]);
        return await this.view(call.id, call.owner);
      }
      // Somebody was faster, or its result was kept long enough.
      if ((await this.#kept(call.id)) === undefined) await store.free(call.id);
      return await this.#accept(asked);
    }
    if (call.anyId === true) return await this.#accept({ ...asked, call: { ...call, id: newId() } });
    if (before.owner !== call.owner || before.body !== body) throw requestExists(call.id);
    await store.sure(call.id);
    return await this.viewOf(before);
  }

  /** They are accepted; when this fails, whoever looks through those that wait does it. */
  #handRound(turns: readonly FleetTurn[]): void {
    void this.#options.turns.add(turns).catch(() => undefined);
  }

  /** Whether an id is taken, in the whole fleet too. Throws fleet_unreachable. */
  async has(id: string): Promise<boolean> {
    return this.#options.local.taken(id) || (await this.#kept(id)) !== undefined;
  }

  // ---- looking

  /** What is kept of a job; undefined when that was long enough. */
  async #kept(id: string): Promise<StoredJob | undefined> {
    const { store, config } = this.#options;
    const job = await store.find(id);
    if (job === undefined || job.endedAt === undefined) return job;
    const { singleMs, batchMs } = retentionOf(config());
    const since = job.batch === undefined ? job.endedAt : (await store.batch(job.batch))?.endedAt;
    const most = job.batch === undefined ? singleMs : batchMs;
    return since === undefined || store.now() - since <= most ? job : undefined;
  }

  /** Whether this gateway alone knows of a request: it is none of the fleet's. */
  #isLocal(id: string): boolean {
    return this.#options.local.taken(id) && !this.#fleet.holds(id);
  }

  /** A job of the fleet as a watcher may see it; undefined where the fleet has none. */
  async #find(id: string, watcher: string): Promise<StoredJob | undefined> {
    const { store, config } = this.#options;
    const stored = await this.#kept(id);
    const owner = stored?.owner ?? (await store.gone('job', id));
    // Nobody is to learn that there is, or was, a request of somebody else.
    if (owner === undefined || !sees(watcher, owner)) return undefined;
    if (stored !== undefined) return stored;
    const { retention_seconds, retained_max_mb } = config().queue;
    throw new AppError(
      'request_gone',
      `The result of "${id}" is gone: results are kept for ${retention_seconds} s, at most ${retained_max_mb} MB of them. Send the request again.`,
    );
  }

  /** Where a request stands. Throws request_not_found, request_gone, fleet_unreachable. */
  async view(id: string, watcher: string): Promise<RequestView> {
    const { local } = this.#options;
    const stored = this.#isLocal(id) ? undefined : await this.#find(id, watcher);
    return stored === undefined ? local.view(id, watcher) : await this.viewOf(stored);
  }

  /** The same of a job that was found already. */
  async viewOf(stored: StoredJob): Promise<RequestView> {
    const { store, queue } = this.#options;
    if (hasEnded(stored)) return storedView(stored, { position: 0, eta: 0 }, store.waiting);
    const { position, length, runsSince } = await store.place(stored.id);
    const job = this.#fleet.runs.get(stored.id);
    if (job !== undefined) {
      const view = livingView(job.answer.ticket, job, { queueLength: length, queue });
      // It has not ended before the fleet has its result.
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
   * The life of a request as events. One that runs on another gateway is told of as a whole when it has ended. Throws
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

  /** Cancels a waiting or running request from any gateway. Throws request_not_found, request_gone, not_cancellable, fleet_unreachable. */
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
