// Who has sent requests, and when last, from the list of requests.
import type { CallerSeen } from '../../core/requests/apps-seen.ts';
import type { PlacedRequest } from './request-rows.ts';
import type { Sql } from '../rows.ts';

/** Kinds that are read: a flood of invented names must not delay others. */
const MOST_KINDS = 2000;

/** The kinds with the newest requests, and the newest request of each: one step in two indexes per kind. */
const NEWEST = `SELECT caller, class_by,
    (SELECT created_at FROM requests WHERE requests.kind = request_kinds.kind ORDER BY n DESC LIMIT 1) AS at
  FROM request_kinds ORDER BY last DESC LIMIT ${MOST_KINDS}`;

/** `since`: older requests are no longer in the list. `unwritten`: requests that are not in the tables yet. */
export function callersIn(sql: Sql, since: number, unwritten: Iterable<PlacedRequest>): readonly CallerSeen[] {
  const newest = new Map<string, CallerSeen>();
  const add = (seen: CallerSeen): void => {
    const key = `${seen.class_by}\0${seen.caller}`;
    if (seen.at >= since && seen.at > (newest.get(key)?.at ?? -Infinity)) newest.set(key, seen);
  };
  // A kind whose requests were deleted has no time.
  for (const { caller, class_by, at } of sql.all(NEWEST) as (Omit<CallerSeen, 'at'> & { at: number | null })[]) {
    if (at !== null) add({ caller, class_by, at });
  }
  for (const { request } of unwritten) {
    const { caller, class_by = '', createdAt: at } = request;
    add({ caller, class_by, at });
  }
  return [...newest.values()];
}
