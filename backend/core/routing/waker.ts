// Wakes a sleeping machine: a request that wants it makes Hearth send a packet, repeated every few seconds, and waits
// for the machine up to a time limit. A machine that did not wake is left alone for a while, so that the next requests
// do not wait for it again. The caller provides how a packet is sent.
import type { Clock } from '../ports.ts';

export interface WakerOptions {
  /** How long requests wait for it, in milliseconds. */
  readonly patienceMs: number;
  readonly clock: Clock;
  /** Sends the packet; never throws. */
  send(): void;
  /** Called when waiting for the machine begins or ends. */
  onChange(): void;
}

/** The interval of packets, since one may be lost, and a network may take a moment to come up. Milliseconds. */
const AGAIN_MS = 3000;
/** The pause after a failed attempt. Milliseconds. */
const REST_MS = 5 * 60_000;
/** Weight of the newest measurement, as in queue/estimate.ts. */
const ALPHA = 0.3;

export class Waker {
  readonly #options: WakerOptions;
  /** Since when it is being waited for. */
  #since: number | undefined;
  #restsUntil = -Infinity;
  /** How long it took to answer on earlier attempts, in milliseconds. */
  #usualMs: number | undefined;
  #stop: () => void = () => undefined;

  constructor(options: WakerOptions) {
    this.#options = options;
  }

  /** Whether it is being waited for, or may be: a request to it has a chance. */
  get mayHelp(): boolean {
    return this.#since !== undefined || this.#options.clock.elapsed() >= this.#restsUntil;
  }

  get isWaking(): boolean {
    return this.#since !== undefined;
  }

  /** Milliseconds until it should answer: as measured before, at most until the time limit. */
  get leftMs(): number {
    const { clock, patienceMs } = this.#options;
    const gone = this.#since === undefined ? 0 : clock.elapsed() - this.#since;
    return Math.max(0, Math.min(this.#usualMs ?? patienceMs, patienceMs) - gone);
  }

  /**
   * Call when a request wants it. Has no effect while it is being waited for: the time limit runs from the first
   * request.
   */
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

  /** Call when it answers. */
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

  /** Stops sending packets. */
  close(): void {
    this.#since = undefined;
    this.#stop();
  }
}
