// Sends a request to one of several machines, and moves it when that machine is lost before any of the answer was sent.
// It moves only once, since the request itself may be what brings machines down. A machine that was to be woken and did
// not come up does not count. Age and waiting time carry over. With a single machine there is nowhere to move to.
import { asAppError } from '../../../contract/errors.ts';
import { onAbort } from '../../abort.ts';
import type { Trace } from '../../requests/trace.ts';
import { isUp, type Machines, type Wanted } from './machine-choice.ts';
import { nameOf, type Machine } from './machine.ts';

/** Why a request leaves its machine. One shared error, as OVER is. */
const MOVES = new Error('Another machine serves it.');

/** Where a request begins, what it wants, and where its moves are noted. */
export interface Journey {
  readonly first: Machine;
  readonly wanted: Wanted;
  /** Ends the request wherever it is. */
  readonly signal: AbortSignal;
  /** Whether the caller has received any of the answer; then it stays. */
  told?(): boolean;
  /** Records which machine it is on. */
  readonly trace: Trace;
}

/** A request's stay at one machine. */
export interface Stay {
  /** Aborts with the journey's reason, or when the request should move to another machine. */
  readonly signal: AbortSignal;
  /** Milliseconds since the journey began; undefined at the first machine. */
  readonly stoodMs?: number | undefined;
  /** Whether another machine would serve it now. */
  readonly mayLeave?: (() => boolean) | undefined;
}

/**
 * Does the work at the first machine, and at another when the first is lost. Throws at once what the work at the first
 * machine throws at once. Rejects with what the work rejects with.
 */
export function withFailover<T>(
  machines: Machines,
  journey: Journey,
  work: (machine: Machine, stay: Stay) => Promise<T>,
): Promise<T> {
  const { first, signal, trace } = journey;
  if (machines.only !== undefined) {
    if (first.place !== undefined) trace.upstream = nameOf(first);
    return work(first, { signal });
  }
  const roamer = new Roamer(machines, journey);
  return roamer.goOn(roamer.begun(work), work);
}

class Roamer {
  readonly #machines: Machines;
  readonly #journey: Journey;
  readonly #beganAt: number;
  #at: Machine;
  /** Whether it has left a machine that was asked. */
  #moved = false;
  #end: () => void = () => undefined;

  constructor(machines: Machines, journey: Journey) {
    this.#machines = machines;
    this.#journey = journey;
    this.#at = journey.first;
    this.#beganAt = this.#at.clock.elapsed();
  }

  /** Not async, so that what the work throws at once is thrown at once. */
  begun<T>(work: (machine: Machine, stay: Stay) => Promise<T>): Promise<T> {
    try {
      return work(this.#at, this.#stay());
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async goOn<T>(begun: Promise<T>, work: (machine: Machine, stay: Stay) => Promise<T>): Promise<T> {
    let ran = begun;
    for (;;) {
      try {
        const done = await ran;
        this.#end();
        return done;
      } catch (error) {
        this.#end();
        const next = this.#nextAfter(error);
        if (next === undefined) throw error === MOVES ? this.#journey.signal.reason : error;
        if (next !== this.#at) this.#leaveFor(next);
        ran = this.begun(work);
      }
    }
  }

  /** The machine to go on with after a failure; undefined when the failure is final. */
  #nextAfter(error: unknown): Machine | undefined {
    if (this.#journey.signal.aborted) return undefined;
    // The other machine may be gone by now; then it waits where it is.
    if (error === MOVES) return this.#other() ?? this.#at;
    const { code, broke } = asAppError(error);
    // A machine with a queue of its own may have no room there.
    const isElsewhere = code === 'queue_full' || code === 'model_not_found';
    return (broke || code === 'upstream_unreachable' || isElsewhere) && this.#mayLeave() ? this.#other() : undefined;
  }

  #leaveFor(next: Machine): void {
    const { trace } = this.#journey;
    const { waker } = this.#at;
    const neverCame = waker !== undefined && !waker.isWaking && !isUp(this.#at) && trace.load === undefined;
    if (!neverCame) this.#moved = true;
    trace.movedFrom = nameOf(this.#at);
    this.#at = next;
  }

  #stay(): Stay {
    const { signal, wanted, trace, first } = this.#journey;
    const machine = this.#at;
    const here = new AbortController();
    const deaf = onAbort(signal, (reason) => here.abort(reason));
    const blind = this.#machines.onLook(() => {
      if (this.#machines.isLost(machine, wanted.model) && this.#mayLeave()) here.abort(MOVES);
    });
    this.#end = () => {
      deaf();
      blind();
    };
    trace.upstream = nameOf(machine);
    const stoodMs = machine === first ? undefined : machine.clock.elapsed() - this.#beganAt;
    return { signal: here.signal, stoodMs, mayLeave: () => this.#mayLeave() };
  }

  #mayLeave(): boolean {
    return !this.#moved && this.#journey.told?.() !== true && this.#other() !== undefined;
  }

  #other(): Machine | undefined {
    return this.#machines.choose(this.#journey.wanted, new Set([this.#at]));
  }
}
