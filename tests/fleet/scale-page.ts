// docs/scale.md, as far as `npm run fleet` writes it: what was measured and what was tried, each a table between two marks.
import type { Result } from './trials.ts';

/** How a run was made. */
export interface Run {
  readonly seed: number;
  readonly kills: number;
  readonly form: 'full' | 'short';
  readonly node: string;
  readonly results: readonly Result[];
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows.map((row) => `| ${row.map(cell).join(' | ')} |`);
  return [head, `|${' --- |'.repeat(rows[0]?.length ?? 0)}`, ...rest].join('\n');
}

/** What was measured. */
export function figuresOf({ results }: Run): string {
  const rows = results.flatMap(({ figures }) =>
    figures.map(({ what, measured, goal }) => [
      what,
      measured,
      goal === undefined ? '' : `${goal.says}${goal.isKept ? '' : ': missed'}`,
    ]),
  );
  return table([['', 'Measured', 'Goal'], ...rows]);
}

/** What was tried. */
export function trialsOf({ seed, kills, form, node, results }: Run): string {
  const held = results.filter(({ isKept }) => isKept).length;
  const rows = results.map(({ name, promise, isKept, seen }) => [
    name,
    promise,
    isKept ? 'held' : '**not kept**',
    seen,
  ]);
  return [
    `The ${form} form with seed ${seed} and ${kills} kills, Node ${node}: ${held} of ${results.length} promises held.`,
    '',
    table([['What is done', 'What is promised', '', 'Seen'], ...rows]),
  ].join('\n');
}

/** The page with what was seen in this run. */
export function pageWith(page: string, run: Run): string {
  const between = (text: string, mark: string, what: string): string =>
    text.replace(
      new RegExp(`(<!-- ${mark} -->\\n\\n)[^]*?(<!-- /${mark} -->)`),
      (_all, before: string, after: string) => `${before}${what}\n\n${after}`,
    );
  return between(between(page, 'measured', figuresOf(run)), 'tried', trialsOf(run));
}
