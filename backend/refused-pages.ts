// Tells people of a web page that was not let in: one notice for each, until it has not asked for a while.
import type { OriginApprovals } from './core/access/origin-approvals.ts';
import type { PutNotice } from './core/ports.ts';

/** A page that has not asked again for so long has given up. Milliseconds. */
const GIVEN_UP_MS = 3_600_000;

/** Until the returned function is called. */
export function tellRefusedPages(originApprovals: OriginApprovals, put: PutNotice): () => void {
  return originApprovals.onRefused(({ origin }) =>
    put(`origin ${origin}`, {
      text: `${origin} wants to use your local models.`,
      todo: 'Add it to cors.allowed_origins to let it in, or to cors.blocked_origins.',
      listOnly: true,
      lastsMs: GIVEN_UP_MS,
    }),
  );
}
