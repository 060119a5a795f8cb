// The spans of the plots, apart from the shapes of what is shown, which the gateway itself has no use for.

/** The spans of the plots: how far back each goes and how long its steps are, in seconds. */
export const SPANS = {
  m15: { span_s: 900, step_s: 15 },
  h1: { span_s: 3600, step_s: 60 },
  h24: { span_s: 86_400, step_s: 900 },
} as const;
export type SpanName = keyof typeof SPANS;
