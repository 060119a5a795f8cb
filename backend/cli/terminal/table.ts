// Tables for users: columns stay aligned for characters of any width, are cut on a narrow terminal, and dropped on an
// even narrower one. Foreign texts, such as an app's name, cannot move the cursor.
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
  /** Right-aligned, for figures. */
  readonly right?: true;
  /** Minimum width in characters when cut; absent: never cut. */
  readonly cutTo?: number;
  /** Dropped if there is no room, highest number first. */
  readonly spare?: number;
}

type Row = readonly (string | Cell)[];
const GAP = 2;

/** The table's lines, with line ends. Without a width (no terminal) nothing is cut. */
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

/** The columns that are shown, and their widths. */
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

/** Narrows the columns that may be cut, widest first. Returns whether all of them fit then. */
function narrowed(shown: (Kept & { readonly cutTo?: number })[], room: number): boolean {
  for (;;) {
    const excess = shown.reduce((sum, { width }) => sum + width + GAP, -GAP) - room;
    const [widest, next] = shown
      .filter(({ width, cutTo: least }) => least !== undefined && width > least)
      .toSorted((a, b) => b.width - a.width);
    if (excess <= 0 || widest === undefined) return excess <= 0;
    // Down to the next widest at once, then both step by step.
    const floor = Math.max(widest.cutTo ?? 0, next === undefined ? 0 : next.width - 1);
    widest.width -= Math.min(excess, Math.max(1, widest.width - floor));
  }
}

function cellOf(cell: string | Cell): Cell {
  const { text, ...more } = typeof cell === 'string' ? { text: cell } : cell;
  return { text: plainText(text), ...more };
}

/**
 * Puts text on one line and removes control characters, which a terminal would execute. Thin spaces become ordinary
 * ones.
 */
export function plainText(text: string): string {
  return text.replaceAll(THIN, ' ').replaceAll(/\p{Cc}+/gu, ' ');
}

/** The longest part of a text that fits, with an ellipsis at the end if it was cut. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  for (const char of text) {
    if (widthOf(cut + char) >= width) break;
    cut += char;
  }
  return `${cut}…`;
}

/** Combining marks and invisible characters. */
const UNSEEN = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const JOINER = '\u200D';

/** Width in terminal columns: two for most Chinese, Japanese and Korean characters, and for emoji. */
export function widthOf(text: string): number {
  // Fast path: ASCII needs no tables.
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  let before = '';
  for (const char of text) {
    // A joined character is drawn over the one before, as in a family emoji.
    if (!UNSEEN.test(char) && before !== JOINER) width += eastAsianWidth(char.codePointAt(0) ?? 0);
    before = char;
  }
  return width;
}

/** Names and values, one pair per line. */
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
/** Every terminal has at least this width. */
const LEAST_COLUMNS = 20;

/**
 * Wraps a paragraph, if the width is limited. `before`: characters in front of it on its first line; `indent`: prefix
 * of the other lines.
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
