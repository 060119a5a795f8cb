// What the strips show, as columns, figures and sentences. Pure; plots.tsx draws it with uPlot.
// A step in which nothing was measured is null all the way, never 0.
import type { PlotSpan, PlotsView } from '../../backend/contract/desktop.ts';
import { endOf, middleOf } from './plot-axis.ts';
import { bandSentence, countSentence, rateSentence, type Sentence } from './plot-words.ts';
import { count, duration, durationParts, NOTHING, percent, THIN } from '../parts/words.ts';

export type Column = readonly (number | null)[];

/** How a series is drawn: as steps that hold their value, or as a line through the middle of each step. */
export interface Strip {
  readonly name: 'requests' | 'hit_rate' | 'waiting' | 'wait' | 'first_token' | 'tokens';
  readonly label: string;
  /** It is a rate: the label is followed by for how long. */
  readonly per?: true;
  readonly shape: 'steps' | 'line';
  /** The first is what the value column shows. */
  readonly columns: (span: PlotSpan) => readonly [Column, ...Column[]];
  /** The figure and its unit. */
  readonly figure: (value: number) => readonly [figure: string, unit: string];
  /** The scale's top is at least this, so that one request does not fill the strip. */
  readonly least: number;
  /** The scale never changes. */
  readonly fixed?: boolean;
  /** What it counts are milliseconds. */
  readonly time?: boolean;
  readonly sentence: Sentence;
}

const perMinute = (value: number): string => (value > 0 && value < 0.95 ? value.toFixed(1) : count(value));

export const STRIPS: readonly Strip[] = [
  {
    name: 'requests',
    label: 'Requests',
    per: true,
    shape: 'steps',
    columns: (span) => [span.requests, span.needed_model],
    figure: (value) => [perMinute(value), ''],
    least: 1,
    sentence: countSentence('Requests', 'of which', 'needed the model'),
  },
  {
    name: 'hit_rate',
    label: 'Hit rate',
    shape: 'line',
    columns: (span) => [span.hit_rate],
    figure: (value) => [count(value * 100), '%'],
    least: 1,
    fixed: true,
    sentence: rateSentence('Hit rate', (value) => `${count(value * 100)} percent`),
  },
  {
    name: 'waiting',
    label: 'Waiting',
    shape: 'steps',
    columns: (span) => [span.waiting],
    figure: (value) => [count(value), ''],
    least: 1,
    sentence: countSentence('Requests waiting'),
  },
  {
    name: 'wait',
    label: 'Wait',
    shape: 'line',
    columns: (span) => [span.wait_p50, span.wait_p95],
    figure: durationParts,
    least: 10,
    time: true,
    sentence: bandSentence('Time in line', duration),
  },
  {
    name: 'first_token',
    label: 'First token',
    shape: 'line',
    columns: (span) => [span.ttft_p50, span.ttft_p95],
    figure: durationParts,
    least: 10,
    time: true,
    sentence: bandSentence('Time to first token', duration),
  },
  {
    name: 'tokens',
    label: 'Tokens/s',
    shape: 'line',
    columns: (span) => [span.tokens_per_s],
    figure: (value) => [count(value), ''],
    least: 1,
    sentence: rateSentence('Tokens a second', (value) => count(value)),
  },
];

/** How long a rate is told for, by its seconds: as a label and in a sentence. */
const PER: Readonly<Record<number, readonly [label: string, words: string]>> = {
  60: ['min', 'a minute'],
  3600: ['h', 'an hour'],
  86_400: ['day', 'a day'],
};

/** "Requests/min" */
export function labelOf({ label, per }: Strip, { per_s }: PlotSpan): string {
  return per === true ? `${label}/${PER[per_s]?.[0] ?? ''}` : label;
}

/** "a minute"; undefined for what is no rate. */
export function perWords({ per }: Strip, { per_s }: PlotSpan): string | undefined {
  return per === true ? PER[per_s]?.[1] : undefined;
}

/** The words at the top of a strip's scale. */
export function topWords(strip: Strip, top: number): string {
  if (strip.fixed === true) return percent(top);
  const [figure, unit] = strip.time === true ? durationParts(top) : [Number.isInteger(top) ? count(top) : String(top), '']; // prettier-ignore
  // "1.0 s" says no more than "1 s", "0.40 s" no more than "0.4 s".
  return unit === '' ? figure : `${figure.includes('.') ? figure.replace(/\.?0+$/, '') : figure}${THIN}${unit}`;
}

const NICE = [1, 1.2, 1.6, 2, 2.4, 3, 4, 6, 8, 10];

/** Beyond a minute a scale ends on whole minutes or hours, whose words are short. */
const NICE_TIMES = [60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * 1000,
);

/** The top of a strip's scale: the least round value that is not under the most. */
export function topOf(strip: Strip, most: number): number {
  if (strip.fixed === true) return 1;
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

/**
 * The value to show for a step, or for now: the running step, or the one before while nothing was measured in it yet.
 */
export function valueAt(column: Column, step: number | undefined): number | null {
  if (step !== undefined) return column[step] ?? null;
  return column.at(-1) ?? column.at(-2) ?? null;
}

/**
 * The value in words for the column at the left: figure and unit, or the dash. `current` is what is so now, where that is
 * another thing than what the running step shows.
 */
export function figureAt(
  strip: Strip,
  span: PlotSpan,
  step: number | undefined,
  current?: number,
): readonly [string, string] {
  const value = step === undefined && current !== undefined ? current : valueAt(strip.columns(span)[0], step);
  return value === null ? [NOTHING, ''] : strip.figure(value);
}

/** Whether any request is in the plots at all. */
export function hasRequests({ d30, m15 }: PlotsView): boolean {
  return [...d30.requests, ...m15.requests].some((value) => (value ?? 0) > 0);
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
