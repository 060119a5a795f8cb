// Pending writes of the store.
import type { Lane, Work } from './database.ts';

export interface Waiting {
  readonly work: Work<void>;
  readonly lane: Lane | undefined;
}

export interface Portion {
  /** Undefined: all lanes. */
  readonly lane?: Lane | undefined;
  /** The rest waits again after this long. Milliseconds. */
  readonly limitMs?: number;
  /** How long to wait for another program that writes. Milliseconds. */
  readonly waitMs?: number;
}

/** All pending work, or one lane of it, in order. */
export function those(waiting: ReadonlySet<Waiting>, lane: Lane | undefined): readonly Waiting[] {
  return lane === undefined ? [...waiting] : [...waiting].filter((each) => each.lane === lane);
}
