// Who has sent requests, and when last, as the list of requests tells it.
import type { CallerSeen } from '../../core/requests/apps-seen.ts';
import type { PlacedRequest } from './request-rows.ts';
import type { Sql } from '../rows.ts';

/** Kinds that are looked at: a flood of made-up names does not hold others up. */
const MOST_KINDS = 2000;

/** Of the kinds that had a request last, and the newest request of each: one step into two indexes for each kind. */
const NEWEST = `SELECT caller, class_by,
    (SELECT created_at FROM requests WHERE requests.kind = request_kinds.kind ORDER BY n DESC LIMIT 1) AS at
  FROM request_kinds ORDER BY last DESC LIMIT ${MOST_KINDS}`;

/** `since`: what came before has gone from the list. `unwritten`: not in the tables yet. */
export function callersIn(sql: Sql, since: number, unwritten: Iterable<PlacedRequest>): readonly CallerSeen[] {
  const newest = new Map<string, CallerSeen>();
  const add = (seen: CallerSeen): void => {
    const key = `${seen.class_by}\0${seen.caller}`;
    if (seen.at >= since && seen.at > (newest.get(key)?.at ?? -Infinity)) newest.set(key, seen);
  };
  // A kind whose requests have gone has no time.
  for (const { caller, class_by, at } of sql.all(NEWEST) as (Omit<CallerSeen, 'at'> & { at: number | null })[]) {
    if (at !== null) add({ caller, class_by, at });
  }
  for (const { request } of unwritten) {
    const { caller, class_by = '', createdAt: at } = request;
    add({ caller, class_by, at });
  }
  return [...newest.values()];
}
