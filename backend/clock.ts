// The real clock. Tests have others.
import type { Clock } from './core/ports.ts';

/** Time as it is. */
export const systemClock: Clock = {
  now: Date.now,
  // It stops while the machine sleeps (on Linux), so no deadline of ours runs out meanwhile.
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const wake = (): void => {
        signal.removeEventListener('abort', stop);
        resolve();
      };
      // setTimeout takes at most 2^31-1 ms and would fire at once for more.
      const timer = setTimeout(wake, Math.min(ms, 2_147_483_647));
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
    }),
};
