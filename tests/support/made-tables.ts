// The tables in docs/ that are made of what they tell of, and where each stands. `npm run papers` writes them; a test
// compares them.
import { SLOW_CAUSES } from '../../backend/core/explain/why-slow.ts';
import { MISSED_CAUSES } from '../../backend/core/explain/why-missed.ts';
import { commandTable, exitTable, variableTable } from '../../backend/cli/papers/cli-tables.ts';
import {
  configTables,
  dropInTable,
  environmentTable,
  errorTable,
  figureTable,
  handedOnTable,
  metricTable,
  routeTable,
} from '../../backend/contract/papers/tables.ts';
import { appLines, appsTable } from './app-facts.ts';
import { MISSED_EXAMPLES } from './missed-examples.ts';
import { SLOW_EXAMPLES } from './why-examples.ts';
import { whyTable } from './why-page.ts';

export interface MadeTable {
  /** A file in docs/. */
  readonly page: string;
  /** It stands between `<!-- mark -->` and `<!-- /mark -->`. */
  readonly mark: string;
  make(): string;
}

export const MADE_TABLES: readonly MadeTable[] = [
  { page: 'api.md', mark: 'routes', make: routeTable },
  { page: 'api.md', mark: 'drop-in', make: dropInTable },
  { page: 'api.md', mark: 'handed-on', make: handedOnTable },
  { page: 'errors.md', mark: 'errors', make: errorTable },
  { page: 'configuration.md', mark: 'config', make: configTables },
  { page: 'configuration.md', mark: 'environment', make: environmentTable },
  { page: 'metrics.md', mark: 'metrics', make: metricTable },
  { page: 'figures.md', mark: 'figures', make: figureTable },
  { page: 'apps.md', mark: 'lines', make: appLines },
  { page: 'apps.md', mark: 'apps', make: appsTable },
  { page: 'cli.md', mark: 'commands', make: commandTable },
  { page: 'cli.md', mark: 'variables', make: variableTable },
  { page: 'cli.md', mark: 'exits', make: exitTable },
  { page: 'why.md', mark: 'slow', make: () => whyTable(SLOW_CAUSES, SLOW_EXAMPLES) },
  { page: 'why.md', mark: 'missed', make: () => whyTable(MISSED_CAUSES, MISSED_EXAMPLES) },
];

const between = (mark: string): RegExp => new RegExp(`(<!-- ${mark} -->\\n\\n)([^]*?)(\\n\\n<!-- /${mark} -->)`);

/** What stands between the marks; undefined where there are none. */
export const shownBetween = (text: string, mark: string): string | undefined => between(mark).exec(text)?.[2];

/** The text with `made` between the marks. Throws where there are none. */
export function withBetween(text: string, mark: string, made: string): string {
  if (shownBetween(text, mark) === undefined) throw new Error(`There is no place for "${mark}" in the page.`);
  // As a function, since a table may have a "$1" in it.
  return text.replace(between(mark), (_, before: string, _then, after: string) => before + made + after);
}
