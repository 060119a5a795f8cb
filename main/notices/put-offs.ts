// Offers to keep something the same in the prompts of an app that somebody does not want to see now: they do not come for some days,
// also over a restart of Hearth.
import type { PinName } from '../../backend/contract/rules/pin-rule.ts';
import { PUT_OFF_DAYS, type IsPutOff } from '../../backend/contract/rules/pin-rules-by-app.ts';
import type { Clock } from '../../backend/core/ports.ts';

const MEMORY = 'pins_put_off';
const PUT_OFF_MS = PUT_OFF_DAYS * 24 * 3_600_000;

/** Outlives the app. */
interface Memory {
  get(key: typeof MEMORY): unknown;
  set(key: typeof MEMORY, value: unknown): void;
}

/** By app, as it is shown, and kind. */
export class PutOffs {
  readonly #memory: Memory;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #changed: () => void;

  /** `changed`: called when one was put off, or may come again. */
  constructor(memory: Memory, clock: Pick<Clock, 'now'>, changed: () => void) {
    this.#memory = memory;
    this.#clock = clock;
    this.#changed = changed;
  }

  readonly has: IsPutOff = (app, what) => this.#kept().has(nameOf(app, what));

  set(app: string, what: PinName, isOff: boolean): void {
    const kept = this.#kept();
    if (isOff) kept.set(nameOf(app, what), this.#clock.now());
    else kept.delete(nameOf(app, what));
    this.#memory.set(MEMORY, Object.fromEntries(kept));
    this.#changed();
  }

  /** When each was put off; those that are over by now are left out, also where the clock was set back. */
  #kept(): Map<string, number> {
    const now = this.#clock.now();
    const kept = this.#memory.get(MEMORY);
    const all = Object.entries(typeof kept === 'object' && kept !== null ? kept : {}) as [string, unknown][];
    const holds = (at: unknown): at is number => typeof at === 'number' && Math.abs(now - at) < PUT_OFF_MS;
    return new Map(all.filter((each): each is [string, number] => holds(each[1])));
  }
}

const nameOf = (app: string, what: PinName): string => `${what} ${app}`;
