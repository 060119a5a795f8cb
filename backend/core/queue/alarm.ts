// Wakes once, at a moment that may be put off or brought forward. It knows nothing of what is to be done then.
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

  /** Wakes at this moment of its clock, and at none that was set before; undefined: not at all. */
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
