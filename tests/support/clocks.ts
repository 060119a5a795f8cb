// Clocks for tests: the real one, which knows whether a wait was left over, and one that the test moves by hand.
// Deliberately no replacement of global timers: what is tested gets its clock handed in.
import type { Clock } from '../../backend/core/ports.ts';
import { onAbort } from '../../backend/core/abort.ts';

/** A clock that knows how many sleeps are under way; 0 when nothing was left behind. */
export interface CountingClock extends Clock {
  readonly sleeping: number;
}

interface Sleeper {
  readonly due: number;
  wake: () => void;
}

/** The clock of the wall. */
export function realClock(): CountingClock {
  let sleeping = 0;
  return {
    get sleeping() {
      return sleeping;
    },
    now: Date.now,
    elapsed: () => performance.now(),
    sleep: (ms, signal) => {
      sleeping++;
      return new Promise<void>((resolve, reject) => {
        const end = (settle: () => void): void => {
          sleeping--;
          clearTimeout(timer);
          settle();
        };
        const timer = setTimeout(() => {
          off();
          end(resolve);
        }, ms);
        const off = onAbort(signal, (reason) => end(() => reject(reason)));
      });
    },
    after: (ms, act) => {
      sleeping++;
      let waits = true;
      const end = (): void => {
        if (waits) sleeping--;
        waits = false;
        clearTimeout(timer);
      };
      const timer = setTimeout(() => {
        end();
        act();
      }, ms);
      return end;
    },
  };
}

/** A clock that stands still until `advance`. */
export class ManualClock implements CountingClock {
  readonly #sleepers = new Set<Sleeper>();
  /** What has passed since the beginning; what sleepers go by. */
  #elapsed = 0;
  /** What the wall clock shows beyond that. */
  #wall = 1_700_000_000_000;

  get sleeping(): number {
    return this.#sleepers.size;
  }

  readonly now = (): number => this.#wall + this.#elapsed;

  readonly elapsed = (): number => this.#elapsed;

  readonly sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const sleeper = { due: this.#elapsed + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      const off = onAbort(signal, (reason) => {
        this.#sleepers.delete(sleeper);
        reject(reason);
      });
      sleeper.wake = () => {
        this.#sleepers.delete(sleeper);
        off();
        resolve();
      };
    });

  readonly after = (ms: number, act: () => void): (() => void) => {
    const sleeper = {
      due: this.#elapsed + ms,
      wake: () => {
        this.#sleepers.delete(sleeper);
        act();
      },
    };
    this.#sleepers.add(sleeper);
    return () => void this.#sleepers.delete(sleeper);
  };

  /** Lets `ms` pass: wakes sleepers in the order of their time, each with what it sets off, and settles. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    await settled();
    for (;;) {
      const next = [...this.#sleepers].filter(({ due }) => due <= until).toSorted((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#elapsed = Math.max(this.#elapsed, next.due);
      next.wake();
      await settled();
    }
    this.#elapsed = until;
  }

  /** Lets `ms` pass for those who look at the clock; who sleeps sleeps on until `advance`. */
  pass(ms: number): void {
    this.#elapsed += ms;
  }

  /** Sets the wall clock without anything having waited, as NTP or a sleeping machine does. */
  jump(ms: number): void {
    this.#wall += ms;
  }
}

/** Resolves when everything that needs no outside event has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
