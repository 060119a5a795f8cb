// What is still there when all callers of a soak have gone, and figures of the gateway that do not add up.
import type { CacheStats } from '../../../backend/contract/views/control.ts';
import type { Hearth } from '../hearth.ts';
import type { End } from './account.ts';

export interface Remains {
  /** A sentence each; empty when all is well. */
  readonly leftOver: readonly string[];
  /** As the gateway counts them: where answers came from, and how requests ended. */
  readonly counted: Readonly<Record<string, number>>;
}

/** `ends`: how the requests ended that the gateway counts, as their callers saw it. */
export async function remains(hearth: Hearth, ends: Readonly<Record<End, number>>): Promise<Remains> {
  const leftOver: string[] = [];
  const hold = (isSo: boolean, otherwise: string): void => {
    if (!isSo) leftOver.push(otherwise);
  };
  await hearth.fake
    .until(({ open, active }) => open === 0 && active === 0)
    .catch((error: unknown) => leftOver.push(String(error)));
  const stats = (await (await hearth.get('/api/cache-stats')).json()) as CacheStats;
  const { hits, misses, coalesced, bypassed } = stats.response_cache;
  const { running, waiting, totals } = stats.queue;
  hold(running.length + waiting.length === 0, `${running.length} run and ${waiting.length} wait`);
  hold(stats.queue_length === 0 && !stats.is_processing, `${stats.queue_length} in line, or one has a slot`);

  const { requests, completed, failed, cancelled, refused } = totals;
  const sources = hits + misses + coalesced + bypassed;
  hold(sources === requests, `${sources} requests by source, ${requests} in all`);
  const ended = completed + failed + cancelled;
  hold(ended === requests, `${ended} requests have ended, ${requests} had begun`);
  // Of those whose caller left, nobody knows how they ended, or whether they had come at all.
  const { left } = ends;
  const between = (name: string, count: number, least: number): void =>
    hold(count >= least && count <= least + left, `${name}: ${count}, but ${least} and up to ${left} more were seen`);
  between('completed', completed, ends.whole + ends.open);
  between('failed or refused', failed + refused, ends.failed);
  between('cancelled', cancelled, ends.cancelled);
  const seen = ends.whole + ends.open + ends.failed + ends.cancelled;
  between('all', requests + refused, seen);
  return { leftOver, counted: { hits, misses, coalesced, bypassed, ...totals } };
}
