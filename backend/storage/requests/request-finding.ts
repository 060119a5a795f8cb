// Searches the list of requests. A search first selects kinds, of which there are few; then it walks the rows of
// matching kinds from the newest, each kind by its index, so that rare rows among many are found as fast as common
// ones.
import { LOCAL } from '../../core/ownership.ts';
import { Heap } from '../../core/queue/heap.ts';
import { FIELDS, isForAll, isWanted, type RequestSearch } from '../../core/requests/request-search.ts';
import { ends, type PlacedRequest, requestAt } from './request-rows.ts';
import { BLOCK_OF_N, blockOf } from './request-tables.ts';
import type { Sql } from '../rows.ts';

/** Kinds read in one portion, by number, */
const KINDS = 5000;
/** and row queries per portion; these take about two milliseconds each. */
const ROWS = 250;

/** isWanted in SQL, for a kind: owner and lists (as JSON) are null if any will do. */
const KINDS_WANTED = `SELECT kind, last FROM request_kinds WHERE kind > ?1 AND kind <= ?2 AND (?3 IS NULL OR owner = ?3)
  AND NOT EXISTS (SELECT 1 FROM json_each(?4) WHERE instr(words, value) = 0)
  ${FIELDS.map((field, i) => `AND (?${i + 5} IS NULL OR ${field} IN (SELECT value FROM json_each(?${i + 5})))`).join(' ')}`;
/** The last kind of a portion; null at the end. */
const PORTION_OF_KINDS =
  'SELECT max(kind) AS kind FROM (SELECT kind FROM request_kinds WHERE kind > ? ORDER BY kind LIMIT ?)';

/** A kind, and the place of its newest row, now or once. */
interface Newest {
  readonly kind: number;
  readonly last: number;
}
/** Ids are searched for words of at least this many characters: nobody knows less of an id. */
const LEAST_OF_ID = 4;
/**
 * Rows are nearly in the order of arrival: jobs from before a restart, and a clock that was set back, may be off by
 * this many places.
 */
const OUT_OF_ORDER = 100;

/** An iterator over places of rows, from newest to oldest. */
interface Places {
  /** The next place is here or below. */
  bound: number;
  /** Whether there is a row at the bound. */
  isSure: boolean;
  /** The greatest place below another; 0: none. */
  next(sql: Sql, before: number): number;
}

export interface Finding {
  readonly search: RequestSearch;
  /** Places whose current state is known elsewhere. */
  skip(n: number): boolean;
  /** Older requests are not shown. */
  readonly since: number;
}

/**
 * Finds at most `search.limit` rows and one more, in portions: each `next` does one, and the last returns them all. The
 * store may change between portions.
 */
export function* findRequests(finding: Finding): Generator<undefined, readonly PlacedRequest[], Sql> {
  const { search, skip, since } = finding;
  let sql = yield;
  const { low, high } = bracket(sql, search);
  const places = new Heap<Places>((a, b) => a.bound > b.bound);
  if (isForAll(search, LOCAL)) places.add(everyRow(high));
  else {
    for (let from = 0; ; sql = yield) {
      const to = kindsAfter(sql, from);
      if (to === null) break;
      const kinds = sql.all(KINDS_WANTED, from, to, ...wishesOf(search)) as readonly Newest[];
      for (const kind of kinds) places.add(rowsOf(kind, high));
      from = to;
      if (kindsAfter(sql, from) === null) break;
    }
    for (const word of search.words) if (word.length >= LEAST_OF_ID) places.add(rowsNamed(word, high, low));
  }
  const found: PlacedRequest[] = [];
  const from = Math.max(search.from, since);
  let last = Infinity;
  for (let looked = 1; found.length <= search.limit; looked++) {
    const next = places.shift();
    if (next === undefined || next.bound === 0 || next.bound < low) break;
    const { bound: n, isSure } = next;
    // An unsure bound is looked up itself, and comes up again.
    next.bound = next.next(sql, isSure ? n : n + 1);
    next.isSure = true;
    places.add(next);
    if (looked % ROWS === 0) sql = yield;
    if (!isSure || n === last || skip(n)) continue;
    last = n;
    const request = requestAt(sql, n);
    if (request === undefined || request.createdAt < from || request.createdAt >= search.to) continue;
    if (isWanted(search, request, request.id)) found.push({ n, request });
  }
  return found;
}

/** The parameters of KINDS_WANTED after the first two. */
function wishesOf(search: RequestSearch): (string | null)[] {
  const listed = FIELDS.map((field) => search[field] && JSON.stringify([...search[field]]));
  const words = JSON.stringify(search.words.map((word) => word.toLowerCase()));
  return [search.watcher === LOCAL ? null : search.watcher, words, ...listed.map((list) => list ?? null)];
}

function kindsAfter(sql: Sql, kind: number): number | null {
  return (sql.get(PORTION_OF_KINDS, kind, KINDS) as { readonly kind: number | null }).kind;
}

function everyRow(before: number): Places {
  return {
    bound: before - 1,
    isSure: false,
    next: (sql, than) => placeIn(sql.get('SELECT n FROM requests WHERE n < ? ORDER BY n DESC LIMIT 1', than)),
  };
}

function rowsOf({ kind, last }: Newest, before: number): Places {
  return {
    bound: Math.min(last, before - 1),
    isSure: false,
    next: (sql, than) =>
      placeIn(sql.get('SELECT n FROM requests WHERE kind = ? AND n < ? ORDER BY n DESC LIMIT 1', kind, than)),
  };
}

/** Rows whose id begins with a word, block by block. */
function rowsNamed(word: string, before: number, low: number): Places {
  let block = blockOf(before) + 1;
  let here: readonly number[] = [];
  let at = 0;
  return {
    bound: before - 1,
    isSure: false,
    next(sql, than) {
      for (;;) {
        for (; at < here.length; at++) if ((here[at] ?? 0) < than) return here[at] ?? 0;
        if (--block < blockOf(low)) return 0;
        // The greatest character ends the range of this prefix.
        const rows = sql.all(
          `SELECT n FROM requests WHERE ${BLOCK_OF_N} = ? AND id >= ? AND id < ?`,
          block,
          word,
          `${word}\u{10FFFF}`,
        );
        here = (rows as { readonly n: number }[]).map(({ n }) => n).toSorted((a, b) => b - a);
        at = 0;
      }
    },
  };
}

function placeIn(row: unknown): number {
  return (row as { readonly n: number } | undefined)?.n ?? 0;
}

/** The range of places in which a search can find anything; the upper end is exclusive. */
function bracket(sql: Sql, { from, to, before }: RequestSearch): { readonly low: number; readonly high: number } {
  const { first, last } = ends(sql);
  const low = from === -Infinity ? first : placeAt(sql, from, first, last) - OUT_OF_ORDER;
  const high = to === Infinity ? last + 1 : placeAt(sql, to, first, last) + OUT_OF_ORDER;
  return { low: Math.max(first, low), high: Math.min(before, last + 1, high) };
}

/** Binary search for the place of the first request at or after a moment. */
function placeAt(sql: Sql, moment: number, first: number, last: number): number {
  let [low, high] = [first, last + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = sql.get('SELECT n, created_at FROM requests WHERE n >= ? ORDER BY n LIMIT 1', middle);
    const { n, created_at } = (row ?? { n: high, created_at: Infinity }) as Record<'n' | 'created_at', number>;
    if (created_at >= moment) high = middle;
    else low = n + 1;
  }
  return low;
}
