// The recent history of the queue: who held a slot and until when, and when it stood still. It answers who and what was
// in the way of a request, without recording anything for each waiter.
import type { QueueClass } from '../../contract/chat/chat-request.ts';
import type { Halt } from './outlook.ts';
import type { Hold } from './people.ts';
import type { Asks, Lane } from './waiter.ts';

/** How many runs and halts are remembered; the oldest go first. */
const MOST_RUNS = 1000;
const MOST_HALTS = 100;

/** A stretch of time on the monotonic clock. */
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
  /** Its runner was not loaded when it got its slot. */
  readonly loads: boolean;
  /** It was given up so that a person could go first. */
  readonly gaveWay: boolean;
  /** It went before the one whose turn it was, since its prompt continued what was read last. */
  readonly wentOn: boolean;
  /** What last held it back though a slot was free. */
  readonly held: Hold['why'] | undefined;
}

/** A time in which no slots were given out, or the machine slept. */
export interface PastHalt extends Stretch {
  readonly why: Halt | 'asleep';
}

export class PastRuns {
  readonly #runs: PastRun[] = [];
  readonly #halts: PastHalt[] = [];
  #halt: { readonly why: Halt; readonly from: number } | undefined;

  ended(run: PastRun): void {
    this.#runs.push(run);
    // Remove many at once, since shifting a long array each time is slow.
    if (this.#runs.length >= 2 * MOST_RUNS) this.#runs.splice(0, MOST_RUNS);
  }

  /** Notes why the line does not move now; undefined while it does. */
  halted(why: Halt | undefined, now: number): void {
    if (this.#halt?.why === why) return;
    if (this.#halt !== undefined) this.#keep({ ...this.#halt, to: now });
    this.#halt = why === undefined ? undefined : { why, from: now };
  }

  /** Notes that the machine slept until now, for this many milliseconds of the monotonic clock. */
  slept(ms: number, now: number): void {
    this.#keep({ why: 'asleep', from: now - ms, to: now });
  }

  #keep(halt: PastHalt): void {
    this.#halts.push(halt);
    if (this.#halts.length > MOST_HALTS) this.#halts.shift();
  }

  /** The runs that ended at `from` or later and began at `to` or earlier. */
  runs({ from, to }: Stretch): PastRun[] {
    const found: PastRun[] = [];
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const run = this.#runs[i];
      // Runs are in order of their ends.
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
