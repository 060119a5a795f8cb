// The texts of requests and answers: on disk with log.requests or while somebody watches closely, and the latest
// requests in memory. Each watcher sees its own, and this machine sees all.
import { AppError } from '../../../contract/errors.ts';
import {
  requestBodySchema,
  type RequestBody,
  type ShownAnswer,
  type ShownRequest,
  type TextsRemoved,
  type Watching,
} from '../../../contract/views/request-body.ts';
import { quotation, sentence } from '../../../contract/sentence.ts';
import { sees } from '../../ownership.ts';
import type { Clock, Log, ReadConfig } from '../../ports.ts';
import { LatestBodies, type Latest, type Sent } from '../../requests/bodies.ts';
import { CloseWatch } from '../../requests/close-watch.ts';
import type { ChatCall } from '../../requests/call.ts';
import type { RequestLog } from '../../requests/request-log.ts';
import type { Requests } from '../../requests/requests.ts';
import { shownBody, shownJson, withoutSecrets } from '../../requests/shown-text.ts';
import type { TextStore } from '../../requests/text-store.ts';
import type { Ended } from '../../requests/at-once.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { iso } from '../standing.ts';

export interface RequestTextsOptions {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: TextStore;
  readonly requests: Pick<Requests, 'get'>;
  readonly requestLog: Pick<RequestLog, 'find'>;
  /** Called when close watching has begun or ended. */
  onChange(): void;
}

/** A request that is to be asked again. */
export interface AgainWish {
  readonly id: string;
  /** Who wants it. */
  readonly watcher: string;
  /** The id of the new request. */
  readonly as: string;
  takenIn(): void;
}

/** What is known of a request by its id. */
interface Known {
  readonly living: boolean;
  readonly route: string;
  readonly model: string;
  readonly owner: string;
  readonly isHit: boolean;
}

const MB = 1024 * 1024;
const LET_IT_ASK_AGAIN = 'Turn on "Watch closely" and let the app ask again.';

export class RequestTexts {
  readonly #options: RequestTextsOptions;
  readonly #latest: LatestBodies;
  readonly #watch: CloseWatch;
  /**
   * Requests that Hearth itself asks again, so nobody else reads their answers. A job may be answered before `came` is
   * called.
   */
  readonly #askedAgain = new Map<string, { readonly takenIn: () => void; answer?: ShownAnswer }>();

  constructor(options: RequestTextsOptions) {
    const { config, store, clock } = options;
    this.#options = options;
    this.#latest = new LatestBodies(() => config().log.texts_memory_mb * MB);
    this.#watch = new CloseWatch(store, clock, () => options.onChange());
  }

  open(): void {
    this.#watch.open();
  }

  close(): void {
    this.#watch.close();
  }

  // ---- keeping

  /** Whether texts are kept now. */
  get keeps(): boolean {
    return this.#watch.until !== undefined || this.#options.config().log.requests;
  }

  /** Keeps texts for this many minutes; 0 stops it. */
  watch(minutes: number): Watching {
    this.#watch.start(minutes);
    return { watching_until: this.watchingUntil };
  }

  get watchingUntil(): string | null {
    const { until } = this.#watch;
    return until === undefined ? null : iso(until);
  }

  /** Logs a request that is about to be answered, in the form that all routes share. */
  asked({ id, request }: Pick<ChatCall, 'id' | 'request'>): void {
    const { config, log } = this.#options;
    if (config().log.requests) log.info({ request_id: id, request: shownJson(request) }, 'request text');
  }

  /** Keeps a request as it came. A hit is left out, since its app can simply ask again. */
  came({ id, owner, source }: Pick<Ticket, 'id' | 'owner' | 'source'>, sent: Sent): void {
    const asked = this.#askedAgain.get(id);
    if (source !== 'hit' || asked !== undefined) this.#latest.add({ id, owner, sent, byHearth: asked !== undefined });
    if (asked?.answer !== undefined) this.#latest.answered(id, asked.answer);
    if (this.keeps) this.#options.store.keep({ id, owner, what: 'request', text: JSON.stringify(shownRequest(sent)) });
    asked?.takenIn();
  }

  /** Whether to keep the answer of a request. */
  wants(id: string): boolean {
    return this.keeps || this.#askedAgain.has(id);
  }

  answered({ id, owner }: Pick<Ticket, 'id' | 'owner'>, answer: ShownAnswer): void {
    const { config, log } = this.#options;
    if (config().log.requests) log.info({ request_id: id, answer: answer.text }, 'answer text');
    const asked = this.#askedAgain.get(id);
    if (asked !== undefined) asked.answer = answer;
    this.#latest.answered(id, answer);
    if (this.keeps) this.#options.store.keep({ id, owner, what: 'answer', text: JSON.stringify(answer) });
  }

  /** Call when the life of a request is over. */
  ended({ id, source }: Pick<Ended, 'id' | 'source'>): void {
    if (source === 'hit') this.#latest.forget(id);
  }

  /** Removes at once all texts that a watcher may see. */
  clear(watcher: string): TextsRemoved {
    this.#latest.clear(watcher);
    return { removed: this.#options.store.clear(watcher) };
  }

  // ---- finding

  /**
   * The request as it came, to ask it again; `takenIn` is called when the new one is taken in. Throws
   * request_not_found, text_not_kept.
   */
  toAskAgain({ id, watcher, as, takenIn }: AgainWish): Latest {
    const latest = this.#latest.find(id, watcher);
    if (latest === undefined) {
      this.known(id, watcher);
      throw new AppError('text_not_kept', `What this request asked is no longer there. ${LET_IT_ASK_AGAIN}`);
    }
    this.#askedAgain.set(as, { takenIn });
    return latest;
  }

  /** Call when the repeated request has been answered or refused. */
  notAskedAgain(id: string): void {
    this.#askedAgain.delete(id);
  }

  /** The request as it came, if it is still in memory. */
  latest(id: string, watcher: string): Latest | undefined {
    return this.#latest.find(id, watcher);
  }

  /** The texts of a request, and why those that are missing are missing. Throws request_not_found. */
  body(id: string, watcher: string): RequestBody {
    const latest = this.#latest.find(id, watcher);
    const kept = this.#kept(id, watcher);
    const request = kept.request ?? (latest === undefined ? null : shownRequest(latest.sent));
    const answer = kept.answer ?? latest?.answer ?? null;
    if (request !== null && answer !== null) return { request_id: id, request, answer };
    const known = request === null && answer === null ? this.known(id, watcher) : undefined;
    const living = this.#options.requests.get(id) !== undefined;
    return {
      request_id: id,
      request,
      answer,
      why: whyMissing({ request, answer, living, isHit: known?.isHit === true }),
    };
  }

  /** What is known of a living or listed request. Throws request_not_found. */
  known(id: string, watcher: string): Known {
    const { requests, requestLog } = this.#options;
    const ticket = requests.get(id);
    if (ticket !== undefined && sees(watcher, ticket.owner)) {
      return { living: true, isHit: ticket.source === 'hit', ...ticket };
    }
    const logged = requestLog.find(id, watcher);
    if (logged === undefined) {
      throw new AppError('request_not_found', sentence`No request has the id ${quotation(id)}.`);
    }
    return { living: false, isHit: logged.source === 'hit', ...logged };
  }

  /** Texts from disk are validated; one that can't be read counts as missing. */
  #kept(id: string, watcher: string): Pick<RequestBody, 'request' | 'answer'> {
    const { request, answer } = this.#options.store.find(id, watcher);
    const { shape } = requestBodySchema;
    return {
      request: request === undefined ? null : shape.request.catch(null).parse(JSON.parse(request)),
      answer: answer === undefined ? null : shape.answer.catch(null).parse(JSON.parse(answer)),
    };
  }
}

/** A request in the form in which it may be shown. */
export function shownRequest({ method, path, headers, body }: Sent): ShownRequest {
  const shown = Object.entries(headers).map(([name, value]) => [name, withoutSecrets(value)]);
  return {
    method,
    path: withoutSecrets(path),
    headers: Object.fromEntries(shown) as ShownRequest['headers'],
    ...shownBody(body),
  };
}

function whyMissing({
  request,
  answer,
  living,
  isHit,
}: Pick<RequestBody, 'request' | 'answer'> & { readonly living: boolean; readonly isHit: boolean }): string {
  if (request === null && answer !== null) {
    return 'How it was asked is not kept: it came in a list or in a file for batches, or before Hearth was started again.';
  }
  if (living) return 'It has not been answered yet.';
  if (request !== null) return `Its answer is not kept, since nobody watched closely when it came. ${LET_IT_ASK_AGAIN}`;
  const how = isHit ? 'It was answered from the cache at once' : 'What was asked and answered is gone from memory';
  return `${how}, and nobody watched closely when it came. ${LET_IT_ASK_AGAIN}`;
}
