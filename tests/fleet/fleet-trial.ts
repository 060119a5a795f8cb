// What is tried with the fleet: one thing that is done to it, the promise that holds all the same, and what was seen. It runs
// none; trials.ts does.
import type { Chance } from '../support/soak/random.ts';
import type { Fleet, FleetOptions } from './whole-fleet.ts';

/** A row of docs/scale.md. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  /** What it should be at most, and whether it is; undefined where there is no such goal. */
  readonly goal?: { readonly says: string; readonly isKept: boolean };
}

export interface Seen {
  /** A sentence. */
  readonly seen: string;
  readonly figures?: readonly Figure[];
}

export interface Trial {
  /** What is done, in a few words. */
  readonly name: string;
  /** What holds all the same, as a whole sentence; of a measurement, what is measured. */
  readonly promise: string;
  /** Rejects with Broken where the promise was not kept. */
  run(ground: Ground): Promise<Seen>;
}

/** What a trial has to work with. */
export interface Ground {
  /** From the seed of the run, and the same for a trial whichever others run. */
  readonly chance: Chance;
  /** The form that takes its time, or the short one. */
  readonly isFull: boolean;
  /** How often a gateway is killed. */
  readonly kills: number;
  /** Starts a fleet. It is stopped, and looked at, when the trial is over. */
  fleet(options?: FleetOptions): Promise<Fleet>;
  /** A folder that goes when the trial is over, after its fleets. */
  folder(): Promise<string>;
  /** Tells whoever looks on how far it is. */
  say(text: string): void;
}

/** Of some values, the one below which so large a share of them lies; NaN of none. */
export function share(values: readonly number[], of: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] ?? Number.NaN;
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
export const millis = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
