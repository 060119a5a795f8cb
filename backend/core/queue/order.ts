// The order in which waiting requests run: classes and aging, fairness between callers, loaded runners before others,
// prompts that continue what was read last (going-on.ts), and moves by hand. Pure: the order is the next one, again and
// again. line.ts keeps the waiters, queue.ts gives the leases. docs/scheduling.md explains the rules.
import { CLASS_STEP, levelOf, PRIORITY, type Urgency } from '../../contract/chat/chat-request.ts';
import { whoGoesOn, type PromptView, type Promptly } from './going-on.ts';
import { Heap } from './heap.ts';
import { afterLoad, costOf, type MemoryView } from './memory-view.ts';

/** A waiter, as the plan sees it. Times are on the monotonic clock, in milliseconds. */
export interface Waiting<W = never> extends Urgency, Promptly {
  /** Grows with arrival; never equal for two waiters. */
  readonly seq: number;
  readonly caller: string;
  /** Requests with one runner key need no reload between them. */
  readonly runner: string;
  readonly since: number;
  /** Milliseconds that it had waited before; they count for its age. */
  readonly waitedMs?: number;
  /** When a request of another runner first overtook it, if one did. */
  readonly passedSince: number | undefined;
  /** When another waiter first took its turn because of its prompt, if one did. */
  readonly heldBackSince?: number | undefined;
  /** Waiters that were moved before this one by hand, in order of the moves: they go first in its turn. */
  readonly letsFirst?: Iterable<W>;
  /** It had its turn, and let another one go first. */
  readonly turnCame?: boolean;
  /** Somebody moved it by hand. */
  readonly movedByHand?: boolean;
  /** It no longer waits, though it may still be in the `letsFirst` of one that does. */
  readonly left?: boolean;
}

export interface PlanState {
  readonly now: number;
  /** The runners that need no load. */
  readonly memory: MemoryView;
  /**
   * How many requests ran in a row without a load while an equally urgent waiter needed one; at least 1 after the
   * first.
   */
  readonly streak: number;
  /** For each caller, a number that grows with each lease. Callers without one were never served. */
  readonly lastServed: ReadonlyMap<string, number>;
  /** queue.aging_ms: after each such period a waiter counts as one class more urgent. */
  readonly agingMs: number;
  /** queue.max_wait_ms: a waiter is most urgent after half of it, so that it does not time out for its class. */
  readonly maxWaitMs: number;
  /** batch.max_batch_size: how many requests may run in a row without a load while a waiter needs one. */
  readonly maxBatch: number;
  /** batch.batch_timeout_ms: how long requests of other runners may overtake a waiter. */
  readonly batchTimeoutMs: number;
  /** What runners hold of prompts; undefined when the order ignores that (queue.by_prompt). */
  readonly prompts?: PromptView | undefined;
  /** How many waiters in a row took another's turn because of their prompts. */
  readonly row?: number;
}

/** The waiters among which prompts are compared. */
export interface Company<W> {
  /** Whether a waiter may go before another at all. */
  mayGo(waiter: W): boolean;
  /** The first waiters for a runner, in order of arrival; others may be among them. */
  waitingFor(runner: string): Iterable<W>;
}

/** Who goes next, and in whose turn: its own, or that of the waiter that it was moved before by hand. */
export interface Turn<W> {
  readonly waiter: W;
  readonly turnOf: W;
  /** The waiter whose turn this one takes because of its prompt; undefined when it takes none. */
  readonly before: W | undefined;
  /** Whether its runner has to be loaded for it. */
  readonly loads: boolean;
  /** The streak after it. */
  readonly streak: number;
}

/** The planned order of all waiters. */
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

/** Waiters with the same values here stand in one file, in order of arrival. */
export function fileOf({
  class: of,
  priority,
  caller,
  runner,
}: Pick<Waiting, 'class' | 'priority' | 'caller' | 'runner'>): string {
  return JSON.stringify([of, priority, caller, runner]);
}

/**
 * Yields who is next, and who after that. Urgency comes first. Within one urgency, callers take turns, and requests of
 * loaded runners go first: at most `maxBatch` in a row, and never past a waiter that was overtaken for
 * `batchTimeoutMs`. Within the same limits, a prompt goes first that continues what its runner read. A waiter moved by
 * hand goes just before the one that it was moved before, if it `mayGo`. `files` are all waiters by `fileOf`, each in
 * order of arrival. Plans no more turns than are read.
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
    // Places this far back matter to nobody, and each comparison costs.
    const isFar = line.served >= PLANNED_BY_PROMPT;
    planned.prompts = isFar || !waiter.prompt ? undefined : planned.prompts?.after(waiter.runner, waiter.prompt);
  }
}

/** How many turns of a plan depend on prompts, and how many waiters of a runner are compared for each. */
const PLANNED_BY_PROMPT = 8;
const MOST_COMPANY = 32;

/**
 * An equally urgent waiter that goes before the one whose turn it is, since its prompt continues what was read last.
 * Never one that lets another go first: that one may be neither.
 */
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
    const isMeant = other.left !== true && isEqual(other) && !line.isServed(other) && mayGo(other);
    if (isMeant && foremost(other, line, mayGo) === other) candidates.push(other);
  }
  return candidates.length === 0 ? undefined : whoGoesOn(due, candidates, prompts);
}

/** No newcomer goes before this. */
const MOST_URGENT: Urgency = { class: 'interactive', priority: PRIORITY.least };

/**
 * The current urgency; lower is sooner. Each `agingMs` moves it up a class, even past the first one, so after three
 * such periods even the least urgent goes before all newcomers.
 */
function agedLevel<W>(waiter: Waiting<W>, { now, agingMs, maxWaitMs }: PlanState): number {
  if (waiter.turnCame === true) return -Infinity;
  const waited = now - waiter.since + (waiter.waitedMs ?? 0);
  const level = levelOf(waited >= maxWaitMs / 2 ? MOST_URGENT : waiter);
  return level - CLASS_STEP * Math.floor(waited / agingMs);
}

/** Whose turn it is among the first of each runner. */
function choose<W extends Waiting<W>>(heads: readonly Head<W>[], state: PlanState): W | undefined {
  // The usual case, which must be cheap even for a long line.
  if (heads.length <= 1) return heads[0]?.waiter;
  const { now, batchTimeoutMs, streak, maxBatch, memory } = state;
  const urgent = mostUrgent(heads);
  const isOverdue = ({ waiter: { passedSince } }: Head<W>): boolean =>
    passedSince !== undefined && now - passedSince >= batchTimeoutMs;
  const ready = urgent.filter(({ waiter }) => memory.runners.has(waiter.runner));
  const others = urgent.filter((head) => !ready.includes(head));
  const stays = others.length === 0 || (streak < maxBatch && !others.some(isOverdue));
  if (ready.length > 0 && stays) return first(ready, isOverdue, byTurn);
  // Only a waiter that is not overdue may be overtaken by one whose load costs less.
  const wanted = new Set(heads.map(({ waiter }) => waiter.runner));
  const cost = new Map(others.map((head) => [head, costOf(head.waiter.runner, memory, wanted)]));
  const byCost = (a: Head<W>, b: Head<W>): number => (cost.get(a) ?? 0) - (cost.get(b) ?? 0) || byTurn(a, b);
  return others.some(isOverdue) ? first(others, isOverdue, byTurn) : first(others, () => true, byCost);
}

function mostUrgent<W>(heads: readonly Head<W>[]): Head<W>[] {
  const level = Math.min(...heads.map((head) => head.level));
  return heads.filter((head) => head.level === level);
}

/** The first that is meant, or the first of all when none is. */
function first<W>(heads: Head<W>[], isMeant: (head: Head<W>) => boolean, by: Compare<Head<W>>): W | undefined {
  const meant = heads.filter(isMeant);
  return (meant.length > 0 ? meant : heads).toSorted(by)[0]?.waiter;
}

type Compare<T> = (a: T, b: T) => number;

/** The waiter itself, or the first that it lets go first, followed recursively. */
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
  /** When its caller was last served. */
  readonly served: number;
}

function byTurn<W extends Waiting<W>>(a: Head<W>, b: Head<W>): number {
  return a.level - b.level || a.served - b.served || a.waiter.seq - b.waiter.seq;
}

/** Planned turns come after all that were served. */
const PLANNED = 2 ** 52;

/** The heads of all files, with the soonest of each runner. */
class Files<W extends Waiting<W>> {
  readonly #state: PlanState;
  readonly #runners = new Map<string, Heap<Head<W>>>();
  /** The waiters whose turn is planned, and the last turn of each of their callers. */
  readonly #served = new Set<W>();
  readonly #turns = new Map<string, number>();

  constructor(files: Iterable<Iterable<W>>, state: PlanState) {
    this.#state = state;
    for (const file of files) this.#enter(file[Symbol.iterator]());
  }

  /** Enters the first of a file that is not served yet. */
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

  /** Re-enters heads that were added before they or their caller were served. A caller's turn only ever moves back. */
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
