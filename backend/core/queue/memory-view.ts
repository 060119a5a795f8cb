// Ollama's memory as the order sees it: which runners need no load, and which ones a load would evict. Pure;
// core/models learns what is known of it.

export interface MemoryView {
  /** Runners whose requests need no load. */
  readonly runners: ReadonlySet<string>;
  /** Runners that should stay: pinned, or on the lists of models to keep warm. */
  readonly kept: ReadonlySet<string>;
  /** Which of `beside` loading this runner would evict; all of them when that is unknown. */
  leavers(runner: string, beside: ReadonlySet<string>): readonly string[];
}

/** The view when nothing is known: the runner that ran last is loaded, and any other one evicts it. */
export function onlyLast(runner: string | undefined): MemoryView {
  return {
    runners: new Set(runner === undefined ? [] : [runner]),
    kept: new Set(),
    leavers: (_runner, beside) => [...beside],
  };
}

/** The memory after this runner was loaded. */
export function afterLoad(memory: MemoryView, runner: string): MemoryView {
  const runners = new Set(memory.runners);
  for (const leaver of memory.leavers(runner, memory.runners)) runners.delete(leaver);
  return { ...memory, runners: runners.add(runner), leavers: memory.leavers.bind(memory) };
}

/** How much worse it is to evict a runner that is kept warm than one that a waiter needs. */
const KEPT = 1000;

/** The cost of a load: how many runners it evicts that would have to be loaded again. */
export function costOf(runner: string, memory: MemoryView, wanted: ReadonlySet<string>): number {
  return memory
    .leavers(runner, memory.runners)
    .reduce((sum, leaver) => sum + (memory.kept.has(leaver) ? KEPT : wanted.has(leaver) ? 1 : 0), 0);
}
