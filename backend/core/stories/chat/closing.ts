// What happens for each request at the end of its life, with or without an answer.
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
  /** Called when a request's life has ended, well or not. */
  onEnded(request: Ended): void;
}

/** Closes a request whose answer is over, however it ended. */
export function closed(parts: ClosingParts, ticket: Ticket): void {
  // Create the error only when needed: it collects a stack, which takes longer than a hit.
  if (ticket.finishedAt === undefined) {
    ticket.finish(asAppError(ticket.signal.reason ?? new AppError('cancelled', 'The caller left.')));
  }
  parts.telemetry.ended(endOf(ticket));
  leave(parts, ticket);
}

/** Closes a request that was refused before it had an answer. */
export function turnedAway(
  parts: Pick<ClosingParts, 'requests' | 'clock' | 'onEnded'>,
  ticket: Ticket,
  error: unknown,
): void {
  ticket.finish(asAppError(error));
  leave(parts, ticket);
}

/** Removes the request from the register and reports its end once. */
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
