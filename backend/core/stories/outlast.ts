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
  /** Whether its caller has been told anything of what came. Nothing is by work whose outcome comes whole. */
  told?(): boolean;
}

/**
 * Works on the lease of a place, and releases it. When Ollama went away before anything of the work was told, it works
 * again on the next lease of the same place in line. A new request that finds nobody is not kept waiting: it came too
 * late. Rejects with what the work rejects with, and with what Lease.back throws.
 */
export async function outlasting<T>(
  first: Place,
  { signal, always = false, told = () => false }: Patience,
  work: (lease: Lease, place: Place) => Promise<T>,
): Promise<T> {
  let place = first;
  for (let tries = 1; ; tries++) {
    const lease = await place.lease;
    try {
      return await work(lease, place);
    } catch (error) {
      const { code, broke } = asAppError(error);
      const found = broke || always || !place.granted;
      const wentAway = broke || code === 'upstream_unreachable';
      if (told() || tries === MOST_TRIES || !wentAway || !found) throw error;
      place = lease.back(signal);
    } finally {
      lease.release();
    }
  }
}
