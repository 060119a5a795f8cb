// The steps of a span as the columns of a plot. A step without measurements is empty, not 0. Pure.
import type { PlotSpan } from '../../contract/window/look-commands.ts';
import { SPANS, type SpanName } from '../../contract/views/spans.ts';
import type { Figures } from './step-figures.ts';
import { startOf, stepsAt } from './steps.ts';

/** `steps`: the known steps by number. A step without figures is one in which no gateway ran. */
export function columnsOf(span: SpanName, steps: ReadonlyMap<number, Figures>, now: number): PlotSpan {
  const { first, last } = stepsAt(span, now);
  const numbers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const known = numbers.map((number) => steps.get(number));
  const column = (value: (step: Figures) => number | null): (number | null)[] =>
    known.map((step) => (step === undefined ? null : value(step)));
  return {
    step_s: SPANS[span].step_s,
    t: numbers.map((number) => startOf(span, number) / 1000),
    requests: column(({ requests }) => requests),
    needed_model: column(({ needed }) => needed),
    hit_rate: column(({ sums: { hits, coalesced, misses } }) => {
      const asked = hits + coalesced + misses;
      return asked === 0 ? null : (hits + coalesced) / asked;
    }),
    waiting: column(({ most_waiting }) => most_waiting),
    wait_p50: column(({ waits }) => waits.quantile(0.5)),
    wait_p95: column(({ waits }) => waits.quantile(0.95)),
    ttft_p50: column(({ ttfts }) => ttfts.quantile(0.5)),
    ttft_p95: column(({ ttfts }) => ttfts.quantile(0.95)),
    tokens_per_s: column(({ sums: { tokens, eval_ms } }) =>
      eval_ms === 0 ? null : Math.round((tokens * 100_000) / eval_ms) / 100,
    ),
  };
}
