// Which runs block which: what must not run together, and what has to stop so that a person can start. Pure.
import type { Running } from './runs.ts';
import type { Waiter } from './waiter.ts';

/** Whether Ollama has a runner in memory. */
type Resident = (runner: string) => boolean;

/**
 * The runs beside which this runner must not be requested. Two runners may have outstanding requests only if both are
 * in memory: a request for the loaded one can undo the eviction that the other waits for, and Ollama then never loads
 * anything again (ollama#17408).
 */
export function inTheWayOf(runner: string, runs: readonly Running[], resident: Resident): Running[] {
  const others = runs.filter(({ wish }) => wish.runner !== runner);
  return others.length > 0 && resident(runner) ? others.filter(({ wish }) => !resident(wish.runner)) : others;
}

/**
 * The fewest runs to stop so that `first` can start; of those that may be stopped, the youngest. Empty when it can
 * start once the runs that already give way have stopped, or when stopping would not help.
 */
export function whoGivesWay(
  first: Waiter,
  runs: readonly Running[],
  slots: number,
  resident: Resident,
  mayStop: (running: Running) => boolean,
): Running[] {
  const { lane, runner } = first.wish;
  const staying = runs.filter(({ givesWayFor }) => givesWayFor === undefined);
  const apart = inTheWayOf(runner, staying, resident);
  const beside = staying.filter((running) => running.wish.lane === lane && !apart.includes(running));
  const tooMany = Math.max(0, beside.length + 1 - slots);
  const youngest = beside.filter(mayStop).toSorted((a, b) => b.startedAt - a.startedAt).slice(0, tooMany); // prettier-ignore
  return apart.every(mayStop) && youngest.length === tooMany ? [...apart, ...youngest] : [];
}
