// The figures of the last 15 minutes, hour, day, week and 30 days, in steps, for the plots of the window. Counts in the
// shortest step, and adds finished steps to the longer ones. Figures from before this process are in the store, which
// is read on first use. It has no text except names of models and callers.
import type { Source, Timing } from '../../contract/chat/chat.ts';
import type { PlotSpan } from '../../contract/window/look-commands.ts';
import { SPAN_NAMES, type SpanName } from '../../contract/views/spans.ts';
import type { Now } from '../ports.ts';
import { columnsOf } from './columns.ts';
import { Figures } from './step-figures.ts';
import type { HistoryStore } from './kept-history.ts';
import type { Lost } from './losses.ts';
import { startOf, stepOf, stepsAt, stepsOf } from './steps.ts';
import { Tally, type Whose } from './tally.ts';

/** The span with the shortest steps; the steps of all others are sums of these. */
const FINEST = 'm15';
/** How many of its steps are written together: those of a minute. */
const WRITTEN_TOGETHER = 4;

/** What one run of the model did: tokens, and the milliseconds of generation. */
export interface Ran {
  readonly promptTokens: number;
  readonly tokens: number;
  readonly evalMs: number;
}

/** For one request, in tokens: what of its prompt could be reused, what was, and why the rest was not. */
export interface Reuse {
  readonly reusable: number;
  readonly reused: number;
  readonly lost: readonly Lost[];
}

/** For one prompt, in tokens. */
export interface PromptRead {
  readonly processed: number;
  readonly reused: number;
  readonly reusable: number;
}

/** A step by its number. */
interface Counted {
  readonly step: number;
  readonly tally: Tally;
}

/** The current step, with its begin and end in milliseconds since 1970. */
interface Current extends Counted {
  readonly begins: number;
  readonly ends: number;
}

export class History {
  readonly #now: Now;
  readonly #startedAt: number;
  /** Spans whose step of the start also has requests from before this process. */
  readonly #sharedStart = new Set<SpanName>();
  /** The totals of each step. After the clock was set back, counts are added to the steps that it then shows. */
  readonly #spans: Readonly<Record<SpanName, Map<number, Figures>>>;
  #store: HistoryStore | undefined;
  /** Whether the stored figures are in `#spans`. */
  #read = false;
  /** The current step of the finest span. */
  #current: Current | undefined;
  /** Finished steps that were not written to the store yet. */
  #unwritten: Counted[] = [];
  #waiting = 0;
  #written = 0;

  constructor(now: Now) {
    this.#now = now;
    this.#startedAt = now();
    this.#spans = { m15: new Map(), h1: new Map(), h24: new Map(), d7: new Map(), d30: new Map() };
  }

  /** Call when a gateway with a store starts. */
  began(store: HistoryStore): void {
    this.#store = store;
  }

  /** Call when the gateway stops, so that nobody waits. Writes all counts to the store and releases it. */
  ended(): void {
    this.#waiting = 0;
    this.#close();
    this.#write();
    this.#store = undefined;
  }

  /** Call while the gateway runs. It distinguishes a quiet step from one without a gateway. */
  alive(): void {
    this.#tally();
  }

  /** Counts a request by its source. */
  sourced(whose: Whose, source: Source): void {
    this.#tally().of(whose).sums[SUM[source]]++;
  }

  /** Counts what a hit or a follower saved: milliseconds of model time, and tokens. */
  saved(whose: Whose, ms: number, tokens: number): void {
    const { sums } = this.#tally().of(whose);
    sums.saved_ms += ms;
    sums.saved_tokens += tokens;
  }

  /** Counts an answer that was not cached and has begun: its time in the queue, and the model's time from then on. */
  firstPiece(whose: Whose, { queue_ms, ttft_ms }: Pick<Timing, 'queue_ms' | 'ttft_ms'>): void {
    const { waits, ttfts } = this.#tally().of(whose);
    waits.add(queue_ms);
    ttfts.add(ttft_ms - queue_ms);
  }

  ran(whose: Whose, { promptTokens, tokens, evalMs }: Ran): void {
    const { sums } = this.#tally().of(whose);
    sums.prompt_tokens += promptTokens;
    if (evalMs <= 0) return;
    sums.tokens += tokens;
    sums.eval_ms += evalMs;
  }

  /** Counts a request that ended without an answer. */
  unanswered(whose: Whose, how: 'failed' | 'cancelled'): void {
    this.#tally().of(whose).sums[how]++;
  }

  /** Counts the prompt tokens of a request: those that were read, reused, and reusable. */
  read(whose: Whose, { processed, reused, reusable }: PromptRead): void {
    const { sums } = this.#tally().of(whose);
    sums.processed_tokens += processed;
    sums.spared_tokens += reused;
    sums.sparable_tokens += reusable;
  }

  reused(whose: Whose, { reusable, reused, lost }: Reuse): void {
    const { sums, losses } = this.#tally().of(whose);
    sums.reusable_tokens += reusable;
    sums.reused_tokens += reused;
    for (const each of lost) losses.add(each);
  }

  /** Notes how many requests wait from now on. */
  waiting(count: number): void {
    this.#waiting = count;
    const tally = this.#tally();
    tally.mostWaiting = Math.max(tally.mostWaiting, count);
  }

  view(span: SpanName): PlotSpan {
    this.#readOnce();
    return columnsOf(span, this.#withCurrent(span), this.#now());
  }

  /** Since when a span has figures, or now. Milliseconds since 1970; exact if that is the start of this process. */
  begin(span: SpanName): number {
    this.#readOnce();
    const now = this.#now();
    const { first, last } = stepsAt(span, now);
    const known = [...this.#withCurrent(span).keys()].filter((step) => step >= first && step <= last);
    if (known.length === 0) return now;
    const oldest = Math.min(...known);
    const isOurs = oldest === stepOf(span, this.#startedAt) && !this.#sharedStart.has(span);
    return isOurs ? this.#startedAt : startOf(span, oldest);
  }

  /** Whether there was no request in any span. */
  get isEmpty(): boolean {
    this.#readOnce();
    return SPAN_NAMES.every((span) => [...this.#withCurrent(span).values()].every(({ requests }) => requests === 0));
  }

  /** Counts the writes to the store: what was read from the store is complete until this changes. */
  get written(): number {
    return this.#written;
  }

  /** The tallies of a span that are not in the store yet. */
  unkept(span: SpanName): Tally[] {
    const all = this.#current === undefined ? this.#unwritten : [...this.#unwritten, this.#current];
    const { first, last } = stepsAt(span, this.#now());
    return all
      .filter(({ step }) => inSpan(span, step) >= first && inSpan(span, step) <= last)
      .map(({ tally }) => tally);
  }

  /** The steps of a span, including the current one. */
  #withCurrent(span: SpanName): ReadonlyMap<number, Figures> {
    const steps = this.#spans[span];
    if (this.#current === undefined) return steps;
    const { step, tally } = this.#current;
    const number = inSpan(span, step);
    const known = steps.get(number);
    const now = tally.all;
    return new Map(steps).set(number, known === undefined ? now : now.add(known));
  }

  /** The tally of the current step. */
  #tally(): Tally {
    const now = this.#now();
    const current = this.#current;
    if (current !== undefined && now >= current.begins && now < current.ends) return current.tally;
    this.#close();
    const step = stepOf(FINEST, now);
    const tally = new Tally(this.#waiting);
    this.#current = { step, tally, begins: startOf(FINEST, step), ends: startOf(FINEST, step + 1) };
    return tally;
  }

  /** Finishes the current step. */
  #close(): void {
    const closed = this.#current;
    if (closed === undefined) return;
    this.#current = undefined;
    for (const span of SPAN_NAMES) this.#grow(span, inSpan(span, closed.step), closed.tally.all);
    this.#unwritten.push(closed);
    if (this.#unwritten.length >= WRITTEN_TOGETHER) this.#write();
  }

  #grow(span: SpanName, number: number, figures: Figures): void {
    const steps = this.#spans[span];
    steps.set(number, figures.add(steps.get(number) ?? new Figures()));
    if (steps.size > stepsOf(span)) steps.delete(Math.min(...steps.keys()));
  }

  /** Writes finished steps to the store, each step of each span once. */
  #write(): void {
    this.#written++;
    for (const span of SPAN_NAMES) {
      const sums = new Map<number, Tally>();
      for (const { step, tally } of this.#unwritten) {
        const number = inSpan(span, step);
        sums.set(number, (sums.get(number) ?? new Tally(0)).add(tally));
      }
      for (const [number, sum] of sums) this.#store?.add(span, number, sum.shares());
    }
    this.#unwritten = [];
  }

  /**
   * The stored figures of a step include all that was written, by this process or an earlier one. They can only be
   * smaller if this process used another store for a while.
   */
  #readOnce(): void {
    const store = this.#store;
    if (this.#read || store === undefined) return;
    this.#read = true;
    this.#write();
    const now = this.#now();
    for (const span of SPAN_NAMES) {
      for (const [number, figures] of store.read(span, stepsAt(span, now).first)) {
        const known = this.#spans[span].get(number)?.requests ?? 0;
        if (figures.requests >= known) this.#spans[span].set(number, figures);
        if (figures.requests > known && number === stepOf(span, this.#startedAt)) this.#sharedStart.add(span);
      }
    }
  }
}

/** The step of a span that a step of the finest span lies in. */
function inSpan(span: SpanName, step: number): number {
  return span === FINEST ? step : stepOf(span, startOf(FINEST, step));
}

const SUM = {
  hit: 'hits',
  miss: 'misses',
  coalesced: 'coalesced',
  bypass: 'bypassed',
} as const satisfies Record<Source, keyof Figures['sums']>;
