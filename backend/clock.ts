// The real clock. Tests have others.
import { onAbort } from './core/abort.ts';
import type { Clock } from './core/ports.ts';

/** Time as it is. */
export const systemClock: Clock = {
  now: Date.now,
  // It stops while the machine sleeps (on Linux), so no deadline of ours runs out meanwhile.
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const wake = (): void => {
        off();
        resolve();
      };
      // setTimeout takes at most 2^31-1 ms and would fire at once for more.
      const timer = setTimeout(wake, Math.min(ms, 2_147_483_647));
      const off = onAbort(signal, (reason) => {
        clearTimeout(timer);
        reject(reason);
      });
    }),
};
