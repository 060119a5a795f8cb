// The life of a request whose answer comes from one piece of work: it is registered before anything is waited for, and how
// it ended is counted and told in any case.
import { asAppError } from '../../../contract/errors.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { type ClosingParts, endOf, leave, turnedAway } from './closing.ts';

/**
 * Does the work while its request lives, and gives what it gave. The work may finish the ticket itself, where its answer
 * is a failure that the caller has been told. Throws what the work throws, request_exists, client_limit.
 */
export async function lived<T>(parts: ClosingParts, ticket: Ticket, work: () => Promise<T>): Promise<T> {
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
    // An accepted request has a source. A caller that left before that was not refused.
    const how = endOf(ticket);
    if (ticket.source !== undefined) telemetry.ended(how);
    else if (how === 'failed') telemetry.refused();
    throw error;
  } finally {
    leave(parts, ticket);
  }
}
