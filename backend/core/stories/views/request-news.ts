// Reports each request, when it comes and when it has ended, to the list of requests and to the watchers.
import type { AppError } from '../../../contract/errors.ts';
import type { Clock } from '../../ports.ts';
import type { Ended } from '../../requests/at-once.ts';
import type { RequestLog } from '../../requests/request-log.ts';
import type { Ticket } from '../../requests/ticket.ts';
import { type Misunderstood, notUnderstood } from '../../requests/not-understood.ts';
import type { Feed } from '../../telemetry/feed.ts';
import type { History } from '../../telemetry/history.ts';
import { countEnded } from '../ended-figures.ts';
import { factOf, loggedOf } from './listed-request.ts';
import type { PinNews } from '../reasons/pin-news.ts';
import type { RequestTexts } from './request-texts.ts';
import type { Slowness } from '../reasons/slowness.ts';

export interface NewsParts {
  readonly requestLog: Pick<RequestLog, 'arrived' | 'ended' | 'withdrew'>;
  readonly texts: Pick<RequestTexts, 'ended'>;
  readonly feed: Pick<Feed, 'arrived' | 'ended' | 'touch'>;
  /** Counts ended requests. */
  readonly meter: { ended(request: Ended): void };
  /** Notes why each was slow. */
  readonly slow: Pick<Slowness, 'look' | 'ended'>;
  readonly history: Pick<History, 'unanswered' | 'reused'>;
  readonly pins: Pick<PinNews, 'ended'>;
}

export class RequestNews {
  readonly #parts: () => NewsParts;
  /** Errors of requests whose end was reported. For bugs, the original error, since each edge wraps it anew. */
  readonly #told = new WeakSet<object>();

  /** `parts` is called for each piece of news, since the parts may be made later. */
  constructor(parts: () => NewsParts) {
    this.#parts = parts;
  }

  readonly onArrived = (ticket: Ticket): void => {
    const { requestLog, feed, slow } = this.#parts();
    const now = (): ReturnType<typeof loggedOf> => {
      slow.look(ticket);
      return loggedOf(ticket);
    };
    requestLog.arrived(ticket, now);
    feed.arrived(ticket.id, ticket.owner, () => factOf(now()));
  };

  readonly onEnded = (request: Ended): void => {
    const { requestLog, texts, feed, history, meter, slow, pins } = this.#parts();
    slow.ended(request);
    const { error, source, comesAgain, owner } = request;
    if (error !== undefined) this.#told.add(thrownOf(error));
    const logged = loggedOf(request);
    const isForNow = comesAgain === true && source === undefined && error?.retryable === true;
    if (!isForNow) meter.ended(request);
    // A request that was refused as a duplicate has the id of another one.
    if (isForNow || error?.code === 'request_exists') requestLog.withdrew(request);
    else {
      requestLog.ended(logged, request);
      countEnded(history, request);
      pins.ended(request);
    }
    texts.ended(request);
    feed.ended(() => factOf(logged), owner);
    feed.touch('queue', 'snapshot');
  };

  /** Call when a request for a model was answered with a failure. Reports the failure unless that was done already. */
  readonly onRefused = (asked: Misunderstood, error: AppError, clock: Clock): void => {
    if (error.code === 'cancelled' || this.#told.has(thrownOf(error))) return;
    this.onEnded(notUnderstood(asked, error, clock));
  };
}

function thrownOf(error: AppError): object {
  const { cause } = error;
  return error.code === 'internal' && typeof cause === 'object' && cause !== null ? cause : error;
}
