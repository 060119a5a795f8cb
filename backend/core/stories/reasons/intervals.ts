// Stretches of time on the monotonic clock, in milliseconds: their overlap, and their total.
import type { Stretch } from '../../queue/past-runs.ts';

/** The part of something that lies within a stretch. */
export interface Part<S> extends Stretch {
  readonly of: S;
}

/** The part of `of` that lies within the other stretch; its length is 0 when they do not overlap. */
export function within<S extends Stretch>(of: S, { from, to }: Stretch): Part<S> {
  return { of, from: Math.max(of.from, from), to: Math.min(of.to, to) };
}

/** The length; 0 when it ends before it begins. */
export function lengthOf({ from, to }: Stretch): number {
  return Math.max(0, to - from);
}

/** The total time that at least one of the stretches covers. */
export function together(stretches: readonly Stretch[]): number {
  let sum = 0;
  let until = -Infinity;
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    sum += lengthOf({ from: Math.max(from, until), to });
    until = Math.max(until, to);
  }
  return sum;
}
