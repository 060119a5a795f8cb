// Ollama's memory as the order sees it: which runners need no load, and who would have to leave for one that does. Pure;
// what is known of it is learned in core/models.

export interface MemoryView {
  /** Runners whose requests need no load. */
  readonly runners: ReadonlySet<string>;
  /** Those that somebody wants to stay: pinned, or on the lists of models to be kept warm. */
  readonly kept: ReadonlySet<string>;
  /** Those of `beside` that would leave memory if this runner was loaded; all of them where that is not known. */
  leavers(runner: string, beside: ReadonlySet<string>): readonly string[];
}

/** Where nothing is known of the memory: the runner that ran last is in it, and leaves for any other one. */
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

/** So much worse is it to push out a runner that is kept warm than some that are wanted by somebody in line. */
const KEPT = 1000;

/** What a load costs: how many runners it pushes out that would have to be loaded again. */
export function costOf(runner: string, memory: MemoryView, wanted: ReadonlySet<string>): number {
  return memory
    .leavers(runner, memory.runners)
    .reduce((sum, leaver) => sum + (memory.kept.has(leaver) ? KEPT : wanted.has(leaver) ? 1 : 0), 0);
}
