// Waking a machine that sleeps: a request that wants it has a packet sent, and again every few seconds, and waits for it for
// as long as its patience lasts. A machine that did not come is left alone for a while, so that the next requests do not
// wait for it again. How a packet is sent, others know.
import type { Clock } from '../ports.ts';

export interface WakerOptions {
  /** Milliseconds that requests wait for it. */
  readonly patienceMs: number;
  readonly clock: Clock;
  /** Sends the packet; never throws. */
  send(): void;
  /** It has begun to be waited for, or is no longer. */
  onChange(): void;
}

/** A packet may be lost, and a network may take a moment to come up. Milliseconds. */
const AGAIN_MS = 3000;
/** After a try that was in vain. Milliseconds. */
const REST_MS = 5 * 60_000;
/** Weight of the newest measurement, as in queue/estimate.ts. */
const ALPHA = 0.3;

export class Waker {
  readonly #options: WakerOptions;
  /** While it is waited for: since when. */
  #since: number | undefined;
  #restsUntil = -Infinity;
  /** How long it took before, until it answered. */
  #usualMs: number | undefined;
  #stop: () => void = () => undefined;

  constructor(options: WakerOptions) {
    this.#options = options;
  }

  /** Whether it is waited for, or may be: what is asked of it now has a chance. */
  get mayHelp(): boolean {
    return this.#since !== undefined || this.#options.clock.elapsed() >= this.#restsUntil;
  }

  get isWaking(): boolean {
    return this.#since !== undefined;
  }

  /** Milliseconds until it should answer: by what it took before, and at most until the patience ends. */
  get leftMs(): number {
    const { clock, patienceMs } = this.#options;
    const gone = this.#since === undefined ? 0 : clock.elapsed() - this.#since;
    return Math.max(0, Math.min(this.#usualMs ?? patienceMs, patienceMs) - gone);
  }

  /** Somebody wants it. While it is waited for, this changes nothing: the patience began with the first. */
  wake(): void {
    if (this.#since !== undefined || !this.mayHelp) return;
    const { clock, patienceMs, onChange } = this.#options;
    this.#since = clock.elapsed();
    const again = (): void => {
      this.#options.send();
      stopPackets = clock.after(AGAIN_MS, again);
    };
    let stopPackets = (): void => undefined;
    const stopPatience = clock.after(patienceMs, () => this.#gaveUp());
    this.#stop = () => {
      stopPackets();
      stopPatience();
    };
    again();
    onChange();
  }

  /** It answers. */
  came(): void {
    this.#restsUntil = -Infinity;
    if (this.#since === undefined) return;
    const took = this.#options.clock.elapsed() - this.#since;
    this.#usualMs = this.#usualMs === undefined ? took : this.#usualMs + ALPHA * (took - this.#usualMs);
    this.#end();
  }

  #gaveUp(): void {
    this.#restsUntil = this.#options.clock.elapsed() + REST_MS;
    this.#end();
  }

  #end(): void {
    this.#since = undefined;
    this.#stop();
    this.#options.onChange();
  }

  /** Sends nothing more. */
  close(): void {
    this.#since = undefined;
    this.#stop();
  }
}
