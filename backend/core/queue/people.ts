// People first, at the cost of background work: that starts when its own caller is quiet, and not on the memory of a model
// that somebody talks with; and while its caller was told nothing yet, it gives its slot back to a person. None of this
// holds for work that has waited long enough to move up a class. It remembers and judges; queue.ts acts.
import type { ReadConfig } from '../ports.ts';
import type { Running } from './runs.ts';
import type { LeaseWish, Waiter } from './waiter.ts';

/** How many callers, and how many runners, are remembered; the oldest is forgotten first. */
const MOST = 1000;

export interface PeopleParts {
  readonly config: ReadConfig;
  /** Whether to load what this one needs may take the memory of that runner. Absent: never. */
  evicts?(wish: LeaseWish, runner: string): boolean;
}

/** Why somebody does not start though it is its turn and a slot is free, and until when. */
export interface Hold {
  /** A moment of the clock that waiting is measured by. */
  readonly until: number;
  /** `settling`: its caller was active a moment ago. `people`: it would take the memory of a model that a person talks with. */
  readonly why: 'settling' | 'people';
}

/** Moments are those of the clock that waiting is measured by, in milliseconds. */
export class People {
  readonly #parts: PeopleParts;
  /** By caller, when its last request came that is no background work. */
  readonly #came = new Map<string, number>();
  /** By runner, when a person's answer last began or ended on it. */
  readonly #talked = new Map<string, number>();

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /** Somebody takes a place in line. */
  came({ class: of, caller }: Waiter, now: number): void {
    if (of !== 'background') remember(this.#came, caller, now);
  }

  /** A run begins or ends, of this class when it began. */
  ran({ class: of, wish }: Pick<Running, 'class' | 'wish'>, now: number): void {
    if (of === 'interactive' && wish.lane === 'chat') remember(this.#talked, wish.runner, now);
  }

  /** Why it does not start now; undefined when nothing speaks against it. */
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

  /** When somebody last talked with a model whose memory this one may take. */
  #lastTalk(wish: LeaseWish): number {
    let last = -Infinity;
    // They are remembered in the order of these moments.
    for (const [runner, at] of this.#talked) {
      if (runner !== wish.runner && this.#parts.evicts?.(wish, runner) === true) last = at;
    }
    return last;
  }

  /** When its age gives it another class. */
  #movesUpAt({ since, waitedMs }: Waiter): number {
    const { aging_ms, max_wait_ms } = this.#parts.config().queue;
    return since - waitedMs + Math.min(aging_ms, max_wait_ms / 2);
  }

  /**
   * Whether a run may be stopped for a person: it is still background work, and its model still loads, or has stood ready
   * for less than queue.yield_ms. `readyMs`: how long it has by now.
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
