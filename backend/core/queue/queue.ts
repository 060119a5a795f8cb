// The queue in front of the models: bounded, visible, cancellable, with slots for chats and for embeds. The holder of a
// lease may run; a lease lasts exactly as long as the upstream stream. choice.ts decides who is next, outlook.ts what
// waiters are told. The queue does not know what a lease is used for.
import type { BatchFigures } from './batches.ts';
import { onAbort } from '../abort.ts';
import { Alarm } from './alarm.ts';
import { Choice, type Next } from './choice.ts';
import { PausableClock } from './pausable-clock.ts';
import type { PromptView } from './going-on.ts';
import { Line } from './line.ts';
import type { MemoryView } from './memory-view.ts';
import { Outlook, type Halt } from './outlook.ts';
import type { PastHalt, PastRun, Stretch } from './past-runs.ts';
import { People, type PeopleParts } from './people.ts';
import type { Clock } from '../ports.ts';
import { queueFull, queueTimeout, shuttingDown } from '../refusals.ts';
import { Runs, type Running } from './runs.ts';
import type { Lane, LeaseWish, Place, Waiter } from './waiter.ts';

export interface QueueOptions extends PeopleParts {
  readonly clock: Clock;
  /** Milliseconds that loading this model will take; undefined when no load of it was measured. */
  loadMs(model: string): number | undefined;
  /** Whether Ollama has the runner in memory. Requests for two runners may be outstanding if it has both. */
  resident(runner: string): boolean;
  /** What is known of Ollama's memory; undefined when nothing is. Call `recheck` when it has changed. */
  memory?(): MemoryView | undefined;
  /** What runners hold of prompts. Absent when that is unknown. */
  readonly prompts?: PromptView | undefined;
  /** Whether Ollama is away; then nothing is sent and all wait. Call `recheck` when it is back. */
  away?(): boolean;
  /** While it is away: milliseconds until it should be awake, if it is being woken. */
  wakingMs?(): number | undefined;
  onChange(): void;
}

export class LeaseQueue {
  readonly #options: QueueOptions;
  readonly #line = new Line();
  readonly #runs: Runs;
  /** Measures waiting; it stands still while the queue is paused. */
  readonly #waitClock: PausableClock;
  readonly #outlook: Outlook;
  readonly #people: People;
  readonly #choice: Choice;
  /** Rings when the next waiter that is held for people may start. */
  readonly #alarm: Alarm;
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
      plan: (lane) => this.#line.plan(lane, this.#choice.rules()),
      slots: (lane, runMs) => this.#runs.slots(lane, options.config().queue.max_concurrent, runMs),
      others: (lane) => this.#choice.others(lane),
      hold: (waiter) => this.#choice.holdFromNow(waiter),
      loadMs: (wish) => this.#loadMs(wish) ?? 0,
      size: (lane) => this.#line.size(lane),
      halted: () => this.#halted,
      wakingMs: () => options.wakingMs?.(),
    });
    this.#people = new People(options);
    this.#choice = new Choice({
      ...options,
      line: this.#line,
      runs: this.#runs,
      people: this.#people,
      waitClock: this.#waitClock,
      isHalted: () => this.#draining || this.#halted !== undefined,
    });
    this.#alarm = new Alarm(this.#waitClock, () => this.#changed());
  }

  /**
   * Enters the queue, or gets a slot at once when one is free. Throws at once: queue_full with the time after which to
   * retry, shutting_down, or the signal's reason. The timeout of queue.max_wait_ms starts here, and stands still while
   * the queue is paused.
   */
  enter(wish: LeaseWish, signal: AbortSignal): Place {
    const { max_queue_size, max_wait_ms } = this.#options.config().queue;
    if (this.#draining) throw shuttingDown();
    signal.throwIfAborted();
    if (this.full) throw queueFull(max_queue_size, this.nextPlace());
    const now = this.#waitClock.elapsed();
    const waiter = this.#line.add(wish, now - (wish.stoodMs ?? 0), signal);
    this.#people.came(waiter, now);
    return this.#stand(waiter, max_wait_ms);
  }

  /** Its timeout of `maxWaitMs` started when it came. */
  #stand(waiter: Waiter, maxWaitMs: number): Place {
    // Not by the option `signal` of addEventListener: Node then refers to the listener weakly, which keeps it, and all
    // that it references, until a full garbage collection (lib/internal/event_target.js, weakListeners).
    const off = onAbort(waiter.signal, (reason) => this.#refuse(waiter, () => reason));
    onAbort(waiter.over, off);
    const timeUp = (): void => {
      this.#refuse(waiter, () => queueTimeout(maxWaitMs, this.eta(), this.#halted === 'ollama'));
    };
    const left = Math.max(1, waiter.since + maxWaitMs - this.#waitClock.elapsed());
    this.#waitClock.sleep(left, waiter.over).then(timeUp, () => undefined);
    this.#changed();
    // At once, so that a newcomer knows its position before anything is answered.
    this.#outlook.came(waiter);
    return { lease: waiter.lease, granted: waiter.over.aborted };
  }

  /** `waited`: how long it had waited when it got its turn, in milliseconds. */
  #standAgain(running: Running, waited: number, signal: AbortSignal): Place {
    if (this.#draining) throw shuttingDown();
    signal.throwIfAborted();
    this.#runs.end(running);
    const since = this.#waitClock.elapsed() - waited;
    const { waiter, givesWayFor } = running;
    const again =
      givesWayFor === undefined ? this.#line.addBack(waiter, since, signal) : this.#line.takeBack(waiter, signal);
    return this.#stand(again, this.#options.config().queue.max_wait_ms);
  }

  /** `reason` is called after the place was freed. */
  #refuse(waiter: Waiter, reason: () => unknown): void {
    this.#line.remove(waiter);
    waiter.refuse(reason());
    this.#changed();
  }

  /** Grants leases while it can, and schedules an update for all waiters. */
  #changed(): void {
    this.#runs.past.halted(this.#halted, this.#options.clock.elapsed());
    for (let next = this.#choice.next(); next !== undefined; next = this.#choice.next()) this.#grant(next);
    for (const { running, runner } of this.#choice.stopping()) this.#runs.giveWay(running, runner);
    this.#alarm.set(this.#choice.nextHoldEnds());
    this.#options.onChange();
    this.#outlook.changed();
  }

  #grant({ turn, first }: Next): void {
    const { wish, since } = turn.waiter;
    const now = this.#waitClock.elapsed();
    const loadMs = turn.loads ? this.#loadMs(wish) : 0;
    this.#line.serve(turn, first, now);
    const running = this.#runs.start(turn.waiter, loadMs);
    this.#people.ran(running, now);
    turn.waiter.grant({
      signal: running.signal,
      began: () => {
        this.#runs.begin(running);
        this.#outlook.changed();
      },
      back: (signal) => this.#standAgain(running, now - since, signal),
      release: () => {
        if (!this.#runs.end(running)) return;
        this.#people.ran(running, this.#waitClock.elapsed());
        this.#changed();
      },
    });
  }

  #loadMs({ runner, model }: LeaseWish): number | undefined {
    return this.#options.resident(runner) ? 0 : this.#options.loadMs(model);
  }

  /** Milliseconds until a chat that came now would start. */
  eta(): number {
    return this.#outlook.eta();
  }

  /** Milliseconds a refused caller should wait before it retries. Each refusal gets a later place. */
  nextPlace(): number {
    return this.#outlook.nextPlace();
  }

  /** Whether a run for this flight takes longer than expected. */
  isLate(flight: string): boolean {
    return this.#runs.isLate(flight);
  }

  /** Expected milliseconds of a run for this flight; undefined when unknown, or when none runs. */
  expectedMs(flight: string): number | undefined {
    return this.#runs.expectedMs(flight);
  }

  /** The runs that held a slot in a stretch of time on the monotonic clock, as far as they are remembered. */
  ranDuring(stretch: Stretch): PastRun[] {
    return this.#runs.during(stretch);
  }

  /** The times in which the line did not move. */
  haltedDuring(stretch: Stretch): PastHalt[] {
    return this.#runs.past.halts(stretch);
  }

  /** Moves the waiter for this flight one place up in its lane. Returns its place, from 1, or undefined without one. */
  moveUp(flight: string): number | undefined {
    const found = this.#line.all().find(({ wish }) => wish.serves?.(flight) === true);
    if (found === undefined) return undefined;
    const place = this.#line.moveUp(found, this.#choice.rules());
    this.#changed();
    return place;
  }

  /** The models that run now or are waited for. */
  models(): Set<string> {
    return new Set(
      [...this.#runs.all().map(({ wish }) => wish), ...this.#line.all().map(({ wish }) => wish)].map(
        ({ model }) => model,
      ),
    );
  }

  /** Whether any waiter needs this runner. */
  wants(runner: string): boolean {
    return this.#line.wants(runner);
  }

  /**
   * Resolves when no waiter needs this runner, or when the signal aborts. At once when its run gives way to another
   * runner, since all other waiters for it come after that.
   */
  async unwanted(runner: string, signal: AbortSignal): Promise<void> {
    if (!this.#runs.isGivenUp(runner)) await this.#line.unwanted(runner, signal);
  }

  /** The machine slept for this many milliseconds of the clock; they do not count towards any timeout. */
  slept(ms: number): void {
    this.#runs.past.slept(ms, this.#options.clock.elapsed());
    this.#waitClock.skip(ms);
    this.#changed();
  }

  /** Running requests finish, new ones wait, and no wait times out. */
  pause(): void {
    this.#waitClock.pause();
    this.#changed();
  }

  resume(): void {
    this.#waitClock.resume();
    this.#changed();
  }

  /** Call after a change of the configuration, of a priority, or of the loaded models. */
  recheck(): void {
    this.#line.refile();
    this.#changed();
  }

  /** Refuses everything from now on, including the waiters, with shutting_down. Running requests keep their lease. */
  drain(): void {
    this.#draining = true;
    this.#outlook.stop();
    for (const waiter of this.#line.all()) this.#refuse(waiter, shuttingDown);
    this.#changed();
  }

  get paused(): boolean {
    return this.#waitClock.paused;
  }

  /** Why no slots are given out, however many are free. */
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

  /** Runs of one lane that hold a slot. */
  runningIn(lane: Lane): number {
    return this.#runs.in(lane).length;
  }

  get batches(): BatchFigures {
    return this.#line.batches;
  }

  resetCounts(): void {
    this.#line.resetCounts();
  }
}
