// The real clock. Tests use others.
import { onAbort } from './core/abort.ts';
import type { After, Clock } from './core/ports.ts';

/** setTimeout fires at once for longer times. */
const LONGEST_MS = 2 ** 31 - 1;

const after: After = (ms, act) => {
  const timer = setTimeout(act, Math.min(ms, LONGEST_MS));
  return () => clearTimeout(timer);
};

/** The clock of this machine. */
export const systemClock: Clock = {
  now: Date.now,
  // It stops while the machine sleeps (on Linux), so no timeout of Hearth expires meanwhile.
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const cancel = after(ms, () => {
        off();
        resolve();
      });
      const off = onAbort(signal, (reason) => {
        cancel();
        reject(reason);
      });
    }),
  after,
};
