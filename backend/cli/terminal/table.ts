// Rows for people: columns in line whatever the characters are wide, cut where the terminal is narrow, and left out where it
// is narrower still. Texts from elsewhere, such as the name of an app, cannot move the cursor.
import { eastAsianWidth } from 'get-east-asian-width';
import { THIN } from '../../contract/in-words.ts';
import type { Terminal } from '../command-host.ts';
import { painted, type Tone } from './paint.ts';

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export interface Column {
  readonly title: string;
  /** Figures stand below each other at their last digit. */
  readonly right?: true;
  /** Fewest characters it may be cut to; left out: it is never cut. */
  readonly cutTo?: number;
  /** Left out where there is no room for it, the highest first. */
  readonly spare?: number;
}

type Row = readonly (string | Cell)[];
const GAP = 2;

/** Lines with their ends. No width is no terminal: nothing is cut. */
export function table(
  columns: readonly Column[],
  rows: readonly Row[],
  terminal: Pick<Terminal, 'columns' | 'hasColours'>,
): string {
  const cells = [
    columns.map(({ title }): Cell => ({ text: title, tone: 'dim' })),
    ...rows.map((row) => row.map(cellOf)),
  ];
  const kept = fitted(columns, cells, terminal.columns ?? Infinity);
  const lines = cells.map((row) => {
    const parts = kept.map(({ at, width, right }, i) => {
      const { text, tone } = row[at] ?? { text: '' };
      const cut = cutTo(text, width);
      const shown = painted(cut, tone, terminal.hasColours);
      const blanks = ' '.repeat(Math.max(0, width - widthOf(cut)));
      if (right === true) return blanks + shown;
      return i === kept.length - 1 ? shown : shown + blanks;
    });
    return `${parts.join(' '.repeat(GAP)).trimEnd()}\n`;
  });
  return lines.join('');
}

interface Kept {
  readonly at: number;
  width: number;
  readonly right: boolean;
}

/** The columns that are shown, and how wide. */
function fitted(columns: readonly Column[], cells: readonly (readonly Cell[])[], room: number): readonly Kept[] {
  const all = columns.map((column, at) => ({
    ...column,
    at,
    right: column.right === true,
    width: Math.max(...cells.map((row) => widthOf(row[at]?.text ?? ''))),
  }));
  for (let most = Math.max(...columns.map(({ spare = 0 }) => spare)); ; most--) {
    const shown = all.filter(({ spare = 0 }) => spare <= most).map((column) => ({ ...column }));
    if (narrowed(shown, room) || most === 0) return shown;
  }
}

/** What may be cut gives way, the widest of it first. Says whether all of them have room then. */
function narrowed(shown: (Kept & { readonly cutTo?: number })[], room: number): boolean {
  for (;;) {
    const excess = shown.reduce((sum, { width }) => sum + width + GAP, -GAP) - room;
    const [widest, next] = shown
      .filter(({ width, cutTo: least }) => least !== undefined && width > least)
      .toSorted((a, b) => b.width - a.width);
    if (excess <= 0 || widest === undefined) return excess <= 0;
    // Down to the next widest at once, and then both step by step.
    const floor = Math.max(widest.cutTo ?? 0, next === undefined ? 0 : next.width - 1);
    widest.width -= Math.min(excess, Math.max(1, widest.width - floor));
  }
}

function cellOf(cell: string | Cell): Cell {
  const { text, ...more } = typeof cell === 'string' ? { text: cell } : cell;
  return { text: plainText(text), ...more };
}

/** On one line and without what a terminal takes as a command: colours, titles, moves. Figures stand with a usual blank. */
export function plainText(text: string): string {
  return text.replaceAll(THIN, ' ').replaceAll(/\p{Cc}+/gu, ' ');
}

/** As many characters of a text as fit, the last one an ellipsis where some are left out. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  for (const char of text) {
    if (widthOf(cut + char) >= width) break;
    cut += char;
  }
  return `${cut}…`;
}

/** Marks over other characters, and what is never seen. */
const UNSEEN = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const JOINER = '\u200D';

/** In characters of a terminal: two for most of those of Chinese, Japanese and Korean, and for emoji. */
export function widthOf(text: string): number {
  // The most common case needs no tables.
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  let before = '';
  for (const char of text) {
    // What is joined to another is drawn in its place, as in an emoji of a family.
    if (!UNSEEN.test(char) && before !== JOINER) width += eastAsianWidth(char.codePointAt(0) ?? 0);
    before = char;
  }
  return width;
}

/** Names and what is so, one a line. */
export function facts(
  pairs: readonly (readonly [name: string, value: string | Cell])[],
  { columns, hasColours }: Pick<Terminal, 'columns' | 'hasColours'>,
): string {
  const width = Math.max(...pairs.map(([name]) => widthOf(name)));
  const indent = ' '.repeat(width + GAP);
  return pairs
    .map(([name, value]) => {
      const { text, tone } = cellOf(value);
      const told = wrapped(text, columns, indent, indent.length);
      return `${painted(name.padEnd(width), 'dim', hasColours)}${' '.repeat(GAP)}${painted(told, tone, hasColours)}\n`;
    })
    .join('');
}

/** Longer lines are hard to read. */
const MOST_COLUMNS = 100;
/** So many fit on every terminal. */
const LEAST_COLUMNS = 20;

/**
 * A paragraph in lines that fit, where there is a width to fit into. `before` characters stand before it on its first line, and
 * `indent` comes before the others.
 */
export function wrapped(text: string, columns: number | undefined, indent = '', before = 0): string {
  const room = columns === undefined ? Infinity : Math.max(LEAST_COLUMNS, Math.min(columns, MOST_COLUMNS));
  const lines: string[] = [];
  let line = '';
  for (const word of plainText(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    const taken = lines.length === 0 ? before : indent.length;
    if (line !== '' && widthOf(longer) + taken > room) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].join(`\n${indent}`);
}
