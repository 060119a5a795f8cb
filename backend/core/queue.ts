// The queue in front of the models: bounded, visible, cancellable, with a lane of slots for chats and one for embeds. Whoever holds a lease may run; a lease lives exactly
// as long as the upstream stream. Who is next is line.ts and order.ts; what a lease is used for is not known here.
import type { Waiting } from '../contract/chat.ts';
import { AppError } from '../contract/errors.ts';
import type { BatchFigures } from './batches.ts';
import { startTimes, type Planned } from './estimate.ts';
import { Line } from './line.ts';
import type { Clock, ReadConfig } from './ports.ts';
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
  readonly startedAt: number;
}

/** In a line up to this long everybody is told of every change at once. */
const TOLD_AT_ONCE = 100;
/** In a longer one there is a pause of a millisecond for each who was told, and at most this. */
const LONGEST_PAUSE_MS = 1000;

export class LeaseQueue {
  readonly #options: QueueOptions;
  readonly #line = new Line();
  readonly #running = new Set<Running>();
  #paused = false;
  #draining = false;
  #telling = false;
  #tellAgainAt = -Infinity;
  readonly #drained = new AbortController();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /**
   * Takes a place in line, or a slot at once when one is free. Throws at once: queue_full with the time after which
   * a place should be free, shutting_down, or the signal's reason. The clock of queue.max_wait_ms starts here.
   */
  enter(wish: LeaseWish, signal: AbortSignal): Place {
    const { max_queue_size, max_wait_ms } = this.#options.config().queue;
    if (this.#draining) throw shuttingDown();
    signal.throwIfAborted();
    if (this.#line.size >= max_queue_size) throw this.#full(max_queue_size);
    const { clock } = this.#options;
    const waiter = this.#line.add(wish, clock.now());
    const onAbort = (): void => this.#refuse(waiter, () => signal.reason);
    signal.addEventListener('abort', onAbort, { once: true, signal: waiter.over });
    const timeUp = (): void => this.#refuse(waiter, () => this.#timedOut(max_wait_ms));
    clock.sleep(max_wait_ms, waiter.over).then(timeUp, () => undefined);
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

  #timedOut(ms: number): AppError {
    return new AppError('queue_timeout', `The request waited ${inWords(ms)} in the queue. Try again later.`, {
      retryAfterMs: this.eta(),
    });
  }

  #full(max: number): AppError {
    const retryAfterMs = this.eta();
    return new AppError('queue_full', `The queue is full: ${max} wait. Try again in about ${inWords(retryAfterMs)}.`, {
      retryAfterMs,
      native: { status: 503, body: { error: 'server busy, please try again.  maximum pending requests exceeded' } },
    });
  }

  #slotFree(lane: Lane): boolean {
    return !this.#paused && this.#runningIn(lane).length < this.#options.config().queue.max_concurrent;
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
    return head.passedSince === undefined || this.#options.clock.now() - head.passedSince < batch_timeout_ms;
  }

  #plan(): Waiter[] {
    const { queue, batch } = this.#options.config();
    return this.#line.inOrder({
      now: this.#options.clock.now(),
      agingMs: queue.aging_ms,
      maxBatch: batch.max_batch_size,
      batchTimeoutMs: batch.batch_timeout_ms,
    });
  }

  #grant(waiter: Waiter, order: readonly Waiter[]): void {
    const startedAt = this.#options.clock.now();
    this.#line.serve(waiter, order, startedAt);
    const running: Running = { wish: waiter.wish, startedAt };
    this.#running.add(running);
    waiter.grant({
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
    const pause = this.#tellAgainAt - clock.now();
    if (pause <= 0) queueMicrotask(tell);
    else clock.sleep(Math.min(pause, LONGEST_PAUSE_MS), this.#drained.signal).then(tell, () => undefined);
  }

  /** Tells everybody who does not know it yet where they stand, or one of them alone. */
  #tell(only?: Waiter): void {
    if (only === undefined) this.#telling = false;
    const order = this.#plan();
    const lanes = LANES.map((lane) => order.filter(({ wish }) => wish.lane === lane));
    let told = 0;
    for (const { waiter, waiting } of lanes.flatMap((lane) => this.#places(lane))) {
      if (only !== undefined && waiter !== only) continue;
      const { told: known } = waiter;
      // A new estimate alone is news only when it moved by more than a second; a new position always is.
      if (known?.position === waiting.position && Math.abs(known.eta_ms - waiting.eta_ms) < 1000) continue;
      waiter.told = waiting;
      waiter.wish.onWaiting(waiting);
      told++;
    }
    if (told > TOLD_AT_ONCE) this.#tellAgainAt = this.#options.clock.now() + Math.min(told, LONGEST_PAUSE_MS);
  }

  /** Where those of one lane stand, in their order. */
  #places(order: readonly Waiter[]): { readonly waiter: Waiter; readonly waiting: Waiting }[] {
    const [first] = order;
    if (first === undefined) return [];
    const etas = startTimes(this.#planned(order), this.#slots(first.wish.lane), this.#line.runner);
    return order.map((waiter, i) => ({
      waiter,
      waiting: { phase: 'queued', position: i + 1, eta_ms: etas[i] ?? 0 },
    }));
  }

  #planned(order: readonly Waiter[]): Planned[] {
    return order.map(({ wish }) => ({
      runner: wish.runner,
      runMs: wish.expectedMs(),
      loadMs: this.#options.resident(wish.runner) ? 0 : this.#options.loadMs(wish.model),
    }));
  }

  /** For each slot of a lane, the expected milliseconds until it is free. */
  #slots(lane: Lane): number[] {
    const now = this.#options.clock.now();
    const { max_concurrent } = this.#options.config().queue;
    const taken = this.#runningIn(lane).map(({ wish, startedAt }) =>
      Math.max(0, wish.expectedMs() - (now - startedAt)),
    );
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

  /** Running ones finish, new ones wait. */
  pause(): void {
    this.#paused = true;
    this.#changed();
  }

  resume(): void {
    this.#paused = false;
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
    return this.#paused;
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

/** The refusal of a gateway that stops. */
export function shuttingDown(
  sentence = 'Hearth is stopping and takes no new work. Try again when it runs again.',
): AppError {
  return new AppError('shutting_down', sentence, { retryAfterMs: 5000 });
}

/** `41 s`, `4 min 10 s`: whole seconds, rounded up. */
function inWords(ms: number): string {
  const whole = Math.max(1, Math.ceil(ms / 1000));
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60;
  return rest === 0 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 60)} min ${rest} s`;
}
