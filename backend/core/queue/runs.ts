// The runs that hold a slot: since when, how long each should take, and what to report while one takes longer. queue.ts
// decides who gets a slot.
import type { QueueClass } from '../../contract/chat/chat-request.ts';
import { onAbort } from '../abort.ts';
import type { Slot } from './estimate.ts';
import type { RunMs } from './outlook.ts';
import { LOCAL } from '../ownership.ts';
import { PastRuns, type PastRun, type Stretch } from './past-runs.ts';
import type { Clock } from '../ports.ts';
import { GIVES_WAY, type Asks, type Lane, type LeaseWish, type Waiter } from './waiter.ts';

/** A run that holds a slot. */
export interface Running {
  readonly wish: LeaseWish;
  /** Its waiter in the queue. */
  readonly waiter: Waiter;
  readonly asks: Asks;
  /** When it got its slot. */
  readonly slotAt: number;
  /** Its class when it got its slot. */
  readonly class: QueueClass;
  /** Aborts when it must stop. */
  readonly signal: AbortSignal;
  /** Stops it so that it can be retried; undefined when that is never done. */
  readonly stop: AbortController | undefined;
  /** The runner that it gives way for, once it does. */
  givesWayFor: string | undefined;
  /** Expected milliseconds of its load, as of the grant; undefined when no load of it was measured. */
  readonly loadMs: number | undefined;
  /** When it got its slot, and later when its model was ready. */
  startedAt: number;
  begun: boolean;
  /** Stops the current timer: that of the load, then that of the run. */
  over: () => void;
  /** Call when its slot is free. */
  readonly ended: () => void;
}

/** How often the estimate of an unknown load is updated. Milliseconds. */
const AGAIN_MS = 1000;

const HEARTH: Asks = { id: '', owner: LOCAL, classBy: '', flights: [] };

export class Runs {
  readonly #running = new Set<Running>();
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly past = new PastRuns();

  /** `changed` is called when the estimate for a run changed though nothing happened. */
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

  /** Starts a run; it has its slot from now on. */
  start(waiter: Waiter, loadMs: number | undefined): Running {
    const { wish, class: of, signal } = waiter;
    const stop = of === 'background' && wish.mayBeginAgain !== undefined ? new AbortController() : undefined;
    const slotAt = this.#clock.elapsed();
    const running: Running = {
      wish,
      waiter,
      asks: wish.asks?.() ?? HEARTH,
      slotAt,
      class: of,
      signal: stop?.signal ?? signal,
      stop,
      givesWayFor: undefined,
      loadMs,
      startedAt: slotAt,
      begun: false,
      over: () => undefined,
      ended: stop === undefined ? () => undefined : onAbort(signal, (reason) => stop.abort(reason)),
    };
    this.#running.add(running);
    if (loadMs !== 0) this.#watchLoad(running);
    return running;
  }

  /** Stops a run, so that one on this runner can go first. */
  giveWay(running: Running, runner: string): void {
    running.givesWayFor = runner;
    running.stop?.abort(GIVES_WAY);
  }

  /** Whether a run on this runner gives way to another one. */
  isGivenUp(runner: string): boolean {
    return this.all().some(({ wish, givesWayFor = runner }) => wish.runner === runner && givesWayFor !== runner);
  }

  /** Call when its model is ready. */
  begin(running: Running): void {
    if (!this.#running.has(running)) return;
    running.over();
    running.startedAt = this.#clock.elapsed();
    running.begun = true;
    this.#watchRun(running);
  }

  /** Milliseconds since it got its slot, or since its model was ready. */
  age({ startedAt }: Running): number {
    return this.#clock.elapsed() - startedAt;
  }

  /** Frees its slot. False if that was done before. */
  end(running: Running): boolean {
    running.over();
    running.ended();
    if (!this.#running.delete(running)) return false;
    this.past.ended(remembered(running, this.#clock.elapsed()));
    return true;
  }

  /** The runs that held a slot in a stretch of time, including those that still do. */
  during(stretch: Stretch): PastRun[] {
    const ran = this.past.runs(stretch);
    for (const running of this.#running) if (running.slotAt <= stretch.to) ran.push(remembered(running, Infinity));
    return ran;
  }

  /** The estimate of a load that is late, or of a first load, changes with time. */
  #watchLoad(running: Running): void {
    const { loadMs } = running;
    running.over = this.#clock.after(loadMs ?? AGAIN_MS, () => {
      if (loadMs === undefined) this.#watchLoad(running);
      this.#changed();
    });
  }

  /** Reports a run that becomes late, since nothing else may happen then. */
  #watchRun(running: Running): void {
    const left = leftOf(running, this.#clock.elapsed());
    if (left === undefined) return;
    if (left <= 0) return this.#changed();
    // The estimate may have changed by then.
    running.over = this.#clock.after(left, () => this.#watchRun(running));
  }

  /** When each of `count` slots of a lane should be free, the last one first. */
  slots(lane: Lane, count: number, runMs: RunMs): Slot[] {
    const now = this.#clock.elapsed();
    const taken = this.in(lane).map((running) => ({
      ...slotOf(running, now, runMs),
      isPerson: running.class === 'interactive',
    }));
    // After a change to fewer slots, more may run than there are; then the last ones to end leave a slot.
    const free = Array.from({ length: count }, (): Slot => ({ ms: 0 }));
    return [...taken, ...free].toSorted((a, b) => b.ms - a.ms).slice(0, count);
  }

  /** Whether a run for this flight takes longer than expected. */
  isLate(flight: string): boolean {
    const now = this.#clock.elapsed();
    const isLate = (running: Running): boolean => running.begun && (leftOf(running, now) ?? 1) <= 0;
    return this.all().some((running) => running.wish.serves?.(flight) === true && isLate(running));
  }

  /** Expected milliseconds of a run for this flight once its model is ready; undefined when unknown. */
  expectedMs(flight: string): number | undefined {
    const running = this.all().find(({ wish }) => wish.serves?.(flight) === true);
    if (running === undefined) return undefined;
    const all = running.wish.expectedMs();
    return all > 0 ? all : undefined;
  }
}

function remembered({ wish, asks, waiter, slotAt, class: of, loadMs, givesWayFor }: Running, to: number): PastRun {
  const { id, owner, classBy, flights } = asks;
  const { lane, runner, model, caller } = wish;
  const held = waiter.told?.waits_for;
  // Field by field: this runs for each active run whenever somebody looks, and spreading takes ten times as long.
  return {
    id,
    owner,
    classBy,
    flights,
    lane,
    runner,
    model,
    caller,
    class: of,
    from: slotAt,
    to,
    loads: loadMs !== 0,
    gaveWay: givesWayFor !== undefined,
    wentOn: waiter.wentOn,
    held: held === 'ollama' || held === 'waking' || waiter.gaveWay ? undefined : held,
  };
}

function slotOf(running: Running, now: number, runMs: RunMs): Slot {
  const { wish, loadMs, startedAt, begun, givesWayFor } = running;
  const gone = now - startedAt;
  if (givesWayFor !== undefined) {
    // A load continues for a request that needs the same runner.
    const goesOn = !begun && givesWayFor === wish.runner;
    return { ms: goesOn ? Math.max(0, (loadMs ?? 0) - gone) : 0 };
  }
  if (!begun) {
    // An unknown load is assumed to take as long again as it has taken so far.
    const left = loadMs === undefined ? gone : Math.max(0, loadMs - gone);
    return { ms: left + runMs(wish, 0), stuck: loadMs !== 0 && gone >= (loadMs ?? 0) };
  }
  const all = runMs(wish, gone);
  // A late run is assumed to need as long again as it is late (contract/chat/chat.ts, etaOf).
  return all > 0 ? { ms: Math.abs(all - gone), dueAt: startedAt + all } : { ms: 0 };
}

/** Milliseconds until a run should end; undefined when unknown. */
function leftOf({ wish, startedAt }: Running, now: number): number | undefined {
  const all = wish.expectedMs();
  return all > 0 ? startedAt + all - now : undefined;
}
