// What happened over the last 15 minutes, hour and day, in steps: the plots of the window.
// It counts what it is told and keeps no text. A step in which nothing was measured is empty, not 0.
import type { Source, Timing } from '../../contract/chat/chat.ts';
import type { PlotSpan, PlotsView } from '../../contract/desktop.ts';
import { SPANS, type SpanName } from '../../contract/spans.ts';
import type { Now } from '../ports.ts';

/** Most times kept of each kind in one step; in a busier step the newest ones stand for all. */
const MAX_TIMES = 256;
/** Seconds in the minute of "a minute". */
const MINUTE_S = 60;

/** One step of one span. */
class Step {
  /** Which step since 1970. */
  readonly number: number;
  requests = 0;
  /** Of these, the ones that ran the model: miss and bypass. */
  needed = 0;
  /** hit and coalesced; with the misses they make up the hit rate. */
  spared = 0;
  misses = 0;
  waiting: number;
  readonly waits: number[] = [];
  readonly ttfts: number[] = [];
  tokens = 0;
  evalMs = 0;

  constructor(number: number, waiting: number) {
    this.number = number;
    this.waiting = waiting;
  }
}

/** The steps of one span, the oldest first, in a bounded list. */
class Span {
  readonly stepS: number;
  readonly #most: number;
  #steps: Step[] = [];

  constructor({ span_s, step_s }: { readonly span_s: number; readonly step_s: number }) {
    this.stepS = step_s;
    this.#most = span_s / step_s + 1;
  }

  /** The step of this moment. */
  at(now: number, waiting: number): Step {
    const number = Math.floor(now / 1000 / this.stepS);
    const last = this.#steps.at(-1);
    // A clock that was set back goes on in the last step: time on a plot never runs backwards.
    if (last !== undefined && number <= last.number) return last;
    const step = new Step(number, waiting);
    this.#steps.push(step);
    if (this.#steps.length > this.#most) this.#steps.shift();
    return step;
  }

  columns(now: number): PlotSpan {
    const end = Math.floor(now / 1000 / this.stepS);
    const byNumber = new Map(this.#steps.map((step) => [step.number, step]));
    const numbers = Array.from({ length: this.#most }, (_, i) => end - this.#most + 1 + i);
    const steps = numbers.map((number) => byNumber.get(number));
    const passed = (number: number): number => (number === end ? now / 1000 - end * this.stepS : this.stepS);
    // What happened in the minute before the step's end, or in the mean minute of a longer step. So a rate is never above
    // what has happened, even when little of the step has passed.
    const aMinute = (counted: (step: Step) => number) => (step: Step) => {
      let sum = 0;
      let left = MINUTE_S;
      for (let number = step.number; left > 0; number--) {
        const seconds = passed(number);
        const earlier = byNumber.get(number);
        const share = Math.min(1, left / Math.max(seconds, Number.EPSILON));
        if (earlier !== undefined) sum += counted(earlier) * share;
        left -= seconds;
      }
      return round(sum);
    };
    const column = (value: (step: Step) => number | null): (number | null)[] =>
      steps.map((step) => (step === undefined ? null : value(step)));
    return {
      step_s: this.stepS,
      t: numbers.map((number) => number * this.stepS),
      requests: column(aMinute(({ requests }) => requests)),
      needed_model: column(aMinute(({ needed }) => needed)),
      hit_rate: column(({ spared, misses }) => (spared + misses === 0 ? null : spared / (spared + misses))),
      waiting: column(({ waiting }) => waiting),
      wait_p50: column(({ waits }) => quantile(waits, 0.5)),
      wait_p95: column(({ waits }) => quantile(waits, 0.95)),
      ttft_p50: column(({ ttfts }) => quantile(ttfts, 0.5)),
      ttft_p95: column(({ ttfts }) => quantile(ttfts, 0.95)),
      tokens_per_s: column(({ tokens, evalMs }) => (evalMs === 0 ? null : round((tokens * 1000) / evalMs))),
    };
  }
}

export class History {
  readonly #now: Now;
  readonly #spans: readonly Span[];
  #waiting = 0;

  constructor(now: Now) {
    this.#now = now;
    this.#spans = SPAN_NAMES.map((name) => new Span(SPANS[name]));
  }

  /** The gateway runs. This tells a quiet step from one without a gateway. */
  alive(): void {
    this.#note(() => undefined);
  }

  /** A request has been given its source. */
  sourced(source: Source): void {
    this.#note((step) => {
      step.requests++;
      if (source === 'miss' || source === 'bypass') step.needed++;
      if (source === 'hit' || source === 'coalesced') step.spared++;
      if (source === 'miss') step.misses++;
    });
  }

  /** An answer that was not kept has begun: how long it stood in line, and how long the model took from then on. */
  firstPiece({ queue_ms, ttft_ms }: Pick<Timing, 'queue_ms' | 'ttft_ms'>): void {
    this.#note(({ waits, ttfts }) => {
      keep(waits, queue_ms);
      keep(ttfts, ttft_ms - queue_ms);
    });
  }

  /** The model produced so many tokens in so many milliseconds. */
  ran(tokens: number, evalMs: number): void {
    if (evalMs <= 0) return;
    this.#note((step) => {
      step.tokens += tokens;
      step.evalMs += evalMs;
    });
  }

  /** This many wait from now on. */
  waiting(count: number): void {
    this.#waiting = count;
    this.#note((step) => {
      step.waiting = Math.max(step.waiting, count);
    });
  }

  /** No gateway runs from now on, so nobody waits. */
  ended(): void {
    this.#waiting = 0;
  }

  view(): PlotsView {
    const now = this.#now();
    const [m15, h1, h24] = this.#spans.map((span) => span.columns(now)) as [PlotSpan, PlotSpan, PlotSpan];
    return { m15, h1, h24 };
  }

  #note(note: (step: Step) => void): void {
    const now = this.#now();
    for (const span of this.#spans) note(span.at(now, this.#waiting));
  }
}

const SPAN_NAMES = ['m15', 'h1', 'h24'] as const satisfies readonly SpanName[];

function keep(times: number[], ms: number): void {
  times.push(ms);
  if (times.length > MAX_TIMES) times.shift();
}

function quantile(values: readonly number[], q: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
