// Stretches of time by the monotonic clock, in milliseconds: what of one lies in another, and how long several are together.
import type { Stretch } from '../../queue/past-runs.ts';

/** What of something lies within a stretch. */
export interface Part<S> extends Stretch {
  readonly of: S;
}

/** What of it lies within the other; nothing where it ends before it begins. */
export function within<S extends Stretch>(of: S, { from, to }: Stretch): Part<S> {
  return { of, from: Math.max(of.from, from), to: Math.min(of.to, to) };
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
