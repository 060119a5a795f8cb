// The lines of the log that are held, and those of them that are shown. Pure.
import { LINE_LEVELS, type LineLevel, type LogLine } from '../../backend/contract/window/about-commands.ts';
import { timeOfDay } from '../parts/words.ts';

/** The newest of them. */
const MOST_HELD = 4000;
const MOST_SHOWN = 1000;
/** Characters that are copied at most. */
const MOST_COPIED = 400_000;

/** A line with a number of its own, by which it keeps its place on the page. */
export interface HeldLine extends LogLine {
  readonly n: number;
}

/** Those held after some more have come. */
export function withMore(held: readonly HeldLine[], more: readonly LogLine[]): readonly HeldLine[] {
  if (more.length === 0) return held;
  const next = (held.at(-1)?.n ?? 0) + 1;
  return [...held, ...more.map((line, i) => ({ ...line, n: next + i }))].slice(-MOST_HELD);
}

/** Those of a level or above. */
export function shownOf(held: readonly HeldLine[], least: LineLevel): readonly HeldLine[] {
  const from = LINE_LEVELS.indexOf(least);
  return held.filter(({ level }) => LINE_LEVELS.indexOf(level) >= from).slice(-MOST_SHOWN);
}

/** "14:05:03"; empty where the line does not say. */
export function clockOf({ at }: LogLine): string {
  return at === null ? '' : timeOfDay(Date.parse(at), true);
}

/** As text to paste: with the day, as in the file, and the newest where all would be too much. */
export function asText(lines: readonly LogLine[]): string {
  const text = lines.map(({ at, level, text }) => [at ?? '', level, text].join(' ').trim()).join('\n');
  return text.length <= MOST_COPIED ? text : text.slice(text.indexOf('\n', text.length - MOST_COPIED) + 1);
}

/** Whether lines of a level are written at all where log.level is so. */
export function isWritten(level: LineLevel, setting: unknown): boolean {
  if (typeof setting !== 'string' || setting === 'trace') return true;
  const from = LINE_LEVELS.findIndex((each) => each === setting);
  return from !== -1 && from <= LINE_LEVELS.indexOf(level);
}
