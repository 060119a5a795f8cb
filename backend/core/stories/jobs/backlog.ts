// Accepted jobs that wait on disk until the queue has room: jobs of batches, and after a start all that had not ended.
// Only their numbers are in memory; the request itself is read when a job's turn comes.
import { AppError, asAppError, type ErrorCode } from '../../../contract/errors.ts';
import { isRevoked } from '../../ownership.ts';
import type { Clock, Log, ReadConfig } from '../../ports.ts';
import type { LeaseQueue } from '../../queue/queue.ts';
import { Ticket, type EarlierLife } from '../../requests/ticket.ts';
import type { JobRuns } from './job-runs.ts';
import { iso } from '../standing.ts';
import type { JobEnd, JobOutcome, JobStore, StoredAsk, WaitingJob } from './stored-jobs.ts';

export interface BacklogOptions {
  readonly store: JobStore;
  readonly runs: JobRuns;
  readonly queue: Pick<LeaseQueue, 'moveUp' | 'waiting' | 'full'>;
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether Ollama is away, so that its models are unknown. Call `feed` when it is back. */
  away(): boolean;
  /** Reserves memory for a job's request; the result releases it. Throws overloaded. */
  hold(bytes: number): () => void;
  /** The time of the store (KeptTime). */
  steady(): number;
  /** Stores how a job ended. */
  keep(seq: number, state: JobEnd, outcome: JobOutcome): void;
  /** Called when the number of waiting jobs has changed. */
  onChange(): void;
}

/** The group of single jobs, which come first. Other groups are named after their batch. */
const BY_THEMSELVES = '';
/** The pause after a refusal, in milliseconds. */
const AGAIN_MS = 1000;
/** Refusals that are temporary; any other refusal ends a job. */
export const PASSES: ReadonlySet<ErrorCode> = new Set([
  'queue_full',
  'client_limit',
  'overloaded',
  'breaker_open',
  'upstream_unreachable',
  'shutting_down',
]);

export class Backlog {
  readonly #options: BacklogOptions;
  /** The numbers of waiting jobs by batch, the oldest first. The batch that had its turn last is last. */
  readonly #groups = new Map<string, number[]>();
  #feeding = false;
  #stopped = false;
  /** The job that is being asked now. */
  #entering: (WaitingJob & { readonly ticket: Ticket }) | undefined;
  #rest: (() => void) | undefined;
  #watchers: (() => void)[] = [];

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** How many jobs wait here. */
  get size(): number {
    let size = this.#entering === undefined ? 0 : 1;
    for (const group of this.#groups.values()) size += group.length;
    return size;
  }

  /** How many of the waiting jobs belong to no batch. */
  get singles(): number {
    const isEntering = this.#entering !== undefined && this.#entering.batch === undefined;
    return (this.#groups.get(BY_THEMSELVES)?.length ?? 0) + Number(isEntering);
  }

  /** How many waiting jobs were accepted before this one. */
  ahead(seq: number): number {
    let ahead = 0;
    for (const group of this.#groups.values()) ahead += placeIn(group, seq);
    return ahead;
  }

  /** Adds jobs, the oldest first. */
  add(jobs: readonly WaitingJob[]): void {
    for (const { seq, batch = BY_THEMSELVES } of jobs) {
      const group = this.#groups.get(batch);
      if (group === undefined) this.#groups.set(batch, [seq]);
      else group.push(seq);
    }
    this.#changed();
  }

  /** Adds those jobs that are not known yet, in any order. The others already wait here or are queued. */
  addFound(jobs: readonly WaitingJob[]): void {
    if (jobs.length === 0) return;
    const living = this.#options.runs.list().map(({ seq }) => seq);
    const known = new Set([...[...this.#groups.values()].flat(), ...living, this.#entering?.seq]);
    this.add(jobs.filter(({ seq }) => !known.has(seq)));
    for (const group of this.#groups.values()) group.sort((a, b) => a - b);
  }

  /** Cancels a waiting job. It is stored as cancelled when this returns. */
  cancel({ seq, batch = BY_THEMSELVES }: WaitingJob, reason: AppError): void {
    const { keep, clock } = this.#options;
    const { message: error, code } = reason;
    keep(seq, 'cancelled', { finishedAt: iso(clock.now()), error, code, record: undefined });
    const group = this.#groups.get(batch) ?? [];
    const at = placeIn(group, seq);
    if (group[at] === seq) group.splice(at, 1);
    if (group.length === 0) this.#groups.delete(batch);
    if (this.#entering?.seq === seq) this.#entering.ticket.cancel('request', reason);
    this.#changed();
  }

  /** Removes a batch whose jobs are all cancelled already. A job that is being asked finds that out by itself. */
  removeBatch(batch: string): void {
    this.#groups.delete(batch);
    this.#changed();
  }

  /** Resolves when a waiting job's position may have changed. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#watchers.push(resolve));
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  #changed(): void {
    for (const tell of this.#watchers.splice(0)) tell();
    this.#options.onChange();
  }

  /** No job enters the queue any more. */
  stop(): void {
    this.#stopped = true;
    this.#rest?.();
    this.#changed();
  }

  /** Lets as many jobs into the queue as fit. Call it whenever there may be room. */
  feed(): void {
    if (this.#feeding || this.#stopped || this.#rest !== undefined || this.#groups.size === 0) return;
    this.#feeding = true;
    void this.#feedAll().finally(() => {
      this.#feeding = false;
    });
  }

  async #feedAll(): Promise<void> {
    const refused = new Set<string>();
    for (let next = this.#next(refused); next !== undefined; next = this.#next(refused)) {
      const { batch = BY_THEMSELVES } = next;
      if (await this.#enter(next)) continue;
      refused.add(batch);
      this.#putBack(next);
    }
    if (refused.size === 0 || this.#stopped) return;
    this.#rest = this.#options.clock.after(AGAIN_MS, () => {
      this.#rest = undefined;
      this.feed();
    });
  }

  /** The next job: single jobs first, then the batches in turn. Undefined when there is no room. */
  #next(refused: ReadonlySet<string>): WaitingJob | undefined {
    const { away, queue } = this.#options;
    if (this.#stopped || away()) return undefined;
    const turns = queue.full ? [] : [BY_THEMSELVES, ...(this.#hasRoom() ? this.#groups.keys() : [])];
    const batch = turns.find((name) => this.#groups.has(name) && !refused.has(name));
    if (batch === undefined) return undefined;
    const [seq, ...others] = this.#groups.get(batch) ?? [];
    this.#groups.delete(batch);
    if (others.length > 0) this.#groups.set(batch, others);
    return seq === undefined ? undefined : { seq, batch: batch === BY_THEMSELVES ? undefined : batch };
  }

  /**
   * Limits the jobs of batches in the queue: enough that no slot waits for them, and never the half that others need.
   */
  #hasRoom(): boolean {
    const { runs, queue, config } = this.#options;
    const { max_concurrent, max_queue_size } = config().queue;
    const inLine = runs.list().filter(({ batch }) => batch !== undefined).length;
    return inLine < 2 * max_concurrent + 2 && queue.waiting < Math.max(1, max_queue_size / 2);
  }

  #putBack({ seq, batch = BY_THEMSELVES }: WaitingJob): void {
    if (this.#options.store.find(seq)?.state !== 'waiting') return;
    this.#groups.set(batch, [seq, ...(this.#groups.get(batch) ?? [])]);
  }

  /** Asks for a job; false when there was no room for it. */
  async #enter(job: WaitingJob): Promise<boolean> {
    const { store, runs, config, clock, hold, steady, queue } = this.#options;
    const { seq } = job;
    let giveBack = (): void => undefined;
    try {
      const stored = store.ask(seq);
      if (stored === undefined) return true;
      if (isRevoked(stored.call.owner, config().server.api_keys)) throw revoked();
      giveBack = hold(stored.bytes);
      const call = { ...stored.call, before: this.#earlier(stored), comesAgain: true };
      const ticket = new Ticket(call, clock);
      // It was admitted when it was accepted.
      ticket.admitted = true;
      this.#entering = { ...job, ticket };
      const answer = await runs.enter({ call, ask: stored.ask }, ticket);
      if (store.find(seq)?.state !== 'waiting') {
        answer.close();
        giveBack();
        return true;
      }
      store.entered(seq, steady());
      runs.run(answer, job, giveBack);
      for (let n = 0; n < stored.moves && ticket.flight !== undefined; n++) queue.moveUp(ticket.flight);
      return true;
    } catch (error) {
      giveBack();
      const failure = asAppError(error);
      if (PASSES.has(failure.code)) return false;
      this.#failed(job, failure);
      return true;
    } finally {
      this.#entering = undefined;
      this.#changed();
    }
  }

  /**
   * Time on disk does not count as time in line, but the job's settle time is over, so nothing of the same moment
   * overtakes it.
   */
  #earlier({ createdAt, waitedMs }: StoredAsk): EarlierLife {
    const { clock, config } = this.#options;
    const settled = Math.min(Math.max(0, clock.now() - createdAt), config().queue.settle_ms);
    return { bornAt: createdAt, waitedMs: Math.max(waitedMs, settled) };
  }

  #failed({ seq }: WaitingJob, failure: AppError): void {
    const { log, keep, clock } = this.#options;
    if (failure.code === 'internal') log.error({ err: failure.cause, job: seq }, failure.message);
    const { message, code } = failure;
    const outcome = { finishedAt: iso(clock.now()), error: message, code, record: undefined };
    // Has no effect if the job was cancelled meanwhile.
    keep(seq, code === 'cancelled' ? 'cancelled' : 'failed', outcome);
  }
}

/** The error of a job whose owner's key was revoked. */
export function revoked(): AppError {
  return new AppError('unauthorized', 'The key with which this was handed in was revoked before it ran.');
}

/** The index of a number in an ascending list, or where it would be inserted. */
function placeIn(numbers: readonly number[], wanted: number): number {
  let [from, to] = [0, numbers.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((numbers[middle] ?? 0) < wanted) from = middle + 1;
    else to = middle;
  }
  return from;
}
