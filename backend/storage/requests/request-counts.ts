// Counts the requests in the list by how they were answered. Rows of each kind are counted in the index of kinds.
import type { RequestCounts } from '../../contract/window/request-commands.ts';
import { sees } from '../../core/ownership.ts';
import type { LoggedRequest } from '../../core/requests/request-log.ts';
import type { PlacedRequest } from './request-rows.ts';
import type { Sql } from '../rows.ts';

const BY_KIND = `SELECT owner, source, status, many FROM request_kinds
  JOIN (SELECT kind, count(*) AS many FROM requests GROUP BY kind) USING (kind)`;
const AT = 'SELECT owner, source, status FROM requests JOIN request_kinds USING (kind) WHERE n = ?';

type Kind = Pick<LoggedRequest, 'owner' | 'source' | 'status'>;

/** Counts the requests that a watcher may see. The `unwritten` ones replace their rows, if any. */
export function countRequests(sql: Sql, watcher: string, unwritten: Iterable<PlacedRequest>): RequestCounts {
  const counts = { all: 0, hit: 0, coalesced: 0, miss: 0, bypass: 0, failed: 0 };
  const add = ({ owner, source, status }: Kind, many: number): void => {
    if (!sees(watcher, owner)) return;
    counts.all += many;
    if (isCounted(source)) counts[source] += many;
    if (status === 'failed') counts.failed += many;
  };
  for (const row of sql.all(BY_KIND) as (Kind & { readonly many: number })[]) add(row, row.many);
  for (const { n, request } of unwritten) {
    const before = sql.get(AT, n) as Kind | undefined;
    if (before !== undefined) add(before, -1);
    add(request, 1);
  }
  return counts;
}

function isCounted(source: string): source is 'hit' | 'coalesced' | 'miss' | 'bypass' {
  return ['hit', 'coalesced', 'miss', 'bypass'].includes(source);
}
