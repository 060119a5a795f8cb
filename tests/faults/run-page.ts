// Pages of docs/ that a run writes itself: tables between two marks, each row by what its first cell says.

/** How a run was made. */
export interface RunForm {
  readonly seed: number;
  readonly kills: number;
  readonly form: 'full' | 'short';
  readonly node: string;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');

/** Of Markdown; the first row is its head. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows.map((row) => `| ${row.map(cell).join(' | ')} |`);
  return [head, `|${' --- |'.repeat(rows[0]?.length ?? 0)}`, ...rest].join('\n');
}

/** How it was made, as the sentence before its table begins. */
export const formOf = ({ seed, kills, form, node }: RunForm): string =>
  `The ${form} form with seed ${seed} and ${kills} kills, Node ${node}`;

const between = (mark: string): RegExp => new RegExp(`(<!-- ${mark} -->\\n\\n)([^]*?)(<!-- /${mark} -->)`);

/** The page with `what` between these marks. */
export function written(page: string, mark: string, what: string): string {
  return page.replace(between(mark), (_all, before: string, _old, after: string) => `${before}${what}\n\n${after}`);
}

/** The rows that a page has between these marks, without the head; cells as they were given. */
export function rowsIn(page: string, mark: string): readonly (readonly string[])[] {
  const [, , text = ''] = between(mark).exec(page) ?? [];
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .replace(/^\|/, '')
      .replace(/\|\s*$/, '')
      .split(/(?<!\\)\|/)
      .map((each) => each.trim().replaceAll('\\|', '|')),
  );
}
