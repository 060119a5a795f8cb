// Where the steps of a range lie in time, and the words for it: from when to when, which step holds a moment, where the line
// below the strips has its times. Pure.
import type { PlotSpan } from '../../backend/contract/window/look-commands.ts';
import { t } from '../../words/texts.ts';
import { dayAndTime, dayOfMonth, timeOfDay } from '../parts/words.ts';

const DAY_S = 86_400;

/** Seconds that a range covers: its columns hold one step more, the one that is running. */
export function lengthOf({ t, step_s }: PlotSpan): number {
  return Math.max(1, t.length - 1) * step_s;
}

/** Steps that an axis has at least. */
const LEAST_STEPS = 4;

/**
 * The axis, in seconds: from the beginning of the range, or since when it is known when that is later, until now. `since`,
 * `now`: milliseconds since 1970.
 */
export function axisOf(span: PlotSpan, since: number, now: number): { readonly from: number; readonly to: number } {
  const to = now / 1000;
  return { from: Math.max(to - lengthOf(span), Math.min(since / 1000, to - LEAST_STEPS * span.step_s)), to };
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

/** When a step begins, as far as its length makes that matter: "13:56:30", "13:56", "25 Nov, 13:00", "25 Nov". */
export function stepWords({ step_s }: PlotSpan, begins: number): string {
  const at = begins * 1000;
  if (step_s >= DAY_S) return dayOfMonth(at);
  return step_s >= 3600 ? dayAndTime(at) : timeOfDay(at, step_s < 60);
}

/** How long a step is, in words for a sentence: "15 seconds", "a minute". */
export function stepLength({ step_s }: PlotSpan): string {
  return t('plots.step', { n: step_s });
}

/** A time below the strips: how far it is along them, from 0 to 1, and its words, which begin, stand around or end there. */
export interface Tick {
  readonly share: number;
  readonly words: string;
  readonly anchor: 'start' | 'middle' | 'end';
  /** In a narrow window it would touch the time at an end. */
  readonly near?: true;
}

/** Minutes between two ticks, and days; the least that gives not more than so many. */
const MINUTES_APART = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360];
const DAYS_APART = [1, 2, 3, 4, 5, 7, 10];
/** "10" is short, "09:30" is not. */
const MOST_HOURS = 5;
const MOST_TICKS = 3;
/** So near to an end words would be cut, or touch those that stand there; in a narrow window they do so earlier. */
const EDGE = 0.08;
const HOUR_EDGE = { usual: 0.16, narrow: 0.26 };
const MINUTE_EDGE = { usual: 0.18, narrow: 0.35 };

/** The times below the strips: up to two days the ends, and full hours between them; beyond that midnights, which say their day. */
export function ticksOf(from: number, to: number): Tick[] {
  const days = (to - from) / DAY_S;
  if (days > 2) return midnights(from, to);
  const words = (at: number): string => (days > 1 ? dayAndTime(at * 1000) : timeOfDay(at * 1000, to - from < 300));
  return [
    { share: 0, words: words(from), anchor: 'start' },
    ...(days > 1 ? [] : fullTimes(from, to)),
    { share: 1, words: words(to), anchor: 'end' },
  ];
}

/** Full hours, or in a short time full minutes. */
function fullTimes(from: number, to: number): Tick[] {
  const apart =
    MINUTES_APART.find((each) => (to - from) / 60 / each <= (each < 60 ? MOST_TICKS : MOST_HOURS + 1)) ?? 360;
  const edge = apart < 60 ? MINUTE_EDGE : HOUR_EDGE;
  const first = new Date(from * 1000);
  first.setHours(0, 0, 0, 0);
  const ticks: Tick[] = [];
  // By the clock of the day, since not every zone is whole hours away from UTC.
  for (let at = first.getTime() / 1000; at < to; at += apart * 60) {
    const share = (at - from) / (to - from);
    if (share < edge.usual || share > 1 - edge.usual) continue;
    const words = timeOfDay(at * 1000).replace(apart < 60 ? /$^/ : /:00$/, '');
    const near = share < edge.narrow || share > 1 - edge.narrow;
    ticks.push({ share, words, anchor: 'middle', ...(near ? { near } : {}) });
  }
  return ticks;
}

function midnights(from: number, to: number): Tick[] {
  const days = (to - from) / DAY_S;
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
