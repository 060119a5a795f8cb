// The tables of docs/, generated from their subjects so that the two cannot differ. It writes no file; a test compares
// the pages with it.
import { code, table } from '../config/config-docs.ts';
import { ERRORS } from '../errors.ts';
import { FIGURES } from '../views/figure-meanings.ts';
import { DROP_IN_ROUTES, OWN_ROUTES, ROUTES } from '../routes.ts';

export { configTables, environmentTable } from '../config/config-docs.ts';
export { metricTable } from './metric-table.ts';

/** The first table of docs/api.md: Hearth's own routes. */
export function routeTable(): string {
  return table(
    ['Route', 'Methods', 'What'],
    OWN_ROUTES.map(({ path, methods, what }) => [code(path), methods.map(code).join(', '), what]),
  );
}

/** The second table of docs/api.md: the routes that foreign clients know. */
export function dropInTable(): string {
  return table(
    ['Route', 'What'],
    DROP_IN_ROUTES.map(({ path, what }) => [code(path), what]),
  );
}

/** The third table of docs/api.md: routes that are passed on, and the key scope each needs. */
export function handedOnTable(): string {
  return table(
    ['Route', 'A key for', 'What'],
    ROUTES.filter(({ by }) => by === 'ollama').map(({ path, scope, what }) => [code(path), code(scope), what]),
  );
}

/** The table of docs/errors.md. */
export function errorTable(): string {
  return table(
    ['Code', 'Status', 'Retry', 'When'],
    Object.entries(ERRORS).map(([name, { status, retryable, when }]) => [
      code(name),
      String(status),
      retryable ? 'yes' : 'no',
      when,
    ]),
  );
}

/** The table of docs/figures.md. */
export function figureTable(): string {
  return table(
    ['Figure', 'What it means'],
    Object.values(FIGURES).map(({ name, means }) => [name, means]),
  );
}
