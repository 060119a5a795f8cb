// What a fault is: one promise, what is done to break it, and what was seen. It runs none; faults.ts does.
import type { Chance } from '../support/soak/random.ts';
import type { Stand, StandOptions } from './stand.ts';

export type Area = 'Ollama' | 'Callers' | 'The machine' | 'The disk' | 'Kill -9';

export interface Fault {
  readonly area: Area;
  /** What is done, in a few words. */
  readonly name: string;
  /** What holds all the same, as a whole sentence. */
  readonly promise: string;
  /** Left out of the short form: it takes its time, or a test of the suite does much the same within one process. */
  readonly isLong?: true;
  /** Why this machine cannot show it; undefined where it can. */
  cannot?(): string | undefined;
  /** Does it. Resolves with the figures seen, as a sentence; rejects where the promise was not kept. */
  run(ground: Ground): Promise<string>;
}

/** What a fault has to work with. */
export interface Ground {
  /** From the seed of the run, and the same for a fault whichever others run. */
  readonly chance: Chance;
  /** The form that takes its time, or the short one. */
  readonly isFull: boolean;
  /** How often the gateway is killed. */
  readonly kills: number;
  /** Starts a gateway before a simulated Ollama. Both are stopped, and looked at, when the fault is over. */
  stand(options?: StandOptions): Promise<Stand>;
  /** A new folder, which is removed when all else is over. */
  folder(): Promise<string>;
  /** How far it is, where it takes long. */
  tell(progress: string): void;
  /** Done when the gateways of the fault have stopped. */
  afterwards(work: () => void | Promise<void>): void;
}

/**
 * How long anything is waited for that comes at once on a machine with nothing else to do: on a busy one it takes its time,
 * and no promise is about that. Milliseconds.
 */
export const PATIENT = { limitMs: 600_000 } as const;

/** A promise that was not kept. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Throws Broken with the sentence unless it is so. */
export function hold(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Broken(otherwise);
}
