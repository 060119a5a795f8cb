// A request that several machines could serve goes to one of them, and to another one when that is gone before anything of
// the answer was told: once, since it may be the request that brings machines down. One that was to be woken, and did not
// come, was asked nothing, and does not count. Age and patience in line go on. With one machine there is nowhere to go.
import { asAppError } from '../../../contract/errors.ts';
import { onAbort } from '../../abort.ts';
import type { Trace } from '../../requests/trace.ts';
import { isUp, type Machines, type Wanted } from './machine-choice.ts';
import { nameOf, type Machine } from './machine.ts';

/** Why one leaves the machine that it is at. One for all, as OVER. */
const MOVES = new Error('Another machine serves it.');

/** Where a request begins, what it wants, and who hears of it. */
export interface Journey {
  readonly first: Machine;
  readonly wanted: Wanted;
  /** Ends it wherever it is. */
  readonly signal: AbortSignal;
  /** Whether its caller has been told anything of the answer: then it stays. */
  told?(): boolean;
  /** Notes where it is. */
  readonly trace: Trace;
}

/** Its stay at one machine. */
export interface Stay {
  /** Aborts with the journey's reason, and when it is to leave for another machine. */
  readonly signal: AbortSignal;
  /** Milliseconds since the journey began; undefined at the first. */
  readonly stoodMs?: number | undefined;
  /** Whether another machine would serve it now. */
  readonly mayLeave?: (() => boolean) | undefined;
}

/**
 * Does the work at the first machine, and where that goes away at another. Throws at once what the work at the first throws
 * at once; rejects with what the work rejects with.
 */
export function roaming<T>(
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
  /** A machine that it was asked of is gone. */
  #moved = false;
  #end: () => void = () => undefined;

  constructor(machines: Machines, journey: Journey) {
    this.#machines = machines;
    this.#journey = journey;
    this.#at = journey.first;
    this.#beganAt = this.#at.clock.elapsed();
  }

  /** Not async: what the work throws at once is thrown at once. */
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

  /** Where it goes on after a failure; undefined where it ends. */
  #nextAfter(error: unknown): Machine | undefined {
    if (this.#journey.signal.aborted) return undefined;
    // The other one may have gone meanwhile: then it waits where it is.
    if (error === MOVES) return this.#other() ?? this.#at;
    const { code, broke } = asAppError(error);
    // One that has a line of its own may have no place there.
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
