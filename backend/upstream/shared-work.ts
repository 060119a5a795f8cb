// Work that several wait for and that runs once at a time: join it while it runs.
// Knows nothing of what the work is; who leaves before its end is core/abort.ts.

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
