// Notifies users of a refused web page: one notice per page, until the user decides or the page has not asked for a
// while.
import type { OriginApprovals } from './core/access/origin-approvals.ts';
import type { PutNotice, Told } from './core/ports.ts';

/** A page that has not asked again for this long has given up. Milliseconds. */
const GIVEN_UP_MS = 3_600_000;

/** Runs until the returned function is called. */
export function tellRefusedPages(originApprovals: OriginApprovals, put: PutNotice): () => void {
  const tell = (origin: string, waits: boolean): void => {
    const told: Told = {
      text: `${origin} wants to use your local models.`,
      todo: 'Add it to cors.allowed_origins to let it in, or to cors.blocked_origins.',
      listOnly: true,
      lastsMs: GIVEN_UP_MS,
    };
    put(`origin ${origin}`, waits ? told : undefined);
  };
  // Pages that asked the previous gateway.
  for (const { origin } of originApprovals.list()) tell(origin, true);
  return originApprovals.onChange(tell);
}
