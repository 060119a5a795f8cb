// Work that nobody waits for.

/**
 * Does it in the turn of the event loop after the next. The next one belongs to what goes out: undici looks once more at a
 * connection that was idle before it writes a request to it, and does so by an immediate of its own (client-h1.js,
 * scheduleIdleSocketValidation), which would come after ours.
 */
export function unhurried(work: () => void): void {
  setImmediate(() => setImmediate(work));
}
