// The waiters and the order in which they should run: who they are, who was served last, and which runner ran last.
// Adding, removing and finding the next cost the same however many wait: waiters stand in files (order.ts), and the
// next is one of the heads. Knows neither slots nor a clock; queue.ts decides when somebody may run.
import { levelOf } from '../../contract/chat/chat-request.ts';
import { BatchCounter, type BatchFigures } from './batches.ts';
import { ByRunner } from './by-runner.ts';
import { onlyLast, type MemoryView } from './memory-view.ts';
import { fileOf, inOrder, type PlanState, type Turn } from './order.ts';
import { Waiter, type Lane, type LeaseWish } from './waiter.ts';

/** How many callers' turns are remembered; the one served longest ago is forgotten. */
const MAX_CALLERS = 1000;

/** The inputs of the order besides the line itself. */
export interface Rules extends Omit<PlanState, 'memory' | 'streak' | 'row' | 'lastServed'> {
  /** Undefined when Ollama's memory is unknown; then only the runner that ran last is assumed to be loaded. */
  readonly memory: MemoryView | undefined;
}

/** Waiters of one lane with the same class, priority, caller and runner, in order of arrival; never empty. */
interface File {
  readonly lane: Lane;
  readonly waiters: Set<Waiter>;
}

/** A turn, and a function that undoes it. */
interface LastTurn {
  readonly waiter: Waiter;
  undo(): void;
}

export class Line {
  readonly #files = new Map<string, File>();
  readonly #byRunner = new ByRunner((waiters, waiter) => this.#inOrderOfArrival(waiters, waiter));
  readonly #sizes: Record<Lane, number> = { chat: 0, embed: 0 };
  readonly #lastServed = new Map<string, number>();
  readonly #batches = new BatchCounter();
  #arrivals = 0;
  #turns = 0;
  #runner: string | undefined;
  #streak = 0;
  /** How many waiters in a row took another's turn because of their prompts. */
  #row = 0;
  /** The last turn, if it may be given back. */
  #lastTurn: LastTurn | undefined;

  /** How many wait, in a lane or in both. */
  size(lane?: Lane): number {
    return lane === undefined ? this.#sizes.chat + this.#sizes.embed : this.#sizes[lane];
  }

  /** The runner of the last chat. */
  get runner(): string | undefined {
    return this.#runner;
  }

  /** How many chats ran in a row without a load while a waiter needed one. */
  get streak(): number {
    return this.#streak;
  }

  get batches(): BatchFigures {
    return this.#batches.figures;
  }

  resetCounts(): void {
    this.#batches.reset();
  }

  /** `signal` ends its waiting. */
  add(wish: LeaseWish, now: number, signal: AbortSignal): Waiter {
    const fifoSwitch = wish.lane === 'chat' && this.#batches.arrived(wish.runner);
    return this.#admit(new Waiter(wish, { seq: this.#arrivals++, since: now, fifoSwitch, signal }));
  }

  /**
   * Re-adds a waiter that had its turn and could not use it; it is next again. `since` excludes the time that it ran.
   */
  addBack({ wish, seq }: Waiter, since: number, signal: AbortSignal): Waiter {
    const waiter = new Waiter(wish, { seq, since, fifoSwitch: false, signal });
    waiter.turnCame = true;
    return this.#admit(waiter);
  }

  /** Re-adds a waiter that ran and gives way to a person, with its old place and age, as if it had not had its turn. */
  takeBack(ran: Waiter, signal: AbortSignal): Waiter {
    if (this.#lastTurn?.waiter === ran) this.#lastTurn.undo();
    const waiter = new Waiter(ran.wish, { seq: ran.seq, since: ran.since, fifoSwitch: ran.fifoSwitch, signal });
    waiter.passedSince = ran.passedSince;
    waiter.heldBackSince = ran.heldBackSince;
    waiter.gaveWay = true;
    return this.#admit(waiter);
  }

  #admit(waiter: Waiter): Waiter {
    this.#file(waiter);
    this.#sizes[waiter.wish.lane]++;
    this.#byRunner.add(waiter);
    return waiter;
  }

  /** Puts it at the end of its file, or in order of arrival if it comes from another file. */
  #file(waiter: Waiter): void {
    const key = fileKey(waiter);
    const { waiters } = this.#files.get(key) ?? { waiters: new Set<Waiter>() };
    this.#files.set(key, { lane: waiter.wish.lane, waiters: this.#inOrderOfArrival(waiters, waiter) });
  }

  #inOrderOfArrival(waiters: Set<Waiter>, waiter: Waiter): Set<Waiter> {
    const last = waiters.size === 0 || waiter.seq === this.#arrivals - 1;
    return last ? waiters.add(waiter) : new Set([...waiters, waiter].toSorted(bySeq));
  }

  #unfile(waiter: Waiter): void {
    const key = fileKey(waiter);
    const file = this.#files.get(key);
    file?.waiters.delete(waiter);
    if (file?.waiters.size === 0) this.#files.delete(key);
  }

  /** Removes a waiter; call it once. */
  remove(waiter: Waiter): void {
    this.#unfile(waiter);
    waiter.left = true;
    this.#sizes[waiter.wish.lane]--;
    this.#byRunner.remove(waiter);
  }

  /** Asks all waiters for their urgency again. */
  refile(): void {
    for (const waiter of this.all()) {
      const urgency = waiter.wish.urgency();
      if (levelOf(urgency) === levelOf(waiter)) continue;
      this.#unfile(waiter);
      waiter.become(urgency);
      this.#file(waiter);
    }
  }

  /** All waiters, in no order. */
  all(): Waiter[] {
    return [...this.#files.values()].flatMap(({ waiters }) => [...waiters]);
  }

  /** The first waiter of each file; the next is always one of them. */
  *heads(): Generator<Waiter, void, undefined> {
    for (const { waiters } of this.#files.values()) yield* firstOf(waiters);
  }

  /**
   * Who is next among some files, and in whose turn. `isMeant` is tested on the head of each file, for what all in it
   * have in common.
   */
  next(rules: Rules, isMeant: (first: Waiter) => boolean): Turn<Waiter> | undefined {
    const [turn] = this.#inOrder(rules, ({ waiters }) => firstOf(waiters).every(isMeant), isMeant);
    return turn;
  }

  /** All waiters of one lane, the next one first. */
  order(lane: Lane, rules: Rules): Waiter[] {
    return this.plan(lane, rules).map(({ waiter }) => waiter);
  }

  /** The same with each one's turn, and whether its runner then has to be loaded. */
  plan(lane: Lane, rules: Rules): Turn<Waiter>[] {
    return [...this.#inOrder(rules, (file) => file.lane === lane)];
  }

  /** `mayGo`: who may go in another one's turn, or before it. */
  #inOrder(
    rules: Rules,
    isMeant: (file: File) => boolean,
    mayGo: (waiter: Waiter) => boolean = () => true,
  ): Iterable<Turn<Waiter>> {
    const files = [...this.#files.values()].filter(isMeant).map(({ waiters }) => waiters);
    const memory = rules.memory ?? onlyLast(this.#runner);
    const own = { streak: this.#streak, row: this.#row, lastServed: this.#lastServed };
    // Rules come last: Node 20 takes more than a microsecond for each field after a spread that it does not contain.
    const state = { ...own, ...rules, memory };
    return inOrder(files, state, { mayGo, waitingFor: (runner) => this.#byRunner.waitingFor(runner) });
  }

  /** Moves a waiter one place up in its lane. Returns the new place, from 1. */
  moveUp(waiter: Waiter, rules: Rules): number {
    const order = this.order(waiter.wish.lane, rules);
    const at = order.indexOf(waiter);
    const [before, after] = [order[at - 1], order[at + 1]];
    if (before === undefined) return at + 1;
    // If it let that one go first, it no longer does, so that no two let each other go first. All others stay where
    // they are: those before the two, and the one after them.
    if (waiter.letsFirst.delete(before)) {
      for (const earlier of before.letsFirst) waiter.letsFirst.add(earlier);
      after?.letsFirst.add(before);
    }
    before.letsFirst.add(waiter);
    this.#unfile(waiter);
    waiter.movedByHand = true;
    this.#file(waiter);
    return at;
  }

  /** Removes the waiter that runs now. `head` was first in the order, and is overtaken if it is another one. */
  serve({ waiter, turnOf, before, streak }: Turn<Waiter>, head: Waiter, now: number): void {
    const { lane, runner, caller } = waiter.wish;
    turnOf.turnCame = true;
    waiter.wentOn = before !== undefined;
    this.#byRunner.overtake(waiter, head, now);
    this.#lastTurn = waiter.class === 'background' ? this.#remembered(waiter) : undefined;
    if (before !== undefined) before.heldBackSince ??= now;
    // An embed runs beside the chats and ends none of their batches.
    if (lane === 'chat') {
      this.#batches.leased(runner, waiter.fifoSwitch);
      // One that takes a slot that the head can't use overtakes it, though the plan for that slot does not show it.
      this.#streak = waiter === head ? streak : this.#streak + 1;
      this.#runner = runner;
      this.#row = before === undefined ? 0 : this.#row + 1;
    }
    this.#lastServed.delete(caller);
    this.#lastServed.set(caller, ++this.#turns);
    const longestAgo = this.#lastServed.keys().next();
    if (this.#lastServed.size > MAX_CALLERS && longestAgo.done !== true) this.#lastServed.delete(longestAgo.value);
    this.remove(waiter);
  }

  /** Remembers the state, in case the turn is given back. */
  #remembered(waiter: Waiter): LastTurn {
    const { lane, caller } = waiter.wish;
    const [served, runner, streak, row] = [this.#lastServed.get(caller), this.#runner, this.#streak, this.#row];
    const undo = (): void => {
      if (served === undefined) this.#lastServed.delete(caller);
      else this.#lastServed.set(caller, served);
      this.#runner = runner;
      this.#streak = streak;
      this.#row = row;
      if (lane === 'chat') this.#batches.takeBack();
    };
    return { waiter, undo };
  }

  /** Whether any waiter needs this runner. */
  wants(runner: string): boolean {
    return this.#byRunner.wants(runner);
  }

  /** Resolves when no waiter needs this runner, or when the signal aborts. */
  unwanted(runner: string, signal: AbortSignal): Promise<void> {
    return this.#byRunner.unwanted(runner, signal);
  }
}

function firstOf(waiters: Iterable<Waiter>): Waiter[] {
  const [first] = waiters;
  return first === undefined ? [] : [first];
}

/**
 * Waiters moved by hand have files of their own: nothing holds them, so they must not stand behind one that may be
 * held.
 */
function fileKey(waiter: Waiter): string {
  return `${waiter.wish.lane} ${waiter.movedByHand ? 'moved ' : ''}${fileOf(waiter)}`;
}

function bySeq(a: Waiter, b: Waiter): number {
  return a.seq - b.seq;
}
