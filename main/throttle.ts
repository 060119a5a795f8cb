// An effect that is wanted often and done seldom.
import type { Clock } from '../backend/core/ports.ts';

/**
 * Wraps an effect: the first wish is granted at once, further ones within `stepMs` together at its end. A wish is never
 * lost, and the effect always runs after the last one.
 */
export function throttle(effect: () => void, stepMs: number, clock: Clock): () => void {
  const never = new AbortController().signal;
  let pausing = false;
  let wanted = false;
  const run = (): void => {
    wanted = false;
    pausing = true;
    effect();
    void clock.sleep(stepMs, never).then(() => {
      pausing = false;
      if (wanted) run();
    });
  };
  return () => {
    wanted = true;
    if (!pausing) run();
  };
}
