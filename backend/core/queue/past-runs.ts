// What the line has seen lately: who held a slot and until when, and when it did not move. It answers who and what was in the way
// of a request in a stretch of time, without anything being written down for each that waits.
import type { QueueClass } from '../../contract/chat/chat-request.ts';
import type { Halt } from './outlook.ts';
import type { Hold } from './people.ts';
import type { Asks, Lane } from './waiter.ts';

/** Runs and halts that are remembered; the oldest go first. */
const MOST_RUNS = 1000;
const MOST_HALTS = 100;

/** A stretch of time, by the monotonic clock. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** A run that held a slot. */
export interface PastRun extends Stretch, Asks {
  readonly lane: Lane;
  readonly runner: string;
  readonly model: string;
  readonly caller: string;
  readonly class: QueueClass;
  /** Its runner was not in memory when it got its slot. */
  readonly loads: boolean;
  /** It was given up so that a person could go first. */
  readonly gaveWay: boolean;
  /** It went before one whose turn it would have been, since its prompt went on with what was read last. */
  readonly wentOn: boolean;
  /** What had kept it from starting though a slot was free, the last time that something did. */
  readonly held: Hold['why'] | undefined;
}

/** Nobody was given a slot, or the machine slept and nothing at all happened. */
export interface PastHalt extends Stretch {
  readonly why: Halt | 'asleep';
}

export class PastRuns {
  readonly #runs: PastRun[] = [];
  readonly #halts: PastHalt[] = [];
  #halt: { readonly why: Halt; readonly from: number } | undefined;

  ended(run: PastRun): void {
    this.#runs.push(run);
    // Many at a time now and then: shifting a long array each time is slow.
    if (this.#runs.length >= 2 * MOST_RUNS) this.#runs.splice(0, MOST_RUNS);
  }

  /** Why the line does not move now; undefined while it does. */
  halted(why: Halt | undefined, now: number): void {
    if (this.#halt?.why === why) return;
    if (this.#halt !== undefined) this.#keep({ ...this.#halt, to: now });
    this.#halt = why === undefined ? undefined : { why, from: now };
  }

  /** The machine has slept until now, for so many milliseconds that the monotonic clock has counted. */
  slept(ms: number, now: number): void {
    this.#keep({ why: 'asleep', from: now - ms, to: now });
  }

  #keep(halt: PastHalt): void {
    this.#halts.push(halt);
    if (this.#halts.length > MOST_HALTS) this.#halts.shift();
  }

  /** Those that ended no sooner than `from` and began no later than `to`. */
  runs({ from, to }: Stretch): PastRun[] {
    const found: PastRun[] = [];
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const run = this.#runs[i];
      // They are in the order in which they ended.
      if (run === undefined || run.to < from) break;
      if (run.from <= to) found.push(run);
    }
    return found;
  }

  halts({ from, to }: Stretch): PastHalt[] {
    const all = this.#halt === undefined ? this.#halts : [...this.#halts, { ...this.#halt, to: Infinity }];
    return all.filter((halt) => halt.to > from && halt.from < to);
  }
}
