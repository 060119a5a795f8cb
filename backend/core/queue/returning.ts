// Whose next turn is worth a short wait: an agent that goes on within moments of each answer loses all that its model has read when
// another prompt is read in between, and so does the other one at its own next turn. It learns how soon each app goes on, and says until
// when a slot is better left free; queue.ts acts. The bound is that of the order by prompt: nobody whose turn it is is held back for
// longer than batch.batch_timeout_ms in all.
import { levelOf, type Urgency } from '../../contract/chat/chat-request.ts';
import { LRUCache } from 'lru-cache';
import { lengthOf, sharedBeginning, type Beginnings } from '../beginnings.ts';
import type { PromptView } from './going-on.ts';
import type { Rules } from './line.ts';
import type { Waiter } from './waiter.ts';

/** Apps of which it is remembered how soon they go on, and how many times of each. */
const MOST_CALLERS = 1000;
const MOST_TIMES = 8;
/** So often it must have been seen. */
const OFTEN = 3;
/** Answers that may be gone on with. */
const MOST_ENDED = 32;
/** Of an earlier prompt at least this share begins the one that goes on with it: a template may end another way. */
const GOES_ON = 0.9;
/** Characters that would have to be read again, at least. */
const WORTH = 8192;
/** Milliseconds that it is waited for longer than the last ones took. */
const SLACK = 200;

/** Milliseconds that a model takes to read so many characters; undefined where that was not measured. */
export type ReadMs = (model: string, chars: number) => number | undefined;

/** An answer that its app has not gone on with yet. */
interface Ended {
  readonly caller: string;
  readonly runner: string;
  readonly urgency: Urgency;
  readonly prompt: { readonly beginnings: Beginnings };
  readonly at: number;
}

/** Moments are those of the clock that waiting is measured by, in milliseconds. */
export class Returning {
  /** The oldest first. */
  readonly #ended = new Set<Ended>();
  /** By caller, after how many milliseconds it went on, the last ones; Infinity: it did not, as far as was seen. */
  readonly #after = new LRUCache<string, readonly number[]>({ max: MOST_CALLERS });

  /** Somebody takes a place in line. */
  came({ caller, runner, prompt }: Waiter, now: number): void {
    if (prompt === undefined) return;
    const own = [...this.#ended].filter((ended) => ended.caller === caller && ended.runner === runner);
    const before = own.findLast((ended) => goesOn(prompt.beginnings, ended.prompt.beginnings));
    if (before === undefined) return;
    this.#ended.delete(before);
    this.#learn(caller, now - before.at);
  }

  /** A run is over. */
  ended({ caller, runner, prompt, class: of, priority }: Waiter, now: number): void {
    if (prompt === undefined) return;
    const { beginnings } = prompt;
    this.#ended.add({ caller, runner, urgency: { class: of, priority }, prompt: { beginnings }, at: now });
    for (const oldest of this.#ended) {
      if (this.#ended.size <= MOST_ENDED) break;
      this.#ended.delete(oldest);
      this.#learn(oldest.caller, Infinity);
    }
  }

  /**
   * Until when the one whose turn it is had better not start, since another one should go on by then; undefined where it starts now.
   * Only where the one to come could go first by the order. `readMs`: how long its model reads so many characters.
   */
  until(due: Waiter, prompts: PromptView, readMs: ReadMs, rules: Rules): number | undefined {
    const { runner, prompt, since, waitedMs, wish } = due;
    const { now, agingMs, maxWaitMs, batchTimeoutMs } = rules;
    if (prompt === undefined || due.movedByHand || due.turnCame || due.letsFirst.size > 0) return undefined;
    // Nobody who comes goes before one whose age gives it another class.
    const agesAt = since - waitedMs + Math.min(agingMs, maxWaitMs / 2);
    const end = Math.min((due.heldBackSince ?? now) + batchTimeoutMs, agesAt);
    const last = [...this.#ended].findLast((ended) => ended.runner === runner);
    if (last === undefined || end <= now || levelOf(last.urgency) > levelOf(due)) return undefined;
    const after = this.#after.get(last.caller) ?? [];
    if (after.length < OFTEN) return undefined;
    const lost = prompts.reach(runner, last.prompt) - prompts.after(runner, prompt).reach(runner, last.prompt);
    const saved = lost < WORTH ? undefined : readMs(wish.model, lost);
    const wait =
      saved &&
      bestWait(
        after.map((ms) => last.at + ms - now).filter((ms) => ms > 0),
        end - now,
        saved,
      );
    return wait && now + wait;
  }

  #learn(caller: string, ms: number): void {
    this.#after.set(caller, [...(this.#after.get(caller) ?? []), ms].slice(-MOST_TIMES));
  }
}

function goesOn(now: Beginnings, before: Beginnings): boolean {
  return sharedBeginning(now, before) >= GOES_ON * lengthOf(before);
}

/**
 * How long to wait for one that came after so many milliseconds the last times, when reading it again takes `saved`: where what is saved,
 * times the share of those who come by then, exceeds the wait most. At most `most`; undefined where no wait is worth it.
 */
function bestWait(after: readonly number[], most: number, saved: number): number | undefined {
  let best: number | undefined;
  let gain = 0;
  for (const ms of after) {
    const wait = Math.min(most, ms + SLACK);
    const share = after.filter((other) => other <= wait).length / after.length;
    const idle = after.reduce((sum, other) => sum + Math.min(other, wait), 0) / after.length;
    if (share * saved - idle > gain) [best, gain] = [wait, share * saved - idle];
  }
  return best;
}
