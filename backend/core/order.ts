// In which order waiting requests run: priority and aging, fairness between callers, batches of one runner.
// Pure: a function from what waits and what runs to the planned order. queue.ts gives the leases.

/** One in line, as the plan sees it. Times by the monotonic clock, in milliseconds. */
export interface Waiting {
  /** Grows with arrival; never equal for two. */
  readonly seq: number;
  /** Lower is sooner. Read at each plan: a follower may have lifted it. */
  readonly priority: number;
  readonly caller: string;
  /** Requests with one runner key need no reload between them. */
  readonly runner: string;
  readonly since: number;
  /** When another runner's request first overtook this one, if one did. */
  readonly passedSince: number | undefined;
}

export interface PlanState {
  readonly now: number;
  /** The runner that ran last, and how many of its requests ran in a row. */
  readonly runner: string | undefined;
  readonly streak: number;
  /** For each caller, a number that grows with each lease given; callers not in it were never served. */
  readonly lastServed: ReadonlyMap<string, number>;
  /** queue.aging_ms: after each such time a waiter counts as one step more urgent. */
  readonly agingMs: number;
  /** batch.max_batch_size: requests of one runner in a row while others wait. */
  readonly maxBatch: number;
  /** batch.batch_timeout_ms: how long a waiter may be overtaken by requests of another runner. */
  readonly batchTimeoutMs: number;
}

/**
 * The planned order. Urgency first; within one urgency the callers take turns, and requests of the runner that is
 * loaded go first, at most `maxBatch` in a row and never past a waiter that has been overtaken for `batchTimeoutMs`.
 */
export function planOrder<W extends Waiting>(waiting: readonly W[], state: PlanState): W[] {
  const levels = new Map<number, W[]>();
  for (const waiter of waiting) {
    const level = waiter.priority - Math.floor((state.now - waiter.since) / state.agingMs);
    const peers = levels.get(level);
    if (peers === undefined) levels.set(level, [waiter]);
    else peers.push(waiter);
  }
  const order: W[] = [];
  let { runner, streak } = state;
  for (const [, peers] of [...levels].toSorted(([a], [b]) => a - b)) {
    for (const waiter of inBatches(takeTurns(peers, state.lastServed), runner, streak, state)) {
      streak = waiter.runner === runner ? streak + 1 : 1;
      runner = waiter.runner;
      order.push(waiter);
    }
  }
  return order;
}

/** Round robin: everybody's first request, then everybody's second; who was served longest ago goes first in a round. */
function takeTurns<W extends Waiting>(peers: readonly W[], lastServed: ReadonlyMap<string, number>): W[] {
  const seen = new Map<string, number>();
  return [...peers]
    .toSorted((a, b) => a.seq - b.seq)
    .map((waiter) => {
      const round = seen.get(waiter.caller) ?? 0;
      seen.set(waiter.caller, round + 1);
      return { waiter, round, served: lastServed.get(waiter.caller) ?? 0 };
    })
    .toSorted((a, b) => a.round - b.round || a.served - b.served || a.waiter.seq - b.waiter.seq)
    .map(({ waiter }) => waiter);
}

function inBatches<W extends Waiting>(
  fair: readonly W[],
  runner: string | undefined,
  streak: number,
  { now, maxBatch, batchTimeoutMs }: PlanState,
): W[] {
  // One line per runner, each in fair order; `rank` restores the fair order between them.
  const rank = new Map(fair.map((waiter, i) => [waiter, i]));
  const lines = new Map<string, W[]>();
  for (const waiter of fair.toReversed()) {
    const line = lines.get(waiter.runner);
    if (line === undefined) lines.set(waiter.runner, [waiter]);
    else line.push(waiter);
  }
  // The usual case, and the one in which a long line must cost little.
  if (lines.size === 1) return [...fair];
  const isOverdue = ({ passedSince }: W): boolean => passedSince !== undefined && now - passedSince >= batchTimeoutMs;
  const order: W[] = [];
  let current = runner;
  let inARow = streak;
  while (lines.size > 0) {
    const heads = [...lines.values()].map((line) => line.at(-1)).filter((head) => head !== undefined);
    const own = heads.find((head) => head.runner === current);
    const others = heads.filter((head) => head !== own);
    const overdue = others.filter(isOverdue);
    const stay = others.length === 0 || (inARow < maxBatch && overdue.length === 0);
    const candidates = own !== undefined && stay ? [own] : overdue.length > 0 ? overdue : others;
    const next = candidates.reduce((a, b) => ((rank.get(b) ?? 0) < (rank.get(a) ?? 0) ? b : a));
    inARow = next.runner === current ? inARow + 1 : 1;
    current = next.runner;
    order.push(next);
    const line = lines.get(next.runner);
    line?.pop();
    if (line?.length === 0) lines.delete(next.runner);
  }
  return order;
}
