// What answers a request of node:http. Who is asked on which route is router.ts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Arrival } from './arrival.ts';

/** Answers a request; what it throws becomes the answer. */
export type Handler = (req: IncomingMessage, res: ServerResponse, arrival: Arrival) => Promise<void>;

/** Makes handlers of functions that act on the same parts; the headers of every answer are set before. */
export function handlersWith<P>(
  parts: P,
): (answer: (parts: P, req: IncomingMessage, res: ServerResponse) => Promise<void>) => Handler {
  return (answer) => (req, res, arrival) => {
    arrival.dress(res);
    return answer(parts, req, res);
  };
}
