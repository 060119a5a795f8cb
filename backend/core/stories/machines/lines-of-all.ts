// The queues of several machines as one, for watchers and for stopping them all. Requests do not enter here: each waits
// in the queue of its machine.
import type { BatchFigures } from '../../queue/batches.ts';
import type { LeaseQueue } from '../../queue/queue.ts';
import type { Lane } from '../../queue/waiter.ts';
import type { Machine } from './machine.ts';

/** The part of a queue that is offered for all of them together. */
export type Lines = Pick<
  LeaseQueue,
  | 'eta'
  | 'nextPlace'
  | 'isLate'
  | 'expectedMs'
  | 'moveUp'
  | 'slept'
  | 'pause'
  | 'resume'
  | 'recheck'
  | 'drain'
  | 'paused'
  | 'full'
  | 'waiting'
  | 'running'
  | 'runningIn'
  | 'batches'
  | 'resetCounts'
>;

export class LinesOfAll implements Lines {
  readonly #machines: { readonly all: readonly Machine[] };

  constructor(machines: { readonly all: readonly Machine[] }) {
    this.#machines = machines;
  }

  get #lines(): readonly LeaseQueue[] {
    return this.#machines.all.map(({ queue }) => queue);
  }

  #sum(of: (line: LeaseQueue) => number): number {
    return this.#lines.reduce((sum, line) => sum + of(line), 0);
  }

  /** The shortest wait of all machines. */
  eta(): number {
    return Math.min(...this.#lines.map((line) => line.eta()));
  }

  nextPlace(): number {
    return Math.min(...this.#lines.map((line) => line.nextPlace()));
  }

  isLate(flight: string): boolean {
    return this.#lines.some((line) => line.isLate(flight));
  }

  expectedMs(flight: string): number | undefined {
    return this.#lines.map((line) => line.expectedMs(flight)).find((ms) => ms !== undefined);
  }

  moveUp(flight: string): number | undefined {
    for (const line of this.#lines) {
      const place = line.moveUp(flight);
      if (place !== undefined) return place;
    }
    return undefined;
  }

  slept(ms: number): void {
    for (const line of this.#lines) line.slept(ms);
  }

  pause(): void {
    for (const line of this.#lines) line.pause();
  }

  resume(): void {
    for (const line of this.#lines) line.resume();
  }

  recheck(): void {
    for (const line of this.#lines) line.recheck();
  }

  drain(): void {
    for (const line of this.#lines) line.drain();
  }

  /** All queues are paused together. */
  get paused(): boolean {
    return this.#lines.some(({ paused }) => paused);
  }

  get full(): boolean {
    return this.#lines.every(({ full }) => full);
  }

  get waiting(): number {
    return this.#sum(({ waiting }) => waiting);
  }

  get running(): number {
    return this.#sum(({ running }) => running);
  }

  runningIn(lane: Lane): number {
    return this.#sum((line) => line.runningIn(lane));
  }

  get batches(): BatchFigures {
    const each = this.#lines.map(({ batches }) => batches);
    const sum = (of: keyof BatchFigures): number => each.reduce((all, figures) => all + figures[of], 0);
    return {
      leases: sum('leases'),
      batches: sum('batches'),
      model_switches: sum('model_switches'),
      model_switches_avoided: sum('model_switches_avoided'),
    };
  }

  resetCounts(): void {
    for (const line of this.#lines) line.resetCounts();
  }
}
