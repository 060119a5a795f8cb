// How long something may take that waits for Valkey: what the settings say, and what the machine of the run adds, which is measured by
// what waits for nobody.
import { hold } from '../faults/fault.ts';
import { millis } from './fleet-trial.ts';

/**
 * Allowed to a machine that has other things to do: that much, and so many times what a timer of this process came late meanwhile. An
 * answer goes through three processes and some, each of which is held up like this one. Milliseconds.
 */
const MACHINE_MS = 1000;
const HOLD_UPS = 10;
/** Between two looks. Milliseconds. */
const LOOK_MS = 20;

/** Does it, and looks meanwhile how busy the machine is. Gives what came of it, and the milliseconds that it may be late for that. */
export async function allowing<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  let due = performance.now() + LOOK_MS;
  let latest = 0;
  const look = (): void => {
    const now = performance.now();
    latest = Math.max(latest, now - due);
    due = now + LOOK_MS;
  };
  const looks = setInterval(look, LOOK_MS);
  try {
    const done = await work();
    look();
    return [done, MACHINE_MS + HOLD_UPS * Math.max(0, latest)];
  } finally {
    clearInterval(looks);
  }
}

/** Throws Broken unless something took at most what it may: `mayMs` by the settings, and what the machine is allowed. */
export function inTime(what: string, tookMs: number, mayMs: number, allowedMs: number): void {
  const words = `${what} took ${millis(tookMs)}, and may take ${millis(mayMs)}, and ${millis(allowedMs)} on this machine`;
  hold(tookMs <= mayMs + allowedMs, words);
}
