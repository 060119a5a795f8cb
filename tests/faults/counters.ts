// Whether the figures that a gateway tells of itself can be true, at any moment: under load, and right after it was killed.
import type { CacheStats, RequestFact, RequestList } from '../../backend/contract/views/control.ts';
import type { Day } from '../../backend/contract/views/day.ts';
import { hold } from './fault.ts';
import type { Stand } from './stand.ts';

/** What is known of the gateway from outside. */
export interface Known {
  /** The most that run at the same time. */
  readonly slots: number;
  /** Questions that were answered in a life that ended in good order: their answers and their counts are on the disk. */
  readonly kept: number;
  /** Jobs that were seen to have ended: none of them waits or runs. */
  readonly ended: ReadonlySet<string>;
}

/** Reads all of them, and throws Broken where one can't be true. */
export async function figuresAreSane(stand: Stand, known: Known): Promise<void> {
  const stats = await stand.stats();
  ofTheLine(stats, known);
  ofWhatIsKept(stats, known);
  await ofTheList(stand);
  await ofTheDay(stand, known);
}

function ofTheLine({ queue, response_cache: cache }: CacheStats, { slots, ended }: Known): void {
  const { totals, running, waiting } = queue;
  const living = [...running, ...waiting];
  const over = totals.completed + totals.failed + totals.cancelled;
  const of = `${over} requests have ended and ${living.length} live, of ${totals.requests}`;
  hold(over + living.length === totals.requests, of);
  const sources = cache.hits + cache.misses + cache.coalesced + cache.bypassed;
  hold(sources >= over - totals.cancelled - totals.failed, `${sources} have a source: ${of}`);
  hold(sources <= totals.requests, `${sources} have a source: ${of}`);
  const runs = running.filter(({ leads, phase }) => leads && phase === 'running').length;
  hold(runs <= slots, `${runs} run with ${slots} slots`);
  const ids = living.map(({ request_id }) => request_id);
  hold(new Set(ids).size === ids.length, `one is in line twice: ${ids.join(' ')}`);
  const again = ids.filter((id) => ended.has(id));
  hold(again.length === 0, `in line though they have ended: ${again.join(' ')}`);
}

function ofWhatIsKept({ response_cache: cache }: CacheStats, { kept }: Known): void {
  const { disk } = cache;
  hold(disk !== undefined, 'nothing is kept on the disk');
  hold(disk.entries >= kept, `${disk.entries} answers on the disk, and ${kept} were kept`);
  hold(disk.size_mb > 0 && disk.size_mb <= disk.max_size_mb, `${disk.size_mb} of ${disk.max_size_mb} MB on the disk`);
}

/** What lived when the gateway was killed has either begun again or is over. */
async function ofTheList(stand: Stand): Promise<void> {
  const { requests } = JSON.parse((await stand.send('GET', '/api/requests?status=processing')).text) as RequestList;
  const { queue } = await stand.stats();
  const now = new Set([...queue.running, ...queue.waiting].map(({ request_id }) => request_id));
  for (const { request_id: id } of requests.filter((each) => !now.has(each.request_id))) {
    // It may have ended since the list was read.
    const { status } = JSON.parse((await stand.send('GET', `/api/requests/${id}`)).text) as RequestFact;
    hold(status !== 'processing', `${id} lives in the list of requests, and nowhere else`);
  }
}

async function ofTheDay(stand: Stand, { kept }: Known): Promise<void> {
  const day = JSON.parse((await stand.send('GET', '/api/day?span=24h')).text) as Day;
  const { hit, miss, coalesced, bypass } = day.sources;
  const sources = hit + miss + coalesced + bypass;
  hold(sources <= day.requests, `${sources} have a source, of ${day.requests} in the figures of the day`);
  hold(day.requests >= kept, `${day.requests} requests in the figures of the day, and ${kept} were counted before`);
  const over = day.failed + day.cancelled;
  hold(over <= day.requests, `${over} failed or were cancelled, of ${day.requests} in the figures of the day`);
  const shared = day.apps.reduce((sum, { requests }) => sum + requests, day.more_apps?.requests ?? 0);
  hold(shared === day.requests, `${shared} requests by app, ${day.requests} in the figures of the day`);
}
