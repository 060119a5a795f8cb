// A request that was refused when only its caller and its route were known: its body was unreadable, too large or
// invalid. It never had a ticket, but is listed like any other failure.
import type { AppError } from '../../contract/errors.ts';
import type { Clock } from '../ports.ts';
import type { Ended } from './at-once.ts';

/** What is known of it. */
export type Misunderstood = Pick<Ended, 'id' | 'route' | 'caller' | 'owner'>;

export function notUnderstood(asked: Misunderstood, error: AppError, clock: Clock): Ended {
  const bornAt = clock.now();
  return {
    ...asked,
    model: '',
    source: undefined,
    status: 'failed',
    error,
    bornAt,
    createdAt: clock.elapsed(),
    firstPieceAt: undefined,
    timing: { queue_ms: 0, ttft_ms: 0, total_ms: 0 },
    shown: () => new Date(bornAt).toISOString(),
  };
}
