// The queue in front of the models: bounded, visible, cancellable, with a lane of slots for chats and one for embeds. Whoever holds a lease may run; a lease lives exactly
// as long as the upstream stream. Who is next is line.ts and order.ts; what a lease is used for is not known here.
import { etaOf, type Waiting } from '../contract/chat.ts';
import type { BatchFigures } from './batches.ts';
import { startTimes, type Planned } from './estimate.ts';
import { HaltingClock } from './halting-clock.ts';
import { Line } from './line.ts';
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
}

/** In a line up to this long everybody is told of every change at once. */
const TOLD_AT_ONCE = 100;
/** In a longer one there is a pause of a millisecond for each who was told, and at most this. */
const LONGEST_PAUSE_MS = 1000;

export class LeaseQueue {
  readonly #options: QueueOptions;
  readonly #line = new Line();
  readonly #running = new Set<Running>();
  /** What queue.max_wait_ms goes by; it stands still while the queue is paused. */
  readonly #waitClock: HaltingClock;
  #draining = false;
  #telling = false;
  #tellAgainAt = -Infinity;
  readonly #drained = new AbortController();

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#waitClock = new HaltingClock(options.clock);
  }

  /**
   * Takes a place in line, or a slot at once when one is free. Throws at once: queue_full with the time after which
   * a place should be free, shutting_down, or the signal's reason. The clock of queue.max_wait_ms starts here, and stands still while the queue is paused.
   */
  enter(wish: LeaseWish, signal: AbortSignal): Place {
    const { max_queue_size, max_wait_ms } = this.#options.config().queue;
    if (this.#draining) throw shuttingDown();
    signal.throwIfAborted();
    if (this.#line.size >= max_queue_size) throw queueFull(max_queue_size, this.eta());
    const waiter = this.#line.add(wish, this.#options.clock.elapsed());
    const onAbort = (): void => this.#refuse(waiter, () => signal.reason);
    signal.addEventListener('abort', onAbort, { once: true, signal: waiter.over });
    const timeUp = (): void => this.#refuse(waiter, () => queueTimeout(max_wait_ms, this.eta()));
    this.#waitClock.sleep(max_wait_ms, waiter.over).then(timeUp, () => undefined);
    this.#changed();
    // At once, so that who just came knows its position before anything is answered.
    if (this.#line.size <= TOLD_AT_ONCE) this.#tell();
    else this.#tell(waiter);
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
    while (this.#line.size > 0) {
      const free = LANES.filter((lane) => this.#slotFree(lane));
      if (free.length === 0) break;
      const order = this.#plan();
      // Who waits for a slot of the other lane is not passed by one who takes a slot of this.
      const able = order.filter(({ wish }) => free.includes(wish.lane));
      const next = able.find((waiter) => this.#mayRunBeside(waiter.wish.runner));
      if (next === undefined || !this.#mayPass(able[0], next)) break;
      this.#grant(next, order);
    }
    this.#options.onChange();
    this.#tellSoon();
  }

  /** When the first in line waits for its runner, others may use the slots beside it, but not for ever. */
  #mayPass(head: Waiter | undefined, next: Waiter): boolean {
    if (head === undefined || head === next) return true;
    const { max_batch_size, batch_timeout_ms } = this.#options.config().batch;
    if (this.#line.streak >= max_batch_size) return false;
    return head.passedSince === undefined || this.#options.clock.elapsed() - head.passedSince < batch_timeout_ms;
  }

  #plan(): Waiter[] {
    const { queue, batch } = this.#options.config();
    return this.#line.inOrder({
      now: this.#options.clock.elapsed(),
      agingMs: queue.aging_ms,
      maxBatch: batch.max_batch_size,
      batchTimeoutMs: batch.batch_timeout_ms,
    });
  }

  #grant(waiter: Waiter, order: readonly Waiter[]): void {
    const { clock } = this.#options;
    const { wish } = waiter;
    const startedAt = clock.elapsed();
    const loadMs = wish.runner === this.#line.runner ? 0 : this.#loadMs(wish);
    this.#line.serve(waiter, order, startedAt);
    const running: Running = { wish, loadMs, startedAt, begun: false };
    this.#running.add(running);
    waiter.grant({
      began: () => {
        running.startedAt = clock.elapsed();
        running.begun = true;
        if (this.#line.size > 0) this.#tellSoon();
      },
      release: () => {
        if (this.#running.delete(running)) this.#changed();
      },
    });
  }

  #tellSoon(): void {
    if (this.#telling) return;
    this.#telling = true;
    // Unless they have been told since: who enters is told at once.
    const tell = (): void => void (this.#telling && this.#tell());
    const { clock } = this.#options;
    const pause = this.#tellAgainAt - clock.elapsed();
    if (pause <= 0) queueMicrotask(tell);
    else clock.sleep(Math.min(pause, LONGEST_PAUSE_MS), this.#drained.signal).then(tell, () => undefined);
  }

  /** Tells everybody who does not know it yet where they stand, or one of them alone. */
  #tell(only?: Waiter): void {
    if (only === undefined) this.#telling = false;
    const order = this.#plan();
    const lanes = LANES.map((lane) => order.filter(({ wish }) => wish.lane === lane));
    let told = 0;
    const now = this.#options.clock.elapsed();
    for (const { waiter, waiting } of lanes.flatMap((lane) => this.#places(lane, now))) {
      if (only !== undefined && waiter !== only) continue;
      if (waiter.told !== undefined && !isNews(waiter.told, waiting, now)) continue;
      waiter.told = waiting;
      waiter.wish.onWaiting(waiting);
      told++;
    }
    if (told > TOLD_AT_ONCE) this.#tellAgainAt = this.#options.clock.elapsed() + Math.min(told, LONGEST_PAUSE_MS);
  }

  /** Where those of one lane stand, in their order. */
  #places(order: readonly Waiter[], now: number): { readonly waiter: Waiter; readonly waiting: Waiting }[] {
    const [first] = order;
    if (first === undefined) return [];
    const etas = startTimes(this.#planned(order), this.#slots(first.wish.lane), this.#line.runner);
    return order.map((waiter, i) => ({
      waiter,
      waiting: {
        phase: 'queued',
        position: i + 1,
        eta_ms: etas[i] ?? 0,
        // While it is paused nobody comes nearer by waiting.
        ...(this.paused ? {} : { as_of: now }),
      },
    }));
  }

  #planned(order: readonly Waiter[]): Planned[] {
    return order.map(({ wish }) => ({
      runner: wish.runner,
      runMs: wish.expectedMs(),
      loadMs: this.#loadMs(wish),
    }));
  }

  #loadMs({ runner, model }: LeaseWish): number {
    return this.#options.resident(runner) ? 0 : this.#options.loadMs(model);
  }

  /** For each slot of a lane, the expected milliseconds until it is free. */
  #slots(lane: Lane): number[] {
    const now = this.#options.clock.elapsed();
    const { max_concurrent } = this.#options.config().queue;
    const taken = this.#runningIn(lane).map(({ wish, loadMs, startedAt, begun }) => {
      const gone = now - startedAt;
      return begun ? Math.max(0, wish.expectedMs() - gone) : Math.max(0, loadMs - gone) + wish.expectedMs();
    });
    // After a change to fewer slots more run than there are: then the last ones to end leave a slot.
    return [...taken, ...Array<number>(max_concurrent).fill(0)].toSorted((a, b) => b - a).slice(0, max_concurrent);
  }

  /** Milliseconds until a chat that came now would start. */
  eta(): number {
    const newcomer: Planned = { runner: '', runMs: 0, loadMs: 0 };
    const order = this.#plan().filter(({ wish }) => wish.lane === 'chat');
    return startTimes([...this.#planned(order), newcomer], this.#slots('chat'), this.#line.runner).at(-1) ?? 0;
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
    this.#changed();
  }

  /** Refuses everything from now on, also those in line, with shutting_down. Running ones keep their lease. */
  drain(): void {
    this.#draining = true;
    this.#drained.abort();
    for (const waiter of this.#plan()) this.#refuse(waiter, shuttingDown);
    this.#changed();
  }

  get paused(): boolean {
    return this.#waitClock.halted;
  }

  get full(): boolean {
    return this.#line.size >= this.#options.config().queue.max_queue_size;
  }

  get waiting(): number {
    return this.#line.size;
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

/** A new estimate alone is news only when it is more than a second off what the old one has come to. */
function isNews(told: Waiting, waiting: Waiting, now: number): boolean {
  if (told.position !== waiting.position || (told.as_of === undefined) !== (waiting.as_of === undefined)) return true;
  return Math.abs(etaOf(told, now) - waiting.eta_ms) >= 1000;
}
