// In which order waiting requests run: classes and aging, fairness between callers, what is in memory before what has to
// be loaded, prompts that go on with what was read last (going-on.ts), and moves by hand. Pure: the order is who is next, again and again. line.ts keeps those who wait, queue.ts
// gives the leases. docs/scheduling.md tells the rules in words.
import { CLASS_STEP, levelOf, PRIORITY, type Urgency } from '../../contract/chat/chat-request.ts';
import { whoGoesOn, type PromptView, type Promptly } from './going-on.ts';
import { Heap } from './heap.ts';
import { afterLoad, costOf, type MemoryView } from './memory-view.ts';

/** One in line, as the plan sees it. Moments of the monotonic clock, in milliseconds. */
export interface Waiting<W = never> extends Urgency, Promptly {
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
  /** When, in its turn, one whose prompt goes on first went before it, if one did. */
  readonly heldBackSince?: number | undefined;
  /** Those that were moved before this one by hand, in the order of the moves: they go first when its turn comes. */
  readonly letsFirst?: Iterable<W>;
  /** Its turn had come, and it let another one go first. */
  readonly turnCame?: boolean;
  /** Somebody moved it by hand. */
  readonly movedByHand?: boolean;
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
  /** What runners hold of prompts; undefined where the order does not ask for it (queue.by_prompt). */
  readonly prompts?: PromptView | undefined;
  /** How many went before others in a row since their prompts go on. */
  readonly row?: number;
}

/** Among whom the order looks for prompts that go on. */
export interface Company<W> {
  /** Whether one may go before another at all. */
  mayGo(waiter: W): boolean;
  /** The first of those who wait for a runner, in the order of arrival; others may be among them. */
  waitingFor(runner: string): Iterable<W>;
}

/** Who goes next, and in whose turn: its own, or that of the one before whom it was moved by hand. */
export interface Turn<W> {
  readonly waiter: W;
  readonly turnOf: W;
  /** Whose turn it was by everything but its prompt, and who lets it go on first; undefined where nobody does. */
  readonly before: W | undefined;
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
  const company = { mayGo: () => true, waitingFor: () => waiting };
  return Array.from(inOrder<W>(files.values(), state, company), ({ waiter }) => waiter);
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
 * `batchTimeoutMs`; within the same bounds, one goes first whose prompt goes on with what its runner has read. Who was moved by
 * hand goes just before the one before whom it was moved, if it `mayGo` at all.
 * `files` are all who wait, by `fileOf`, each in the order of arrival. No more is planned than is read.
 */
export function* inOrder<W extends Waiting<W>>(
  files: Iterable<Iterable<W>>,
  state: PlanState,
  company: Company<W>,
): Generator<Turn<W>, void, undefined> {
  const line = new Files(files, state);
  const planned: { -readonly [K in keyof PlanState]: PlanState[K] } = { ...state };
  let letAnotherGo: W | undefined;
  for (;;) {
    const heads = line.heads();
    const due = letAnotherGo ?? choose(heads, planned);
    if (due === undefined) return;
    const goesOn = letAnotherGo === undefined ? goingOn(due, planned, line, company) : undefined;
    const turnOf = goesOn ?? due;
    const waiter = foremost(turnOf, line, company.mayGo);
    const loads = !planned.memory.runners.has(waiter.runner);
    const passes = mostUrgent(heads).some((head) => !planned.memory.runners.has(head.waiter.runner));
    planned.streak = passes && !loads ? planned.streak + 1 : 1;
    planned.row = goesOn === undefined ? 0 : (planned.row ?? 0) + 1;
    yield { waiter, turnOf, before: goesOn && due, loads, streak: planned.streak };
    line.serve(waiter);
    letAnotherGo = waiter === turnOf ? undefined : turnOf;
    if (loads) planned.memory = afterLoad(planned.memory, waiter.runner);
    // Nobody is told a place so far back that it matters, and each look costs.
    const isFar = line.served >= PLANNED_BY_PROMPT;
    planned.prompts = isFar || !waiter.prompt ? undefined : planned.prompts?.after(waiter.runner, waiter.prompt);
  }
}

/** Turns of a plan that depend on prompts, and how many of those who wait for a runner are looked at for each. */
const PLANNED_BY_PROMPT = 8;
const MOST_COMPANY = 32;

/** Who goes before the one whose turn it is, since it goes on with what was read last: one who is just as urgent. */
function goingOn<W extends Waiting<W>>(
  due: W,
  state: PlanState,
  line: Files<W>,
  { mayGo, waitingFor }: Company<W>,
): W | undefined {
  const { prompts, row = 0, now, maxBatch, batchTimeoutMs } = state;
  const isAlone = [...(due.letsFirst ?? [])].length === 0 && due.turnCame !== true && due.movedByHand !== true;
  if (prompts === undefined || due.prompt === undefined || row >= maxBatch || !isAlone) return undefined;
  if (due.heldBackSince !== undefined && now - due.heldBackSince >= batchTimeoutMs) return undefined;
  const level = agedLevel(due, state);
  const isEqual = (other: W): boolean =>
    other.runner === due.runner && other.class === due.class && agedLevel(other, state) === level;
  const candidates: W[] = [];
  let looked = 0;
  for (const other of waitingFor(due.runner)) {
    if (looked++ === MOST_COMPANY) break;
    if (other.left !== true && isEqual(other) && !line.isServed(other) && mayGo(other)) candidates.push(other);
  }
  return candidates.length === 0 ? undefined : whoGoesOn(due, candidates, prompts);
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

  /** How many turns are planned. */
  get served(): number {
    return this.#served.size;
  }

  isServed(waiter: W): boolean {
    return this.#served.has(waiter);
  }

  serve(waiter: W): void {
    this.#served.add(waiter);
    this.#turns.set(waiter.caller, PLANNED + this.#served.size);
  }
}
