// People first, at the cost of background work. Background work starts when its own caller is quiet, and does not evict
// a model that somebody is talking with. Until its caller received anything, it gives its slot back to a person. Work
// that has waited long enough to move up a class is exempt. Remembers and judges; queue.ts acts.
import type { ReadConfig } from '../ports.ts';
import type { Running } from './runs.ts';
import type { LeaseWish, Waiter } from './waiter.ts';

/** How many callers, and how many runners, are remembered; the oldest is forgotten first. */
const MOST = 1000;

export interface PeopleParts {
  readonly config: ReadConfig;
  /** Whether loading what this request needs may evict that runner. Absent means never. */
  evicts?(wish: LeaseWish, runner: string): boolean;
}

/** Why a waiter does not start in its turn though a slot is free, and until when. */
export interface Hold {
  /** On the clock that waiting is measured by. */
  readonly until: number;
  /** `settling`: its caller was active a moment ago. `people`: it would evict a model that a person talks with. */
  readonly why: 'settling' | 'people';
}

/** Times are on the clock that waiting is measured by, in milliseconds. */
export class People {
  readonly #parts: PeopleParts;
  /** By caller, when its last request came that is not background work. */
  readonly #came = new Map<string, number>();
  /** By runner, when a person's answer last began or ended on it. */
  readonly #talked = new Map<string, number>();

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /** Call when a waiter enters the queue. */
  came({ class: of, caller }: Waiter, now: number): void {
    if (of !== 'background') remember(this.#came, caller, now);
  }

  /** Call when a run begins or ends, with the class that it began with. */
  ran({ class: of, wish }: Pick<Running, 'class' | 'wish'>, now: number): void {
    if (of === 'interactive' && wish.lane === 'chat') remember(this.#talked, wish.runner, now);
  }

  /** Why a waiter does not start now; undefined when nothing holds it. */
  hold(waiter: Waiter, now: number): Hold | undefined {
    if (waiter.class !== 'background' || waiter.movedByHand || waiter.turnCame) return undefined;
    const { settle_ms, evict_after_s } = this.#parts.config().queue;
    const active = Math.max(waiter.since - waiter.waitedMs, this.#came.get(waiter.caller) ?? -Infinity);
    const quiet = active + settle_ms;
    const idle = this.#lastTalk(waiter.wish) + evict_after_s * 1000;
    const until = Math.min(Math.max(quiet, idle), this.#movesUpAt(waiter));
    if (until <= now) return undefined;
    return { until, why: idle > quiet ? 'people' : 'settling' };
  }

  /** When somebody last talked with a model that this request may evict. */
  #lastTalk(wish: LeaseWish): number {
    let last = -Infinity;
    // The map is in order of these times.
    for (const [runner, at] of this.#talked) {
      if (runner !== wish.runner && this.#parts.evicts?.(wish, runner) === true) last = at;
    }
    return last;
  }

  /** When its age moves it up a class. */
  #movesUpAt({ since, waitedMs }: Waiter): number {
    const { aging_ms, max_wait_ms } = this.#parts.config().queue;
    return since - waitedMs + Math.min(aging_ms, max_wait_ms / 2);
  }

  /**
   * Whether a run may be stopped for a person: it is still background work, and its model is still loading, or has been
   * ready for less than queue.yield_ms. `readyMs` is how long it has been ready.
   */
  givesWay({ wish, waiter, stop, givesWayFor, begun }: Running, readyMs: number, now: number): boolean {
    const { yield_ms } = this.#parts.config().queue;
    if (stop === undefined || givesWayFor !== undefined || waiter.movedByHand) return false;
    if (yield_ms === 0 || (begun && readyMs >= yield_ms) || now >= this.#movesUpAt(waiter)) return false;
    return wish.urgency().class === 'background' && wish.mayBeginAgain?.() === true;
  }
}

function remember(moments: Map<string, number>, name: string, now: number): void {
  moments.delete(name);
  moments.set(name, now);
  const oldest = moments.keys().next();
  if (moments.size > MOST && oldest.done !== true) moments.delete(oldest.value);
}
