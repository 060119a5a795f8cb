// Tells people of a web page that was not let in, once.
import type { OriginApprovals } from './core/access/origin-approvals.ts';

/** Until the returned function is called. */
export function tellRefusedPages(
  originApprovals: OriginApprovals,
  warn: (fields: object, text: string) => void,
): () => void {
  return originApprovals.onRefused(({ origin, times }) => {
    if (times > 1) return;
    const text = `${origin} wants to use your local models. Add it to cors.allowed_origins to let it in, or to cors.blocked_origins.`;
    warn({ origin }, text);
  });
}
