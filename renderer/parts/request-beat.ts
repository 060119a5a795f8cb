// What changes when a request comes, goes on or ends: lists of what came are asked for again by it. Pure.
import type { Live } from '../../backend/contract/views/app-state.ts';

/** While it stays the same, so does the list of requests. */
export function beatOf({ queue, stats }: Live): string {
  const { hits, coalesced, misses, bypassed } = stats.response_cache;
  const living = [...queue.running, ...queue.waiting].map(({ request_id, phase, tokens }) => [
    request_id,
    phase,
    tokens > 0,
  ]);
  return JSON.stringify([queue.totals, hits, coalesced, misses, bypassed, living]);
}
