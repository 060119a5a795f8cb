// The queue in front of the models: bounded, visible, cancellable, with a lane of slots for chats and one for embeds. Whoever holds a lease may run; a lease lives exactly
// as long as the upstream stream. Who is next is line.ts and order.ts, what those who wait are told is outlook.ts; what a lease is used for is not known here.
import type { BatchFigures } from './batches.ts';
import type { Slot } from './estimate.ts';
import { HaltingClock } from './halting-clock.ts';
import { Line, type Rules } from './line.ts';
import type { Turn } from './order.ts';
import { Outlook, type RunMs } from './outlook.ts';
import type { Clock, ReadConfig } from './ports.ts';
import { queueFull, queueTimeout, shuttingDown } from './refusals.ts';
import { LANES, type Lane, type Lease, type LeaseWish, type Waiter } from './waiter.ts';

/** A place in line. `lease` rejects with the signal's reason, queue_timeout, or shutting_down. */
export interface Place {
  readonly lease: Promise<Lease>;
  /** Whether there was a slot at once. */
  readonly granted: boolean;
}

export interface QueueOptions {
  readonly config: ReadConfig;
  readonly clock: Clock;
  /** Milliseconds that loading this model will take. */
  loadMs(model: string): number;
  /** Whether Ollama has both runners in memory, so that requests for both may be outstanding together. */
  resident(runner: string): boolean;
  onChange(): void;
}

interface Running {
  readonly wish: LeaseWish;
  /** Expected milliseconds of the load before it, at the time of the grant. */
  readonly loadMs: number;
  /** When it got its slot; from when its model stood ready, that. */
  startedAt: number;
  begun: boolean;
  readonly over: AbortController;
}

/** Node's timers take no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class LeaseQueue {
  readonly #options: QueueOptions;
  readonly #line = new Line();
  readonly #running = new Set<Running>();
  /** What waiting is measured by: it stands still while the queue is paused. */
  readonly #waitClock: HaltingClock;
  readonly #outlook: Outlook;
  #draining = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#waitClock = new HaltingClock(options.clock);
    this.#outlook = new Outlook({
      clock: options.clock,
      order: (lane) => this.#line.order(lane, this.#rules()),
      slots: (lane, runMs) => this.#slots(lane, runMs),
      loadMs: (wish) => this.#loadMs(wish),
      runner: () => this.#line.runner,
      size: (lane) => this.#line.size(lane),
      isPaused: () => this.paused,
    });
  }

  /**
   * Takes a place in line, or a slot at once when one is free. Throws at once: queue_full with the time after which
   * a place should be free, shutting_down, or the signal's reason. The clock of queue.max_wait_ms starts here, and stands still while the queue is paused.
   */
  enter(wish: LeaseWish, signal: AbortSignal): Place {
    const { max_queue_size, max_wait_ms } = this.#options.config().queue;
    if (this.#draining) throw shuttingDown();
    signal.throwIfAborted();
    if (this.full) throw queueFull(max_queue_size, this.#outlook.nextPlace());
    const waiter = this.#line.add(wish, this.#waitClock.elapsed());
    const onAbort = (): void => this.#refuse(waiter, () => signal.reason);
    signal.addEventListener('abort', onAbort, { once: true, signal: waiter.over });
    const timeUp = (): void => this.#refuse(waiter, () => queueTimeout(max_wait_ms, this.eta()));
    this.#waitClock.sleep(max_wait_ms, waiter.over).then(timeUp, () => undefined);
    this.#changed();
    // At once, so that who just came knows its position before anything is answered.
    this.#outlook.came(waiter);
    return { lease: waiter.lease, granted: waiter.over.aborted };
  }

  /** `reason` is asked when the place is free already. */
  #refuse(waiter: Waiter, reason: () => unknown): void {
    this.#line.remove(waiter);
    waiter.refuse(reason());
    this.#changed();
  }

  #slotFree(lane: Lane): boolean {
    return !this.paused && this.#runningIn(lane).length < this.#options.config().queue.max_concurrent;
  }

  #runningIn(lane: Lane): Running[] {
    return [...this.#running].filter(({ wish }) => wish.lane === lane);
  }

  /**
   * Never two runners outstanding unless both are in memory: a request for the loaded one can undo the eviction that the
   * other waits for, and Ollama then loads nothing ever again (ollama#17408).
   */
  #mayRunBeside(runner: string): boolean {
    const others = [...this.#running].filter(({ wish }) => wish.runner !== runner);
    if (others.length === 0) return true;
    return this.#options.resident(runner) && others.every(({ wish }) => this.#options.resident(wish.runner));
  }

  /** Gives leases while it can; everybody is told where they stand once the current work is done. */
  #changed(): void {
    while (this.#line.size() > 0 && this.#grantNext());
    this.#options.onChange();
    this.#outlook.changed();
  }

  /** Gives a lease to the next one that may have one. False: there is none. */
  #grantNext(): boolean {
    // Who waits for a slot of the other lane is not passed by one who takes a slot of this.
    const lanes = LANES.filter((lane) => this.#slotFree(lane));
    if (lanes.length === 0) return false;
    const rules = this.#rules();
    const first = this.#line.next(rules, ({ lane }) => lanes.includes(lane));
    if (first === undefined) return false;
    if (this.#mayRunBeside(first.waiter.runner)) return this.#grant(first, first.waiter);
    if (!this.#mayBePassed(first.waiter)) return false;
    const next = this.#line.next(rules, ({ lane, runner }) => lanes.includes(lane) && this.#mayRunBeside(runner));
    return next !== undefined && this.#grant(next, first.waiter);
  }

  /** When the first in line waits for its runner, others may use the slots beside it, but not for ever. */
  #mayBePassed(first: Waiter): boolean {
    const { max_batch_size, batch_timeout_ms } = this.#options.config().batch;
    if (this.#line.streak >= max_batch_size) return false;
    return first.passedSince === undefined || this.#waitClock.elapsed() - first.passedSince < batch_timeout_ms;
  }

  #rules(): Rules {
    const { queue, batch } = this.#options.config();
    return {
      now: this.#waitClock.elapsed(),
      agingMs: queue.aging_ms,
      maxWaitMs: queue.max_wait_ms,
      maxBatch: batch.max_batch_size,
      batchTimeoutMs: batch.batch_timeout_ms,
    };
  }

  /** `first` is the first in line, who is passed when it is another one. */
  #grant(turn: Turn<Waiter>, first: Waiter): true {
    const { clock } = this.#options;
    const { wish } = turn.waiter;
    const loadMs = wish.runner === this.#line.runner ? 0 : this.#loadMs(wish);
    this.#line.serve(turn, first, this.#waitClock.elapsed());
    const running: Running = { wish, loadMs, startedAt: clock.elapsed(), begun: false, over: new AbortController() };
    this.#running.add(running);
    turn.waiter.grant({
      began: () => {
        running.startedAt = clock.elapsed();
        running.begun = true;
        this.#outlook.changed();
        void this.#watchFor(running);
      },
      release: () => {
        if (!this.#running.delete(running)) return;
        running.over.abort();
        this.#changed();
      },
    });
    return true;
  }

  /** When a run takes longer than expected nothing else may happen, and yet everybody is to know. */
  async #watchFor(running: Running): Promise<void> {
    const { clock, onChange } = this.#options;
    const { signal } = running.over;
    for (;;) {
      const left = leftOf(running, clock.elapsed());
      if (left === undefined || signal.aborted) return;
      if (left <= 0) break;
      // What is expected may have changed meanwhile.
      await clock.sleep(Math.min(left, LONGEST_TIMER_MS), signal).catch(() => undefined);
    }
    onChange();
    this.#outlook.changed();
  }

  #loadMs({ runner, model }: LeaseWish): number {
    return this.#options.resident(runner) ? 0 : this.#options.loadMs(model);
  }

  /** When each slot of a lane should be free. */
  #slots(lane: Lane, runMs: RunMs): Slot[] {
    const now = this.#options.clock.elapsed();
    const { max_concurrent } = this.#options.config().queue;
    const taken = this.#runningIn(lane).map(({ wish, loadMs, startedAt, begun }): Slot => {
      const gone = now - startedAt;
      if (!begun) return { ms: Math.max(0, loadMs - gone) + runMs(wish, 0), stuck: loadMs > 0 && gone > loadMs };
      const all = runMs(wish, gone);
      // Of a late one nothing is known but that: as long again as it is late by now (contract/chat.ts, etaOf).
      return all > 0 ? { ms: Math.abs(all - gone), dueAt: startedAt + all } : { ms: 0 };
    });
    // After a change to fewer slots more run than there are: then the last ones to end leave a slot.
    const free = Array.from({ length: max_concurrent }, (): Slot => ({ ms: 0 }));
    return [...taken, ...free].toSorted((a, b) => b.ms - a.ms).slice(0, max_concurrent);
  }

  /** Milliseconds until a chat that came now would start. */
  eta(): number {
    return this.#outlook.eta();
  }

  /** Whether a run for this flight takes longer than expected. */
  isLate(flight: string): boolean {
    const now = this.#options.clock.elapsed();
    const isLate = (running: Running): boolean => running.begun && (leftOf(running, now) ?? 1) <= 0;
    return [...this.#running].some((running) => running.wish.serves?.(flight) === true && isLate(running));
  }

  /** Moves what waits for this flight one place nearer in its lane. The new place, from 1; undefined when nothing waits for it. */
  moveUp(flight: string): number | undefined {
    const found = this.#line.all().find(({ wish }) => wish.serves?.(flight) === true);
    if (found === undefined) return undefined;
    const place = this.#line.moveUp(found, this.#rules());
    this.#changed();
    return place;
  }

  /** Whether anybody in line needs this runner. */
  wants(runner: string): boolean {
    return this.#line.wants(runner);
  }

  /** Resolves as soon as nobody in line needs this runner, or when the signal aborts. */
  unwanted(runner: string, signal: AbortSignal): Promise<void> {
    return this.#line.unwanted(runner, signal);
  }

  /** Running ones finish, new ones wait, and nobody's wait runs out. */
  pause(): void {
    this.#waitClock.halt();
    this.#changed();
  }

  resume(): void {
    this.#waitClock.resume();
    this.#changed();
  }

  /** After a change of the configuration, of a priority, or of the models in memory. */
  recheck(): void {
    this.#line.refile();
    this.#changed();
  }

  /** Refuses everything from now on, also those in line, with shutting_down. Running ones keep their lease. */
  drain(): void {
    this.#draining = true;
    this.#outlook.stop();
    for (const waiter of this.#line.all()) this.#refuse(waiter, shuttingDown);
    this.#changed();
  }

  get paused(): boolean {
    return this.#waitClock.halted;
  }

  get full(): boolean {
    return this.waiting >= this.#options.config().queue.max_queue_size;
  }

  get waiting(): number {
    return this.#line.size();
  }

  get running(): number {
    return this.#running.size;
  }

  get batches(): BatchFigures {
    return this.#line.batches;
  }

  resetCounts(): void {
    this.#line.resetCounts();
  }
}

/** Milliseconds until a run should end; undefined where nothing is known of it. */
function leftOf({ wish, startedAt }: Running, now: number): number | undefined {
  const all = wish.expectedMs();
  return all > 0 ? startedAt + all - now : undefined;
}
