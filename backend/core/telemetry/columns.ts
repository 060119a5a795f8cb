// The steps of a span as the columns of a plot. A step in which nothing was measured is empty, not 0. Pure.
import type { PlotSpan } from '../../contract/desktop.ts';
import { SPANS, type SpanName } from '../../contract/spans.ts';
import type { Figures } from './figures.ts';
import { startOf, stepOf } from './steps.ts';

/** Steps that a span has: the one that is running is one more. */
export function stepsOf(span: SpanName): number {
  const { span_s, step_s } = SPANS[span];
  return span_s / step_s + 1;
}

/** `steps`: what is known, by number; a step without figures is one without a gateway. */
export function columnsOf(span: SpanName, steps: ReadonlyMap<number, Figures>, now: number): PlotSpan {
  const { step_s, per_s } = SPANS[span];
  const end = stepOf(span, now);
  const most = stepsOf(span);
  const numbers = Array.from({ length: most }, (_, i) => end - most + 1 + i);
  const known = numbers.map((number) => steps.get(number));
  // A day of 23 or 25 hours counts as one of 24, so that a rate by the day is what was counted in it.
  const passed = (number: number): number =>
    number === end ? Math.min(step_s, Math.max(0, now - startOf(span, end)) / 1000) : step_s;
  // What happened in so many seconds before the step's end, or in the mean of them in a longer step. So a rate is never
  // above what has happened, even when little of the step has passed.
  const rate = (counted: (step: Figures) => number) => (step: Figures, at: number) => {
    let sum = 0;
    let left: number = per_s;
    for (let number = at; left > 0; number--) {
      const seconds = passed(number);
      const earlier = number === at ? step : steps.get(number);
      const share = Math.min(1, left / Math.max(seconds, Number.EPSILON));
      if (earlier !== undefined) sum += counted(earlier) * share;
      left -= seconds;
    }
    return round(sum);
  };
  const column = (value: (step: Figures, number: number) => number | null): (number | null)[] =>
    known.map((step, i) => (step === undefined ? null : value(step, numbers[i] ?? end)));
  return {
    step_s,
    per_s,
    t: numbers.map((number) => startOf(span, number) / 1000),
    requests: column(rate(({ requests }) => requests)),
    needed_model: column(rate(({ needed }) => needed)),
    hit_rate: column(({ sums: { hits, coalesced, misses } }) => {
      const asked = hits + coalesced + misses;
      return asked === 0 ? null : (hits + coalesced) / asked;
    }),
    waiting: column(({ most_waiting }) => most_waiting),
    wait_p50: column(({ waits }) => waits.quantile(0.5)),
    wait_p95: column(({ waits }) => waits.quantile(0.95)),
    ttft_p50: column(({ ttfts }) => ttfts.quantile(0.5)),
    ttft_p95: column(({ ttfts }) => ttfts.quantile(0.95)),
    tokens_per_s: column(({ sums: { tokens, eval_ms } }) => (eval_ms === 0 ? null : round((tokens * 1000) / eval_ms))),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
