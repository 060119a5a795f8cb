// Work that several callers wait for and that runs once at a time: callers join it while it runs. It does not know what
// the work is; core/abort.ts lets a caller leave early.

/** Work that runs once at a time. */
export interface Shared {
  /** Starts the work, or joins it while it runs. */
  run(): Promise<void>;
  /** The next `run` starts again, even while the old work still runs. */
  forget(): void;
  readonly running: Promise<void> | undefined;
}

/** `current()` tells the work whether it still counts, or was forgotten meanwhile. */
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
