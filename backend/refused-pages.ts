// Tells people of a web page that was not let in: one notice for each, until it is answered or has not asked for a while.
import type { OriginApprovals } from './core/access/origin-approvals.ts';
import type { PutNotice, Told } from './core/ports.ts';

/** A page that has not asked again for so long has given up. Milliseconds. */
const GIVEN_UP_MS = 3_600_000;

/** Until the returned function is called. */
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
  // Those that asked the gateway before this one.
  for (const { origin } of originApprovals.list()) tell(origin, true);
  return originApprovals.onChange(tell);
}
