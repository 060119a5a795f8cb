// Accepted jobs of a whole fleet: what the stories need of the place that keeps them (cluster/shared-job-store.ts, Valkey) and of
// who hands them round (cluster/job-turns.ts, BullMQ). Types alone. Unless it says otherwise everything here throws
// fleet_unreachable where Valkey can't be asked; then it is not known whether it was done.
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

/** Where a job stands in its fleet. */
export interface FleetPlace {
  /** 0 while it runs. */
  readonly position: number;
  /** How many wait in the whole fleet. */
  readonly length: number;
  /** Since when it runs, by Valkey's clock; undefined while it does not. */
  readonly runsSince: number | undefined;
}

/** A job whose turn has come. */
export interface Begun extends StoredAsk {
  readonly seq: number;
  readonly batch: string | undefined;
  /** Since it was accepted, by Valkey's clock: those of the nodes may differ. Milliseconds. */
  readonly ageMs: number;
  /** The gateways that had not its model when it was their turn, and how long ago that was last; milliseconds. */
  readonly without: readonly { readonly node: string; readonly agoMs: number }[];
}

/** A job that one gateway alone can run, which is gone. */
export interface Homeless {
  readonly id: string;
  readonly home: string;
}

/** A job that others have to know of before it is handed round. */
export interface FleetTurn {
  readonly id: string;
  readonly seq: number;
  /** 1 to 2,097,152; lower comes sooner, and of equals the one that was added first. */
  readonly rank: number;
  /** The one node that can run it; undefined: any. */
  readonly home: string | undefined;
}

/** What is taken in from outside, with what only the fleet knows. */
export interface NewFleetJob extends NewJob {
  readonly rank: number;
  readonly home: string | undefined;
}

/** Keeps what was accepted, and the one result of each. Moments are of Valkey's clock, in milliseconds since 1970. */
export interface SharedJobStore extends BatchStore {
  /** Its clock by now; by that of this machine until it was heard for the first time. Throws nothing. */
  now(): number;
  /** Valkey has it when it resolves. `taken`: something has this id. Throws queue_full where `most` wait already. */
  accept(job: NewFleetJob, most: number): Promise<FleetTurn | 'taken'>;
  /** One that was accepted before is where an accepted one has to be (cluster.job_replicas): it may have been refused for want of that. */
  sure(id: string): Promise<void>;
  /** Undefined when it is not kept any more. */
  find(id: string): Promise<StoredJob | undefined>;
  /** Forgets one whose result was kept long enough, so that its id is free. */
  free(id: string): Promise<void>;
  /** Where one stands that has not ended. */
  place(id: string): Promise<FleetPlace>;
  /** How many wait in the fleet, as it was heard last. Throws nothing. */
  readonly waiting: number;
  /**
   * From now on `token` alone may say how it ended. Undefined when it has ended. Throws invalid_request when it can't be
   * read any more.
   */
  begin(id: string, token: string): Promise<Begun | undefined>;
  /** It runs, and does not stand in line any more. */
  runs(id: string, token: string): Promise<void>;
  /** It does not run any more, and has not ended: another node may begin it. `without`: the one that has not its model. */
  back(id: string, token: string, without?: string): Promise<void>;
  /** Keeps how it ended. False when it had ended before, or somebody else has begun it since. */
  end(id: string, token: string, ended: Omit<EndedJob, 'now'>, retention: Retention): Promise<boolean>;
  /** Ends it as cancelled whoever runs it. False when it had ended before. */
  cancel(id: string, ended: Omit<EndedJob, 'now'> & { readonly state: JobEnd }, retention: Retention): Promise<boolean>;
  /** Each few seconds: lets go what was kept long enough, and looks how many wait. */
  beat(retention: Retention): Promise<void>;
  /** Some of those that wait and that nobody hands round, as after a node that died while it accepted them. */
  strayed(): Promise<readonly FleetTurn[]>;
  /** Some of a batch that have not ended, by their number, from the one behind `after` on; none: there is no further one. */
  turnsOf(batch: string, after: number): Promise<readonly FleetTurn[]>;
  /**
   * Some of those whose one gateway was not among those that are `up` for so long, by all who asked here; milliseconds, from when
   * the first of them asked. After a while in which nobody asked it begins anew. Where none waits for such a gateway any more, what
   * handed jobs to it goes too.
   */
  homeless(up: readonly string[], afterMs: number): Promise<readonly Homeless[]>;
  /** Ends one of those as failed. False, and it waits on, where its gateway was seen or has begun it since; or it had ended. */
  abandon(job: Homeless, afterMs: number, outcome: JobOutcome, retention: Retention): Promise<boolean>;
}

/** What one node tells all. */
export type FleetNews =
  | { readonly what: 'ended'; readonly id: string }
  /** Who holds another token of it has lost it. */
  | { readonly what: 'begun'; readonly id: string; readonly token: string };

/** Hands jobs round among the nodes: each to one at a time, and to another when that one is gone. */
export interface FleetTurns {
  /** Adding one again changes nothing. */
  add(turns: readonly FleetTurn[]): Promise<void>;
  /** Takes at most so many at once from now on; 0: none. Throws nothing. */
  room(most: number): void;
  /**
   * Hands jobs to `run` until it is stopped: over when it resolves with true, handed round again with false. Throws nothing.
   */
  open(run: (id: string, token: string) => Promise<boolean>, news: (news: FleetNews) => void): void;
  /** Takes none any more; those that it has are waited for. */
  close(): Promise<void>;
}
