// Those who wait, and the order in which they should run: who they are, whose turn it was last, which runner ran last.
// It knows neither slots nor a clock; queue.ts decides when somebody may run and says what time it is.
import { BatchCounter, type BatchFigures } from './batches.ts';
import { planOrder, type PlanState } from './order.ts';
import { Waiter, type LeaseWish } from './waiter.ts';

/** Callers whose turn is remembered; the one served longest ago is forgotten. */
const MAX_CALLERS = 1000;

export class Line {
  readonly #waiters = new Set<Waiter>();
  readonly #lastServed = new Map<string, number>();
  readonly #unwanted = new Set<{ readonly runner: string; readonly resolve: () => void }>();
  readonly #batches = new BatchCounter();
  #arrivals = 0;
  #turns = 0;
  #runner: string | undefined;
  #streak = 0;

  get size(): number {
    return this.#waiters.size;
  }

  /** The runner of the chat that ran last. */
  get runner(): string | undefined {
    return this.#runner;
  }

  /** How many of its requests ran in a row. */
  get streak(): number {
    return this.#streak;
  }

  get batches(): BatchFigures {
    return this.#batches.figures;
  }

  resetCounts(): void {
    this.#batches.reset();
  }

  add(wish: LeaseWish, now: number): Waiter {
    const fifoSwitch = wish.lane === 'chat' && this.#batches.arrived(wish.runner);
    const waiter = new Waiter(wish, this.#arrivals++, now, fifoSwitch);
    this.#waiters.add(waiter);
    return waiter;
  }

  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    for (const watch of this.#unwanted) if (!this.wants(watch.runner)) watch.resolve();
  }

  /** All who wait, the next one first. */
  inOrder(rules: Omit<PlanState, 'runner' | 'streak' | 'lastServed'>): Waiter[] {
    const views = [...this.#waiters].map((waiter) => ({
      seq: waiter.seq,
      priority: waiter.wish.priority(),
      caller: waiter.wish.caller,
      runner: waiter.wish.runner,
      since: waiter.since,
      passedSince: waiter.passedSince,
      waiter,
    }));
    const state = { ...rules, runner: this.#runner, streak: this.#streak, lastServed: this.#lastServed };
    return planOrder(views, state).map(({ waiter }) => waiter);
  }

  /** This one runs now and waits no more; `order` is what inOrder said, and tells whom it overtakes. */
  serve(waiter: Waiter, order: readonly Waiter[], now: number): void {
    const { lane, runner, caller } = waiter.wish;
    const turn = order.indexOf(waiter);
    for (const [i, other] of order.entries()) {
      const overtaken = i < turn || other.seq < waiter.seq;
      if (overtaken && other.wish.runner !== runner) other.passedSince ??= now;
    }
    // An embed runs beside the chats: it ends no batch of theirs.
    if (lane === 'chat') {
      this.#batches.leased(runner, waiter.fifoSwitch);
      this.#streak = runner === this.#runner ? this.#streak + 1 : 1;
      this.#runner = runner;
    }
    this.#lastServed.delete(caller);
    this.#lastServed.set(caller, ++this.#turns);
    const longestAgo = this.#lastServed.keys().next();
    if (this.#lastServed.size > MAX_CALLERS && longestAgo.done !== true) this.#lastServed.delete(longestAgo.value);
    this.remove(waiter);
  }

  /** Whether anybody needs this runner. */
  wants(runner: string): boolean {
    for (const waiter of this.#waiters) if (waiter.wish.runner === runner) return true;
    return false;
  }

  /** Resolves as soon as nobody needs this runner, or when the signal aborts. */
  async unwanted(runner: string, signal: AbortSignal): Promise<void> {
    if (!this.wants(runner) || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const watch = {
        runner,
        resolve: () => {
          signal.removeEventListener('abort', watch.resolve);
          this.#unwanted.delete(watch);
          resolve();
        },
      };
      this.#unwanted.add(watch);
      signal.addEventListener('abort', watch.resolve, { once: true });
    });
  }
}
