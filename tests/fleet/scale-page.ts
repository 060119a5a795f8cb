// docs/scale.md, as far as `npm run fleet` writes it: what was measured and what was tried, each a table between two marks. A run of
// some trials leaves the rows of the others as they are, so each row says which form it is from.
import { rowsIn, table, written, type RunForm } from '../faults/run-page.ts';
import type { Result } from './trials.ts';

export interface Run extends RunForm {
  readonly results: readonly Result[];
}

type Row = readonly string[];

/** Those of before, with the new ones in their place or behind them. */
function joined(before: readonly Row[], now: readonly Row[]): readonly Row[] {
  return [...new Map([...before, ...now].map((row) => [row[0] ?? '', row])).values()];
}

/** What was measured. */
function figuresOf({ results, form }: Run): readonly Row[] {
  return results.flatMap(({ figures }) =>
    figures.map(({ what, measured, goal }) => [
      what,
      measured,
      goal === undefined ? '' : `${goal.says}${goal.isKept ? '' : ': missed'}`,
      form,
    ]),
  );
}

/** What was tried. */
function trialsOf({ results, form, seed }: Run): readonly Row[] {
  return results.map(({ name, promise, isKept, seen }) => [
    name,
    promise,
    `${isKept ? 'held' : '**not kept**'} (${form} form, seed ${seed})`,
    seen,
  ]);
}

/** The page with what was seen in this run. */
export function pageWith(page: string, run: Run): string {
  const measured = joined(rowsIn(page, 'measured'), figuresOf(run));
  const tried = joined(rowsIn(page, 'tried'), trialsOf(run));
  return written(
    written(page, 'measured', table([['', 'Measured', 'Goal', 'Form'], ...measured])),
    'tried',
    table([['What is done', 'What is promised', '', 'Seen'], ...tried]),
  );
}
