// What is said where the jobs of a fleet cannot be kept.
import { AppError } from '../contract/errors.ts';
import { noRoom } from '../core/refusals.ts';
import { ValkeyAway } from './valkey-failure.ts';

/** After a refusal for want of room. Milliseconds. */
const LATER_MS = 60_000;

/** More wait than may (queue.max_jobs). */
export function tooMany(waiting: number, most: number): AppError {
  return noRoom(`${waiting} jobs wait in the fleet, and ${most} may (queue.max_jobs). Send it again later.`, LATER_MS);
}

/** What it resolves with. Throws fleet_unreachable in place of ValkeyAway. */
export async function known<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof ValkeyAway ? fleetUnreachable(error) : error;
  }
}

/** Valkey has it, and fewer replicas than have to. */
export const tooFewHaveIt = (): AppError => fleetUnreachable(new Error('too few replicas have it'));

/** Nothing is known of what was asked. */
function fleetUnreachable(cause: unknown): AppError {
  return new AppError(
    'fleet_unreachable',
    'The Valkey of this fleet does not answer, and it keeps the jobs. Send the same again in a moment; with the same requestId it is the same job.',
    { retryAfterMs: 2000, cause },
  );
}
