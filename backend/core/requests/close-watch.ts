// "Watch closely": keeps requests and answers for some minutes. It ends by itself, even after a restart of Hearth or a
// change of the clock.
import type { Clock } from '../ports.ts';
import type { TextStore, WatchSpan } from './text-store.ts';

const MINUTE_MS = 60_000;
/** How far the wall clock may be set back without ending the watch, since NTP does so all the time. Milliseconds. */
const SLACK_MS = 5000;

export class CloseWatch {
  readonly #store: Pick<TextStore, 'watch' | 'setWatch'>;
  readonly #clock: Pick<Clock, 'now' | 'elapsed' | 'after'>;
  readonly #onChange: () => void;
  #span: WatchSpan | undefined;
  /** On the monotonic clock. */
  #endsAt = 0;
  #cancel: (() => void) | undefined;

  /** Calls `onChange` when the watch begins and ends. */
  constructor(
    store: Pick<TextStore, 'watch' | 'setWatch'>,
    clock: Pick<Clock, 'now' | 'elapsed' | 'after'>,
    onChange: () => void,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Resumes the watch of an earlier process. */
  open(): void {
    const span = this.#store.watch();
    if (span === undefined) return;
    this.#begin(span);
    if (this.until === undefined) this.#end();
    else this.#onChange();
  }

  /** Watches for this many minutes from now, replacing an earlier watch; 0 ends it. */
  start(minutes: number): void {
    const from = this.#clock.now();
    if (minutes <= 0) return this.#end();
    const span = { from, until: from + minutes * MINUTE_MS };
    this.#store.setWatch(span);
    this.#begin(span);
    this.#onChange();
  }

  /** When it ends, on the wall clock; undefined when nobody watches. */
  get until(): number | undefined {
    const span = this.#span;
    if (span === undefined) return undefined;
    const now = this.#clock.now();
    // Before its start, the clock was set back, and it would end too late.
    const isOn = now >= span.from - SLACK_MS && now < span.until && this.#clock.elapsed() < this.#endsAt;
    return isOn ? span.until : undefined;
  }

  /** Call before the process ends; the watch continues in the next one. */
  close(): void {
    this.#cancel?.();
  }

  #begin(span: WatchSpan): void {
    const left = Math.max(0, span.until - this.#clock.now());
    this.#span = span;
    this.#endsAt = this.#clock.elapsed() + left;
    this.#cancel?.();
    this.#cancel = this.#clock.after(left, () => this.#end());
  }

  #end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#span === undefined) return;
    this.#span = undefined;
    this.#store.setWatch(undefined);
    this.#onChange();
  }
}
