// Which apps were seen, asked for while the page is shown: at once, and again when a request has come.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AppSeen } from '../../backend/contract/views/app-seen.ts';
import { useCalls } from '../parts/use-calls.ts';

/** Milliseconds between two questions: an app sends many requests. */
const PACE_MS = 1000;

/** Undefined until it is known; null where it cannot be had. */
export function useApps(beat: string): readonly AppSeen[] | null | undefined {
  const { call } = useCalls();
  const [seen, setSeen] = useState<readonly AppSeen[] | null>();
  const asked = useRef(-PACE_MS);
  useEffect(() => {
    const wait = Math.max(0, asked.current + PACE_MS - performance.now());
    const timer = setTimeout(() => {
      asked.current = performance.now();
      call('apps', {}).then(
        (answer) => setSeen(answer.seen),
        () => setSeen(null),
      );
    }, wait);
    return () => clearTimeout(timer);
  }, [call, beat]);
  return seen;
}
