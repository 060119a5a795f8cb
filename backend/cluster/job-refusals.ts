// The errors when the jobs of a fleet cannot be stored.
import { AppError } from '../contract/errors.ts';
import { noRoom } from '../core/refusals.ts';
import { ValkeyAway } from './valkey-failure.ts';

/** Milliseconds until a retry after a refusal for lack of room. */
const LATER_MS = 60_000;

/** More jobs wait than allowed (queue.max_jobs). */
export function tooMany(waiting: number, most: number): AppError {
  return noRoom(`${waiting} jobs wait in the fleet, and ${most} may (queue.max_jobs). Send it again later.`, LATER_MS);
}

/** Returns the answer. Throws fleet_unreachable in place of ValkeyAway. */
export async function known<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof ValkeyAway ? fleetUnreachable(error) : error;
  }
}

/** Valkey has the job, but fewer replicas than required. */
export const tooFewHaveIt = (): AppError => fleetUnreachable(new Error('too few replicas have it'));

/** The outcome of the call is unknown. */
function fleetUnreachable(cause: unknown): AppError {
  return new AppError(
    'fleet_unreachable',
    'The Valkey of this fleet does not answer, and it keeps the jobs. Send the same again in a moment; with the same requestId it is the same job.',
    { retryAfterMs: 2000, cause },
  );
}
