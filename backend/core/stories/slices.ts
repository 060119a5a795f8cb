// Splits long work into short slices, so that requests are served in between.
import type { Clock } from '../ports.ts';

/** The longest that requests wait for one slice, in milliseconds. */
const SLICE_MS = 4;

/** Yields the items in order, and yields to the event loop after each slice. Throws the signal's reason. */
export async function* inSlices<T>(
  items: Iterable<T>,
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  let began = clock.elapsed();
  for (const item of items) {
    yield item;
    if (clock.elapsed() - began < SLICE_MS) continue;
    await clock.sleep(0, signal);
    began = clock.elapsed();
  }
}
