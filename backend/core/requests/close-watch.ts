// "Watch closely": for some minutes what is asked and answered is kept. It ends by itself, also when Hearth was restarted
// meanwhile, or somebody has set the clock.
import type { Clock } from '../ports.ts';
import type { TextStore, WatchSpan } from './text-store.ts';

const MINUTE_MS = 60_000;
/** The clock on the wall may be set back by so much without that the watch ends; NTP does so all the time. Milliseconds. */
const SLACK_MS = 5000;

export class CloseWatch {
  readonly #store: Pick<TextStore, 'watch' | 'setWatch'>;
  readonly #clock: Pick<Clock, 'now' | 'elapsed' | 'after'>;
  readonly #onChange: () => void;
  #span: WatchSpan | undefined;
  /** By the monotonic clock. */
  #endsAt = 0;
  #cancel: (() => void) | undefined;

  /** `onChange` is called when it begins and when it ends. */
  constructor(
    store: Pick<TextStore, 'watch' | 'setWatch'>,
    clock: Pick<Clock, 'now' | 'elapsed' | 'after'>,
    onChange: () => void,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Goes on with what a process before this one began. */
  open(): void {
    const span = this.#store.watch();
    if (span === undefined) return;
    this.#begin(span);
    if (this.until === undefined) this.#end();
    else this.#onChange();
  }

  /** Watches for so many minutes from now on, whatever was said before; 0 ends it. */
  start(minutes: number): void {
    const from = this.#clock.now();
    if (minutes <= 0) return this.#end();
    const span = { from, until: from + minutes * MINUTE_MS };
    this.#store.setWatch(span);
    this.#begin(span);
    this.#onChange();
  }

  /** When it ends, by the clock on the wall; undefined: nobody watches. */
  get until(): number | undefined {
    const span = this.#span;
    if (span === undefined) return undefined;
    const now = this.#clock.now();
    // Earlier than it began: the clock was set back, and its end would come too late.
    const isOn = now >= span.from - SLACK_MS && now < span.until && this.#clock.elapsed() < this.#endsAt;
    return isOn ? span.until : undefined;
  }

  /** Before the process ends; the watch goes on in the next one. */
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
