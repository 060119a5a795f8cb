// The list of requests as rows. Requests with the same app, model, route, source, class and end are of one kind, so that a row of
// the list is a few numbers, and a question for an app or a model is one about kinds.
import type { LoggedRequest } from '../core/requests/request-log.ts';
import type { Sql } from './rows.ts';

/**
 * `n` grows in the order of the ends; `last` is that of the newest request of a kind. An absent text is ''. Ids have no index:
 * they are random, so that each row would change a page of it somewhere else, which costs more than all the rest of the list.
 */
export const REQUEST_TABLES = `
CREATE TABLE request_kinds (
  kind INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  caller TEXT NOT NULL,
  model TEXT NOT NULL,
  route TEXT NOT NULL,
  source TEXT NOT NULL,
  class TEXT NOT NULL,
  class_by TEXT NOT NULL,
  status TEXT NOT NULL,
  code TEXT NOT NULL,
  last INTEGER NOT NULL,
  UNIQUE (owner, caller, model, route, source, class, class_by, status, code)
) STRICT;
CREATE TABLE requests (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  queue_ms INTEGER NOT NULL,
  ttft_ms INTEGER NOT NULL,
  total_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX request_kinds_by_last ON request_kinds (last);
`;

/** A request and its place in the list. */
export interface PlacedRequest {
  readonly n: number;
  readonly request: LoggedRequest;
}

const KIND = `INSERT INTO request_kinds (owner, caller, model, route, source, class, class_by, status, code, last)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last) RETURNING kind`;
const PUT = 'INSERT OR REPLACE INTO requests (n, id, kind, created_at, queue_ms, ttft_ms, total_ms) VALUES (?, ?, ?, ?, ?, ?, ?)'; // prettier-ignore
/** CROSS: the rows of the list are gone through in their order, whatever SQLite thinks of the kinds. */
const FOUND = 'SELECT requests.*, request_kinds.* FROM requests CROSS JOIN request_kinds USING (kind)';

/** In the order of their places. */
export function putRequests(sql: Sql, placed: readonly PlacedRequest[]): void {
  const kinds = new Map<string, { last: number; readonly texts: readonly string[] }>();
  for (const { n, request } of placed) {
    const texts = textsOf(request);
    const key = texts.join('\0');
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { last: n, texts });
    else kind.last = n;
  }
  const numbers = new Map<string, number>();
  for (const [key, { last, texts }] of kinds) {
    const row = sql.get(KIND, ...texts, last) as { readonly kind: number } | undefined;
    numbers.set(key, row?.kind ?? 0);
  }
  for (const { n, request } of placed) {
    const { id, createdAt, queue_ms, ttft_ms, total_ms } = request;
    const kind = numbers.get(textsOf(request).join('\0')) ?? 0;
    sql.run(PUT, n, id, kind, Math.round(createdAt), queue_ms, ttft_ms, total_ms);
  }
}

function textsOf({ owner, caller, model, route, source, class: of, class_by, status, code }: LoggedRequest): string[] {
  return [owner, caller, model, route, source, of ?? '', class_by ?? '', status, code ?? ''];
}

/** The newest first, from `before` on back to `from`, as far as they came after a moment. `owner`: of one alone. */
export function requestsBefore(
  sql: Sql,
  {
    before,
    from,
    since,
    limit,
    owner,
  }: Readonly<Record<'before' | 'from' | 'since' | 'limit', number>> & {
    readonly owner: string | undefined;
  },
): PlacedRequest[] {
  const rows =
    owner === undefined
      ? sql.all(
          `${FOUND} WHERE n < ? AND n >= ? AND created_at >= ? ORDER BY n DESC LIMIT ?`,
          before,
          from,
          since,
          limit,
        )
      : sql.all(
          `${FOUND} WHERE n < ? AND n >= ? AND created_at >= ? AND owner = ? ORDER BY n DESC LIMIT ?`,
          before,
          from,
          since,
          owner,
          limit,
        );
  return rows.map(placedOf);
}

/** Those with this id, the newest first, among the rows before a place and from another one on. */
export function requestsNamed(
  sql: Sql,
  id: string,
  { before, from, since }: Readonly<Record<'before' | 'from' | 'since', number>>,
): PlacedRequest[] {
  return sql
    .all(`${FOUND} WHERE n < ? AND n >= ? AND id = ? AND created_at >= ? ORDER BY n DESC`, before, from, id, since)
    .map(placedOf);
}

/** The places of the oldest and the newest row; 0 where there is none. */
export function ends(sql: Sql): { readonly first: number; readonly last: number } {
  const row = sql.get('SELECT (SELECT min(n) FROM requests) AS first, (SELECT max(n) FROM requests) AS last');
  const { first, last } = (row ?? {}) as { readonly first?: number | null; readonly last?: number | null };
  return { first: first ?? 0, last: last ?? 0 };
}

/**
 * Takes away the oldest rows, at most `limit`: those before a place, and those that came before a moment. How many that
 * were.
 */
export function forgetRequests(
  sql: Sql,
  { before, since, limit }: Readonly<Record<'before' | 'since' | 'limit', number>>,
): number {
  const { changes } = sql.run(
    `DELETE FROM requests WHERE (n < ? OR created_at < ?) AND n IN (SELECT n FROM requests ORDER BY n LIMIT ?)`,
    before,
    since,
    limit,
  );
  if (changes > 0) {
    sql.run('DELETE FROM request_kinds WHERE last < coalesce((SELECT min(n) FROM requests), 9e15)');
  }
  return changes;
}

/** The tables are STRICT and written here alone, so that a row has what its columns say. */
function placedOf(row: unknown): PlacedRequest {
  const { n, id, owner, caller, model, route, source, status, created_at, queue_ms, ttft_ms, total_ms, ...rest } =
    row as Record<'n' | 'created_at' | 'queue_ms' | 'ttft_ms' | 'total_ms', number> &
      Pick<LoggedRequest, 'id' | 'owner' | 'caller' | 'model' | 'route' | 'source' | 'status'> & {
        readonly [Name in 'class' | 'class_by' | 'code']: NonNullable<LoggedRequest[Name]>;
      };
  const times = { createdAt: created_at, queue_ms, ttft_ms, total_ms };
  return {
    n,
    request: {
      id,
      owner,
      caller,
      model,
      route,
      source,
      status,
      ...times,
      class: rest.class_by === '' ? undefined : rest.class,
      class_by: rest.class_by === '' ? undefined : rest.class_by,
      code: rest.code.length === 0 ? undefined : rest.code,
    },
  };
}
