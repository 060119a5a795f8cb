// What was accepted outlives a restart of Ollama: who ran when Ollama went away, and has told its caller nothing yet, goes
// back in line and is asked again when the line moves. It keeps no time; how long one may wait is the queue's.
import { asAppError } from '../../contract/errors.ts';
import type { Lease, Place } from '../queue/waiter.ts';

/** A request is sent up so often at most: it may be what Ollama fails at each time. */
const MOST_TRIES = 3;

/** How a request takes part in the line. */
export interface Patience {
  /** The one with which it stands in line. */
  readonly signal: AbortSignal;
  /** It waits for Ollama also when Ollama was away before it came, and nobody had noticed. */
  readonly always?: boolean;
}

/**
 * Runs on the lease of a place, and releases it. When Ollama went away before the first event, it runs again on the next
 * lease of the same place in line. A new request that finds nobody is not kept waiting: it came too late. Throws what the
 * run throws, and what Lease.back throws.
 */
export async function* outlasting<T>(
  first: Place,
  { signal, always = false }: Patience,
  run: (lease: Lease, place: Place) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  let place = first;
  for (let tries = 1; ; tries++) {
    const lease = await place.lease;
    let told = false;
    try {
      for await (const event of run(lease, place)) {
        told = true;
        yield event;
      }
      return;
    } catch (error) {
      const { code, broke } = asAppError(error);
      const found = broke || always || !place.granted;
      const wentAway = broke || code === 'upstream_unreachable';
      if (told || tries === MOST_TRIES || !wentAway || !found) throw error;
      place = lease.back(signal);
    } finally {
      lease.release();
    }
  }
}

/** The same for work whose outcome comes whole. */
export async function outlastingWhole<T>(
  place: Place,
  patience: Patience,
  work: (lease: Lease, place: Place) => Promise<T>,
): Promise<T> {
  const outcomes = outlasting(place, patience, async function* (lease, now) {
    yield await work(lease, now);
  });
  for await (const outcome of outcomes) return outcome;
  throw new Error('work ended without an outcome');
}
