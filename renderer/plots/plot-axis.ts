// Where the steps of a span lie in time, and the words for it: from when to when, which step holds a moment, when there was a
// first one, where the line below the strips has its times. Pure.
import type { PlotSpan, PlotsView } from '../../backend/contract/desktop.ts';
import type { SpanName } from '../../backend/contract/spans.ts';
import { dayAndTime, dayOfMonth, THIN, timeOfDay } from '../parts/words.ts';

const DAY_S = 86_400;

/** The contract's SPANS in the order of the switch; repeated here because the page's plots need no schema at run time. */
export const SPAN_LIST: readonly { readonly name: SpanName; readonly label: string; readonly words: string }[] = [
  { name: 'm15', label: `15${THIN}min`, words: 'Last 15 minutes' },
  { name: 'h1', label: `1${THIN}h`, words: 'Last hour' },
  { name: 'h24', label: `24${THIN}h`, words: 'Last 24 hours' },
  { name: 'd7', label: `7${THIN}d`, words: 'Last 7 days' },
  { name: 'd30', label: `30${THIN}d`, words: 'Last 30 days' },
];

/** Seconds that a span covers: its columns hold one step more, the one that is running. */
export function lengthOf({ t, step_s }: PlotSpan): number {
  return Math.max(1, t.length - 1) * step_s;
}

/** Steps that an axis has at least. */
const LEAST_STEPS = 4;

/** The axis, in seconds: from the span's beginning, or that of the run when it is later, until now. */
export function axisOf(span: PlotSpan, now: number): { readonly from: number; readonly to: number } {
  const to = now / 1000;
  const first = span.requests.findIndex((value) => value !== null);
  const run = span.t[first] ?? to;
  return { from: Math.max(to - lengthOf(span), Math.min(run, to - LEAST_STEPS * span.step_s)), to };
}

/** When a step ends, in seconds. Those that are days have 23, 24 or 25 hours. */
export function endOf({ t, step_s }: PlotSpan, step: number): number {
  return t[step + 1] ?? (t[step] ?? 0) + step_s;
}

/** The middle of a step, in seconds; of the one that runs no later than now. */
export function middleOf(span: PlotSpan, step: number, now: number): number {
  const begins = span.t[step] ?? 0;
  return Math.max(begins, Math.min((begins + endOf(span, step)) / 2, now / 1000));
}

/** The step that holds a moment, in seconds; kept within the span. */
export function stepAt(span: PlotSpan, at: number): number {
  return Math.max(
    0,
    span.t.findLastIndex((begins) => begins <= at),
  );
}

/**
 * Since when there is a history at all, in seconds, where that is within the span; undefined where it is older. A gateway
 * that was off for a while makes no history young: each shorter span tells the beginning better, unless it begins later.
 */
export function keptSince(name: SpanName, plots: PlotsView): number | undefined {
  let begins: number | undefined;
  let ends = Infinity;
  for (const { name: each } of SPAN_LIST.toReversed()) {
    const span = plots[each];
    const step = span.requests.findIndex((value) => value !== null);
    const first = span.t[step];
    if (step < 1 || first === undefined || first >= ends) break;
    begins = first;
    ends = endOf(span, step);
  }
  return begins !== undefined && begins > (plots[name].t[0] ?? 0) ? begins : undefined;
}

/** "25 Nov, 09:15", or the day alone where no more is known. */
export function sinceWords(at: number, { d7 }: PlotsView): string {
  return at < (d7.t[0] ?? 0) ? dayOfMonth(at * 1000) : dayAndTime(at * 1000);
}

/** When a step begins, as far as its length makes that matter: "13:56:30", "13:56", "25 Nov, 13:00", "25 Nov". */
export function stepWords({ step_s }: PlotSpan, begins: number): string {
  const at = begins * 1000;
  if (step_s >= DAY_S) return dayOfMonth(at);
  return step_s >= 3600 ? dayAndTime(at) : timeOfDay(at, step_s < 60);
}

/** A time below the strips: how far it is along them, from 0 to 1, and its words, which begin, stand around or end there. */
export interface Tick {
  readonly share: number;
  readonly words: string;
  readonly anchor: 'start' | 'middle' | 'end';
}

/** Days between two ticks; the least that gives not more than MOST_TICKS. */
const DAYS_APART = [1, 2, 3, 4, 5, 7, 10];
const MOST_TICKS = 3;
/** So near to an end words would be cut. */
const EDGE = 0.08;

/** The times below the strips: up to two days in equal parts, beyond that at midnights, which say which day it is. */
export function ticksOf(from: number, to: number): Tick[] {
  const days = (to - from) / DAY_S;
  if (days <= 2) {
    const words = (at: number): string => (days > 1 ? dayAndTime(at * 1000) : timeOfDay(at * 1000, to - from < 300));
    const parts = days > 1 ? [0, 1 / 2, 1] : [0, 1 / 3, 2 / 3, 1];
    return parts.map((share) => {
      const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
      return { share, words: words(from + (to - from) * share), anchor };
    });
  }
  const apart = DAYS_APART.find((each) => days / each <= MOST_TICKS) ?? 10;
  const ticks: Tick[] = [];
  const edge = EDGE * (to - from);
  const midnight = new Date((to - edge) * 1000);
  midnight.setHours(0, 0, 0, 0);
  for (; midnight.getTime() / 1000 > from + edge; midnight.setDate(midnight.getDate() - apart)) {
    const share = (midnight.getTime() / 1000 - from) / (to - from);
    ticks.unshift({ share, words: dayOfMonth(midnight.getTime()), anchor: 'middle' });
  }
  return ticks;
}
