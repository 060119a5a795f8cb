// Accepted requests survive a restart of Ollama, and a person who goes first. A run whose caller has received nothing
// yet goes back in line and is retried on its next turn. There is no timeout here; the queue limits the wait.
import { asAppError } from '../../../contract/errors.ts';
import { GIVES_WAY, type Lease, type Place } from '../../queue/waiter.ts';
import type { Trace } from '../../requests/trace.ts';

/** How often a request is sent up at most, since it may be what makes Ollama fail. */
const MOST_TRIES = 3;

/** How a request takes part in the queue. */
export interface Patience {
  /** The signal with which it waits in the queue. */
  readonly signal: AbortSignal;
  /** Wait for Ollama even if it went away, unnoticed, before the request came. */
  readonly always?: boolean;
  /** Whether the caller has received anything. Absent for work whose result comes as a whole. */
  told?(): boolean;
  /** Whether it may go to another machine instead of waiting for this one. Absent when there is no other. */
  readonly mayLeave?: (() => boolean) | undefined;
  /** Counts how often it gave way to a person. */
  readonly trace?: Pick<Trace, 'gaveWay'>;
}

/**
 * Works on the lease of a place, and releases it. Retries on the next lease of the same place when Ollama went away
 * before the caller received anything, and whenever the lease asks the work to give way. A new request that finds
 * Ollama gone is refused, not kept waiting. Rejects with what the work rejects with, and with what Lease.back throws.
 */
export async function retryInLine<T>(
  first: Place,
  { signal, always = false, told = () => false, mayLeave = () => false, trace = {} }: Patience,
  work: (lease: Lease, place: Place) => Promise<T>,
): Promise<T> {
  let place = first;
  let tries = 1;
  for (;;) {
    const lease = await place.lease;
    try {
      return await work(lease, place);
    } catch (error) {
      if (lease.signal.reason === GIVES_WAY && !told()) {
        place = lease.back(signal);
        trace.gaveWay = (trace.gaveWay ?? 0) + 1;
        continue;
      }
      const { code, broke } = asAppError(error);
      const found = broke || always || !place.granted;
      const wentAway = broke || code === 'upstream_unreachable';
      if (told() || tries === MOST_TRIES || !wentAway || !found || mayLeave()) throw error;
      tries++;
      place = lease.back(signal);
    } finally {
      lease.release();
    }
  }
}
