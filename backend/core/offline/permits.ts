// Limits how many run at once, in order of request. One that asks again goes behind all waiters, so that each gets its
// turn.

import { onAbort } from '../abort.ts';

export class Permits {
  readonly #most: () => number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  /** `most` is called each time. */
  constructor(most: () => number) {
    this.#most = most;
  }

  /** Resolves with a function that returns the permit, or rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#taken >= this.#most() || this.#waiting.length > 0) await this.#wait(signal);
    else this.#taken++;
    let given = true;
    return () => {
      if (given) this.#back();
      given = false;
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const called = (): void => {
        stays();
        resolve();
      };
      const stays = onAbort(signal, (reason) => {
        this.#waiting.splice(this.#waiting.indexOf(called), 1);
        reject(reason as Error);
      });
      this.#waiting.push(called);
    });
  }

  #back(): void {
    this.#taken--;
    while (this.#taken < this.#most() && this.#waiting.length > 0) {
      this.#taken++;
      this.#waiting.shift()?.();
    }
  }
}
