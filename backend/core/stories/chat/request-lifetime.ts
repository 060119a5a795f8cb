// The life of a request that is answered by one piece of work. It is registered before anything is waited for, and its
// end is always counted and reported.
import { asAppError } from '../../../contract/errors.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { type ClosingParts, endOf, leave, turnedAway } from './closing.ts';

/**
 * Does the work while its request lives, and returns its result. The work may finish the ticket itself when its answer
 * is a failure that the caller has received. Throws what the work throws, request_exists, client_limit.
 */
export async function withLifetime<T>(parts: ClosingParts, ticket: Ticket, work: () => Promise<T>): Promise<T> {
  const { requests, telemetry } = parts;
  try {
    requests.add(ticket);
  } catch (error) {
    turnedAway(parts, ticket, error);
    throw error;
  }
  try {
    const done = await work();
    ticket.finish();
    telemetry.ended(endOf(ticket));
    return done;
  } catch (error) {
    ticket.finish(asAppError(error));
    // An accepted request has a source. A caller that left earlier was not refused.
    const how = endOf(ticket);
    if (ticket.source !== undefined) telemetry.ended(how);
    else if (how === 'failed') telemetry.refused();
    throw error;
  } finally {
    leave(parts, ticket);
  }
}
