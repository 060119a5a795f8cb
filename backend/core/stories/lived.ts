// The life of a request whose answer comes from one piece of work: it is registered before anything is waited for, and how
// it ended is counted and told in any case.
import { asAppError } from '../../contract/errors.ts';
import type { Requests } from '../requests/requests.ts';
import type { Ticket } from '../requests/ticket.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

export interface LifeParts {
  readonly requests: Requests;
  readonly telemetry: Telemetry;
  /** A request's life has ended, well or not. */
  onEnded(ticket: Ticket): void;
}

/**
 * Does the work while its request lives, and gives what it gave. The work may finish the ticket itself, where its answer
 * is a failure that the caller has been told. Throws what the work throws, request_exists, client_limit.
 */
export async function lived<T>(parts: LifeParts, ticket: Ticket, work: () => Promise<T>): Promise<T> {
  const { requests, telemetry, onEnded } = parts;
  requests.add(ticket);
  try {
    const done = await work();
    ticket.finish();
    telemetry.ended(endOf(ticket));
    return done;
  } catch (error) {
    ticket.finish(asAppError(error));
    // An accepted request has a source. A caller that left before that was not refused.
    const how = endOf(ticket);
    if (ticket.source !== undefined) telemetry.ended(how);
    else if (how === 'failed') telemetry.refused();
    throw error;
  } finally {
    requests.remove(ticket);
    onEnded(ticket);
  }
}

function endOf({ status }: Ticket): 'completed' | 'failed' | 'cancelled' {
  return status === 'completed' || status === 'cancelled' ? status : 'failed';
}
