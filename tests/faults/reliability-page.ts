// docs/reliability.md, as far as `npm run faults` writes it: a table of all promises, between two marks.
import type { Result } from './faults.ts';
import { LOOP_NAME } from './loop-faults.ts';
import { formOf, rowsIn, table, written, type RunForm } from './run-page.ts';

export interface Run extends RunForm {
  readonly results: readonly Result[];
}

const OUTCOMES = { pass: 'held', fail: '**not kept**', skipped: 'not tried' } as const;

/** What was seen of each promise: that of this run, and of `before` (the rows that the page has) what this run did not try. */
export function tableOf(run: Run, before: readonly (readonly string[])[] = []): string {
  const own = run.results.map(({ area, name, promise, outcome, seen }) => [
    `${area}: ${name}`,
    promise,
    OUTCOMES[outcome],
    seen,
  ]);
  const ofThisRun = new Map(own.map((row) => [row[0], row]));
  const isOld = (row: readonly string[]): boolean => before.some(([what]) => what === row[0]);
  const rows = [...before.map((row) => ofThisRun.get(row[0]) ?? row), ...own.filter((row) => !isOld(row))];
  const held = rows.filter(([, , outcome]) => outcome === OUTCOMES.pass).length;
  const part = own.length === rows.length ? '' : ` The last run tried ${own.length} of them.`;
  return [
    `${formOf(run)}: ${held} of ${rows.length} promises held.${part}`,
    '',
    table([['What is done', 'What is promised', '', 'Seen'], ...rows]),
  ].join('\n');
}

/** The page with what was seen in this run; the times of what is written stand by themselves, and may be measured alone. */
export function pageWith(page: string, run: Run): string {
  const loop = run.results.find(({ name, outcome }) => name === LOOP_NAME && outcome === 'pass');
  const results = run.results.filter(({ name }) => name !== LOOP_NAME);
  const withLoop = loop === undefined ? page : written(page, 'loop', `Node ${run.node}: ${loop.seen}.`);
  return results.length === 0
    ? withLoop
    : written(withLoop, 'faults', tableOf({ ...run, results }, rowsIn(page, 'faults')));
}
