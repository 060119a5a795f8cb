// Writes, reads and deletes the rows of the list of requests. request-finding.ts searches them.
import { AppError } from '../../contract/errors.ts';
import { requestDetailSchema, type Parted, type RequestDetail } from '../../contract/views/request-detail.ts';
import type { LoggedRequest } from '../../core/requests/request-log.ts';
import { wordsOf } from '../../core/requests/request-search.ts';
import { BLOCK_OF_N, blockOf } from './request-tables.ts';
import type { Sql } from '../rows.ts';

/** A request and its place in the list. */
export interface PlacedRequest {
  readonly n: number;
  readonly request: LoggedRequest;
}

const KIND = `INSERT INTO request_kinds (owner, caller, model, route, source, class, class_by, status, code, error, missed, slow, words, last)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last) RETURNING kind`;
const PUT = `INSERT OR REPLACE INTO requests (n, id, kind, created_at, queue_ms, ttft_ms, total_ms, tokens, prompt_tokens, load_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const PUT_DETAIL = 'INSERT OR REPLACE INTO request_details (n, detail) VALUES (?, ?)';
const FOUND = 'SELECT * FROM requests JOIN request_kinds USING (kind) WHERE n = ?';

export function putRequests(sql: Sql, placed: readonly PlacedRequest[]): void {
  const kinds = new Map<string, { last: number; readonly request: LoggedRequest }>();
  for (const { n, request } of placed) {
    const key = kindOf(request).join('\0');
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { last: n, request });
    else kind.last = Math.max(kind.last, n);
  }
  const numbers = new Map<string, number>();
  for (const [key, { last, request }] of kinds) {
    const row = sql.get(KIND, ...kindOf(request), wordsOf(request), last) as { readonly kind: number } | undefined;
    numbers.set(key, row?.kind ?? 0);
  }
  for (const { n, request } of placed) {
    const { id, createdAt, queue_ms, ttft_ms, total_ms, detail } = request;
    const { tokens = null, prompt_tokens = null, load_ms = null } = request;
    const kind = numbers.get(kindOf(request).join('\0')) ?? 0;
    sql.run(PUT, n, id, kind, Math.round(createdAt), queue_ms, ttft_ms, total_ms, tokens, prompt_tokens, load_ms);
    if (detail !== undefined) sql.run(PUT_DETAIL, n, JSON.stringify(withoutTexts(detail)));
  }
}

function kindOf(request: LoggedRequest): (string | number)[] {
  const { owner, caller, model, route, source, status, slow } = request;
  const { class: of = '', class_by = '', code = '', error = '', missed = '' } = request;
  return [owner, caller, model, route, source, of, class_by, status, code, error, missed, slow ? 1 : 0];
}

/**
 * Drops texts of a prompt, which stay in memory only, and the caller's error message, which may quote it: the kind has
 * the message for the log.
 */
function withoutTexts({ error: _told, parted, pinned, ...detail }: RequestDetail): RequestDetail {
  const done = pinned?.done.map(({ diff: _diff, ...one }) => one);
  return {
    ...detail,
    ...(parted === undefined ? {} : { parted: partedWithout(parted) }),
    ...(pinned === undefined || done === undefined ? {} : { pinned: { ...pinned, done } }),
  };
}

function partedWithout({ then: _then, now: _now, pinnable, ...parted }: Parted): Parted {
  return pinnable === undefined ? parted : { ...parted, pinnable: { ...pinnable, diff: undefined } };
}

export function requestAt(sql: Sql, n: number): LoggedRequest | undefined {
  const row = sql.get(FOUND, n);
  return row === undefined ? undefined : requestOf(row);
}

/** The stored detail; undefined if there is none, or it is invalid. */
export function detailAt(sql: Sql, n: number): RequestDetail | undefined {
  const row = sql.get('SELECT detail FROM request_details WHERE n = ?', n) as { readonly detail: string } | undefined;
  try {
    return requestDetailSchema.safeParse(JSON.parse(row?.detail ?? 'null')).data;
  } catch {
    return undefined;
  }
}

/** Places of requests with this id, newest first. */
export function* placesOf(sql: Sql, id: string): Generator<number, void, undefined> {
  const { first, last } = ends(sql);
  for (let block = blockOf(last); block >= blockOf(first); block--) {
    const rows = sql.all(`SELECT n FROM requests WHERE ${BLOCK_OF_N} = ? AND id = ? ORDER BY n DESC`, block, id);
    for (const { n } of rows as { readonly n: number }[]) yield n;
  }
}

/** The places of the oldest and the newest row; 0 if there is none. */
export function ends(sql: Sql): { readonly first: number; readonly last: number } {
  const row = sql.get('SELECT (SELECT min(n) FROM requests) AS first, (SELECT max(n) FROM requests) AS last');
  const { first, last } = (row ?? {}) as { readonly first?: number | null; readonly last?: number | null };
  return { first: first ?? 0, last: last ?? 0 };
}

/** Deletes the oldest rows, at most `limit`: those before a place, and those before a moment. Returns how many. */
export function forgetRequests(
  sql: Sql,
  { before, since, limit }: Readonly<Record<'before' | 'since' | 'limit', number>>,
): number {
  const old = 'SELECT n FROM (SELECT n, created_at FROM requests ORDER BY n LIMIT ?) WHERE n < ? OR created_at < ?';
  sql.run(`DELETE FROM request_details WHERE n IN (${old})`, limit, before, since);
  const { changes } = sql.run(`DELETE FROM requests WHERE n IN (${old})`, limit, before, since);
  if (changes > 0) {
    sql.run('DELETE FROM request_kinds WHERE last < coalesce((SELECT min(n) FROM requests), 9e15)');
  }
  return changes;
}

export function removeRequest(sql: Sql, n: number): void {
  sql.run('DELETE FROM requests WHERE n = ?', n);
  sql.run('DELETE FROM request_details WHERE n = ?', n);
}

/** Ends the requests that were live when the previous process ended abruptly: nobody knows how they continued. */
export function endLeftLiving(sql: Sql): void {
  const living = sql.all("SELECT * FROM request_kinds WHERE status IN ('queued', 'processing')") as Kind[];
  for (const { kind, last, ...values } of living) {
    const ended = { ...values, status: 'failed', code: INTERRUPTED.code, error: INTERRUPTED.logged };
    const { owner, caller, model, route, source, class: of, class_by, status, code, error, missed, slow } = ended;
    const texts = [owner, caller, model, route, source, of, class_by, status, code, error, missed];
    const row = sql.get(KIND, ...texts, slow, wordsOf(ended), last) as { readonly kind: number } | undefined;
    sql.run('UPDATE requests SET kind = ? WHERE kind = ?', row?.kind ?? 0, kind);
    sql.run('DELETE FROM request_kinds WHERE kind = ?', kind);
  }
}

const INTERRUPTED = new AppError('interrupted', 'Hearth ended while this request lived.');

/** A row of request_kinds. The tables are STRICT and written only here, so a row matches its columns. */
export interface Kind extends Record<
  'owner' | 'caller' | 'model' | 'route' | 'source' | 'class_by' | 'status' | 'code' | 'error' | 'missed',
  string
> {
  readonly kind: number;
  readonly class: NonNullable<LoggedRequest['class']> | '';
  readonly slow: number;
  readonly last: number;
}

interface Row extends Kind, Record<'n' | 'created_at' | 'queue_ms' | 'ttft_ms' | 'total_ms', number> {
  readonly id: string;
  readonly tokens: number | null;
  readonly prompt_tokens: number | null;
  readonly load_ms: number | null;
}

function requestOf(row: unknown): LoggedRequest {
  const { id, owner, caller, model, route, source, created_at, queue_ms, ttft_ms, total_ms, ...rest } = row as Row;
  return {
    id,
    owner,
    caller,
    model,
    route,
    source,
    status: rest.status as LoggedRequest['status'],
    createdAt: created_at,
    queue_ms,
    ttft_ms,
    total_ms,
    class: rest.class === '' ? undefined : rest.class,
    class_by: rest.class_by === '' ? undefined : rest.class_by,
    code: rest.code === '' ? undefined : (rest.code as LoggedRequest['code']),
    error: rest.error === '' ? undefined : rest.error,
    missed: rest.missed === '' ? undefined : rest.missed,
    slow: rest.slow === 1,
    tokens: rest.tokens ?? undefined,
    prompt_tokens: rest.prompt_tokens ?? undefined,
    load_ms: rest.load_ms ?? undefined,
    detail: undefined,
  };
}
