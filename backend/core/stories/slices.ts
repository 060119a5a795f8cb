// Long work done a little at a time, so that requests are served in between.
import type { Clock } from '../ports.ts';

/** How long requests wait at most for one slice. Milliseconds. */
const SLICE_MS = 4;

/** The items one after the other; from time to time everybody else goes first. Throws the signal's reason. */
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
