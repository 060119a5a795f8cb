// What a simulated day is made of: requests, and the line in which they wait.
import type { QueueClass } from '../../backend/contract/chat/chat-request.ts';
import type { Lane } from '../../backend/core/queue/waiter.ts';

/** A model as it is installed. */
export interface Model {
  readonly name: string;
  /** GB of the GPU's memory that it takes, its context included. */
  readonly gb: number;
  /** Milliseconds. */
  readonly loadMs: number;
  /** Milliseconds for each token of a prompt that is read, and of an answer that is written. */
  readonly readMs: number;
  readonly writeMs: number;
}

/** A request that runs a model. */
export interface Job {
  readonly model: Model;
  readonly caller: string;
  readonly class: QueueClass;
  readonly lane: Lane;
  /** Milliseconds of the run, load not included. */
  readonly runMs: number;
}

/** The right to run. */
export interface Hold {
  /** Aborts when the run is to stop, so that a person can go first: then the slot is given `back`. */
  readonly signal: AbortSignal;
  /** The model stands ready. */
  began(): void;
  /** Stands in line again. */
  back(): Promise<Hold>;
  release(): void;
}

/** A line in front of the models. */
export interface SimLine {
  /** Resolves when it may run; rejects when it waited longer than anybody may. */
  enter(job: Job): Promise<Hold>;
}
