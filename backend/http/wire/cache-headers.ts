// Cache control in HTTP's terms: what request headers ask for, and what response headers report (RFC 9111, 9211).
// core/cache/policy.ts decides what follows from a wish.
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../../contract/config/config.ts';
import { saidOf } from '../../core/pins/pins.ts';
import type { CacheOutcome } from '../../core/requests/ticket.ts';
import type { CacheWish } from '../../core/cache/policy.ts';
import type { Source, Waiting } from '../../contract/chat/chat.ts';

export interface HeaderWishes {
  /** X-Cache-Control first, then Cache-Control. */
  readonly wishes: readonly CacheWish[];
  /** True when Cache-Control was ignored because this client always sends it. */
  readonly ignored: boolean;
}

const NONE: HeaderWishes = { wishes: [], ignored: false };

/**
 * Reads the cache wishes of a request's headers. `fetch(…, {cache: 'no-store'})` and the developer tools of browsers
 * send Cache-Control for reasons of their own, together with Pragma or Sec-Fetch-Mode: those are ignored unless
 * cache.honor_request_cache_control is "always".
 */
export function headerWishes(
  headers: IncomingHttpHeaders,
  honor: Config['cache']['honor_request_cache_control'],
): HeaderWishes {
  const ours = headers['x-cache-control'];
  const standard = headers['cache-control'];
  if (ours === undefined && standard === undefined) return NONE;
  const wishes: CacheWish[] = [];
  if (ours !== undefined) wishes.push(parseWish(String(ours)));
  const ignored = standard !== undefined && honor !== 'always' && isHabit(standard, headers);
  if (standard !== undefined && !ignored) wishes.push(parseWish(standard));
  return { wishes, ignored };
}

function isHabit(cacheControl: string, headers: IncomingHttpHeaders): boolean {
  const value = cacheControl.trim().toLowerCase();
  if (value === 'no-cache') return headers.pragma !== undefined;
  return value === 'max-age=0' && headers['sec-fetch-mode'] !== undefined;
}

/** `no-cache`: do not read, do store. `no-store`: neither. Unknown directives are ignored (RFC 9111 section 5.2.3). */
function parseWish(value: string): CacheWish {
  const directives = new Map(
    value
      .toLowerCase()
      .split(',')
      .map((part): [string, string] => {
        const [name = '', argument = ''] = part.split('=', 2);
        return [name.trim(), argument.trim().replace(/^"(.*)"$/, '$1')];
      }),
  );
  const maxAge = seconds(directives.get('max-age'));
  const ttl = seconds(directives.get('ttl'));
  return {
    ...(directives.has('no-cache') ? { read: false, store: true } : {}),
    ...(directives.has('no-store') ? { read: false, store: false } : {}),
    ...(directives.has('only-if-cached') ? { onlyIfCached: true } : {}),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(ttl === undefined || ttl === 0 ? {} : { ttl }),
  };
}

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/**
 * A short hash of the headers that cache.fresh_when names; undefined when all are absent or empty. An app with nothing
 * to fill into its template sends an empty header.
 */
export function markOf(headers: IncomingHttpHeaders, names: readonly string[]): string | undefined {
  const said = names
    .map((name) => [name.toLowerCase(), headers[name.toLowerCase()] ?? ''])
    .filter(([, value]) => value !== '');
  return said.length === 0 ? undefined : hash('sha256', JSON.stringify(said)).slice(0, 16);
}

/** What is known of an answer when its headers go out. */
export interface Known {
  readonly source: Source | undefined;
  readonly cache: CacheOutcome | undefined;
  /** The latest news of its run; a cached answer has none. */
  readonly waiting?: Waiting;
}

/** For headers that go out before the cache was looked up. */
const WAITS_FOR_TURN = { 'Cache-Status': 'hearth; detail="waits for its turn in the conversation"' };

/**
 * The same set of headers for every answer, whatever its source. Only a whole answer reports that it was stored: when
 * the first piece of a stream goes out nobody knows how the stream will end.
 */
export function cacheHeaders({ source, cache, waiting }: Known, ignored: boolean): Record<string, string> {
  if (source === undefined || cache === undefined) return WAITS_FOR_TURN;
  const { plan, key, hit, landed, pinned } = cache;
  const truncated = hit?.truncated ?? waiting?.truncated;
  const detail = ignored ? '; detail="request cache-control not followed"' : '';
  const headers: Record<string, string> = {
    'Cache-Status': `hearth; ${cacheStatus(source, plan, hit)}${landed.stored ? '; stored' : ''}${detail}`,
    'X-Cache': source === 'bypass' && plan.bypass === 'refresh' ? 'REFRESH' : X_CACHE[source],
    'X-Cache-Key': key?.slice(0, 16) ?? 'none',
    Age: String(hit?.age ?? 0),
  };
  if (truncated !== undefined) headers['X-Context'] = `${truncated.tokens}/${truncated.size} truncated`;
  if (pinned !== undefined) headers['X-Prompt-Kept'] = saidOf(pinned);
  return headers;
}

const X_CACHE = { hit: 'HIT', miss: 'MISS', coalesced: 'COALESCED', bypass: 'BYPASS' } as const satisfies Record<
  Source,
  string
>;

function cacheStatus(source: Source, plan: CacheOutcome['plan'], hit: CacheOutcome['hit']): string {
  switch (source) {
    case 'hit':
      return hit === undefined ? 'hit; detail="recorded"' : `hit; ttl=${hit.ttl}`;
    case 'miss':
      return 'fwd=uri-miss';
    case 'coalesced':
      return 'fwd=uri-miss; collapsed';
    case 'bypass':
      return plan.bypass === 'refresh' ? 'fwd=request' : 'fwd=bypass';
  }
}
