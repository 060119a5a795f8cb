// What is told of each request when it comes, and when it has ended: to the list of requests and to those who watch.
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
  /** Counts what has ended. */
  readonly meter: { ended(request: Ended): void };
  /** Says of each why it was slow. */
  readonly slow: Pick<Slowness, 'look' | 'ended'>;
  readonly history: Pick<History, 'unanswered' | 'reused'>;
  readonly pins: Pick<PinNews, 'ended'>;
}

export class RequestNews {
  readonly #parts: () => NewsParts;
  /** Failures of requests whose end was told; of bugs what was thrown, since each edge makes its own error of it. */
  readonly #told = new WeakSet<object>();

  /** `parts` are asked for at each piece of news, since they may be made later than this. */
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
    // Its id is that of another one.
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

  /** A request for a model was answered with a failure; told where nobody has told of it yet. */
  readonly onRefused = (asked: Misunderstood, error: AppError, clock: Clock): void => {
    if (error.code === 'cancelled' || this.#told.has(thrownOf(error))) return;
    this.onEnded(notUnderstood(asked, error, clock));
  };
}

function thrownOf(error: AppError): object {
  const { cause } = error;
  return error.code === 'internal' && typeof cause === 'object' && cause !== null ? cause : error;
}
