// What the gateways of a fleet share. backend/cluster/ provides it over one Valkey; a gateway that is alone has none of it.
import type { NodeReport } from '../contract/fleet-view.ts';
import type { FlightContext, Lead } from './flight.ts';
import type { AnswerNotes, StoredAnswer, ToRemove } from './disk.ts';

/** Who may write what a shared run has given: the one who leads it. */
export interface Fence {
  /** False once it is known that another one leads in its place, or that nobody waits for it. */
  readonly holds: boolean;
}

/** An answer that is to be kept for all. */
export interface ToShare {
  readonly bytes: Uint8Array;
  readonly notes: AnswerNotes;
  /** How long it lives. */
  readonly ttlMs: number;
  /** Of a run that others may take over. */
  readonly fence?: Fence | undefined;
}

/** Answers and vectors that all gateways have. Nothing of it throws; where Valkey is away nothing is kept and nothing found. */
export interface SharedAnswers {
  /** Those of these keys that are there; it takes no longer than cluster.timeout_ms. */
  find(keys: readonly string[]): Promise<ReadonlyMap<string, StoredAnswer>>;
  /** The bytes are not copied. False: somebody else leads the run, so that it must not be kept here either. */
  keep(key: string, answer: ToShare): Promise<boolean>;
  /** It was used; told some time later. */
  used(key: string): void;
  /**
   * Removes the one whose key begins so from what other gateways keep. True: that is done. False: Valkey is away, and it is made up
   * for as soon as it is back, also after a restart; until then nothing is found.
   */
  delete(beginning: string, watcher: string): Promise<boolean>;
  /** The same for many. */
  clear(which: ToRemove): Promise<boolean>;
}

/** What others have removed, and what must go from memory and disk here too. */
export interface Removals {
  /** Those whose keys begin so; each with the one on whose behalf. */
  forget(removed: readonly { readonly key: string; readonly watcher: string }[]): void;
  clear(which: ToRemove): void;
}

/** A place that was found for a flight among those of the fleet. */
export interface Boarding {
  /** Whether it is to be run here; else its answer comes from elsewhere. */
  readonly leads: boolean;
  /**
   * Runs the flight, by `lead` where it is run here: also when the gateway that led it is gone before anything was told. Throws at
   * once what `lead` throws; rejects with leader_lost when that gateway is gone in the middle of the answer, and with what the run
   * there has failed with.
   */
  fly(context: FlightContext, lead: Lead): Promise<void>;
  /** In place of `fly`, where there is no need for it any more. */
  leave(): void;
}

/** Runs of models that several gateways ask for at the same time: one leads, the others have what it tells. */
export interface SharedFlights {
  /**
   * Finds a place in the flight of this key. `answerKey`: a kept answer of this key will do as well, as may have come a moment ago.
   * Undefined where Valkey can't be asked: then the flight is this gateway's own. It throws nothing.
   */
  board(key: string, answerKey: string | undefined): Promise<Boarding | undefined>;
}

/** What all gateways count together. It throws nothing. */
export interface SharedCounts {
  /**
   * Counts once more for `who`, within a window that begins with its first. Gives how often that was by now, and the milliseconds
   * that are left of the window; undefined where Valkey can't be asked.
   */
  count(who: string, windowMs: number): Promise<{ readonly times: number; readonly leftMs: number } | undefined>;
}

/** What another gateway has told of itself, and how long ago. */
export interface HeardNode {
  readonly report: NodeReport;
  readonly heardMs: number;
}

/** The other gateways of the fleet. It throws nothing. */
export interface SharedNodes {
  /** Whether they can be heard now. */
  readonly isUp: boolean;
  /** All that were heard within the last minutes; where Valkey is away, what was heard before, which grows old. */
  others(): Promise<readonly HeardNode[]>;
}
