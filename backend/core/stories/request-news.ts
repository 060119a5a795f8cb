// What is told of each request when it comes, and when it has ended: to the list of requests and to those who watch.
import type { Ended } from '../requests/at-once.ts';
import type { RequestLog } from '../requests/request-log.ts';
import type { Ticket } from '../requests/ticket.ts';
import type { Feed } from '../telemetry/feed.ts';
import { factOf, loggedOf } from './ended-request.ts';

export interface NewsParts {
  readonly requestLog: Pick<RequestLog, 'ended'>;
  readonly feed: Pick<Feed, 'arrived' | 'ended' | 'touch'>;
  /** Counts what has ended. */
  readonly meter: { ended(request: Ended): void };
}

export class RequestNews {
  readonly #parts: () => NewsParts;

  /** `parts` are asked for at each piece of news, since they may be made later than this. */
  constructor(parts: () => NewsParts) {
    this.#parts = parts;
  }

  readonly onArrived = (ticket: Ticket): void => {
    this.#parts().feed.arrived(ticket.id, ticket.owner, () => factOf(loggedOf(ticket)));
  };

  readonly onEnded = (request: Ended): void => {
    const { requestLog, feed, meter } = this.#parts();
    meter.ended(request);
    const logged = loggedOf(request);
    requestLog.ended(logged);
    feed.ended(() => factOf(logged), request.owner);
    feed.touch('queue', 'snapshot');
  };
}
