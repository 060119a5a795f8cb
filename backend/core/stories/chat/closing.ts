// What is done for each request when its life is over: it has its answer, or it got none.
import { AppError, asAppError } from '../../../contract/errors.ts';
import type { Clock } from '../../ports.ts';
import type { Ended } from '../../requests/at-once.ts';
import type { Requests } from '../../requests/requests.ts';
import type { Ticket } from '../../requests/ticket.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';

export interface ClosingParts {
  readonly requests: Requests;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** A request's life has ended, well or not. */
  onEnded(request: Ended): void;
}

/** Its answer is over, however that ended. */
export function closed(parts: ClosingParts, ticket: Ticket): void {
  // Made only for those that need it: an error collects a stack, and a hit is answered in less time than that takes.
  if (ticket.finishedAt === undefined) {
    ticket.finish(asAppError(ticket.signal.reason ?? new AppError('cancelled', 'The caller left.')));
  }
  parts.telemetry.ended(endOf(ticket));
  leave(parts, ticket);
}

/** It was refused before it had an answer. */
export function turnedAway(
  parts: Pick<ClosingParts, 'requests' | 'clock' | 'onEnded'>,
  ticket: Ticket,
  error: unknown,
): void {
  ticket.finish(asAppError(error));
  leave(parts, ticket);
}

/** It lives no longer. Its end is told once. */
export function leave(
  { requests, clock, onEnded }: Pick<ClosingParts, 'requests' | 'clock' | 'onEnded'>,
  ticket: Ticket,
): void {
  requests.remove(ticket);
  if (ticket.isTold) return;
  ticket.isTold = true;
  ticket.trace.deliveredAt = clock.elapsed();
  onEnded(ticket);
}

export function endOf({ status }: Pick<Ticket, 'status'>): 'completed' | 'failed' | 'cancelled' {
  return status === 'completed' || status === 'cancelled' ? status : 'failed';
}
