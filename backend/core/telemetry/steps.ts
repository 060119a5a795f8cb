// Which step of a span a moment lies in, and when a step begins. Steps of up to an hour are counted from 1970 in UTC.
// Steps of a day are calendar days in Hearth's time zone, since that is what people mean by a day. Pure but for the
// time zone.
import { SPANS, type SpanName } from '../../contract/views/spans.ts';

const DAY_MS = 86_400_000;

/** The number of the step; it grows with time. `at` and the result of `startOf` are milliseconds since 1970. */
export function stepOf(span: SpanName, at: number): number {
  const { step_s } = SPANS[span];
  return isDay(step_s) ? dayOf(at) : Math.floor(at / 1000 / step_s);
}

export function startOf(span: SpanName, step: number): number {
  const { step_s } = SPANS[span];
  return isDay(step_s) ? midnightOf(step) : step * step_s * 1000;
}

/** The number of steps of a span, including the current one. */
export function stepsOf(span: SpanName): number {
  const { span_s, step_s } = SPANS[span];
  return span_s / step_s + 1;
}

/** The number of the oldest step of a span at a moment, and of the current one. */
export function stepsAt(span: SpanName, now: number): { readonly first: number; readonly last: number } {
  const last = stepOf(span, now);
  return { first: last - stepsOf(span) + 1, last };
}

const isDay = (stepS: number): boolean => stepS * 1000 === DAY_MS;

/** Days from 1 January 1970 to the local date of a moment. */
function dayOf(at: number): number {
  const here = new Date(at);
  return Date.UTC(here.getFullYear(), here.getMonth(), here.getDate()) / DAY_MS;
}

function midnightOf(day: number): number {
  const date = new Date(day * DAY_MS);
  return new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()).getTime();
}
