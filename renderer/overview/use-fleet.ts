// The fleet, as the window has it: asked for at once, and again every other second while somebody can see it.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { FleetView } from '../../backend/contract/views/fleet-view.ts';
import { useCalls } from '../parts/use-calls.ts';

/** Gateways tell of themselves every two seconds. */
const EVERY_MS = 2000;

/** Undefined until the first has come, and where nobody wants it. */
export function useFleet(wanted: boolean, now: number): FleetView | undefined {
  const { call } = useCalls();
  const [view, setView] = useState<FleetView>();
  const asked = useRef(false);
  const turn = Math.floor(now / EVERY_MS);
  useEffect(() => {
    if (!wanted || document.hidden || asked.current) return;
    asked.current = true;
    call('fleet', {})
      // The gateway has ended meanwhile, which the whole tab then says.
      .then(setView, () => undefined)
      .finally(() => (asked.current = false));
  }, [call, wanted, turn]);
  return wanted ? view : undefined;
}
