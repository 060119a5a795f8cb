// Decides which gateway runs which job of a fleet next, by BullMQ: it hands each job to one gateway at a time, in
// order, and to another one if that gateway dies. It has ids only (questions and answers are in shared-job-store.ts):
// nothing is lost if it forgets a job, and nothing runs twice if it hands one out twice.
import { type Job, Queue, QueueKeys, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Clock, Log } from '../core/ports.ts';
import type { FleetNews, FleetTurn, FleetTurns } from '../core/stories/fleet/shared-jobs.ts';
import type { ClientOptions } from './valkey-client.ts';
import { isElsewhere } from './valkey-failure.ts';

/** A job whose gateway gave no sign of life for this long goes to another gateway. Milliseconds. */
export const LOCK_MS = 10_000;
/** Interval of that check. Milliseconds. */
export const STALLED_MS = 5000;
/** The longest pause between attempts to reach Valkey. Milliseconds. */
const LONGEST_PAUSE_MS = 2000;
/** Interval of the check whether a connection still answers, and its timeout. Milliseconds. */
const LOOK_MS = 2000;
const ANSWER_MS = 3000;
/** Time to give back this gateway's jobs when it stops. Milliseconds. */
const CLOSING_MS = 2000;
/** A job is handed out as often as needed. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;
/** Longest sleep of a gateway that found no job. Seconds. */
const LOOK_S = 1;
/** Length of BullMQ's own event log, which nobody reads. */
const EVENTS = 1000;
const NAME = 'job';

export interface JobTurnsParts {
  /** Prefix of all keys of the fleet, without the colon at its end. */
  readonly prefix: string;
  readonly node: string;
  readonly log: Log;
  newClient(purpose: string, more: ClientOptions): Promise<Redis>;
  readonly clock: Pick<Clock, 'after'>;
}

interface Turn {
  readonly id: string;
}
type Turns = Queue<Turn, void>;
type Hands = Worker<Turn, void>;

/** Name of a BullMQ queue: that of all gateways, or that of the only gateway that can run its jobs. */
export const turnsOf = (home?: string): string => (home === undefined ? 'turns' : `turns@${home}`);

/** The suffixes of a BullMQ queue's own keys, beside its jobs. */
export const turnKeys: readonly string[] = Object.keys(new QueueKeys().getKeys('')).filter((key) => key !== '');

export class JobTurns implements FleetTurns {
  readonly #parts: JobTurnsParts;
  readonly #queues = new Map<string, Promise<Turns>>();
  #client: Promise<Redis> | undefined;
  #opened: Promise<{ readonly workers: readonly Hands[]; readonly news: Redis }> | undefined;
  #most = 0;
  #stopLooking: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: JobTurnsParts) {
    this.#parts = parts;
  }

  async add(turns: readonly FleetTurn[]): Promise<void> {
    const homes = new Set(turns.map(({ home }) => home));
    for (const home of homes) {
      const queue = await this.#queue(home);
      await queue.addBulk(
        turns
          .filter((turn) => turn.home === home)
          .map(({ id, seq, rank }) => ({ name: NAME, data: { id }, opts: { jobId: `j${seq}`, priority: rank } })),
      );
    }
  }

  room(most: number): void {
    this.#most = most;
    void this.#opened?.then(({ workers }) => this.#apply(workers)).catch(() => undefined);
  }

  async #apply(workers: readonly Hands[]): Promise<void> {
    for (const worker of workers) {
      if (this.#most > 0) worker.concurrency = this.#most;
      if (this.#most === 0) await worker.pause(true);
      else if (worker.isPaused()) await worker.resume();
    }
  }

  open(run: (id: string, token: string) => Promise<boolean>, news: (news: FleetNews) => void): void {
    const { log } = this.#parts;
    this.#opened = this.#open(run, news);
    this.#opened
      .then(({ workers }) => this.#apply(workers))
      .catch((error: unknown) => log.error({ err: error }, 'The jobs of the fleet cannot be taken'));
  }

  async #open(
    run: (id: string, token: string) => Promise<boolean>,
    tell: (news: FleetNews) => void,
  ): Promise<{ readonly workers: readonly Hands[]; readonly news: Redis }> {
    const { prefix, node, log, newClient } = this.#parts;
    const connection = await this.#connection();
    const take = async (job: Job<Turn, void>, token = ''): Promise<void> => {
      if (await run(job.data.id, token)) return;
      await job.moveToWait(token);
      throw new WaitingError();
    };
    const workers = [undefined, node].map((home) => {
      const worker: Hands = new Worker<Turn, void>(turnsOf(home), take, {
        connection,
        prefix,
        name: node,
        autorun: false,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_MS,
        // A job that was given back wakes nobody.
        drainDelay: LOOK_S,
        maxStalledCount: NO_LIMIT,
        runRetryDelay: LONGEST_PAUSE_MS,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
        skipVersionCheck: true,
      });
      // Valkey is away, or a lock was lost: the first ends by itself, and the fence handles the second.
      worker.on('error', (error) => log.debug({ err: error }, 'BullMQ'));
      void worker.run().catch((error: unknown) => log.debug({ err: error }, 'BullMQ'));
      return worker;
    });
    const news = await newClient('news', LASTING);
    news.on('message', (_channel, message) => tell(JSON.parse(message) as FleetNews));
    // Subscribe at each 'ready' instead of by autoResubscribe: ioredis 6.0 leaves that promise unhandled, so a
    // connection that ends before the answer would cause an unhandled rejection.
    news.on('ready', () => void news.subscribe(`${prefix}:jobs:news`).catch(() => undefined));
    void news.connect().catch(() => undefined);
    this.#look([connection, news]);
    return { workers, news };
  }

  #connection(): Promise<Redis> {
    const { newClient } = this.#parts;
    return (this.#client ??= newClient('jobs', LASTING));
  }

  /**
   * A Valkey whose machine disappeared, or was forgotten by a device in between, ends no connection: a connection that
   * waits for news would wait for ever, one that has sent something for a quarter of an hour. BullMQ itself checks
   * those on which a worker waits for a job.
   */
  #look(clients: readonly Redis[]): void {
    const { after } = this.#parts.clock;
    const looks = clients.map(async (client) => {
      // A connection that is down reconnects by itself.
      if (client.status !== 'ready') return;
      const stop = after(ANSWER_MS, () => client.disconnect(true));
      await client.ping().catch(() => undefined);
      stop();
    });
    void Promise.all(looks).then(() => {
      if (!this.#isClosed) this.#stopLooking = after(LOOK_MS, () => this.#look(clients));
    });
  }

  #queue(home: string | undefined): Promise<Turns> {
    const { prefix, log } = this.#parts;
    const name = turnsOf(home);
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const made = this.#connection().then((connection) => {
      const defaultJobOptions = { removeOnComplete: true, removeOnFail: true };
      const streams = { events: { maxLen: EVENTS } };
      const queue: Turns = new Queue(name, { connection, prefix, defaultJobOptions, streams, skipVersionCheck: true });
      queue.on('error', (error) => log.debug({ err: error }, 'BullMQ'));
      return queue;
    });
    this.#queues.set(name, made);
    return made;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopLooking();
    const opened = await this.#opened?.catch(() => undefined);
    const client = await this.#client?.catch(() => undefined);
    const isAway = client?.status !== 'ready';
    await Promise.all((opened?.workers ?? []).map((worker) => this.#end(worker, isAway)));
    opened?.news.disconnect();
    client?.disconnect();
  }

  /**
   * BullMQ waits for Valkey when it closes a worker, and while Valkey is away leaves its timers and connection open.
   */
  async #end(worker: Hands, isAway: boolean): Promise<void> {
    await new Promise<void>((over) => {
      const stop = this.#parts.clock.after(CLOSING_MS, () => {
        // Without this, close returns the promise that never settles.
        worker.closing = undefined;
        worker.close(true).catch(() => undefined);
        worker.backend.disconnectBlocking(false).catch(() => undefined);
        over();
      });
      const ended = (): void => {
        stop();
        over();
      };
      worker.close(isAway).then(ended, ended);
    });
  }
}

/**
 * For connections that reconnect by themselves, to whichever Valkey has the address then, such as the new primary after
 * a failover.
 */
const LASTING: ClientOptions = {
  retryStrategy: (times) => Math.min(LONGEST_PAUSE_MS, 50 * 2 ** Math.min(times, 10)),
  reconnectOnError: isElsewhere,
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
};
