// Work that nobody waits for.

/**
 * Runs `work` in the event loop turn after the next. The next turn is left to outgoing requests: undici checks an idle
 * connection once more before it writes to it, in an immediate of its own (client-h1.js, scheduleIdleSocketValidation),
 * which would come after ours.
 */
export function unhurried(work: () => void): void {
  setImmediate(() => setImmediate(work));
}
