// Stretches of time by the monotonic clock, in milliseconds: what of one lies in another, and how long several are together.
import type { Stretch } from '../queue/past-runs.ts';

/** What of it lies within the other. */
export function within<S extends Stretch>(stretch: S, { from, to }: Stretch): S {
  return { ...stretch, from: Math.max(stretch.from, from), to: Math.min(stretch.to, to) };
}

/** How long it is; 0 for one that ends before it begins. */
export function lengthOf({ from, to }: Stretch): number {
  return Math.max(0, to - from);
}

/** How long it is in which at least one of them is. */
export function together(stretches: readonly Stretch[]): number {
  let sum = 0;
  let until = -Infinity;
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    sum += lengthOf({ from: Math.max(from, until), to });
    until = Math.max(until, to);
  }
  return sum;
}
