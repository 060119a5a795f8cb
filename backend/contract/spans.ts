// The spans of the plots, apart from the shapes of what is shown, which the gateway itself has no use for.

/**
 * How far back each span goes and how long its steps are, in seconds; and for how long a rate of requests is told, so that
 * a few in a day are no fraction of one in a minute. The steps of the last one are days of the calendar where Hearth runs,
 * of which one in spring has 23 hours and one in autumn 25.
 */
export const SPANS = {
  m15: { span_s: 900, step_s: 15, per_s: 60 },
  h1: { span_s: 3600, step_s: 60, per_s: 60 },
  h24: { span_s: 86_400, step_s: 900, per_s: 60 },
  d7: { span_s: 604_800, step_s: 3600, per_s: 3600 },
  d30: { span_s: 2_592_000, step_s: 86_400, per_s: 86_400 },
} as const;
export type SpanName = keyof typeof SPANS;
export const SPAN_NAMES = Object.keys(SPANS) as readonly SpanName[];
