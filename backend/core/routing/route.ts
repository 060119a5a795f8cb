// Chooses the machine for a request. Pure: compares the states of the machines. The rules in order: the lowest priority
// number; the earliest expected start of the answer, since a loaded model of the same digest needs no load, a free slot
// no wait, and a held prompt little reading; if that is about equal, the machine that holds most of the prompt; then
// the least work for its weight; then the first in the list.

/** The state of a machine with respect to a request. Durations in milliseconds. */
export interface Standing {
  /** The lowest goes first. */
  readonly priority: number;
  /** Its share of the work relative to the others. */
  readonly weight: number;
  /** The digest of the model with this name on the machine; undefined when unknown. */
  readonly digest: string | undefined;
  /** Whether that model is loaded. */
  readonly resident: boolean;
  /** Time until a new request would get a slot; for a sleeping machine, until it should be awake. */
  readonly waitMs: number;
  /** Time to load the model; undefined when no load of it was measured. */
  readonly loadMs: number | undefined;
  /** Requests that wait or run there. */
  readonly outstanding: number;
  /** Its queue is full. */
  readonly full: boolean;
  /**
   * How much of the prompt it holds, in characters, and how long the rest should take to read. Called only if it
   * matters.
   */
  reading(): Reading;
}

export interface Reading {
  readonly heldChars: number;
  /** 0 when unknown. */
  readonly ms: number;
}

/** The assumed time of a load that was never measured. Milliseconds. */
const LOAD_MS = 10_000;
/** Estimates that differ by less count as equal. Milliseconds. */
const ABOUT_MS = 500;

/** The best of the machines that may be asked; undefined for none. */
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

/** The entries with the smallest value, in order. */
function leastBy<S>(all: readonly S[], of: (each: S) => number): readonly S[] {
  const least = Math.min(...all.map(of));
  return all.filter((each) => of(each) === least);
}
