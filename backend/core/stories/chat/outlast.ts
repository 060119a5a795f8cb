// What was accepted outlives a restart of Ollama, and a person who goes first: who ran then, and has told its caller nothing
// yet, goes back in line and is asked again when its turn comes. It keeps no time; how long one may wait is the queue's.
import { asAppError } from '../../../contract/errors.ts';
import { GIVES_WAY, type Lease, type Place } from '../../queue/waiter.ts';
import type { Trace } from '../../requests/trace.ts';

/** A request is sent up so often at most: it may be what Ollama fails at each time. */
const MOST_TRIES = 3;

/** How a request takes part in the line. */
export interface Patience {
  /** The one with which it stands in line. */
  readonly signal: AbortSignal;
  /** It waits for Ollama also when Ollama was away before it came, and nobody had noticed. */
  readonly always?: boolean;
  /** Whether its caller has been told anything of what came. Work whose outcome comes as a whole tells nothing before. */
  told?(): boolean;
  /** Whether it may be asked of another machine instead of waiting for this one. Absent: there is no other. */
  readonly mayLeave?: (() => boolean) | undefined;
  /** What is noted of it: how often it gave way to a person. */
  readonly trace?: Pick<Trace, 'gaveWay'>;
}

/**
 * Works on the lease of a place, and releases it. When Ollama went away before anything of the work was told, it works
 * again on the next lease of the same place in line; so it does whenever the lease asks it to give way. A new request that
 * finds Ollama gone is refused, not kept waiting. Rejects with what the work rejects with, and with what Lease.back throws.
 */
export async function outlasting<T>(
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
