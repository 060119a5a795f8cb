// A request that has ended, as it is listed and as watchers are told of it.
import type { RequestFact } from '../../contract/control.ts';
import type { Ended } from '../requests/at-once.ts';
import type { LoggedRequest } from '../requests/request-log.ts';
import { iso, statusOf } from './standing.ts';

/** What the list takes of it: nothing that it held is held any longer. */
export function loggedOf(request: Ended): LoggedRequest {
  const { id, owner, caller, model, route, source = 'miss', class: of, classBy, error, bornAt, timing } = request;
  return {
    id,
    owner,
    caller,
    model,
    route,
    // A kept answer never stood in line.
    class: source === 'hit' ? undefined : of,
    class_by: source === 'hit' ? undefined : classBy,
    source,
    status: statusOf(request),
    code: error?.code,
    createdAt: bornAt,
    queue_ms: timing.queue_ms,
    ttft_ms: timing.ttft_ms,
    total_ms: timing.total_ms,
  };
}

/** What those who may see it are told. */
export function factOf({ id, createdAt, class: of, class_by, code, ...logged }: LoggedRequest): RequestFact {
  const { model, route, caller, source, status, queue_ms, ttft_ms, total_ms } = logged;
  return {
    ...(of === undefined || class_by === undefined ? {} : { class: of, class_by }),
    request_id: id,
    route,
    model,
    caller,
    source,
    status,
    ...(code === undefined ? {} : { code }),
    created_at: iso(createdAt),
    queue_ms,
    ttft_ms,
    total_ms,
  };
}
