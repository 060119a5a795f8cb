// docs/reliability.md, as far as `npm run faults` writes it: a table of all promises, between two marks.
import type { Result } from './faults.ts';

/** How a run was made. */
export interface Run {
  readonly seed: number;
  readonly kills: number;
  readonly form: 'full' | 'short';
  readonly node: string;
  readonly results: readonly Result[];
}

const BETWEEN = /(<!-- faults -->\n\n)[^]*?(<!-- \/faults -->)/;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
const OUTCOMES = { pass: 'held', fail: '**not kept**', skipped: 'not tried' } as const;

/** What was seen of each promise, as the page has it. */
export function tableOf({ seed, kills, form, node, results }: Run): string {
  const rows = results.map(({ area, name, promise, outcome, seen }) =>
    [`${area}: ${name}`, promise, OUTCOMES[outcome], seen].map(cell).join(' | '),
  );
  const held = results.filter(({ outcome }) => outcome === 'pass').length;
  return [
    `The ${form} form with seed ${seed} and ${kills} kills, Node ${node}: ${held} of ${results.length} promises held.`,
    '',
    '| What is done | What is promised | | Seen |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

/** The page with what was seen in this run. */
export function pageWith(page: string, run: Run): string {
  return page.replace(BETWEEN, (_all, before: string, after: string) => `${before}${tableOf(run)}\n\n${after}`);
}
