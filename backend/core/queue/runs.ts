// The runs that hold a slot: since when, how long each should take, and what is to be told while one takes longer. Who gets
// a slot is queue.ts.
import type { Slot } from './estimate.ts';
import type { RunMs } from './outlook.ts';
import type { Clock } from '../ports.ts';
import type { Lane, LeaseWish } from './waiter.ts';

/** One that holds a slot. */
export interface Running {
  readonly wish: LeaseWish;
  /** Expected milliseconds of the load before it, at the time of the grant; undefined where no load of it was measured. */
  readonly loadMs: number | undefined;
  /** When it got its slot; from when its model stood ready, that. */
  startedAt: number;
  begun: boolean;
  /** Ends what is watched for: the end of the load, then that of the run. */
  over: () => void;
}

/** How often it is told anew how long a load may take of which nothing is known. Milliseconds. */
const AGAIN_MS = 1000;

export class Runs {
  readonly #running = new Set<Running>();
  readonly #clock: Clock;
  readonly #changed: () => void;

  /** `changed`: what is expected of a run has become another, though nothing happened. */
  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  get size(): number {
    return this.#running.size;
  }

  all(): Running[] {
    return [...this.#running];
  }

  in(lane: Lane): Running[] {
    return this.all().filter(({ wish }) => wish.lane === lane);
  }

  /** It has its slot from now on. */
  start(wish: LeaseWish, loadMs: number | undefined): Running {
    const startedAt = this.#clock.elapsed();
    const running: Running = { wish, loadMs, startedAt, begun: false, over: () => undefined };
    this.#running.add(running);
    if (loadMs !== 0) this.#watchLoad(running);
    return running;
  }

  /** Its model stands ready. */
  begin(running: Running): void {
    if (!this.#running.has(running)) return;
    running.over();
    running.startedAt = this.#clock.elapsed();
    running.begun = true;
    this.#watchRun(running);
  }

  /** Its slot is free. False: it was before. */
  end(running: Running): boolean {
    running.over();
    return this.#running.delete(running);
  }

  /** What is expected of a load that takes longer than those before it, or of the first one, changes by itself. */
  #watchLoad(running: Running): void {
    const { loadMs } = running;
    running.over = this.#clock.after(loadMs ?? AGAIN_MS, () => {
      if (loadMs === undefined) this.#watchLoad(running);
      this.#changed();
    });
  }

  /** When a run takes longer than expected nothing else may happen, and yet everybody is to know. */
  #watchRun(running: Running): void {
    const left = leftOf(running, this.#clock.elapsed());
    if (left === undefined) return;
    if (left <= 0) return this.#changed();
    // What is expected may have changed by then.
    running.over = this.#clock.after(left, () => this.#watchRun(running));
  }

  /** When each of `count` slots of a lane should be free, the last one first. */
  slots(lane: Lane, count: number, runMs: RunMs): Slot[] {
    const now = this.#clock.elapsed();
    const taken = this.in(lane).map((running) => slotOf(running, now, runMs));
    // After a change to fewer slots more run than there are: then the last ones to end leave a slot.
    const free = Array.from({ length: count }, (): Slot => ({ ms: 0 }));
    return [...taken, ...free].toSorted((a, b) => b.ms - a.ms).slice(0, count);
  }

  /** Whether a run for this flight takes longer than expected. */
  isLate(flight: string): boolean {
    const now = this.#clock.elapsed();
    const isLate = (running: Running): boolean => running.begun && (leftOf(running, now) ?? 1) <= 0;
    return this.all().some((running) => running.wish.serves?.(flight) === true && isLate(running));
  }
}

function slotOf({ wish, loadMs, startedAt, begun }: Running, now: number, runMs: RunMs): Slot {
  const gone = now - startedAt;
  if (!begun) {
    // Of a load of which nothing is known: that it takes as long again as it has taken by now.
    const left = loadMs === undefined ? gone : Math.max(0, loadMs - gone);
    return { ms: left + runMs(wish, 0), stuck: loadMs !== 0 && gone >= (loadMs ?? 0) };
  }
  const all = runMs(wish, gone);
  // Of a late one nothing is known but that: as long again as it is late by now (contract/chat/chat.ts, etaOf).
  return all > 0 ? { ms: Math.abs(all - gone), dueAt: startedAt + all } : { ms: 0 };
}

/** Milliseconds until a run should end; undefined where nothing is known of it. */
function leftOf({ wish, startedAt }: Running, now: number): number | undefined {
  const all = wish.expectedMs();
  return all > 0 ? startedAt + all - now : undefined;
}
