// The lines of the log on the page: its last ones, and those that come while it is shown.
import { useEffect, useState } from 'preact/hooks';
import { useCalls } from '../parts/use-calls.ts';
import { withMore, type HeldLine } from './log-lines.ts';

/** How long after an answer is asked again. Milliseconds. */
const EVERY_MS = 1000;

/** Undefined before the first answer. */
export function useLog(): readonly HeldLine[] | undefined {
  const { call, report } = useCalls();
  const [held, setHeld] = useState<readonly HeldLine[]>();
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let told: (() => void) | undefined;
    const ask = (after?: string): void => {
      call('log', after === undefined ? {} : { after }).then(
        ({ lines, next, again }) => {
          if (isOver) return;
          // After a gap or another file, what comes takes the place of what was there.
          setHeld((before = []) => (again ? withMore([], lines) : withMore(before, lines)));
          told?.();
          told = undefined;
          timer = setTimeout(() => ask(next), EVERY_MS);
        },
        (error: unknown) => {
          if (isOver) return;
          // Said once, and asked again until it is answered.
          told ??= report(error);
          timer = setTimeout(() => ask(after), EVERY_MS);
        },
      );
    };
    ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
      told?.();
    };
  }, [call, report]);
  return held;
}
