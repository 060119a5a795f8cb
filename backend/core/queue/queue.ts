// The queue in front of the models: bounded, visible, cancellable, with a lane of slots for chats and one for embeds. Whoever holds a lease may run; a lease lives exactly
// as long as the upstream stream. Who is next is choice.ts, what those who wait are told is outlook.ts; what a lease is used for is not known here.
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
  /** Milliseconds that loading this model will take; undefined where no load of it was measured. */
  loadMs(model: string): number | undefined;
  /** Whether Ollama has both runners in memory, so that requests for both may be outstanding together. */
  resident(runner: string): boolean;
  /** What is known of Ollama's memory; undefined where nothing is. Call `recheck` when it has changed. */
  memory?(): MemoryView | undefined;
  /** What runners hold of prompts. Absent: nothing is known of that. */
  readonly prompts?: PromptView | undefined;
  /** Whether Ollama is away: then nobody is sent to it, and all wait for it. Call `recheck` when it is back. */
  away?(): boolean;
  /** While it is away: milliseconds until it should be awake, where it is being woken. */
  wakingMs?(): number | undefined;
  onChange(): void;
}

export class LeaseQueue {
  readonly #options: QueueOptions;
  readonly #line = new Line();
  readonly #runs: Runs;
  /** What waiting is measured by: it stands still while the queue is paused. */
  readonly #waitClock: PausableClock;
  readonly #outlook: Outlook;
  readonly #people: People;
  readonly #choice: Choice;
  /** Rings when the next one may start who is held up for people. */
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
   * Takes a place in line, or a slot at once when one is free. Throws at once: queue_full with the time after which
   * a place should be free, shutting_down, or the signal's reason. The clock of queue.max_wait_ms starts here, and stands still while the queue is paused.
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

  /** Its patience of `maxWaitMs` began when it came. */
  #stand(waiter: Waiter, maxWaitMs: number): Place {
    // Not by the option `signal` of addEventListener: Node then refers to the listener weakly, which keeps it, and all that it
    // knows of the request, until a full garbage collection (lib/internal/event_target.js, weakListeners).
    const off = onAbort(waiter.signal, (reason) => this.#refuse(waiter, () => reason));
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

  /** `reason` is asked when the place is free already. */
  #refuse(waiter: Waiter, reason: () => unknown): void {
    this.#line.remove(waiter);
    waiter.refuse(reason());
    this.#changed();
  }

  /** Gives leases while it can; everybody is told where they stand once the current work is done. */
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

  /** Milliseconds until a place gets free for one who is refused now, each time another one. */
  nextPlace(): number {
    return this.#outlook.nextPlace();
  }

  /** Whether a run for this flight takes longer than expected. */
  isLate(flight: string): boolean {
    return this.#runs.isLate(flight);
  }

  /** Milliseconds that a run for this flight should take, by what is known now; undefined where nothing is, or none runs. */
  expectedMs(flight: string): number | undefined {
    return this.#runs.expectedMs(flight);
  }

  /** The runs that held a slot in a stretch of time by the monotonic clock, as far as they are remembered. */
  ranDuring(stretch: Stretch): PastRun[] {
    return this.#runs.during(stretch);
  }

  /** The times in which the line did not move. */
  haltedDuring(stretch: Stretch): PastHalt[] {
    return this.#runs.past.halts(stretch);
  }

  /** Moves what waits for this flight one place nearer in its lane. The new place, from 1; undefined when nothing waits for it. */
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

  /** Whether anybody in line needs this runner. */
  wants(runner: string): boolean {
    return this.#line.wants(runner);
  }

  /**
   * Resolves as soon as nobody in line needs this runner, or when the signal aborts; at once where its run gives way for
   * another runner, since whoever else is in line for it comes after that.
   */
  async unwanted(runner: string, signal: AbortSignal): Promise<void> {
    if (!this.#runs.isGivenUp(runner)) await this.#line.unwanted(runner, signal);
  }

  /** The machine slept for so many milliseconds that the clock has counted; nobody's wait runs out by them. */
  slept(ms: number): void {
    this.#runs.past.slept(ms, this.#options.clock.elapsed());
    this.#waitClock.skip(ms);
    this.#changed();
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
