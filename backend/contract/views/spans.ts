// The time ranges of figures: the plots, the day. Separate from the schemas, so that the page can read them without.

/**
 * The word for each range, its length and the length of its steps, in seconds. The steps of the last range are calendar
 * days where Hearth runs, of which one in spring has 23 hours and one in autumn 25.
 */
export const SPANS = {
  m15: { word: '15m', span_s: 900, step_s: 15 },
  h1: { word: '1h', span_s: 3600, step_s: 60 },
  h24: { word: '24h', span_s: 86_400, step_s: 900 },
  d7: { word: '7d', span_s: 604_800, step_s: 3600 },
  d30: { word: '30d', span_s: 2_592_000, step_s: 86_400 },
} as const;
export type SpanName = keyof typeof SPANS;
export const SPAN_NAMES = Object.keys(SPANS) as readonly SpanName[];

/** As requests name it: `24h`. */
export type SpanWord = (typeof SPANS)[SpanName]['word'];
export const SPAN_WORDS = SPAN_NAMES.map((name) => SPANS[name].word) as readonly SpanWord[] as readonly [SpanWord, ...SpanWord[]]; // prettier-ignore
export const USUAL_SPAN: SpanWord = '24h';

export function spanOf(word: SpanWord): SpanName {
  return SPAN_NAMES.find((name) => SPANS[name].word === word) ?? 'h24';
}
