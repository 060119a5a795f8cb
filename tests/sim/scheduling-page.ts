// docs/scheduling.md, as far as the simulator writes it: its tables, each between two marks.
import { tableOf, type Row } from './comparison.ts';

/** The tables of the page. `slots`: queue.max_concurrent. */
export const TABLES = [
  { mark: 'one slot', slots: 1 },
  { mark: 'two slots', slots: 2 },
] as const;

const between = (mark: string): RegExp => new RegExp(`(<!-- ${mark} -->\\n\\n)[^]*?(\\n\\n<!-- /${mark} -->)`);

/** What stands between the marks of a table; undefined where they are missing. */
export function shownIn(page: string, mark: string): string | undefined {
  return between(mark).exec(page)?.[0].split('\n\n').slice(1, -1).join('\n\n');
}

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
  const text = TABLES.reduce((before, { mark }, i) => before.replace(between(mark), `$1${tables[i] ?? ''}$2`), page);
  return { text, tables };
}
