// Metrics of this process, under the names of prom-client and of dashboards for Node. Measured here, because
// prom-client's own collectors leave a 10 ms timer and an observer that nothing stops, and use names that promtool
// warns about.
import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { Clock } from '../core/ports.ts';

/** Resolution of the lag measurement: the interval in milliseconds of a timer that keeps no process alive. */
const RESOLUTION_MS = 20;
/** Measuring stops after this long without a scrape. Milliseconds. */
const FORGOTTEN_MS = 10 * 60_000;

export interface Lag {
  /** Seconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How late the event loop is. The timer starts at the first read. */
export class LoopLag {
  readonly #after: Clock['after'];
  #measured: IntervalHistogram | undefined;
  #forget: () => void = () => undefined;

  constructor({ after }: Pick<Clock, 'after'>) {
    this.#after = after;
  }

  /** Lag since the last read; undefined at the first, or if nothing was measured yet. */
  read(): Lag | undefined {
    const measured = this.#measured;
    this.#forget();
    this.#forget = this.#after(FORGOTTEN_MS, () => this.stop());
    if (measured === undefined) {
      this.#measured = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.#measured.enable();
      return undefined;
    }
    if (measured.count === 0) return undefined;
    const late = (ns: number): number => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1000);
    const lag = { p50: late(measured.percentile(50)), p99: late(measured.percentile(99)), max: late(measured.max) };
    measured.reset();
    return lag;
  }

  stop(): void {
    this.#forget();
    this.#measured?.disable();
    this.#measured = undefined;
  }
}

/** Number of open file handles; undefined without /proc. */
export function openHandles(): number | undefined {
  try {
    // One of them belongs to this very read.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}

/** Limit of file handles; undefined without /proc, or without a limit. */
export function mostHandles(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** Processor time used so far, in seconds. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
