// The queue in front of the models: bounded, visible, cancellable, with a lane of slots for chats and one for embeds. Whoever holds a lease may run; a lease lives exactly
// as long as the upstream stream. Who is next is line.ts and order.ts, what those who wait are told is outlook.ts; what a lease is used for is not known here.
import type { BatchFigures } from './batches.ts';
import { onAbort } from '../abort.ts';
import { PausableClock } from './pausable-clock.ts';
import { Line, type Rules } from './line.ts';
import type { MemoryView } from './memory-view.ts';
import type { Turn } from './order.ts';
import { Outlook, type Halt } from './outlook.ts';
import type { Clock, ReadConfig } from '../ports.ts';
import { queueFull, queueTimeout, shuttingDown } from '../refusals.ts';
import { Runs, type Running } from './runs.ts';
import { LANES, type Lane, type LeaseWish, type Place, type Waiter } from './waiter.ts';

export interface QueueOptions {
  readonly config: ReadConfig;
  readonly clock: Clock;
  /** Milliseconds that loading this model will take; undefined where no load of it was measured. */
  loadMs(model: string): number | undefined;
  /** Whether Ollama has both runners in memory, so that requests for both may be outstanding together. */
  resident(runner: string): boolean;
  /** What is known of Ollama's memory; undefined where nothing is. Call `recheck` when it has changed. */
  memory?(): MemoryView | undefined;
  /** Whether Ollama is away: then nobody is sent to it, and all wait for it. Call `recheck` when it is back. */
  away?(): boolean;
  onChange(): void;
}

export class LeaseQueue {
  readonly #options: QueueOptions;
  readonly #line = new Line();
  readonly #runs: Runs;
  /** What waiting is measured by: it stands still while the queue is paused. */
  readonly #waitClock: PausableClock;
  readonly #outlook: Outlook;
  #draining = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#waitClock = new PausableClock(options.clock);
    this.#runs = new Runs(options.clock, () => {
      options.onChange();
      this.#outlook.changed();
    });
    this.#outlook = new Outlook({
      clock: options.clock,
      plan: (lane) => this.#line.plan(lane, this.#rules()),
      slots: (lane, runMs) => this.#runs.slots(lane, options.config().queue.max_concurrent, runMs),
      loadMs: (wish) => this.#loadMs(wish) ?? 0,
      size: (lane) => this.#line.size(lane),
      halted: () => this.#halted,
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
    if (this.full) throw queueFull(max_queue_size, this.nextPlace());
    return this.#stand(this.#line.add(wish, this.#waitClock.elapsed()), max_wait_ms, signal);
  }

  /** Its patience of `maxWaitMs` began when it came. */
  #stand(waiter: Waiter, maxWaitMs: number, signal: AbortSignal): Place {
    // Not by the option `signal` of addEventListener: Node then refers to the listener weakly, which keeps it, and all that it
    // knows of the request, until a full garbage collection (lib/internal/event_target.js, weakListeners).
    const off = onAbort(signal, (reason) => this.#refuse(waiter, () => reason));
    onAbort(waiter.over, off);
    const timeUp = (): void => {
      this.#refuse(waiter, () => queueTimeout(maxWaitMs, this.eta(), this.#halted === 'ollama'));
    };
    const left = Math.max(1, waiter.since + maxWaitMs - this.#waitClock.elapsed());
    this.#waitClock.sleep(left, waiter.over).then(timeUp, () => undefined);
    this.#changed();
    // At once, so that who just came knows its position before anything is answered.
    this.#outlook.came(waiter);
    return { lease: waiter.lease, granted: waiter.over.aborted };
  }

  /** `waited`: how long it had waited when its turn came. */
  #standAgain(running: Running, waiter: Waiter, waited: number, signal: AbortSignal): Place {
    if (this.#draining) throw shuttingDown();
    signal.throwIfAborted();
    this.#runs.end(running);
    const since = this.#waitClock.elapsed() - waited;
    return this.#stand(this.#line.addBack(waiter, since), this.#options.config().queue.max_wait_ms, signal);
  }

  /** `reason` is asked when the place is free already. */
  #refuse(waiter: Waiter, reason: () => unknown): void {
    this.#line.remove(waiter);
    waiter.refuse(reason());
    this.#changed();
  }

  #slotFree(lane: Lane): boolean {
    return this.#halted === undefined && this.#runs.in(lane).length < this.#options.config().queue.max_concurrent;
  }

  /**
   * Never two runners outstanding unless both are in memory: a request for the loaded one can undo the eviction that the
   * other waits for, and Ollama then loads nothing ever again (ollama#17408).
   */
  #mayRunBeside(runner: string): boolean {
    const others = this.#runs.all().filter(({ wish }) => wish.runner !== runner);
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
      memory: this.#memory(),
      agingMs: queue.aging_ms,
      maxWaitMs: queue.max_wait_ms,
      maxBatch: batch.max_batch_size,
      batchTimeoutMs: batch.batch_timeout_ms,
    };
  }

  /** What is being loaded is in no list yet. */
  #memory(): MemoryView | undefined {
    const known = this.#options.memory?.();
    const running = this.#runs.all().map(({ wish }) => wish.runner);
    return known === undefined ? undefined : { ...known, runners: new Set([...known.runners, ...running]) };
  }

  /** `first` is the first in line, who is passed when it is another one. */
  #grant(turn: Turn<Waiter>, first: Waiter): true {
    const { wish, since } = turn.waiter;
    const now = this.#waitClock.elapsed();
    const loadMs = turn.loads ? this.#loadMs(wish) : 0;
    this.#line.serve(turn, first, now);
    const running = this.#runs.start(wish, loadMs);
    turn.waiter.grant({
      began: () => {
        this.#runs.begin(running);
        this.#outlook.changed();
      },
      back: (signal) => this.#standAgain(running, turn.waiter, now - since, signal),
      release: () => {
        if (this.#runs.end(running)) this.#changed();
      },
    });
    return true;
  }

  #loadMs({ runner, model }: LeaseWish): number | undefined {
    return this.#options.resident(runner) ? 0 : this.#options.loadMs(model);
  }

  /** Milliseconds until a chat that came now would start. */
  eta(): number {
    return this.#outlook.eta();
  }

  /** Milliseconds until a place gets free for one who is refused now, each time another one. */
  nextPlace(): number {
    return this.#outlook.nextPlace();
  }

  /** Whether a run for this flight takes longer than expected. */
  isLate(flight: string): boolean {
    return this.#runs.isLate(flight);
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
    this.#waitClock.pause();
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
    return this.#waitClock.paused;
  }

  /** Why nobody is given a slot, however many are free. */
  get #halted(): Halt | undefined {
    if (this.paused) return 'paused';
    return this.#options.away?.() === true ? 'ollama' : undefined;
  }

  get full(): boolean {
    return this.waiting >= this.#options.config().queue.max_queue_size;
  }

  get waiting(): number {
    return this.#line.size();
  }

  get running(): number {
    return this.#runs.size;
  }

  get batches(): BatchFigures {
    return this.#line.batches;
  }

  resetCounts(): void {
    this.#line.resetCounts();
  }
}
