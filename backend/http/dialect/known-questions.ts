// The fast path to a cached answer, for every dialect: a body that was parsed before and had a cached answer gets that
// answer again without being parsed. The core decides whether the question still means the same (Gateway.again); this
// file keeps the bytes of the body and the text of the answer.
import { hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { ResponseCache } from '../../core/cache/cache.ts';
import type { Hit } from '../../core/cache/hit.ts';
import type { Gap, ReadyText } from '../../core/cache/ready-texts.ts';
import type { Clock, NewId } from '../../core/ports.ts';
import type { AtOnce } from '../../core/requests/at-once.ts';
import type { Known } from '../../core/requests/call.ts';
import type { Gateway } from '../../core/stories/gateway.ts';
import type { Jobs } from '../../core/stories/jobs/jobs.ts';
import type { Arrival } from '../wire/arrival.ts';
import { cacheHeaders } from '../wire/cache-headers.ts';
import { NEVER_IN_LINE } from '../wire/queue-headers.ts';
import { countWhole, giveLast, isLong } from '../wire/give.ts';

/** Questions remembered, and the total of their characters. */
export const MOST_QUESTIONS = 8000;
const MOST_HELD = 8 * 1024 * 1024;
/** Characters counted for each question on top of `holds`. */
const USUAL = 1024;

/** A question by its bytes, and how its answer is written. */
export interface KnownQuestion {
  readonly known: Known;
  /** The client sends Cache-Control out of habit, so the header was ignored. */
  readonly ignored: boolean;
  /** Questions of the same form have the same answer text, but for its gaps. */
  readonly form: string;
  /** Headers of its answer beside the cache headers; name and value alternate. */
  readonly headers: readonly string[];
  /** Characters of the request that the answer's writer holds, about. */
  readonly holds?: number;
  /** Whether Content-Length is sent; a stream has none. */
  readonly sized: boolean;
  /** Writes the answer, with GAPS where the values differ from caller to caller. */
  readonly write: (hit: Hit) => string;
  /** The id inside the answer, wherever it stands: the request's own, or a new one. */
  idOf(request: AtOnce): string;
}

export interface KnownParts {
  readonly gateway: Gateway;
  readonly cache: ResponseCache;
  readonly jobs: Jobs;
  readonly newId: NewId;
  readonly clock: Clock;
  readonly questions: KnownQuestions;
}

/** The questions last answered from the cache. */
export class KnownQuestions {
  readonly #known = new LRUCache<string, KnownQuestion>({
    max: MOST_QUESTIONS,
    maxSize: MOST_HELD,
    sizeCalculation: ({ holds = 0 }) => USUAL + holds,
  });

  /**
   * Key of a question: hash of its body behind the mark of its route and headers. Undefined if nothing is known of the
   * visit.
   */
  nameOf({ seen }: Arrival, body: Buffer): string | undefined {
    return seen && seen.mark + hash('sha256', body, 'base64');
  }

  get(name: string): KnownQuestion | undefined {
    return this.#known.get(name);
  }

  /** Remembers a question that a cached answer was found for. */
  remember(name: string | undefined, question: KnownQuestion): void {
    if (name !== undefined) this.#known.set(name, question);
  }
}

/** Answers a known question if possible; false means that nothing was sent and the body must be parsed. */
export function answeredAgain(
  { gateway, cache, jobs, newId, clock, questions }: KnownParts,
  res: ServerResponse,
  arrival: Arrival,
  name: string | undefined,
): boolean {
  const question = name === undefined ? undefined : questions.get(name);
  if (question === undefined) return false;
  const { known, form, ignored, sized } = question;
  const textOf = (hit: Hit): ReadyText | undefined => cache.readyText(hit, form, question.write);
  // Live requests never share an id: if a client reuses the id of a live request, the new one gets another id inside.
  const told = gateway.again(known, jobs.taken(arrival.id) ? newId() : arrival.id, textOf);
  if (told === undefined) return false;
  const { request, ready } = told;
  let id: string | undefined;
  const { text, bytes } = ready.filled((gap) => {
    // One id for the whole answer: a stream repeats it in each event.
    return gap === 'id' ? (id ??= question.idOf(request)) : valueOf(gap, request, clock);
  });
  countWhole(res, bytes);
  const headers = arrival.headers;
  // A reader that takes nothing is cut off; the log then finds the request id in these headers.
  if (isLong(bytes)) arrival.dress(res);
  const about = cacheHeaders(request, ignored);
  for (const header of Object.keys(about)) headers.push(header, about[header] ?? '');
  headers.push(...NEVER_IN_LINE, ...question.headers);
  if (sized) headers.push('Content-Length', String(bytes));
  res.writeHead(200, headers);
  void giveLast(res, text, bytes);
  return true;
}

function valueOf(gap: Exclude<Gap, 'id'>, request: AtOnce, clock: Clock): string | number {
  switch (gap) {
    case 'time':
      return shownTime(clock.now());
    case 'seconds':
      return Math.floor(clock.now() / 1000);
    case 'age':
      return request.cache.hit?.age ?? 0;
    case 'began':
      return request.timing.queue_ms;
    case 'first':
      return request.timing.ttft_ms;
    case 'ended':
      return request.timing.total_ms;
  }
}

let shown = { ms: Number.NaN, text: '' };

/** RFC 3339, cached for one millisecond: many answers go out within it. */
function shownTime(ms: number): string {
  if (shown.ms !== ms) shown = { ms, text: new Date(ms).toISOString() };
  return shown.text;
}
