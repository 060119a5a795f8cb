// Waiting for work that others wait for too: join it while it runs, leave it without ending it.
// Knows nothing of what the work is.

/**
 * The promise's outcome, or the signal's reason as soon as it aborts. For work that does not listen to a signal at
 * once, or that others share; what it does later is ignored.
 */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Work that runs once at a time. */
export interface Shared {
  /** Starts the work, or joins it while it runs. */
  run(): Promise<void>;
  /** The next `run` starts anew, even while the old work still runs. */
  forget(): void;
  readonly running: Promise<void> | undefined;
}

/** `work` is told by `current()` whether it still counts, or was forgotten meanwhile. */
export function shared(work: (current: () => boolean) => Promise<void>): Shared {
  let latest = {};
  let running: Promise<void> | undefined;
  return {
    run() {
      if (running !== undefined) return running;
      const own = (latest = {});
      const current = (): boolean => own === latest;
      running = work(current).finally(() => {
        if (current()) running = undefined;
      });
      return running;
    },
    forget() {
      latest = {};
      running = undefined;
    },
    get running() {
      return running;
    },
  };
}
