// docs/scheduling.md, as far as the simulator writes it: its tables, each between two marks. And what the README tells of them.
import { table } from '../bench/report.ts';
import { shownBetween, withBetween } from '../support/made-tables.ts';
import { tableOf, type Row } from './comparison.ts';

/** The tables of the page. `slots`: queue.max_concurrent. */
export const TABLES = [
  { mark: 'one slot', slots: 1 },
  { mark: 'two slots', slots: 2 },
] as const;

function written(rows: readonly Row[]): string {
  const [first] = rows;
  const days = rows.filter(({ order }) => order === first?.order).reduce((sum, row) => sum + row.days, 0);
  const requests = rows.reduce((sum, row) => sum + row.requests, 0);
  const refused = rows.reduce((sum, row) => sum + row.refused, 0);
  return `${days} days before each order, ${requests} requests in all, ${refused} of them refused.\n\n${tableOf(rows)}`;
}

/** The page with these figures, in the order of TABLES, and the tables alone. */
export function pageWith(page: string, found: readonly (readonly Row[])[]): { text: string; tables: string[] } {
  const tables = found.map(written);
  const text = TABLES.reduce((before, { mark }, i) => withBetween(before, mark, tables[i] ?? ''), page);
  return { text, tables };
}

/** The cells of the lines of a table. */
export function cellsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim())); // prettier-ignore
}

/** Where the README has the table of beforeAndAfter. */
export const README_MARK = 'before and after';

/** For the README, from the tables of the page: how long people wait on the mean, first come, first served and with Hearth. */
export function beforeAndAfter(page: string): string {
  const means = TABLES.map(({ mark }) => {
    const [, , ...rows] = cellsOf(shownBetween(page, mark) ?? '');
    return new Map(rows.map(([machine, order, , wait = '']) => [`${machine} ${order}`, wait.split(' ')[0] ?? '']));
  });
  const machines = new Set([...(means[0]?.keys() ?? [])].map((key) => key.replace(/ (first come|before|now)$/, '')));
  const rows = [...machines].map((machine) => [
    machine,
    ...means.map((of) => `${of.get(`${machine} first come`)} s → **${of.get(`${machine} now`)} s**`),
  ]);
  return table([['GPU', 'One answer at a time', 'Two at a time'], ...rows]);
}
