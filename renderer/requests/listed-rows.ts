// The list of requests as it is loaded: pages of it, the newest first, of which the first is asked for again while
// requests come and end. Pure.
import type { RequestFact, RequestList } from '../../backend/contract/views/control.ts';

export interface Rows {
  readonly rows: readonly RequestFact[];
  /** Where the page after the last row begins; null at the end of the list. */
  readonly next: string | null;
  /** The first page as it is now, while rows may not move; undefined when its rows are shown. */
  readonly held: RequestList | undefined;
}

/** Made once for each row: it is asked for at each change of the list. */
const names = new WeakMap<object, string>();

/** Names a row for good; a program may have given several requests one id. */
export function nameOf(row: Pick<RequestFact, 'request_id' | 'created_at'>): string {
  const known = names.get(row);
  if (known !== undefined) return known;
  const name = `${row.request_id} ${row.created_at}`;
  names.set(row, name);
  return name;
}

export function isLiving({ status }: Pick<RequestFact, 'status'>): boolean {
  return status === 'queued' || status === 'processing';
}

export function firstRows({ requests, next }: RequestList): Rows {
  return { rows: requests, next, held: undefined };
}

export function withOlder(before: Rows, { requests, next }: RequestList): Rows {
  const known = new Set(before.rows.map(nameOf));
  return { ...before, rows: [...before.rows, ...requests.filter((row) => !known.has(nameOf(row)))], next };
}

/** Whether no row is missing between a newer first page and the rows. */
export function followsOn({ rows }: Rows, { requests, next }: RequestList): boolean {
  const newer = new Set(requests.map(nameOf));
  return next === null || rows.some((row) => newer.has(nameOf(row)));
}

/** The most rows that are shown: each costs a little memory. */
export const MOST_ROWS = 2000;

/**
 * The rows with a newer first page. Rows that are known change in place. New ones come on top, unless the list is held: then
 * they wait. A page without any known row has a gap behind it, and takes the place of all. What is then too much is let go.
 */
export function withNewer(before: Rows, page: RequestList, isHeld: boolean): Rows {
  const fresh = new Map(page.requests.map((row) => [nameOf(row), row]));
  // One that has ended does not change any more: its row stays the same object, so that it is not drawn again.
  const latest = (row: RequestFact): RequestFact => (isLiving(row) ? (fresh.get(nameOf(row)) ?? row) : row);
  const rows = before.rows.map(latest);
  const known = new Map(rows.filter((row) => fresh.has(nameOf(row))).map((row) => [nameOf(row), row]));
  const isNew = page.requests.some((row) => !known.has(nameOf(row)));
  if (isHeld && isNew) return { ...before, rows, held: page };
  if (!followsOn(before, page)) return firstRows(page);
  const top = page.requests.map((row) => known.get(nameOf(row)) ?? row);
  const all = [...top, ...rows.filter((row) => !fresh.has(nameOf(row)))];
  if (all.length <= MOST_ROWS) return { rows: all, next: before.next, held: undefined };
  // From the list's end there is more again; nobody asks for it where so many are shown.
  return { rows: all.slice(0, MOST_ROWS), next: before.next ?? page.next, held: undefined };
}

/** Shows what was held back. */
export function released(rows: Rows): Rows {
  return rows.held === undefined ? rows : withNewer(rows, rows.held, false);
}

/** How many rows are held back; `more`: at least so many. */
export function heldBack({ rows, held }: Rows): { readonly count: number; readonly more: boolean } {
  if (held === undefined) return { count: 0, more: false };
  const known = new Set(rows.map(nameOf));
  const count = held.requests.filter((row) => !known.has(nameOf(row))).length;
  return { count, more: count === held.requests.length && held.next !== null };
}

/** How many rows a newer first page needs, so that it has each that lives. */
export function rowsToAsk({ rows }: Rows, page: number, most: number): number {
  return Math.min(most, Math.max(page, rows.findLastIndex(isLiving) + 1));
}

/** Rows of a portion: enough that there are few portions, and few enough that the one where rows come costs little. */
const PORTION = 10;

/** Rows that stand together; the number is its own for good. */
export interface Portion {
  readonly number: number;
  readonly rows: readonly RequestFact[];
}

/**
 * The rows in portions, the newest first: what is out of sight is left alone by the browser portion by portion. Rows stay in
 * theirs when others come, and a portion in which nothing has changed stays the same object. `before`: as they were.
 */
export function portionsOf(rows: readonly RequestFact[], before: readonly Portion[]): readonly Portion[] {
  const named = rows.map(nameOf);
  const known = new Map(before.flatMap((each) => each.rows.map((row) => [nameOf(row), each.number] as const)));
  const sizes = new Map<number, number>();
  for (const name of named) {
    const portion = known.get(name);
    if (portion !== undefined) sizes.set(portion, (sizes.get(portion) ?? 0) + 1);
  }
  /** Beside a row of this portion, or in the next one that way when it is full. */
  const put = (name: string, beside: number, way: 1 | -1): number => {
    const portion = (sizes.get(beside) ?? 0) < PORTION ? beside : beside + way;
    sizes.set(portion, (sizes.get(portion) ?? 0) + 1);
    known.set(name, portion);
    return portion;
  };
  const first = Math.max(
    0,
    named.findIndex((name) => known.has(name)),
  );
  const start = known.get(named[first] ?? '') ?? 0;
  // Older ones follow below, new ones come on top.
  let beside = start;
  for (const name of named.slice(first)) beside = known.get(name) ?? put(name, beside, -1);
  beside = start;
  for (const name of named.slice(0, first).toReversed()) beside = put(name, beside, 1);
  const portions: { number: number; rows: RequestFact[] }[] = [];
  for (const [i, row] of rows.entries()) {
    const number = known.get(named[i] ?? '') ?? 0;
    const last = portions.at(-1);
    if (last?.number === number) last.rows.push(row);
    else portions.push({ number, rows: [row] });
  }
  const old = new Map(before.map((each) => [each.number, each]));
  return portions.map((each) => {
    const same = old.get(each.number);
    return same?.rows.length === each.rows.length && same.rows.every((row, i) => row === each.rows[i]) ? same : each;
  });
}

// ---- the bars

export type BarKind = 'waited' | 'loaded' | 'read' | 'answered' | 'kept';

/** A part of a row's time, in shares of the scale: 0 to 1. */
export interface Bar {
  readonly kind: BarKind;
  readonly from: number;
  readonly length: number;
}

/** The end of the scale for all rows: the 95th percentile of their times, rounded up to 1, 2 or 5. Milliseconds. */
export function scaleOf(rows: readonly Pick<RequestFact, 'total_ms'>[]): number {
  const times = rows.map(({ total_ms }) => total_ms).toSorted((a, b) => a - b);
  // Of a few rows none is left out.
  const wanted = times[times.length < 10 ? times.length - 1 : Math.floor((times.length - 1) * 0.95)] ?? 0;
  const most = Math.max(wanted, 1000);
  // Above a minute in minutes, so that the words at the scale are round.
  const unit = most > 60_000 ? 60_000 : 1000;
  const power = 10 ** Math.floor(Math.log10(most / unit));
  const step = [1, 2, 5, 10].find((each) => each * power * unit >= most) ?? 10;
  return step * power * unit;
}

/** The words at the beginning, middle and end of the scale: "0", "5", "10 s". */
export function scaleWords(scale: number): readonly [string, string, string] {
  const [unit, word] = scale > 60_000 ? [60_000, 'min'] : [1000, 's'];
  return ['0', String(scale / unit / 2), `${scale / unit}\u202F${word}`];
}

/** The bars of a row, each cut at the end of the scale. `total`: as long as it has taken. */
export function barsOf(row: RequestFact, total: number, scale: number): Bar[] {
  const { source, status, queue_ms, ttft_ms, load_ms = 0 } = row;
  if (source === 'hit' && status === 'completed') return cut([['kept', 0, total]], scale);
  const living = isLiving(row);
  const waited = status === 'queued' ? total : Math.min(queue_ms, total);
  // What lives and has given nothing yet counts up to now.
  const first = status === 'queued' || (living && ttft_ms >= row.total_ms) ? total : Math.min(ttft_ms, total);
  const loaded = Math.min(waited + load_ms, first);
  const spans = [
    ['waited', 0, waited],
    ['loaded', waited, loaded],
    ['read', loaded, first],
    ['answered', first, total],
  ] as const;
  return cut(spans, scale);
}

function cut(spans: readonly (readonly [BarKind, number, number])[], scale: number): Bar[] {
  return spans
    .map(([kind, from, to]) => ({ kind, from: Math.min(1, from / scale), to: Math.min(1, to / scale) }))
    .filter(({ from, to }) => to > from)
    .map(({ kind, from, to }) => ({ kind, from, length: to - from }));
}
