// Chooses who starts next: the first in order (line.ts, order.ts) that may start now, by free slots, by runners that
// must not run together, and by what people are owed (people.ts). Also chooses runs that stop for a person. Changes
// nothing.
import { inTheWayOf, whoGivesWay } from './beside.ts';
import type { PromptView } from './going-on.ts';
import type { Line, Rules } from './line.ts';
import type { MemoryView } from './memory-view.ts';
import type { Turn } from './order.ts';
import type { PausableClock } from './pausable-clock.ts';
import type { Hold, People } from './people.ts';
import type { ReadConfig } from '../ports.ts';
import type { Running, Runs } from './runs.ts';
import { LANES, type Lane, type Waiter } from './waiter.ts';

export interface ChoiceParts {
  readonly config: ReadConfig;
  readonly line: Line;
  readonly runs: Runs;
  readonly people: People;
  /** The clock that waiting is measured by. */
  readonly waitClock: Pick<PausableClock, 'elapsed'>;
  /** Whether Ollama has a runner in memory. */
  resident(runner: string): boolean;
  /** What is known of its memory; undefined when nothing is. */
  memory?(): MemoryView | undefined;
  /** What runners hold of prompts. Absent when that is unknown. */
  readonly prompts?: PromptView | undefined;
  /** Whether no slots are given out now. */
  isHalted(): boolean;
}

/** Who starts now, and who is first in line; when they differ, the first is overtaken. */
export interface Next {
  readonly turn: Turn<Waiter>;
  readonly first: Waiter;
}

export class Choice {
  readonly #parts: ChoiceParts;

  constructor(parts: ChoiceParts) {
    this.#parts = parts;
  }

  /** The next waiter that may start; undefined when none may. */
  next(): Next | undefined {
    const { line } = this.#parts;
    if (line.size() === 0) return undefined;
    // A waiter for a slot of the other lane is not overtaken by one that takes a slot of this lane.
    const hasSlot = this.#hasSlot();
    const rules = this.rules();
    const mayStart = (waiter: Waiter): boolean => hasSlot(waiter) && this.#hold(waiter) === undefined;
    const first = line.next(rules, mayStart);
    if (first === undefined) return undefined;
    if (this.#mayRunBeside(first.waiter.runner)) return { turn: first, first: first.waiter };
    if (!this.#mayBePassed(first.waiter)) return undefined;
    const isPerson = first.waiter.class === 'interactive';
    const next = line.next(rules, (waiter) => {
      // Background work in the other slots would only make a person wait longer.
      const mayPass = !isPerson || waiter.class !== 'background';
      return mayPass && mayStart(waiter) && this.#mayRunBeside(waiter.runner);
    });
    return next === undefined ? undefined : { turn: next, first: first.waiter };
  }

  /** Tells for which waiters there is a slot. */
  #hasSlot(): (waiter: Waiter) => boolean {
    const { runs, isHalted, config } = this.#parts;
    const { max_concurrent } = config().queue;
    const halted = isHalted();
    const room = ({ length }: readonly Running[], most: number): boolean => !halted && length < most;
    const inLane = (lane: Lane): { readonly forPeople: boolean; readonly forOthers: boolean } => {
      const all = runs.in(lane);
      const others = all.filter(({ class: of }) => of !== 'interactive');
      const forPeople = room(all, max_concurrent);
      return { forPeople, forOthers: forPeople && room(others, this.others(lane)) };
    };
    const slots = { chat: inLane('chat'), embed: inLane('embed') };
    return ({ class: of, wish }) => slots[wish.lane][of === 'interactive' ? 'forPeople' : 'forOthers'];
  }

  /**
   * How many slots of a lane are open to requests that are not a person's; at least one, despite
   * queue.reserve_interactive.
   */
  others(lane: Lane): number {
    const { max_concurrent, reserve_interactive } = this.#parts.config().queue;
    // Embeds are short, and hardly ever a person's.
    return lane === 'embed' ? max_concurrent : Math.max(1, max_concurrent - reserve_interactive);
  }

  #mayRunBeside(runner: string): boolean {
    const { runs, resident } = this.#parts;
    return inTheWayOf(runner, runs.all(), resident).length === 0;
  }

  /** While the first in line waits for its runner, others may use the remaining slots, within limits. */
  #mayBePassed(first: Waiter): boolean {
    const { config, line, waitClock } = this.#parts;
    const { max_batch_size, batch_timeout_ms } = config().batch;
    if (line.streak >= max_batch_size) return false;
    return first.passedSince === undefined || waitClock.elapsed() - first.passedSince < batch_timeout_ms;
  }

  /**
   * The runs to stop, each with the runner that it stops for: background work that blocks a person who is next in a
   * lane.
   */
  stopping(): { readonly running: Running; readonly runner: string }[] {
    const { runs, line, people, waitClock, config, resident, isHalted } = this.#parts;
    const all = runs.all();
    if (isHalted() || line.size() === 0 || all.every(({ stop }) => stop === undefined)) return [];
    const now = waitClock.elapsed();
    const mayStop = (running: Running): boolean => people.givesWay(running, runs.age(running), now);
    return LANES.flatMap((lane) => {
      const isNext = (waiter: Waiter): boolean => waiter.wish.lane === lane && this.#hold(waiter) === undefined;
      const first = line.next(this.rules(), isNext)?.waiter;
      if (first?.class !== 'interactive') return [];
      const stopping = whoGivesWay(first, all, config().queue.max_concurrent, resident, mayStop);
      return stopping.map((running) => ({ running, runner: first.runner }));
    });
  }

  #hold(waiter: Waiter): Hold | undefined {
    const { people, waitClock } = this.#parts;
    return people.hold(waiter, waitClock.elapsed());
  }

  /** Why a waiter may not start though a slot is free; `until` is in milliseconds from now. */
  holdFromNow(waiter: Waiter): Hold | undefined {
    const hold = this.#hold(waiter);
    return hold === undefined ? undefined : { ...hold, until: hold.until - this.#parts.waitClock.elapsed() };
  }

  /** When the next held waiter may start; undefined when none is held. */
  nextHoldEnds(): number | undefined {
    let next: number | undefined;
    for (const waiter of this.#parts.line.heads()) {
      const until = this.#hold(waiter)?.until;
      if (until !== undefined && until < (next ?? Infinity)) next = until;
    }
    return next;
  }

  /** The inputs of the order besides the line itself. */
  rules(): Rules {
    const { config, waitClock, prompts } = this.#parts;
    const { queue, batch } = config();
    return {
      prompts: queue.by_prompt ? prompts : undefined,
      now: waitClock.elapsed(),
      memory: this.#memory(),
      agingMs: queue.aging_ms,
      maxWaitMs: queue.max_wait_ms,
      maxBatch: batch.max_batch_size,
      batchTimeoutMs: batch.batch_timeout_ms,
    };
  }

  /** Adds the runners that are being loaded, which are in no list yet. */
  #memory(): MemoryView | undefined {
    const { memory, runs } = this.#parts;
    const known = memory?.();
    const running = runs.all().map(({ wish }) => wish.runner);
    return known === undefined ? undefined : { ...known, runners: new Set([...known.runners, ...running]) };
  }
}
