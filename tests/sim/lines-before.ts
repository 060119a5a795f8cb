// The orders that the one of backend/core/queue is compared with, as small as they can be: first come, first served; and
// the order before classes and before memory was looked at, in which the runner that ran last was the only one that needs
// no load. Slots, lanes and "never two runners unless both are in memory" are the same for all.
import type { Clock } from '../../backend/core/ports.ts';
import { LANES } from '../../backend/core/queue/waiter.ts';
import type { Hold, Job, Model, SimLine } from './job.ts';

interface Waiting {
  readonly job: Job;
  readonly seq: number;
  readonly since: number;
  passedSince?: number;
  readonly grant: (hold: Hold) => void;
}

export interface BeforeOptions {
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly slots: number;
  has(model: Model): boolean;
}

/** The settings of then, all at their defaults. Milliseconds. */
const AGING_MS = 60_000;
const MAX_WAIT_MS = 600_000;
const MAX_BATCH = 3;
const BATCH_TIMEOUT_MS = 2000;

/** First come, first served. */
export class FirstCome implements SimLine {
  protected readonly options: BeforeOptions;
  protected readonly waiting: Waiting[] = [];
  readonly #running = new Set<Job>();
  #arrivals = 0;

  constructor(options: BeforeOptions) {
    this.options = options;
  }

  enter(job: Job): Promise<Hold> {
    return new Promise((grant) => {
      this.waiting.push({ job, seq: this.#arrivals++, since: this.options.clock.elapsed(), grant });
      this.#grantAll();
    });
  }

  #grantAll(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#grant(next);
  }

  #next(): Waiting | undefined {
    const { slots } = this.options;
    const free = LANES.filter((lane) => [...this.#running].filter((job) => job.lane === lane).length < slots);
    const meant = this.waiting.filter(({ job }) => free.includes(job.lane));
    const first = this.first(meant);
    if (first === undefined || this.#mayRun(first)) return first;
    return this.mayBePassed(first) ? this.first(meant.filter((one) => this.#mayRun(one))) : undefined;
  }

  #mayRun({ job: { model } }: Waiting): boolean {
    const others = [...this.#running].filter((job) => job.model !== model);
    return others.length === 0 || [model, ...others.map((job) => job.model)].every((each) => this.options.has(each));
  }

  #grant(next: Waiting): void {
    this.served(next);
    this.waiting.splice(this.waiting.indexOf(next), 1);
    this.#running.add(next.job);
    next.grant({
      signal: new AbortController().signal,
      back: () => Promise.reject(new Error('Nobody gave way then.')),
      began: () => undefined,
      release: () => {
        this.#running.delete(next.job);
        this.#grantAll();
      },
    });
  }

  protected first(meant: readonly Waiting[]): Waiting | undefined {
    return meant[0];
  }

  protected mayBePassed(_first: Waiting): boolean {
    return false;
  }

  protected served(_next: Waiting): void {}
}

/** Callers in turn, and rows of one runner. */
export class RowsOfOne extends FirstCome {
  readonly #lastServed = new Map<string, number>();
  #turns = 0;
  #last: Model | undefined;
  #streak = 0;

  protected override first(meant: readonly Waiting[]): Waiting | undefined {
    const inOrder = meant.toSorted(
      (a, b) => this.#level(a) - this.#level(b) || this.#turn(a) - this.#turn(b) || a.seq - b.seq,
    );
    const [soonest] = inOrder;
    if (soonest === undefined) return undefined;
    const urgent = inOrder.filter((one) => this.#level(one) === this.#level(soonest));
    const own = urgent.find(({ job }) => job.model === this.#last);
    const others = urgent.filter(({ job }) => job.model !== this.#last);
    const overdue = others.filter((one) => this.#isOverdue(one));
    const stays = others.length === 0 || (this.#streak < MAX_BATCH && overdue.length === 0);
    return own !== undefined && stays ? own : (overdue[0] ?? others[0]);
  }

  protected override mayBePassed(first: Waiting): boolean {
    return this.#streak < MAX_BATCH && !this.#isOverdue(first);
  }

  protected override served({ job: { model, caller, lane }, seq }: Waiting): void {
    const now = this.options.clock.elapsed();
    for (const other of this.waiting) if (other.seq < seq && other.job.model !== model) other.passedSince ??= now;
    this.#lastServed.set(caller, ++this.#turns);
    if (lane !== 'chat') return;
    this.#streak = model === this.#last ? this.#streak + 1 : 1;
    this.#last = model;
  }

  #level({ since }: Waiting): number {
    const waited = this.options.clock.elapsed() - since;
    return (waited >= MAX_WAIT_MS / 2 ? -100 : 0) - Math.floor(waited / AGING_MS);
  }

  #turn({ job }: Waiting): number {
    return this.#lastServed.get(job.caller) ?? 0;
  }

  #isOverdue({ passedSince }: Waiting): boolean {
    return passedSince !== undefined && this.options.clock.elapsed() - passedSince >= BATCH_TIMEOUT_MS;
  }
}
