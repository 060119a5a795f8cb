// The short way to a kept answer, the same for every dialect: a body that was understood before and got a kept answer gets
// it again without being parsed. Whether its question still means the same is for the core to say (Gateway.again); here are
// the bytes that it came as, and the text that answers it.
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

/** Questions remembered, and the characters of them all. */
const MOST = 8000;
const MOST_HELD = 8 * 1024 * 1024;
/** Characters counted for each question on top of what it says it holds. */
const USUAL = 1024;

/** A question by what it came as, and how its answer is written. */
export interface KnownQuestion {
  readonly known: Known;
  /** The client sends Cache-Control out of habit, so it was ignored. */
  readonly ignored: boolean;
  /** Two questions of one form are answered by the same text, but for its gaps. */
  readonly form: string;
  /** The headers of its answer beside those of the cache, name and value in turn. */
  readonly headers: readonly string[];
  /** About how many characters of its request it holds for its answer. */
  readonly holds?: number;
  /** Whether Content-Length is sent; a stream has none. */
  readonly sized: boolean;
  /** Its answer, with GAPS where each caller gets something else. */
  readonly write: (hit: Hit) => string;
  /** The id in it, wherever it stands: that of the request, or one of its own. */
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

/** The questions that were last answered by kept answers. */
export class KnownQuestions {
  readonly #known = new LRUCache<string, KnownQuestion>({
    max: MOST,
    maxSize: MOST_HELD,
    sizeCalculation: ({ holds = 0 }) => USUAL + holds,
  });

  /** The name of a question: its route and headers, and its bytes. Undefined where it is for one request alone. */
  nameOf({ seen }: Arrival, body: Buffer): string | undefined {
    return seen && seen.mark + hash('sha256', body, 'base64');
  }

  get(name: string): KnownQuestion | undefined {
    return this.#known.get(name);
  }

  /** Remembers a question that a kept answer was found for. */
  remember(name: string | undefined, question: KnownQuestion): void {
    if (name !== undefined) this.#known.set(name, question);
  }
}

/** Answers a question that is known, if it can be: false means that nothing has been done, and it must be read. */
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
  // Two live requests never share an id: where a client sends one again, the request gets another one inside.
  const told = gateway.again(known, jobs.taken(arrival.id) ? newId() : arrival.id, textOf);
  if (told === undefined) return false;
  const { request, ready } = told;
  let id: string | undefined;
  const { text, bytes } = ready.filled((gap) => {
    // One for the whole answer: its events name it again and again.
    return gap === 'id' ? (id ??= question.idOf(request)) : valueOf(gap, request, clock);
  });
  countWhole(res, bytes);
  const headers = arrival.headers;
  // Whoever cuts off a reader that takes nothing finds the request's id there, for the log.
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

/** RFC 3339; many answers go out within one millisecond. */
function shownTime(ms: number): string {
  if (shown.ms !== ms) shown = { ms, text: new Date(ms).toISOString() };
  return shown.text;
}
