// Jobs of a whole fleet: what the stories need of the store (cluster/shared-job-store.ts, Valkey) and of the
// distribution (cluster/job-turns.ts, BullMQ). Types only. Unless said otherwise everything here throws
// fleet_unreachable when Valkey can't be reached; then it is unknown whether the operation took effect.
import type {
  BatchStore,
  EndedJob,
  JobEnd,
  JobOutcome,
  NewJob,
  Retention,
  StoredAsk,
  StoredJob,
} from '../jobs/stored-jobs.ts';

/** The position of a job in its fleet. */
export interface FleetPlace {
  /** 0 while it runs. */
  readonly position: number;
  /** How many jobs wait in the whole fleet. */
  readonly length: number;
  /** When it began to run, by Valkey's clock; undefined while it does not run. */
  readonly runsSince: number | undefined;
}

/** A job whose turn has come. */
export interface Begun extends StoredAsk {
  readonly seq: number;
  readonly batch: string | undefined;
  /** Milliseconds since it was accepted, by Valkey's clock, since the clocks of the nodes may differ. */
  readonly ageMs: number;
  /** The gateways that lacked its model on their turn, and how many milliseconds ago that was last. */
  readonly without: readonly { readonly node: string; readonly agoMs: number }[];
}

/** A job that only one gateway can run, which is gone. */
export interface Homeless {
  readonly id: string;
  readonly home: string;
}

/** A job to be distributed, as the others need it. */
export interface FleetTurn {
  readonly id: string;
  readonly seq: number;
  /** 1 to 2,097,152. Lower comes first; of equal ranks, the one that was added first. */
  readonly rank: number;
  /** The only node that can run it; undefined for any node. */
  readonly home: string | undefined;
}

/** A submitted job, with what only the fleet knows. */
export interface NewFleetJob extends NewJob {
  readonly rank: number;
  readonly home: string | undefined;
}

/** Stores accepted jobs and the one result of each. Times are Valkey's, in milliseconds since 1970. */
export interface SharedJobStore extends BatchStore {
  /** Valkey's current time; until that is known, the time of this machine. Does not throw. */
  now(): number;
  /**
   * Stores a job; Valkey has it when this resolves. `taken`: the id is in use. Throws queue_full when `most` wait
   * already.
   */
  accept(job: NewFleetJob, most: number): Promise<FleetTurn | 'taken'>;
  /**
   * Makes sure that a job that was accepted before is replicated as required (cluster.job_replicas); it may have been
   * refused for lack of that.
   */
  sure(id: string): Promise<void>;
  /** Undefined when it is not stored any more. */
  find(id: string): Promise<StoredJob | undefined>;
  /** Deletes a job whose result has expired, so that its id is free. */
  free(id: string): Promise<void>;
  /** The position of a job that has not ended. */
  place(id: string): Promise<FleetPlace>;
  /** How many jobs wait in the fleet, as last heard. Does not throw. */
  readonly waiting: number;
  /**
   * Begins a job: from now on only `token` may report how it ended. Undefined when it has ended. Throws invalid_request
   * when it can't be read any more.
   */
  begin(id: string, token: string): Promise<Begun | undefined>;
  /** Notes that a job runs and no longer waits. */
  runs(id: string, token: string): Promise<void>;
  /**
   * Gives a job back that runs no more and has not ended, so that another node may begin it. `without`: the node that
   * lacks its model.
   */
  back(id: string, token: string, without?: string): Promise<void>;
  /** Stores how a job ended. False when it had ended before, or somebody else has begun it since. */
  end(id: string, token: string, ended: Omit<EndedJob, 'now'>, retention: Retention): Promise<boolean>;
  /** Ends a job as cancelled, whoever runs it. False when it had ended before. */
  cancel(id: string, ended: Omit<EndedJob, 'now'> & { readonly state: JobEnd }, retention: Retention): Promise<boolean>;
  /** Call every few seconds. Deletes expired results, and counts the waiting jobs. */
  beat(retention: Retention): Promise<void>;
  /** Some waiting jobs that nobody distributes, as after a node that died while accepting them. */
  strayed(): Promise<readonly FleetTurn[]>;
  /**
   * Some jobs of a batch that have not ended, in order of their numbers, starting behind `after`; empty when there are
   * no more.
   */
  turnsOf(batch: string, after: number): Promise<readonly FleetTurn[]>;
  /**
   * Some jobs whose only gateway has not been in `up` of any caller for `afterMs` milliseconds, counted from the first
   * call that missed it. The count restarts after a while without calls. When no job waits for such a gateway any more,
   * its distribution queue is removed too.
   */
  homeless(up: readonly string[], afterMs: number): Promise<readonly Homeless[]>;
  /**
   * Ends such a job as failed. False, so that it waits on, if its gateway was seen or has begun it since, or if it had
   * ended.
   */
  abandon(job: Homeless, afterMs: number, outcome: JobOutcome, retention: Retention): Promise<boolean>;
}

/** What one node tells all others. */
export type FleetNews =
  | { readonly what: 'ended'; readonly id: string }
  /** A node that holds another token of this job has lost it. */
  | { readonly what: 'begun'; readonly id: string; readonly token: string };

/** Distributes jobs among the nodes: each to one node at a time, and to another when that one is gone. */
export interface FleetTurns {
  /** Adding a job again changes nothing. */
  add(turns: readonly FleetTurn[]): Promise<void>;
  /** Takes at most this many jobs at once from now on; 0 for none. Does not throw. */
  room(most: number): void;
  /**
   * Passes jobs to `run` until closed. A job is over when `run` resolves with true, and distributed again with false.
   * Does not throw.
   */
  open(run: (id: string, token: string) => Promise<boolean>, news: (news: FleetNews) => void): void;
  /** Takes no more jobs, and waits for those that it has. */
  close(): Promise<void>;
}
