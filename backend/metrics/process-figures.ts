// Figures of this process, by the names that prom-client and dashboards for Node use. Made here: prom-client's own leave a timer
// of 10 ms and an observer behind that nothing ends, and have names that promtool warns of.
import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { Clock } from '../core/ports.ts';

/** How exactly lateness is measured: a timer of so many milliseconds, which keeps no process alive. */
const RESOLUTION_MS = 20;
/** When nobody has asked for so long, nothing is measured any more. Milliseconds. */
const FORGOTTEN_MS = 10 * 60_000;

export interface Lag {
  /** Seconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How late the event loop is, from the first question on: until then there is no timer. */
export class LoopLag {
  readonly #after: Clock['after'];
  #measured: IntervalHistogram | undefined;
  #forget: () => void = () => undefined;

  constructor({ after }: Pick<Clock, 'after'>) {
    this.#after = after;
  }

  /** Since the question before; undefined where that was the first, or nothing was measured yet. */
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

/** Undefined where there is no /proc. */
export function openHandles(): number | undefined {
  try {
    // One of them is that of this very look.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}

/** Undefined where there is no /proc, or no limit. */
export function mostHandles(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** Processor time so far, in seconds. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
