// So many at once, and the others in the order in which they asked. Who asks again goes behind those who wait, so that each
// gets its turn.

import { onAbort } from '../abort.ts';

export class Permits {
  readonly #most: () => number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  /** `most` is asked each time. */
  constructor(most: () => number) {
    this.#most = most;
  }

  /** Resolves with what gives the turn back, or rejects with the signal's reason. */
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
