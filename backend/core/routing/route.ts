// Which machine a request goes to, of several that might serve it. Pure: each tells how it stands, and one is chosen. The
// rules, in their order: the lowest priority number; the one where the model should begin to answer first, since a loaded
// model of the same digest needs no load, a free slot no wait, and a prompt that is still held little reading; where that is
// about the same, the one that holds most of the prompt; then the least work for its weight; then the first in the list.

/** How a machine stands to one request. Durations in milliseconds. */
export interface Standing {
  /** The lowest goes first. */
  readonly priority: number;
  /** Its share of the work beside others. */
  readonly weight: number;
  /** Of the model that the name means there; undefined where that is not known. */
  readonly digest: string | undefined;
  /** Whether that is in memory. */
  readonly resident: boolean;
  /** Until a request that came now would have a slot; of one that sleeps, until it should be awake. */
  readonly waitMs: number;
  /** To load the model; undefined where no load of it was measured. */
  readonly loadMs: number | undefined;
  /** Requests that wait or run there. */
  readonly outstanding: number;
  /** Its line takes nobody more. */
  readonly full: boolean;
  /** How much of the prompt it still holds, in characters, and how long the rest should take to be read. Asked only where it matters. */
  reading(): Reading;
}

export interface Reading {
  readonly heldChars: number;
  /** 0 where nothing is known of it. */
  readonly ms: number;
}

/** What is assumed of a load that was never measured. Milliseconds. */
const LOAD_MS = 10_000;
/** Estimates that differ by less say nothing. Milliseconds. */
const ABOUT_MS = 500;

/** The best of those that may be asked; undefined of none. */
export function bestOf<S extends Standing>(standings: readonly S[]): S | undefined {
  const roomy = standings.filter(({ full }) => !full);
  const first = leastBy(roomy.length > 0 ? roomy : standings, ({ priority }) => priority);
  if (first.length < 2) return first[0];
  const { digest } = first.find((each) => each.digest !== undefined) ?? {};
  const isLoaded = (each: S): boolean => each.resident && each.digest === digest;
  const readings = new Map(first.map((each) => [each, each.reading()]));
  const read = (each: S): Reading => readings.get(each) ?? { heldChars: 0, ms: 0 };
  const begins = (each: S): number => each.waitMs + (isLoaded(each) ? 0 : (each.loadMs ?? LOAD_MS)) + read(each).ms;
  const soonest = Math.min(...first.map(begins));
  const soon = first.filter((each) => begins(each) < soonest + ABOUT_MS);
  const holding = leastBy(soon, (each) => -read(each).heldChars);
  return leastBy(holding, ({ outstanding, weight }) => (outstanding + 1) / weight)[0];
}

/** Those for which it is least, in their order. */
function leastBy<S>(all: readonly S[], of: (each: S) => number): readonly S[] {
  const least = Math.min(...all.map(of));
  return all.filter((each) => of(each) === least);
}
