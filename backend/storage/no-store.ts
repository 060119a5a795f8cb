// Refuses promises when there is no SQLite.
import { AppError } from '../contract/errors.ts';
import type { Database } from './database.ts';

const NO_STORE =
  'Hearth cannot keep this, since SQLite cannot be loaded on this machine. Put its library beside the program (docs/deployment.md), or ask on a route that answers at once.';

/** Call before promising to store something. Throws no_store. */
export function mustKeep({ keeps }: Pick<Database, 'keeps'>): void {
  if (!keeps) throw new AppError('no_store', NO_STORE);
}
