// Errors for callers that may not wait in line, or no longer: the queue is full, the wait was too long, Hearth stops.
// Pure; the queue decides who is refused, and when.
import { AppError } from '../contract/errors.ts';

/** `max` wait already; a place should be free after `retryAfterMs`. */
export function queueFull(max: number, retryAfterMs: number): AppError {
  return noRoom(`The queue is full: ${max} wait. Try again in about ${inWords(retryAfterMs)}.`, retryAfterMs);
}

/** The same error with another sentence. */
export function noRoom(sentence: string, retryAfterMs: number): AppError {
  return new AppError('queue_full', sentence, {
    retryAfterMs,
    native: { status: 503, body: { error: 'server busy, please try again.  maximum pending requests exceeded' } },
  });
}

/**
 * The request waited `ms` milliseconds, which is queue.max_wait_ms; `away` when it was waiting for Ollama in the end.
 */
export function queueTimeout(ms: number, retryAfterMs: number, away = false): AppError {
  const why = away ? 'Ollama does not answer. Start it, and try again.' : 'Try again later.';
  return new AppError('queue_timeout', `The request waited ${inWords(ms)} in the queue. ${why}`, { retryAfterMs });
}

/** The error for an id that its caller insists on. */
export function requestExists(id: string): AppError {
  return new AppError('request_exists', `Another request has the id "${id}". Send a new id, or none.`);
}

/** The error of a gateway that stops. */
export function shuttingDown(
  sentence = 'Hearth is stopping and takes no new work. Try again when it runs again.',
): AppError {
  return new AppError('shutting_down', sentence, { retryAfterMs: 5000 });
}

/** `41 s`, `4 min 10 s`: whole seconds, rounded up. */
function inWords(ms: number): string {
  const whole = Math.max(1, Math.ceil(ms / 1000));
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60;
  return rest === 0 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 60)} min ${rest} s`;
}
