// What waiters are told about the future: their places, when each should start, and when refused callers should retry.
// Asks the queue for order and slots, reports changes, and decides nothing.
import { etaOf, isLate, type Waiting } from '../../contract/chat/chat.ts';
import { plannedStarts, type Planned, type Slot } from './estimate.ts';
import type { Hold } from './people.ts';
import type { Clock } from '../ports.ts';
import type { Turn } from './order.ts';
import { LANES, type Lane, type LeaseWish, type Waiter } from './waiter.ts';

/** The current state that the outlook is computed from. */
export interface OutlookParts {
  readonly clock: Clock;
  /** The waiters of a lane, the next one first. */
  plan(lane: Lane): readonly Turn<Waiter>[];
  /** When each slot of a lane becomes free, if runs take this long. */
  slots(lane: Lane, runMs: RunMs): readonly Slot[];
  /** How many slots of a lane are open to requests that are not a person's. */
  others(lane: Lane): number;
  /**
   * Why a waiter may not start though a slot is free, `until` in milliseconds from now; undefined when nothing holds
   * it.
   */
  hold(waiter: Waiter): Hold | undefined;
  /** Milliseconds to load what a request needs; 0 when it is loaded. */
  loadMs(wish: LeaseWish): number;
  /** How many wait, in a lane or in both. */
  size(lane?: Lane): number;
  /** Why the line does not move; undefined while it does. */
  halted(): Halt | undefined;
  /** While Ollama is away: milliseconds until its machine should be awake, if it is being woken. */
  wakingMs?(): number | undefined;
}

/** Why no slots are given out: somebody paused the queue, or Ollama is away. */
export type Halt = 'paused' | 'ollama';

/** How long a run takes in total, given that `goneMs` have passed. */
export type RunMs = (wish: LeaseWish, goneMs: number) => number;

const expected: RunMs = (wish) => wish.expectedMs();

/**
 * For refused callers, before anything was measured: assumes a short answer first, and then the whole guess. Retrying
 * too early costs almost nothing, but staying away from an empty queue costs the whole wait.
 */
const hoped: RunMs = (wish, goneMs) => {
  const guess = wish.expectedMs();
  return wish.isGuess?.() === true && goneMs < guess / 10 ? guess / 10 : guess;
};

/** Up to this many waiters, everybody is told of every change at once. */
const TOLD_AT_ONCE = 10;
/** With more, there is a pause of one millisecond per waiter, up to this. */
const LONGEST_PAUSE_MS = 1000;
/** Up to this many waiters, a newcomer gets its exact place; with more, it is told that it is last. */
const PLANNED_AT_ONCE = 50;
/** The longest Retry-After (retryAfterSeconds). */
const LONGEST_RETRY_MS = 120_000;

/** A request that comes now, behind all others. */
const NEWCOMER: Planned = { runMs: 0, loadMs: 0, isPerson: true };

export class Outlook {
  readonly #parts: OutlookParts;
  readonly #stopped = new AbortController();
  /** Something changed since all were told, and the next update is scheduled. */
  #stale = false;
  #arranged = false;
  #lookAgainAt = -Infinity;
  /** What a newcomer to a long line is told, from the last update and those who have come since. */
  readonly #behindAll: Record<Lane, Waiting>;
  /** When the places of a long line become free, as last computed, and when to compute that again. */
  #frees: readonly number[] = [];
  #freesUntil = -Infinity;
  /** Places that become free until then are promised to refused callers. */
  #promisedUntil = -Infinity;

  constructor(parts: OutlookParts) {
    this.#parts = parts;
    const nobody: Waiting = { phase: 'queued', position: 1, eta_ms: 0 };
    this.#behindAll = { chat: nobody, embed: nobody };
  }

  /** Stops all updates. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Tells a newcomer its place before anything is answered; in a long line, provisionally the last one. */
  came(waiter: Waiter): void {
    const { size } = this.#parts;
    const { lane } = waiter.wish;
    if (size() <= TOLD_AT_ONCE) {
      this.#tell();
    } else if (!waiter.over.aborted) {
      this.#say(waiter, (size() <= PLANNED_AT_ONCE ? this.#words(lane).get(waiter) : undefined) ?? this.#last(waiter));
    }
  }

  /** The estimate for a newcomer behind all known waiters; the next newcomer stands behind it too. */
  #last({ wish }: Waiter): Waiting {
    const { size, slots } = this.#parts;
    const word = { ...this.#behindAll[wish.lane], position: size(wish.lane) };
    const each = wish.expectedMs() / slots(wish.lane, expected).length;
    this.#behindAll[wish.lane] = { ...word, eta_ms: word.eta_ms + each };
    return word;
  }

  /** Schedules an update for everybody after the current work, and less often in a long line. */
  changed(): void {
    this.#stale = true;
    if (this.#arranged) return;
    this.#arranged = true;
    const tell = (): void => {
      this.#arranged = false;
      // Skip it if all were told since, as happens when a newcomer is told.
      if (this.#stale) this.#tell();
    };
    const { clock } = this.#parts;
    const pause = this.#lookAgainAt - clock.elapsed();
    if (pause <= 0) queueMicrotask(tell);
    else clock.sleep(pause, this.#stopped.signal).then(tell, () => undefined);
  }

  #tell(): void {
    this.#stale = false;
    if (this.#parts.size() === 0) return;
    for (const lane of LANES) {
      for (const [waiter, word] of this.#words(lane)) if (this.#isNews(waiter, word)) this.#say(waiter, word);
    }
    this.#lookAgainAt = this.#pausedUntil();
  }

  /** What each waiter of a lane is told, by the current order. */
  #words(lane: Lane): ReadonlyMap<Waiter, Waiting> {
    const plan = this.#plan(lane);
    const words = new Map<Waiter, Waiting>();
    for (const [i, start] of this.#starts(lane, plan, expected).entries()) {
      const turn = plan[i];
      const word = this.#wordOf(start, i + 1, turn);
      if (turn === undefined) this.#behindAll[lane] = word;
      else words.set(turn.waiter, word);
    }
    return words;
  }

  /**
   * All waiters of a lane, the next one first. Those that may start when the next slot is free go before those that may
   * not.
   */
  #plan(lane: Lane): readonly Turn<Waiter>[] {
    const { plan, slots, hold } = this.#parts;
    const all = plan(lane);
    if (all.every(({ waiter }) => hold(waiter) === undefined)) return all;
    const soonest = Math.min(...slots(lane, expected).map(({ ms }) => ms));
    const isPassed = ({ waiter }: Turn<Waiter>): boolean => (hold(waiter)?.until ?? 0) > soonest;
    return [...all.filter((turn) => !isPassed(turn)), ...all.filter(isPassed)];
  }

  /** When to update the whole line again: telling all of each change costs the square of their number. */
  #pausedUntil(): number {
    const { clock, size } = this.#parts;
    return size() <= TOLD_AT_ONCE ? -Infinity : clock.elapsed() + Math.min(LONGEST_PAUSE_MS, size());
  }

  #say(waiter: Waiter, word: Waiting): void {
    waiter.told = word;
    waiter.toldLate = isLate(word, this.#parts.clock.elapsed());
    waiter.wish.onWaiting(word);
  }

  /**
   * A new estimate alone counts as a change only if it differs by at least a second from what the old one has become.
   */
  #isNews({ told, toldLate }: Waiter, word: Waiting): boolean {
    const now = this.#parts.clock.elapsed();
    if (told === undefined || told.position !== word.position || toldLate !== isLate(word, now)) return true;
    const isElse = (part: 'as_of' | 'due_at'): boolean => (told[part] === undefined) !== (word[part] === undefined);
    if (told.waits_for !== word.waits_for || told.goes_on !== word.goes_on || isElse('as_of') || isElse('due_at'))
      return true;
    return Math.abs(etaOf(told, now) - word.eta_ms) >= 1000;
  }

  /** `turn` is undefined for a request that would come now. */
  #wordOf({ ms, dueAt, stuck }: Slot, position: number, turn: Turn<Waiter> | undefined): Waiting {
    const { waiter, before } = turn ?? {};
    const { clock, halted, hold } = this.#parts;
    const halt = halted();
    // It is unknown when Ollama is back, so the estimate covers what comes after that.
    if (halt === 'ollama') return this.#wordWhileAway(ms, position);
    const why = waiter === undefined ? undefined : (hold(waiter)?.why ?? (waiter.gaveWay ? 'people' : undefined));
    const waitsFor = why === undefined ? {} : { waits_for: why };
    const goesOn = before === undefined ? {} : ({ goes_on: true } as const);
    const word = { phase: 'queued', position, eta_ms: Math.round(ms), ...waitsFor, ...goesOn } as const;
    // While the queue is paused, waiting brings nobody nearer.
    if (halt === 'paused' || stuck === true) return word;
    return { ...word, as_of: clock.elapsed(), ...(dueAt === undefined ? {} : { due_at: dueAt }) };
  }

  #wordWhileAway(ms: number, position: number): Waiting {
    const { clock, wakingMs } = this.#parts;
    const left = wakingMs?.();
    if (left === undefined) return { phase: 'queued', position, eta_ms: Math.round(ms), waits_for: 'ollama' };
    const eta_ms = Math.round(left + ms);
    return { phase: 'queued', position, eta_ms, as_of: clock.elapsed(), waits_for: 'waking' };
  }

  /** When each waiter of a lane starts, in order, and last a request that would come now. */
  #starts(lane: Lane, plan: readonly Turn<Waiter>[], runMs: RunMs): Slot[] {
    const { slots, others, loadMs, hold } = this.#parts;
    const planned = plan.map(({ waiter, loads }) => ({
      runMs: runMs(waiter.wish, 0),
      loadMs: loads ? loadMs(waiter.wish) : 0,
      isPerson: waiter.class === 'interactive',
      notBeforeMs: hold(waiter)?.until,
    }));
    return plannedStarts([...planned, NEWCOMER], slots(lane, runMs), others(lane));
  }

  /** Milliseconds until a chat that came now would start. */
  eta(): number {
    return Math.round(this.#starts('chat', this.#plan('chat'), expected).at(-1)?.ms ?? 0);
  }

  /**
   * Milliseconds a refused caller should wait before it retries. Each refusal gets a later place, so that they do not
   * all come back at once. Beyond the longest possible Retry-After it starts over with the first place.
   */
  nextPlace(): number {
    const now = this.#parts.clock.elapsed();
    if (now >= this.#freesUntil) {
      this.#frees = this.#placesFree(now);
      this.#freesUntil = this.#pausedUntil();
    }
    const [first = now] = this.#frees;
    const last = this.#frees.at(-1) ?? now;
    const each = (last - first) / Math.max(1, this.#frees.length - 1);
    const beyond = each > 0 ? last + each * (Math.floor(Math.max(0, this.#promisedUntil - last) / each) + 1) : first;
    const next = this.#frees.find((at) => at > this.#promisedUntil) ?? beyond;
    this.#promisedUntil = next > now + LONGEST_RETRY_MS ? first : next;
    return Math.max(0, this.#promisedUntil - now);
  }

  /**
   * When waiters start and so leave their places, and then when a request that came now would start. If nobody waits
   * here, the refused callers wait for a turn in a conversation, and so for a running chat.
   */
  #placesFree(now: number): number[] {
    const { size } = this.#parts;
    const lanes = LANES.filter((lane) => size(lane) > 0 || (size() === 0 && lane === 'chat'));
    const starts = lanes.flatMap((lane) => this.#starts(lane, this.#plan(lane), hoped));
    return starts.map(({ ms }) => now + ms).toSorted((a, b) => a - b);
  }
}
