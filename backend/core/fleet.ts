// What the gateways of a fleet share. backend/cluster/ implements it with one Valkey; a gateway that is alone has none
// of it.
import type { NodeReport } from '../contract/views/fleet-view.ts';
import type { FlightContext, Lead } from './flight.ts';
import type { AnswerNotes, StoredAnswer, ToRemove } from './disk.ts';

/** Whether a gateway may store the result of a shared run: only its leader may. */
export interface Fence {
  /** False once it is known that another gateway leads instead, or that nobody waits for the run. */
  readonly holds: boolean;
}

/** An answer to be kept for all gateways. */
export interface ToShare {
  readonly bytes: Uint8Array;
  readonly notes: AnswerNotes;
  /** Its lifetime in milliseconds. */
  readonly ttlMs: number;
  /** Set for a run that other gateways may take over. */
  readonly fence?: Fence | undefined;
}

/**
 * Answers and vectors that all gateways share. Does not throw; while Valkey is away nothing is kept and nothing is
 * found.
 */
export interface SharedAnswers {
  /** The entries found for these keys. Takes at most cluster.timeout_ms. */
  find(keys: readonly string[]): Promise<ReadonlyMap<string, StoredAnswer>>;
  /**
   * The bytes are not copied. False when another gateway leads the run, so that the answer must not be kept here
   * either.
   */
  keep(key: string, answer: ToShare): Promise<boolean>;
  /** Notes that the entry was used; sent later. */
  used(key: string): void;
  /**
   * Removes the entry whose key has this prefix from the other gateways. False when Valkey is away: the removal is then
   * done as soon as Valkey is back, even after a restart, and until then nothing is found.
   */
  delete(beginning: string, watcher: string): Promise<boolean>;
  /** Removes many entries in the same way. */
  clear(which: ToRemove): Promise<boolean>;
}

/** Removals by other gateways, to be applied to memory and disk here. */
export interface Removals {
  /** Removes the entries whose keys have these prefixes, each on behalf of its watcher. */
  forget(removed: readonly { readonly key: string; readonly watcher: string }[]): void;
  clear(which: ToRemove): void;
}

/** A place for a flight among those of the fleet. */
export interface Boarding {
  /** Whether the flight runs here; otherwise its answer comes from another gateway. */
  readonly leads: boolean;
  /**
   * Runs the flight. Uses `lead` if it runs here, which includes the case that its leader is lost before anything was
   * sent. Throws at once what `lead` throws. Rejects with leader_lost when the leader is lost in the middle of the
   * answer, and with the error of the run there.
   */
  fly(context: FlightContext, lead: Lead): Promise<void>;
  /** Call this instead of `fly` when the flight is not needed any more. */
  leave(): void;
}

/** Runs that several gateways ask for at the same time. One leads, and the others receive its events. */
export interface SharedFlights {
  /**
   * Finds a place in the flight of this key. If `answerKey` is given, a kept answer of that key will do too, as one may
   * just have been stored. Undefined when Valkey can't be reached: the flight is then private to this gateway. Does not
   * throw.
   */
  board(key: string, answerKey: string | undefined): Promise<Boarding | undefined>;
}

/** Counters that all gateways share. Does not throw. */
export interface SharedCounts {
  /**
   * Adds one to the count of `who`, in a window that begins with its first call. Returns the count so far, and the
   * milliseconds left in the window; undefined when Valkey can't be reached.
   */
  count(who: string, windowMs: number): Promise<{ readonly times: number; readonly leftMs: number } | undefined>;
}

/** The last report of another gateway, and its age in milliseconds. */
export interface HeardNode {
  readonly report: NodeReport;
  readonly heardMs: number;
}

/** The other gateways of the fleet. Does not throw. */
export interface SharedNodes {
  /** Whether they can be heard now. */
  readonly isUp: boolean;
  /** All gateways heard within the last minutes. While Valkey is away, the reports grow old. */
  others(): Promise<readonly HeardNode[]>;
}
