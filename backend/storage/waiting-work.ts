// What waits to be written to the store.
import type { Lane, Work } from './database.ts';

export interface Waiting {
  readonly work: Work<void>;
  readonly lane: Lane | undefined;
}

export interface Portion {
  /** Undefined: of all. */
  readonly lane?: Lane | undefined;
  /** After so long the rest has to wait again. Milliseconds. */
  readonly limitMs?: number;
  /** How long to wait for another program that writes. Milliseconds. */
  readonly waitMs?: number;
}

/** All that waits, or that of one lane; in the order in which it came. */
export function those(waiting: ReadonlySet<Waiting>, lane: Lane | undefined): readonly Waiting[] {
  return lane === undefined ? [...waiting] : [...waiting].filter((each) => each.lane === lane);
}
