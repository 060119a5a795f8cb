// The requests of the design's working day, and what the app answers when the window asks for them.
import { AppError } from '../../../backend/contract/errors.ts';
import type { RequestFact } from '../../../backend/contract/views/control.ts';
import type { CommandInput, CommandOutput } from '../../../backend/contract/window/desktop.ts';
import type { RequestDetail } from '../../../backend/contract/views/request-detail.ts';
import type { Answers } from './browser.ts';

export type Seen = CommandOutput<'request'>;

/** The moment of the pictures, the same for all that one process shows; by its clock, so that it is today. */
const NOW = Date.now();
const at = (secondsAgo: number): string => new Date(NOW - secondsAgo * 1000).toISOString();

let made = 0;

export function fact(over: Partial<RequestFact> & { readonly ago?: number } = {}): RequestFact {
  const { ago = 60, ...rest } = over;
  made++;
  return {
    request_id: `7b1e44c0-52aa-4f6e-9d0f-${String(made).padStart(12, '0')}`,
    route: '/api/chat',
    model: 'llama3.2:3b',
    caller: 'Open WebUI',
    class: 'interactive',
    class_by: 'default',
    source: 'miss',
    status: 'completed',
    created_at: at(ago),
    queue_ms: 0,
    ttft_ms: 400,
    total_ms: 3310,
    ...rest,
  };
}

/** A kept answer. */
const hit = (over: Parameters<typeof fact>[0]): RequestFact => {
  const { class: _class, class_by: _by, ...row } = fact({ source: 'hit', ...over });
  const ms = over?.total_ms ?? 3;
  return { ...row, queue_ms: ms, ttft_ms: ms, total_ms: ms };
};

/** The one that the mock page shows. */
export const SLOW = fact({
  ago: 69,
  request_id: 'c0f4a7e2-18b3-4d1c-8f6a-52e90b7d3c11',
  route: '/v1/messages',
  model: 'qwen2.5-coder:7b',
  caller: 'Claude Code',
  queue_ms: 4200,
  load_ms: 3100,
  ttft_ms: 25_700,
  total_ms: 30_200,
  prompt_tokens: 21_352,
  tokens: 189,
  slow: true,
  missed: 'not_repeatable',
});

export const SLOW_DETAIL: RequestDetail = {
  phases: {
    turn_ms: null,
    place_ms: 4200,
    load_ms: 3100,
    prompt_ms: 18_400,
    first_token_ms: 25_700,
    generation_ms: 4300,
    delivery_ms: 200,
  },
  place: { position: 3, behind: ['Open WebUI', 'Continue/1.2 (linux)', 'Continue/1.3'], gave_way: 0 },
  load: 'llama3.2:3b had to make room.',
  tokens: { prompt: 21_352, reused: 26, reused_by: 'reported', answer: 189 },
  rates: { prompt: 1159, answer: 44 },
  context: { tokens: 21_541, size: 32_768 },
  ended_with: 'tool_calls',
  cache_key: '51d7e09b44c2f8a3',
  shared_with: 0,
  why_slow: {
    cause: 'prompt_changed',
    text: 'Reading the prompt took 18.4 of 30.2 s.',
    more: 'It changed at character 71, so only 26 of 21,352 tokens could be reused.',
  },
  why_missed: {
    cause: 'not_repeatable',
    text: 'temperature is 1.',
    more: 'On Anthropic routes Hearth keeps only answers that would come out the same again.',
    setting: { path: 'cache.drop_in', label: 'Cache these too…' },
  },
  parted: {
    with: { request_id: 'b0f4a7e2-18b3-4d1c-8f6a-52e90b7d3c10', created_at: at(359) },
    same_chars: 70,
    chars: 84_930,
    block: 1,
    same_tokens: 26,
    where: 'the system prompt',
    what: 'an id',
    reused_tokens: 26,
    known_by: 'reported',
    same_after_tokens: 20_856,
    new_tokens: 464,
    then: { before: 'cc_entrypoint=cli; cch=', differs: '4a1f07c2e', after: '; You are' },
    now: { before: 'cc_entrypoint=cli; cch=', differs: 'b07d91e53', after: '; You are' },
  },
};

/** The next turn of the same, with its check digits pinned. */
export const PINNED = fact({
  ago: 30,
  request_id: 'd0f4a7e2-18b3-4d1c-8f6a-52e90b7d3c14',
  route: '/v1/messages',
  model: 'qwen2.5-coder:7b',
  caller: 'Claude Code',
  ttft_ms: 900,
  total_ms: 5200,
  prompt_tokens: 21_800,
  tokens: 190,
});

const line = (version: string, cch: string) => [
  { text: 'x-anthropic-billing-header: cc_version=2.1.37.' },
  { text: version, differs: true as const },
  { text: '; cc_entrypoint=cli; cch=' },
  { text: cch, differs: true as const },
  { text: '; You are Claude Code, …' },
];

export const PINNED_DETAIL: RequestDetail = {
  phases: {
    turn_ms: null,
    place_ms: 0,
    load_ms: 0,
    prompt_ms: 800,
    first_token_ms: 900,
    generation_ms: 4200,
    delivery_ms: 100,
  },
  load: 'The model was loaded already.',
  tokens: { prompt: 21_800, reused: 21_352, reused_by: 'reported', answer: 190 },
  rates: { prompt: 1159, answer: 44 },
  shared_with: 0,
  pinned: {
    done: [
      {
        what: 'billing_line',
        how: 'pin',
        chars: 8,
        at: 47,
        sent_hash: '51d7e09b44c2f8a3',
        diff: { sent: line('0d9', 'b07d9'), now: line('000', '00000') },
      },
    ],
    saved_tokens: 21_326,
  },
};

/** It runs, with one more that shares its run. */
export const RUNNING = fact({
  ago: 8,
  request_id: 'a1f4a7e2-18b3-4d1c-8f6a-52e90b7d3c12',
  caller: 'localhost:3000',
  status: 'processing',
  queue_ms: 100,
  ttft_ms: 500,
  total_ms: 8100,
});

export const RUNNING_DETAIL: RequestDetail = {
  phases: {
    turn_ms: null,
    place_ms: 100,
    load_ms: 0,
    prompt_ms: 400,
    first_token_ms: 500,
    generation_ms: 7600,
    delivery_ms: null,
  },
  load: 'The model was loaded already.',
  tokens: { prompt: 2232, reused: 1830, reused_by: 'estimated', answer: 312 },
  rates: { prompt: 1005, answer: 41 },
  shared_with: 1,
};

export const WAITING = fact({
  ago: 3,
  caller: 'Continue',
  status: 'queued',
  queue_ms: 3000,
  ttft_ms: 3000,
  total_ms: 3000,
});

/** As in the mock page, the newest first. */
export const DAY: readonly RequestFact[] = [
  hit({ ago: 1, total_ms: 900 }),
  fact({ ago: 7, caller: 'Continue', queue_ms: 100, ttft_ms: 500 }),
  hit({ ago: 13, model: 'nomic-embed-text', caller: 'notes-index', route: '/api/embed' }),
  fact({ ago: 24, model: 'deepseek-r1:8b', caller: 'nightly-report', class: 'background', queue_ms: 1900, load_ms: 3800, ttft_ms: 6400, total_ms: 9820 }), // prettier-ignore
  fact({ ago: 24.5, model: 'deepseek-r1:8b', caller: 'nightly-report', class: 'background', source: 'coalesced', queue_ms: 1800, load_ms: 3800, ttft_ms: 6300, total_ms: 9710 }), // prettier-ignore
  hit({ ago: 40, caller: 'localhost:3000', total_ms: 1120 }),
  SLOW,
  fact({ ago: 85, caller: 'Continue', status: 'cancelled', code: 'cancelled', ttft_ms: 600, total_ms: 1810 }),
  fact({ ago: 92, ttft_ms: 400, total_ms: 5630 }),
  fact({ ago: 98, caller: 'localhost:3000', source: 'bypass', ttft_ms: 300, total_ms: 4400 }),
  hit({ ago: 110, total_ms: 710 }),
  fact({ ago: 129, model: 'qwen2.5-coder:7b', caller: 'Continue', status: 'failed', code: 'upstream_failed', queue_ms: 100, load_ms: 1100, ttft_ms: 1200, total_ms: 1200 }), // prettier-ignore
  fact({ ago: 140, caller: 'nightly-report', class: 'background', queue_ms: 2400, ttft_ms: 2900, total_ms: 6300 }),
  hit({ ago: 86_400, total_ms: 1200 }),
];

export const COUNTS = { all: 214, hit: 112, coalesced: 25, miss: 71, bypass: 6, failed: 2 };
const BODY = '{"model":"qwen2.5-coder:7b","messages":[{"role":"user","content":"Read the file."}]}';

/** What the app answers of these requests; each asks anew, so that a test can change the list meanwhile. */
export function answersOf(
  rows: () => readonly RequestFact[],
  details: Readonly<Record<string, Partial<Seen>>> = {},
): Answers {
  return {
    requests: ({ q, source, status, cursor = 0, limit = 100 }: CommandInput<'requests'>): CommandOutput<'requests'> => {
      const found = rows().filter(
        (row) =>
          (q === undefined || `${row.model} ${row.caller} ${row.route} ${row.request_id}`.includes(q)) &&
          (source === undefined || (source as string[]).includes(row.source)) &&
          (status === undefined || status.includes(row.status)),
      );
      const to = cursor + limit;
      return { requests: found.slice(cursor, to), next: to < found.length ? String(to) : null };
    },
    request_counts: () => COUNTS,
    request: ({ request_id }: CommandInput<'request'>): Seen | AppError => {
      const row = rows().find((each) => each.request_id === request_id);
      if (row === undefined) return new AppError('request_not_found', `No request has the id "${request_id}".`);
      return { ...row, ...details[request_id] };
    },
    request_body: ({ request_id }: CommandInput<'request_body'>): CommandOutput<'request_body'> => {
      const isHit = rows().find((each) => each.request_id === request_id)?.source === 'hit';
      const headers = { 'content-type': 'application/json' };
      const request = { method: 'POST', path: '/v1/messages', headers, text: BODY, bytes: BODY.length, cut: 0 };
      return { request_id, request: isHit ? null : request, answer: null, why: 'The answer was not kept.' };
    },
  };
}

/** The working day, with what is told of its slow request and of a running one. */
export function dayAnswers(first: readonly RequestFact[] = []): Answers {
  return answersOf(() => [...first, ...DAY], {
    [SLOW.request_id]: { detail: SLOW_DETAIL },
    [RUNNING.request_id]: { detail: RUNNING_DETAIL },
    [PINNED.request_id]: { detail: PINNED_DETAIL },
  });
}
