// Jobs of the fleet that run on this gateway. Each is asked like any other request, and its outcome is reported to the
// fleet, which accepts it only from the gateway that began the job last.
import { AppError, asAppError, type ErrorCode } from '../../../contract/errors.ts';
import { isRevoked } from '../../ownership.ts';
import type { HeardNode, SharedNodes } from '../../fleet.ts';
import type { Clock, Log, ReadConfig } from '../../ports.ts';
import { shuttingDown } from '../../refusals.ts';
import { Ticket } from '../../requests/ticket.ts';
import { PASSES, revoked } from '../jobs/backlog.ts';
import { isSilent } from './fleet-now.ts';
import type { Job } from '../jobs/job-lives.ts';
import { JobRuns, type JobRunsOptions } from '../jobs/job-runs.ts';
import { retentionOf } from '../jobs/job-times.ts';
import type { Begun, SharedJobStore } from './shared-jobs.ts';
import { iso } from '../standing.ts';
import type { JobEnd, JobOutcome } from '../jobs/stored-jobs.ts';

export interface FleetRunsOptions extends Omit<JobRunsOptions, 'keep' | 'onOver'> {
  readonly store: SharedJobStore;
  /** The name of this gateway among the others. */
  readonly node: string;
  readonly nodes: SharedNodes;
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** Reserves memory for a job's request; the result releases it. Throws overloaded. */
  hold(bytes: number): () => void;
  onChange(): void;
}

/** The pause before a job that can't run here is distributed again, and before Valkey is asked again. Milliseconds. */
const AGAIN_MS = 1000;
/** A missing model fails a job only after this time, since a gateway may be starting. Milliseconds. */
const NOWHERE_MS = 30_000;

/** After this time, a gateway that lacked the model may have it. Milliseconds. */
const ASKED_MS = 120_000;

interface Ended {
  readonly state: JobEnd;
  readonly outcome: JobOutcome;
}

interface Held {
  readonly token: string;
  /** Resolves when the fleet has its result; rejects when the fleet has the result of another gateway. */
  readonly settled: Promise<void>;
}

export class FleetRuns {
  readonly #options: FleetRunsOptions;
  readonly runs: JobRuns;
  readonly #life = new AbortController();
  /** Outcomes that have not been reported to the fleet yet, by number. */
  readonly #ended = new Map<number, Ended>();
  readonly #held = new Map<string, Held>();

  constructor(options: FleetRunsOptions) {
    this.#options = options;
    const keep = (seq: number, state: JobEnd, outcome: JobOutcome): void =>
      void this.#ended.set(seq, { state, outcome });
    this.runs = new JobRuns({ ...options, keep, onOver: () => options.onChange() });
  }

  /** Starts no more jobs, and stops waiting for Valkey. */
  stop(): void {
    this.#life.abort(shuttingDown());
  }

  /**
   * Resolves when the result of a job that lived here is stored. Rejects with fleet_unreachable when another gateway
   * has it.
   */
  async settled({ answer, over }: Job): Promise<void> {
    const { settled } = this.#held.get(answer.ticket.id) ?? {};
    await over;
    await settled;
  }

  /** Whether this gateway has this job of the fleet, from before it is queued until the fleet has its result. */
  holds(id: string): boolean {
    return this.#held.has(id);
  }

  /** Call when somebody began a job. If this gateway holds it with another token, its work is useless now. */
  begun(id: string, token: string): void {
    const held = this.#held.get(id);
    if (held !== undefined && held.token !== token) this.end(id, takenOver(id));
  }

  /** Ends the job that lives here, if there is one. */
  end(id: string, reason: AppError): void {
    const job = this.runs.get(id);
    if (job !== undefined) this.runs.cancel(job, reason);
  }

  /** Runs a job to its end. True when it has ended; false when it has to be distributed again. Does not throw. */
  async run(id: string, token: string): Promise<boolean> {
    const { log, clock, store } = this.#options;
    // The job comes here a second time when Valkey was away for longer than a turn lasts. It keeps running with the
    // token that it was begun with, and this turn keeps it from the others until then.
    const before = this.#held.get(id);
    if (before !== undefined)
      return await before.settled.then(
        () => true,
        () => false,
      );
    const { signal } = this.#life;
    let settle = (_isKept: boolean): void => undefined;
    const settled = new Promise<boolean>((resolve) => (settle = resolve)).then((isKept) => {
      if (!isKept) throw takenOver(id);
    });
    settled.catch(() => undefined);
    this.#held.set(id, { token, settled });
    try {
      if (signal.aborted) return false;
      const ended = await this.#ending(id, token);
      if (ended === 'before') return true;
      if (ended !== undefined && ended !== 'without') {
        settle(await this.#tell(id, token, ended));
        return true;
      }
      await clock.sleep(AGAIN_MS, signal).catch(() => undefined);
      await store.back(id, token, ended === 'without' ? this.#options.node : undefined);
      return false;
    } catch (error) {
      // Valkey is away, or this gateway stops: the job will be distributed again.
      if (asAppError(error).code === 'internal')
        log.error({ err: error, request_id: id }, 'A job of the fleet broke off');
      return false;
    } finally {
      settle(false);
      this.#held.delete(id);
    }
  }

  /**
   * How a job ended. `before`: it had ended before it was begun. `without`: the model is missing here, but others may
   * have it. Undefined: it can't run here now.
   */
  async #ending(id: string, token: string): Promise<Ended | 'before' | 'without' | undefined> {
    const { store } = this.#options;
    let begun: Begun | undefined;
    try {
      begun = await store.begin(id, token);
    } catch (error) {
      const failure = asAppError(error);
      if (failure.code !== 'invalid_request') throw error;
      return this.#failure(failure);
    }
    if (begun === undefined) return 'before';
    try {
      return await this.#asked(begun, token);
    } catch (error) {
      const failure = asAppError(error);
      if (failure.code === 'model_not_found' && !(await this.#isNowhere(begun))) return 'without';
      if (PASSES.has(failure.code) || HERE.has(failure.code)) return undefined;
      return this.#failure(failure, error);
    }
  }

  /** Whether no gateway that is up has the model that is missing here. */
  async #isNowhere({ ageMs, without, ask }: Begun): Promise<boolean> {
    if (ageMs < NOWHERE_MS) return false;
    // A job that continues a conversation can run only here.
    if (ask !== undefined) return true;
    const { nodes } = this.#options;
    const others = await nodes.others();
    // An answer from long ago, or from before that gateway started, may be outdated.
    const wasAsked = ({ report }: HeardNode): boolean =>
      without.some(({ node, agoMs }) => node === report.node && agoMs < Math.min(ASKED_MS, report.uptime_ms));
    // While Valkey is away it is unknown who else there is.
    return nodes.isUp && others.every((each) => isSilent(each) || wasAsked(each));
  }

  async #asked(begun: Begun, token: string): Promise<Ended | undefined> {
    const { config, clock, hold } = this.#options;
    const { seq, batch, ageMs, bytes, ask } = begun;
    if (isRevoked(begun.call.owner, config().server.api_keys)) throw revoked();
    const giveBack = hold(bytes);
    try {
      // Use its age, not its time of arrival: the clocks of the gateways may differ.
      const before = { bornAt: clock.now() - ageMs, waitedMs: begun.waitedMs };
      const call = { ...begun.call, before, comesAgain: true };
      const ticket = new Ticket(call, clock);
      // It was admitted when it was accepted.
      ticket.admitted = true;
      const answer = await this.runs.enter({ call, ask }, ticket);
      const job = this.runs.run(answer, { seq, batch });
      void this.#tellRuns(job, token);
      await job.over;
      return this.#ended.get(seq);
    } finally {
      this.#ended.delete(seq);
      giveBack();
    }
  }

  /** Tells the others when the job starts to run. */
  async #tellRuns({ answer, over }: Job, token: string): Promise<void> {
    const { store } = this.#options;
    const { ticket } = answer;
    const isOver = new AbortController();
    void over.then(() => isOver.abort());
    try {
      for await (const _event of answer.tail(isOver.signal)) {
        if (ticket.status === 'queued') continue;
        await store.runs(ticket.id, token);
        return;
      }
    } catch {
      // It ended before it ran, or Valkey is away; then only this gateway knows that it runs.
    }
  }

  #failure(failure: AppError, error: unknown = failure): Ended {
    const { log, clock } = this.#options;
    if (failure.code === 'internal') log.error({ err: error }, failure.message);
    const { message, code } = failure;
    const outcome = { finishedAt: iso(clock.now()), error: message, code, record: undefined };
    return { state: code === 'cancelled' ? 'cancelled' : 'failed', outcome };
  }

  /** Retries until Valkey has the outcome, so that no result is lost. False when another gateway has it. */
  async #tell(id: string, token: string, ended: Ended): Promise<boolean> {
    const { store, config, clock } = this.#options;
    for (;;) {
      try {
        return await store.end(id, token, ended, retentionOf(config()));
      } catch (error) {
        if (asAppError(error).code !== 'fleet_unreachable') throw error;
        await clock.sleep(AGAIN_MS, this.#life.signal);
      }
    }
  }
}

/** Errors that concern only this gateway: another request here has the id. */
const HERE: ReadonlySet<ErrorCode> = new Set(['request_exists']);

function takenOver(id: string): AppError {
  return new AppError(
    'fleet_unreachable',
    `This gateway lost "${id}" to another one of the fleet, which runs it again. Look once more.`,
  );
}
