// A timer for one wake-up, which can be moved. Independent of what happens then.
import { OVER } from '../abort.ts';
import type { Clock } from '../ports.ts';

export class Alarm {
  readonly #clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly #wake: () => void;
  #set: { readonly at: number; readonly off: AbortController } | undefined;

  constructor(clock: Pick<Clock, 'elapsed' | 'sleep'>, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Sets the only wake-up to this moment of its clock; undefined cancels it. */
  set(at: number | undefined): void {
    if (at === this.#set?.at) return;
    this.#set?.off.abort(OVER);
    this.#set = undefined;
    if (at === undefined) return;
    const off = new AbortController();
    const set = { at, off };
    this.#set = set;
    const rang = (): void => {
      if (this.#set !== set) return;
      this.#set = undefined;
      this.#wake();
    };
    this.#clock.sleep(Math.max(1, at - this.#clock.elapsed()), off.signal).then(rang, () => undefined);
  }
}
