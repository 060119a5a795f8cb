// A request as it is listed and as watchers see it: an ended one, or a living one in its current state.
import type { RequestFact } from '../../../contract/views/control.ts';
import type { Ended } from '../../requests/at-once.ts';
import type { LoggedRequest } from '../../requests/request-log.ts';
import { detailOf } from '../reasons/detail-of.ts';
import { iso, statusOf } from '../standing.ts';

/** The source of a request that was refused or waits for its turn, so that its source is not known yet. */
export const NO_SOURCE = 'none';

/** The values that the list keeps. It holds no reference to the request. */
export function loggedOf(request: Ended): LoggedRequest {
  const { id, owner, caller, model, route, source, class: of, classBy, error, bornAt, timing } = request;
  const detail = detailOf(request);
  return {
    id,
    owner,
    caller,
    model,
    route,
    // A kept answer was never queued.
    class: source === 'hit' ? undefined : of,
    class_by: source === 'hit' ? undefined : classBy,
    source: source ?? NO_SOURCE,
    status: statusOf(request),
    code: error?.code,
    error: error?.logged,
    createdAt: bornAt,
    queue_ms: timing.queue_ms,
    ttft_ms: timing.ttft_ms,
    total_ms: timing.total_ms,
    tokens: detail?.tokens.answer ?? undefined,
    prompt_tokens: detail?.tokens.prompt ?? undefined,
    load_ms: detail?.phases.load_ms ?? undefined,
    slow: detail?.why_slow !== undefined,
    missed: detail?.why_missed?.cause,
    detail,
  };
}

/** The row as those who may see it get it. */
export function factOf(logged: LoggedRequest): RequestFact {
  const { id, createdAt, class: of, class_by, code, tokens, prompt_tokens, load_ms, slow, missed } = logged;
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
    ...(tokens === undefined ? {} : { tokens }),
    ...(prompt_tokens === undefined ? {} : { prompt_tokens }),
    ...(load_ms === undefined ? {} : { load_ms }),
    ...(slow ? { slow } : {}),
    ...(missed === undefined ? {} : { missed }),
  };
}
