// In which order waiting requests run: classes and aging, fairness between callers, what is in memory before what has to
// be loaded, and moves by hand. Pure: the order is who is next, again and again. line.ts keeps those who wait, queue.ts
// gives the leases. docs/scheduling.md tells the rules in words.
import { CLASS_STEP, levelOf, PRIORITY, type Urgency } from '../../contract/chat/chat-request.ts';
import { Heap } from './heap.ts';
import { afterLoad, costOf, type MemoryView } from './memory-view.ts';

/** One in line, as the plan sees it. Moments of the monotonic clock, in milliseconds. */
export interface Waiting<W = never> extends Urgency {
  /** Grows with arrival; never equal for two. */
  readonly seq: number;
  readonly caller: string;
  /** Requests with one runner key need no reload between them. */
  readonly runner: string;
  readonly since: number;
  /** What it had waited before, in milliseconds; it ages by that too. */
  readonly waitedMs?: number;
  /** When another runner's request first overtook this one, if one did. */
  readonly passedSince: number | undefined;
  /** Those that were moved before this one by hand, in the order of the moves: they go first when its turn comes. */
  readonly letsFirst?: Iterable<W>;
  /** Its turn had come, and it let another one go first. */
  readonly turnCame?: boolean;
  /** It waits no more, though it may have been moved before one who does. */
  readonly left?: boolean;
}

export interface PlanState {
  readonly now: number;
  /** What needs no load. */
  readonly memory: MemoryView;
  /** How many requests ran in a row without a load while somebody as urgent waited for one; at least 1 after the first. */
  readonly streak: number;
  /** For each caller, a number that grows with each lease given; callers not in it were never served. */
  readonly lastServed: ReadonlyMap<string, number>;
  /** queue.aging_ms: after each such time a waiter counts as one class more urgent. */
  readonly agingMs: number;
  /** queue.max_wait_ms: who has waited half of it counts as most urgent, so that nobody's patience ends for another's class. */
  readonly maxWaitMs: number;
  /** batch.max_batch_size: requests in a row without a load while somebody waits for one. */
  readonly maxBatch: number;
  /** batch.batch_timeout_ms: how long a waiter may be overtaken by requests of other runners. */
  readonly batchTimeoutMs: number;
}

/** Who goes next, and in whose turn: its own, or that of the one before whom it was moved by hand. */
export interface Turn<W> {
  readonly waiter: W;
  readonly turnOf: W;
  /** Whether its runner has to be loaded for it. */
  readonly loads: boolean;
  /** The streak after it. */
  readonly streak: number;
}

/** The planned order of all who wait. */
export function planOrder<W extends Waiting<W>>(waiting: readonly W[], state: PlanState): W[] {
  const files = new Map<string, W[]>();
  for (const waiter of [...waiting].toSorted((a, b) => a.seq - b.seq)) {
    const file = files.get(fileOf(waiter));
    if (file === undefined) files.set(fileOf(waiter), [waiter]);
    else file.push(waiter);
  }
  return Array.from(inOrder<W>(files.values(), state), ({ waiter }) => waiter);
}

/** Waiters who have these in common stand in one file, and leave it in the order of arrival. */
export function fileOf({
  class: of,
  priority,
  caller,
  runner,
}: Pick<Waiting, 'class' | 'priority' | 'caller' | 'runner'>): string {
  return JSON.stringify([of, priority, caller, runner]);
}

/**
 * Who is next, and who after that. Urgency first; within one urgency the callers take turns, and requests of runners that
 * are in memory go first, at most `maxBatch` in a row and never past a waiter that has been overtaken for
 * `batchTimeoutMs`. Who was moved by hand goes just before the one before whom it was moved, if it `mayGo` at all.
 * `files` are all who wait, by `fileOf`, each in the order of arrival. No more is planned than is read.
 */
export function* inOrder<W extends Waiting<W>>(
  files: Iterable<Iterable<W>>,
  state: PlanState,
  mayGo: (waiter: W) => boolean = () => true,
): Generator<Turn<W>, void, undefined> {
  const line = new Files(files, state);
  const planned: { -readonly [K in keyof PlanState]: PlanState[K] } = { ...state };
  let letAnotherGo: W | undefined;
  for (;;) {
    const heads = line.heads();
    const turnOf = letAnotherGo ?? choose(heads, planned);
    if (turnOf === undefined) return;
    const waiter = foremost(turnOf, line, mayGo);
    const loads = !planned.memory.runners.has(waiter.runner);
    const passes = mostUrgent(heads).some((head) => !planned.memory.runners.has(head.waiter.runner));
    planned.streak = passes && !loads ? planned.streak + 1 : 1;
    yield { waiter, turnOf, loads, streak: planned.streak };
    line.serve(waiter);
    letAnotherGo = waiter === turnOf ? undefined : turnOf;
    if (loads) planned.memory = afterLoad(planned.memory, waiter.runner);
  }
}

/** No newcomer goes before this. */
const MOST_URGENT: Urgency = { class: 'interactive', priority: PRIORITY.least };

/**
 * How urgent it is by now; lower is sooner. After each `agingMs` it has moved up a class, and goes on past the first one,
 * so that two such times and one more put the least of all before everybody who comes then.
 */
function agedLevel<W>(waiter: Waiting<W>, { now, agingMs, maxWaitMs }: PlanState): number {
  if (waiter.turnCame === true) return -Infinity;
  const waited = now - waiter.since + (waiter.waitedMs ?? 0);
  const level = levelOf(waited >= maxWaitMs / 2 ? MOST_URGENT : waiter);
  return level - CLASS_STEP * Math.floor(waited / agingMs);
}

/** Whose turn it is among the first of each runner. */
function choose<W extends Waiting<W>>(heads: readonly Head<W>[], state: PlanState): W | undefined {
  // The usual case, and the one in which a long line must cost little.
  if (heads.length <= 1) return heads[0]?.waiter;
  const { now, batchTimeoutMs, streak, maxBatch, memory } = state;
  const urgent = mostUrgent(heads);
  const isOverdue = ({ waiter: { passedSince } }: Head<W>): boolean =>
    passedSince !== undefined && now - passedSince >= batchTimeoutMs;
  const ready = urgent.filter(({ waiter }) => memory.runners.has(waiter.runner));
  const others = urgent.filter((head) => !ready.includes(head));
  const stays = others.length === 0 || (streak < maxBatch && !others.some(isOverdue));
  if (ready.length > 0 && stays) return first(ready, isOverdue, byTurn);
  // Only who is not overdue yet may be passed by one whose load costs less.
  const wanted = new Set(heads.map(({ waiter }) => waiter.runner));
  const cost = new Map(others.map((head) => [head, costOf(head.waiter.runner, memory, wanted)]));
  const byCost = (a: Head<W>, b: Head<W>): number => (cost.get(a) ?? 0) - (cost.get(b) ?? 0) || byTurn(a, b);
  return others.some(isOverdue) ? first(others, isOverdue, byTurn) : first(others, () => true, byCost);
}

function mostUrgent<W>(heads: readonly Head<W>[]): Head<W>[] {
  const level = Math.min(...heads.map((head) => head.level));
  return heads.filter((head) => head.level === level);
}

/** The first of those who are meant, or of all where none is. */
function first<W>(heads: Head<W>[], isMeant: (head: Head<W>) => boolean, by: Compare<Head<W>>): W | undefined {
  const meant = heads.filter(isMeant);
  return (meant.length > 0 ? meant : heads).toSorted(by)[0]?.waiter;
}

type Compare<T> = (a: T, b: T) => number;

/** It, or the first of those whom it lets go first, or of those whom that one lets go first. */
function foremost<W extends Waiting<W>>(waiter: W, line: Files<W>, mayGo: (waiter: W) => boolean): W {
  for (const other of waiter.letsFirst ?? []) {
    if (other.left !== true && !line.isServed(other) && mayGo(other)) return foremost(other, line, mayGo);
  }
  return waiter;
}

/** The first of a file, and what its turn depends on. */
interface Head<W> {
  readonly waiter: W;
  readonly rest: Iterator<W>;
  readonly level: number;
  /** When its caller was served last. */
  readonly served: number;
}

function byTurn<W extends Waiting<W>>(a: Head<W>, b: Head<W>): number {
  return a.level - b.level || a.served - b.served || a.waiter.seq - b.waiter.seq;
}

/** Turns that are planned come after all that were. */
const PLANNED = 2 ** 52;

/** The heads of all files, the soonest of each runner at hand. */
class Files<W extends Waiting<W>> {
  readonly #state: PlanState;
  readonly #runners = new Map<string, Heap<Head<W>>>();
  /** Those whose turn is planned, and the last turn of each of their callers. */
  readonly #served = new Set<W>();
  readonly #turns = new Map<string, number>();

  constructor(files: Iterable<Iterable<W>>, state: PlanState) {
    this.#state = state;
    for (const file of files) this.#enter(file[Symbol.iterator]());
  }

  /** The first of a file that is not served yet takes its place. */
  #enter(rest: Iterator<W>): void {
    let next = rest.next();
    while (next.done !== true && this.#served.has(next.value)) next = rest.next();
    if (next.done === true) return;
    const waiter = next.value;
    const heads = this.#runners.get(waiter.runner) ?? new Heap<Head<W>>((a, b) => byTurn(a, b) < 0);
    heads.add({ waiter, rest, level: agedLevel(waiter, this.#state), served: this.#lastServed(waiter) });
    this.#runners.set(waiter.runner, heads);
  }

  #lastServed({ caller }: W): number {
    return this.#turns.get(caller) ?? this.#state.lastServed.get(caller) ?? 0;
  }

  /** The soonest of each runner. */
  heads(): Head<W>[] {
    return [...this.#runners.values()].flatMap((heads) => this.#soonest(heads) ?? []);
  }

  /** What was put in before its turn or its caller's came is put in anew. A caller's turn only ever moves back. */
  #soonest(heads: Heap<Head<W>>): Head<W> | undefined {
    for (;;) {
      const head = heads.least;
      if (head === undefined) return undefined;
      const served = this.#lastServed(head.waiter);
      const isServed = this.#served.has(head.waiter);
      if (!isServed && served === head.served) return head;
      heads.shift();
      if (isServed) this.#enter(head.rest);
      else heads.add({ ...head, served });
    }
  }

  isServed(waiter: W): boolean {
    return this.#served.has(waiter);
  }

  serve(waiter: W): void {
    this.#served.add(waiter);
    this.#turns.set(waiter.caller, PLANNED + this.#served.size);
  }
}
