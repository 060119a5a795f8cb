// Requests as the list has them.
import type { RequestDetail } from '../../backend/contract/views/request-detail.ts';
import { LOCAL } from '../../backend/core/ownership.ts';
import type { LoggedRequest } from '../../backend/core/requests/request-log.ts';
import type { RequestSearch } from '../../backend/core/requests/request-search.ts';

export function loggedRequest(over: Partial<LoggedRequest> & Pick<LoggedRequest, 'id' | 'createdAt'>): LoggedRequest {
  return {
    caller: 'app',
    owner: LOCAL,
    model: 'm',
    route: '/api/chat',
    source: 'miss',
    status: 'completed',
    class: 'normal',
    class_by: 'default',
    code: undefined,
    error: undefined,
    queue_ms: 1,
    ttft_ms: 20,
    total_ms: 300,
    tokens: undefined,
    prompt_tokens: undefined,
    load_ms: undefined,
    slow: false,
    missed: undefined,
    detail: undefined,
    ...over,
  };
}

/** Finds everything. */
export const anyRequest: RequestSearch = {
  watcher: LOCAL,
  caller: undefined,
  model: undefined,
  source: undefined,
  class: undefined,
  status: undefined,
  from: -Infinity,
  to: Infinity,
  words: [],
  before: Infinity,
  limit: 100,
};

export const someDetail: RequestDetail = {
  phases: {
    turn_ms: null,
    place_ms: 4,
    load_ms: 3,
    prompt_ms: 18,
    first_token_ms: 25,
    generation_ms: 43,
    delivery_ms: 2,
  },
  tokens: { prompt: 9, reused: 2, reused_by: 'reported', answer: 7 },
  rates: { prompt: 1159, answer: 44 },
  shared_with: 2,
  parted: {
    with: { request_id: 'before', created_at: '2026-11-27T14:01:12.000Z' },
    same_chars: 71,
    chars: 84_930,
    block: 1,
    same_tokens: 26,
    where: 'the system prompt',
    reused_tokens: 26,
    known_by: 'reported',
    then: { before: 'cch=', differs: '4a1f07c2e', after: '; You are' },
    now: { before: 'cch=', differs: 'a clock', after: '; You are' },
  },
};
