// docs/reliability.md, as far as `npm run faults` writes it: a table of all promises, between two marks.
import type { Result } from './faults.ts';
import { LOOP_NAME } from './loop-faults.ts';
import { formOf, table, written, type RunForm } from './run-page.ts';

export interface Run extends RunForm {
  readonly results: readonly Result[];
}

const OUTCOMES = { pass: 'held', fail: '**not kept**', skipped: 'not tried' } as const;

/** What was seen of each promise, as the page has it. */
export function tableOf(run: Run): string {
  const { results } = run;
  const rows = results.map(({ area, name, promise, outcome, seen }) => [
    `${area}: ${name}`,
    promise,
    OUTCOMES[outcome],
    seen,
  ]);
  const held = results.filter(({ outcome }) => outcome === 'pass').length;
  return [
    `${formOf(run)}: ${held} of ${results.length} promises held.`,
    '',
    table([['What is done', 'What is promised', '', 'Seen'], ...rows]),
  ].join('\n');
}

/** The page with what was seen in this run; the times of what is written stand by themselves, and may be measured alone. */
export function pageWith(page: string, run: Run): string {
  const loop = run.results.find(({ name, outcome }) => name === LOOP_NAME && outcome === 'pass');
  const results = run.results.filter(({ name }) => name !== LOOP_NAME);
  const withLoop = loop === undefined ? page : written(page, 'loop', `Node ${run.node}: ${loop.seen}.`);
  return results.length === 0 ? withLoop : written(withLoop, 'faults', tableOf({ ...run, results }));
}
