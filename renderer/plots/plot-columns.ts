// What the strips and their table show, as columns, figures and sentences. Pure; plots.tsx draws it with uPlot.
// A step in which nothing was measured is null all the way, never 0.
import type { Day } from '../../backend/contract/views/day.ts';
import type { PlotSpan } from '../../backend/contract/window/look-commands.ts';
import type { FigureName } from '../../backend/contract/views/figure-meanings.ts';
import { endOf, middleOf } from './plot-axis.ts';
import { countSentence, timeSentence, type Sentence } from './plot-words.ts';
import { count, durationParts, NOTHING, THIN } from '../parts/words.ts';

export type Column = readonly (number | null)[];

/** The figure and its unit. */
type Figure = readonly [figure: string, unit: string];

/** How a series is drawn: as steps that hold their value, or as a line through the middle of each step. */
export interface Strip {
  readonly name: 'requests' | 'wait' | 'first_token';
  readonly meaning: FigureName;
  readonly shape: 'steps' | 'line';
  /** The first is what the value column shows. */
  readonly columns: (span: PlotSpan) => readonly [Column, ...Column[]];
  readonly figure: (value: number) => Figure;
  /** What it comes to over the whole range. */
  readonly whole: (day: Day) => number | null;
  /** The scale's top is at least this, so that one request does not fill the strip. */
  readonly least: number;
  /** What it counts are milliseconds. */
  readonly time?: boolean;
  readonly sentence: Sentence;
}

const counted = (value: number): Figure => [count(value), ''];

export const STRIPS: readonly Strip[] = [
  {
    name: 'requests',
    meaning: 'requests',
    shape: 'steps',
    columns: (span) => [span.requests, span.needed_model],
    figure: counted,
    whole: ({ requests }) => requests,
    least: 1,
    sentence: countSentence,
  },
  {
    name: 'wait',
    meaning: 'wait',
    shape: 'line',
    columns: (span) => [span.wait_p50, span.wait_p95],
    figure: durationParts,
    whole: ({ wait }) => wait?.median_ms ?? null,
    least: 10,
    time: true,
    sentence: timeSentence('wait', ({ wait }) => wait),
  },
  {
    name: 'first_token',
    meaning: 'first_token',
    shape: 'line',
    columns: (span) => [span.ttft_p50, span.ttft_p95],
    figure: durationParts,
    whole: ({ first_token }) => first_token?.median_ms ?? null,
    least: 10,
    time: true,
    sentence: timeSentence('first_token', ({ first_token }) => first_token),
  },
];

/** The columns of the table of all steps. */
export const COLUMNS: readonly {
  readonly name: 'requests' | 'hit_rate' | 'waiting' | 'wait' | 'first_token' | 'tokens_per_s';
  readonly column: (span: PlotSpan) => Column;
  readonly figure: (value: number) => Figure;
}[] = [
  { name: 'requests', column: (span) => span.requests, figure: counted },
  { name: 'hit_rate', column: (span) => span.hit_rate, figure: (value) => [count(value * 100), '%'] },
  { name: 'waiting', column: (span) => span.waiting, figure: counted },
  { name: 'wait', column: (span) => span.wait_p50, figure: durationParts },
  { name: 'first_token', column: (span) => span.ttft_p50, figure: durationParts },
  { name: 'tokens_per_s', column: (span) => span.tokens_per_s, figure: counted },
];

/** The words at the top of a strip's scale. */
export function topWords(strip: Strip, top: number): string {
  const [figure, unit] = strip.time === true ? durationParts(top) : [Number.isInteger(top) ? count(top) : String(top), '']; // prettier-ignore
  // "1.0 s" says no more than "1 s", "0.40 s" no more than "0.4 s".
  return unit === '' ? figure : `${/[.,]/.test(figure) ? figure.replace(/[.,]?0+$/, '') : figure}${THIN}${unit}`;
}

const NICE = [1, 1.2, 1.6, 2, 2.4, 3, 4, 6, 8, 10];

/** Beyond a minute a scale ends on whole minutes or hours, whose words are short. */
const NICE_TIMES = [60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * 1000,
);

/** The top of a strip's scale: the least round value that is not under the most. */
export function topOf(strip: Strip, most: number): number {
  const top = niceTop(most, strip.least);
  return strip.time === true && top >= 60_000 ? (NICE_TIMES.find((each) => each >= most) ?? top) : top;
}

/** The least round number that is not under the most. */
export function niceTop(most: number, least: number): number {
  const value = Math.max(most, least);
  const power = 10 ** Math.floor(Math.log10(value));
  // 1.2 * 10 is 12, 1.2 * 0.1 is not 0.12 to the last bit: rounded to what can be read.
  const tops = NICE.map((nice) => Number((nice * power).toPrecision(3)));
  return tops.find((top) => top >= value) ?? value;
}

export interface Top {
  readonly top: number;
  /** When this top was last needed. */
  readonly at: number;
}

/** The top of a scale: grows at once, shrinks only when it was not needed for a whole span, so that it does not jump. */
export function heldTop(before: Top | undefined, needed: number, now: number, spanMs: number): Top {
  if (before === undefined || needed >= before.top || now - before.at > spanMs) return { top: needed, at: now };
  return before;
}

/** The most of a strip's columns; 0 when nothing was measured. */
export function mostOf(columns: readonly Column[]): number {
  return Math.max(0, ...columns.flatMap((column) => column.filter((value) => value !== null)));
}

/**
 * Columns for steps: each value holds until its step ends, the last one until now. A step before a gap gets a second
 * point at its end, or it could not be seen.
 */
export function stepColumns(
  span: PlotSpan,
  columns: readonly Column[],
  now: number,
): [number[], ...(number | null)[][]] {
  const x: number[] = [];
  const y: (number | null)[][] = columns.map(() => []);
  const add = (at: number, i: number): void => {
    x.push(at);
    for (const [k, column] of columns.entries()) y[k]?.push(column[i] ?? null);
  };
  for (const [i, start] of span.t.entries()) {
    add(start, i);
    const last = i === span.t.length - 1;
    const end = endOf(span, i);
    if (last) add(Math.min(end, Math.max(start + 0.001, now / 1000)), i);
    else if (columns.some((column) => column[i] !== null && column[i + 1] === null)) add(end - 0.001, i);
  }
  return [x, ...y];
}

/** Columns for a line: each value in the middle of its step, the last one no later than now. */
export function lineColumns(
  span: PlotSpan,
  columns: readonly Column[],
  now: number,
): [number[], ...(number | null)[][]] {
  const x = span.t.map((_, i) => middleOf(span, i, now));
  return [x, ...columns.map((column) => [...column])];
}

/** Values that stand between two gaps: a line cannot show them, so they are dots. */
export function loneIndices(column: Column): number[] {
  const isGap = (i: number): boolean => (column[i] ?? null) === null;
  return [...column.keys()].filter((i) => !isGap(i) && isGap(i - 1) && isGap(i + 1));
}

/** The value in words for the column at the left, of a step or of the whole range: figure and unit, or the dash. */
export function figureAt(strip: Strip, span: PlotSpan, day: Day, step: number | undefined): Figure {
  const value = step === undefined ? strip.whole(day) : (strip.columns(span)[0][step] ?? null);
  return value === null ? [NOTHING, ''] : strip.figure(value);
}

/** A piece of the bar that shows how the requests were answered; lengths in percent of the whole. */
export interface MixPiece {
  readonly name: 'hit' | 'coalesced' | 'miss' | 'bypass';
  readonly x: number;
  readonly width: number;
}

const MIX_GAP = 0.6;
const MIX_LEAST = 0.6;

/** Lays the counts out as a bar with a gap between pieces; what was counted at all can be seen. */
export function mixPieces(counts: Readonly<Record<MixPiece['name'], number>>): MixPiece[] {
  const names = (['hit', 'coalesced', 'miss', 'bypass'] as const).filter((name) => counts[name] > 0);
  const sum = names.reduce((total, name) => total + counts[name], 0);
  const room = 100 - MIX_GAP * (names.length - 1);
  const raw = names.map((name) => Math.max(MIX_LEAST, (counts[name] / sum) * room));
  const scale = room / raw.reduce((total, width) => total + width, 0);
  let x = 0;
  return names.map((name, i) => {
    const width = (raw[i] ?? 0) * scale;
    const piece = { name, x: round(x), width: round(width) };
    x += width + MIX_GAP;
    return piece;
  });
}

const round = (value: number): number => Math.round(value * 100) / 100;
