// A clock on which nothing takes time: it jumps from each moment at which something is due to the next one, once all that
// the last one set off has happened. The same sleeps in the same order wake in the same order.
import { onAbort } from '../../backend/core/abort.ts';
import type { Clock } from '../../backend/core/ports.ts';
import { Heap } from '../../backend/core/queue/heap.ts';

/** Some day; what happens does not depend on it. */
const EPOCH = 1_767_225_600_000;

interface Due {
  readonly at: number;
  /** Of two at the same moment the one that came first is first. */
  readonly seq: number;
  wake: (() => void) | undefined;
}

export class VirtualClock implements Clock {
  #elapsed = 0;
  #seq = 0;
  readonly #due = new Heap<Due>((a, b) => a.at < b.at || (a.at === b.at && a.seq < b.seq));

  readonly now = (): number => EPOCH + this.#elapsed;

  readonly elapsed = (): number => this.#elapsed;

  readonly after = (ms: number, act: () => void): (() => void) => {
    const due = this.#add(ms, act);
    return () => {
      due.wake = undefined;
    };
  };

  /** Resolves after `ms` milliseconds. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#add(ms, resolve);
    });
  }

  #add(ms: number, wake?: () => void): Due {
    const due: Due = { at: this.#elapsed + ms, seq: this.#seq++, wake };
    this.#due.add(due);
    return due;
  }

  readonly sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const due = this.#add(ms);
      const off = onAbort(signal, (reason) => {
        due.wake = undefined;
        reject(reason);
      });
      due.wake = () => {
        off();
        resolve();
      };
    });

  /** Resolves when `work` has ended. Throws when it waits for something that will never come. */
  async until(work: Promise<unknown>): Promise<void> {
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    work.then(end, end);
    await settled();
    while (!ended) {
      const next = this.#due.shift();
      if (next === undefined) throw new Error('Nothing more is due, and yet not all has ended.');
      if (next.wake === undefined) continue;
      this.#elapsed = next.at;
      next.wake();
      await settled();
    }
    await work;
  }
}

/** Resolves when all that needs no time has happened: nothing here waits for anything but promises and this clock. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
